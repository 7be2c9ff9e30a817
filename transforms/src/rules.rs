//! The rules. This is the only list of them.

macro_rules! rules {
    ($($module:ident :: $rule:ident),* $(,)?) => {
        $(mod $module;)*

        /// Every rule, by name.
        pub const ALL: &[&dyn crate::rule::Rule] = &[$(&$module::$rule),*];
    };
}

rules! {
    entrypoint_overridden::EntrypointOverridden,
    entrypoint_repeated::EntrypointRepeated,
    one_string_command::OneStringCommand,
    short_service_host::ShortServiceHost,
    unknown_service_namespace::UnknownServiceNamespace,
}

mod container_path;
mod container_run;
mod releases;

/// Returns the rule with this name.
#[must_use]
pub fn by_id(id: &str) -> Option<&'static dyn crate::rule::Rule> {
    ALL.iter().copied().find(|rule| rule.meta().id == id)
}
