//! `caulk explain`

use anyhow::{Result, bail};
use caulk_transforms::rules;
use clap::Args;

use super::{CLEAN, output};
use crate::config;

/// Print the page of a rule: what it finds, why, and when its fixes are safe
#[derive(Debug, Args)]
pub(super) struct Explain {
    /// The name of a rule; without one, the rules are listed
    #[arg(value_name = "RULE")]
    rule: Option<String>,
}

impl Explain {
    pub(super) fn run(&self) -> Result<u8> {
        let Some(name) = &self.rule else {
            let line = |rule: &&dyn caulk_transforms::rule::Rule| {
                let meta = rule.meta();
                let opt_in = if meta.default_on { "" } else { " (opt-in)" };
                format!("{}: {}{opt_in}\n", meta.id, meta.summary)
            };
            output::report(&rules::ALL.iter().map(line).collect::<String>())?;
            return Ok(CLEAN);
        };
        let Some(rule) = rules::by_id(name) else {
            let names: Vec<&str> = rules::ALL.iter().map(|rule| rule.meta().id).collect();
            config::known_rule(name, &names)?;
            bail!("there is no rule `{name}`");
        };
        output::report(rule.meta().page)?;
        Ok(CLEAN)
    }
}
