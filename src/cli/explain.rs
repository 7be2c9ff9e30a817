//! `caulk explain`

use std::{env, path::PathBuf};

use anyhow::{Context as _, Result, bail};
use caulk_transforms::{finding::Applicability, rule::Rule, rules};
use clap::Args;

use super::{CLEAN, FAILED, output};
use crate::{
    config,
    read::Thoroughness,
    run::{self, Request},
    sink::{
        screen,
        text::{self, Shown},
    },
};

/// Print the page of a rule, or what caulk knows about a line of a file
#[derive(Debug, Args)]
pub(super) struct Explain {
    /// The name of a rule, or a file with a line; without one, the rules are listed
    #[arg(value_name = "RULE | FILE:LINE")]
    what: Option<String>,
    /// Use this configuration rather than .caulk.yaml at the root of the repository
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
}

impl Explain {
    pub(super) fn run(&self) -> Result<u8> {
        let Some(what) = &self.what else {
            output::report(&rules::ALL.iter().map(|rule| line(*rule)).collect::<String>())?;
            return Ok(CLEAN);
        };
        if let Some(rule) = rules::by_id(what) {
            output::report(rule.meta().page)?;
            return Ok(CLEAN);
        }
        match what.rsplit_once(':').map(|(file, line)| (file, line.parse::<u32>())) {
            Some((file, Ok(line))) => self.place(file, line),
            _ => {
                let names: Vec<&str> = rules::ALL.iter().map(|rule| rule.meta().id).collect();
                config::known_rule(what, &names)?;
                bail!("there is no rule `{what}`")
            }
        }
    }

    fn place(&self, file: &str, line: u32) -> Result<u8> {
        let folder = env::current_dir().context("the current folder is gone")?;
        let request = Request {
            paths: vec![PathBuf::from(file)],
            config: self.config.clone(),
            cluster_domain: None,
            rules: Vec::new(),
            tier: Applicability::Unsafe,
            thoroughness: Thoroughness::Commands,
            threads: 0,
            sources: crate::facts::Options::default(),
            addresses: Vec::new(),
        };
        let (mut run, thoughts) = run::explain(&request, &folder, line)?;
        run.plan.outcomes.retain(|outcome| {
            let span = outcome.finding.at.span;
            (outcome.stream.position(span.start).0..=outcome.stream.position(span.end).0).contains(&line)
        });
        run.plan.unused.retain(|unused| unused.line == line);
        let report = text::report(&run, Shown::Nothing);
        output::report(&report)?;
        let shown = thoughts.iter().map(|thought| screen::plain(&screen::masked(thought)).into_owned());
        // The evidence of a finding need not be told twice.
        for thought in shown.filter(|thought| !report.contains(thought)) {
            output::report(&format!("{thought}\n"))?;
        }
        let failed = run.skipped.iter().any(|skip| skip.trouble.is_failure());
        if run.plan.outcomes.is_empty() && thoughts.is_empty() && run.skipped.is_empty() {
            output::report("no rule has anything to say about this line\n")?;
        }
        Ok(if failed { FAILED } else { CLEAN })
    }
}

fn line(rule: &dyn Rule) -> String {
    let meta = rule.meta();
    let opt_in = if meta.default_on { "" } else { " (opt-in)" };
    format!("{}: {}{opt_in}\n", meta.id, meta.summary)
}
