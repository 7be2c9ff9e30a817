//! Who asks, and what the token lets them do.

use std::collections::BTreeMap;

/// What a token may do in a repository.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub enum Access {
    /// Nothing beyond what everybody may.
    #[default]
    None,
    /// Read.
    Read,
    /// Write.
    Write,
    /// Administrate.
    Admin,
}

/// What kind of account a token belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Kind {
    /// Nobody: no token was sent.
    #[default]
    Nobody,
    /// A person.
    Person,
    /// The installation of an App.
    App,
    /// A workflow's own token.
    Actions,
}

/// Somebody who has a token.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Identity {
    /// The name as REST gives it; that of an App ends with `[bot]`.
    pub login: String,
    /// The kind of account.
    pub kind: Kind,
    /// What it may do where nothing else is said.
    pub access: Access,
    /// The scopes of a person's token.
    pub scopes: String,
    /// What it may do in single repositories, by lower-case `owner/name`.
    pub exceptions: BTreeMap<String, Access>,
}

impl Identity {
    /// Makes a person. In repositories of their own they may do everything.
    #[must_use]
    pub fn person(login: &str, access: Access) -> Self {
        let (login, scopes) = (login.to_owned(), "repo".to_owned());
        Self { login, kind: Kind::Person, access, scopes, exceptions: BTreeMap::new() }
    }

    /// Makes the installation of an App.
    #[must_use]
    pub fn app(slug: &str, access: Access) -> Self {
        Self { login: format!("{slug}[bot]"), kind: Kind::App, access, ..Self::default() }
    }

    /// Makes the token of a workflow.
    #[must_use]
    pub fn actions(access: Access) -> Self {
        Self { kind: Kind::Actions, ..Self::app("github-actions", access) }
    }

    /// Says which scopes the token has, which GitHub tells and this server does not look at.
    #[must_use]
    pub fn scoped(self, scopes: &str) -> Self {
        Self { scopes: scopes.to_owned(), ..self }
    }

    /// Says what it may do in one repository.
    #[must_use]
    pub fn on(mut self, repository: &str, access: Access) -> Self {
        self.exceptions.insert(repository.to_ascii_lowercase(), access);
        self
    }

    /// Tells whether it is no person.
    #[must_use]
    pub fn is_bot(&self) -> bool {
        matches!(self.kind, Kind::App | Kind::Actions)
    }

    pub(crate) fn may(&self, owner: &str, key: &str) -> Access {
        match self.exceptions.get(key) {
            Some(access) => *access,
            None if self.kind == Kind::Person && self.login.eq_ignore_ascii_case(owner) => Access::Admin,
            None => self.access,
        }
    }
}
