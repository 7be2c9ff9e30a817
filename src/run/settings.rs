//! What a request and a configuration ask of a run together.

use std::path::Path;

use anyhow::Result;
use caulk_transforms::{
    finding::RuleId,
    plan::Policy,
    rule::{Reads, Selection},
    rules,
};

use super::Request;
use crate::{
    config::{self, Config},
    read::Thoroughness,
};

pub(super) fn configuration(request: &Request, root: &Path) -> Result<Config> {
    let config = config::load(request.config.as_deref(), root, &rule_names(request)?)?;
    Ok(overridden(config, request))
}

/// Returns the names of all rules, and refuses a request that names another.
pub(super) fn rule_names(request: &Request) -> Result<Vec<&'static str>> {
    let names: Vec<&str> = rules::ALL.iter().map(|rule| rule.meta().id).collect();
    for name in &request.rules {
        config::known_rule(name, &names)?;
    }
    Ok(names)
}

/// Puts what the command line says over the configuration.
pub(super) fn overridden(mut config: Config, request: &Request) -> Config {
    if request.cluster_domain.is_some() {
        config.cluster_domain.clone_from(&request.cluster_domain);
    }
    config
}

pub(super) fn policy(request: &Request, config: &Config) -> Policy {
    Policy {
        tier: request.tier,
        selection: config.selection(&request.rules),
        options: config.options(),
        known: Vec::new(),
    }
}

/// Returns how thoroughly files must be read for the rules that run.
pub(super) fn least(selection: &Selection) -> Thoroughness {
    let mut running = rules::ALL.iter().filter(|rule| selection.runs(rule.meta()));
    match running.all(|rule| rule.reads() == Reads::Commands) {
        true => Thoroughness::Commands,
        false => Thoroughness::Model,
    }
}

/// Lists the rules that do not run: silence is to be told from a clean bill.
pub(super) fn idle(request: &Request, config: &Config) -> Vec<(RuleId, String)> {
    let selection = config.selection(&request.rules);
    let reason = |id: RuleId| match (selection.only.is_empty(), selection.switched.get(id)) {
        (false, _) => "not asked for with --rule".to_owned(),
        (true, Some(false)) => "switched off in the configuration".to_owned(),
        (true, _) => {
            format!("opt-in: `rules: {{ {id}: {{ enabled: true }} }}` in .caulk.yaml switches it on")
        }
    };
    let idle = rules::ALL.iter().map(|rule| rule.meta()).filter(|meta| !selection.runs(meta));
    idle.map(|meta| (meta.id, reason(meta.id))).collect()
}
