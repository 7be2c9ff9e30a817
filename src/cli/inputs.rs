//! The options that `fix` and `check` share.

use std::{
    env,
    io::{self, Read as _},
    num::NonZero,
    path::PathBuf,
};

use anyhow::{Context as _, Result, bail};
use caulk_transforms::finding::Applicability;
use clap::Args;

use super::{CLEAN, FAILED, FOUND, sources::SourceArgs};
use crate::{
    baseline,
    config::{self, Tier},
    read::{Thoroughness, Trouble},
    run::{self, Narrowing, Request, Run, remaining},
    sink::json::{self, Report},
};

/// How standard input is called in reports.
pub(super) const STDIN: &str = "stdin.yaml";

#[derive(Debug, Args)]
pub(super) struct Inputs {
    /// Files and folders; `-` is standard input
    #[arg(default_value = ".", value_name = "PATHS")]
    paths: Vec<PathBuf>,
    /// Include fixes that are not proven to be safe
    #[arg(long)]
    pub(super) unsafe_fixes: bool,
    /// Run this rule alone (may be repeated)
    #[arg(long = "rule", value_name = "RULE")]
    rules: Vec<String>,
    /// Use this configuration rather than .caulk.yaml at the root of the repository
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// The DNS domain of the cluster, over that of the configuration
    #[arg(long, value_name = "DOMAIN", value_parser = config::cluster_domain)]
    cluster_domain: Option<String>,
    /// Exit with 1 if findings of this tier or a better proven one remain
    #[arg(long, value_enum, default_value = "unsafe", value_name = "TIER")]
    fail_on: Tier,
    /// Exit with 0 where it would be 1
    #[arg(long)]
    exit_zero: bool,
    /// Parse every file, and exit with 2 if one is no valid YAML
    #[arg(long)]
    strict: bool,
    /// How many threads work; all cores by default
    #[arg(long, value_name = "N")]
    threads: Option<NonZero<usize>>,
    /// Tell and mend only what was not there where REV and HEAD parted
    #[arg(long, value_name = "REV")]
    changed_since: Option<String>,
    /// Read the index in place of the work tree; tell and mend only what HEAD does not have
    #[arg(long, conflicts_with = "changed_since")]
    pub(super) staged: bool,
    /// With --staged: tell and mend everything in the index where nothing is staged, as for `pre-commit run --all-files`
    #[arg(long, requires = "staged")]
    or_all: bool,
    /// Leave out the findings that FILE lists (see `caulk check --write-baseline`)
    #[arg(long, value_name = "FILE")]
    baseline: Option<PathBuf>,
    #[command(flatten)]
    sources: SourceArgs,
}

impl Inputs {
    /// Tells whether the text comes from standard input.
    pub(super) fn is_stdin(&self) -> bool {
        self.paths.iter().any(|path| path.as_os_str() == "-")
    }

    /// Reads standard input.
    pub(super) fn stdin(&self) -> Result<Vec<u8>> {
        if self.paths.len() > 1 {
            bail!("`-` stands for standard input and cannot go with other paths");
        }
        let mut bytes = Vec::new();
        io::stdin().lock().read_to_end(&mut bytes).context("failed to read standard input")?;
        Ok(bytes)
    }

    /// Plans what is to be done with the files, or with the text of standard input if there is one.
    pub(super) fn plan(&self, stdin: Option<Vec<u8>>) -> Result<Run> {
        let folder = env::current_dir().context("the current folder is gone")?;
        let request = Request {
            paths: self.paths.clone(),
            config: self.config.clone(),
            cluster_domain: self.cluster_domain.clone(),
            rules: self.rules.clone(),
            tier: if self.unsafe_fixes { Applicability::Unsafe } else { Applicability::Safe },
            thoroughness: if self.strict { Thoroughness::All } else { Thoroughness::Commands },
            threads: self.threads.map_or(0, NonZero::get),
            sources: self.sources.options()?,
            addresses: Vec::new(),
        };
        let narrowing = Narrowing {
            since: self.changed_since.clone(),
            staged: self.staged,
            or_all: self.or_all,
            known: self.baseline.as_deref().map(baseline::read).transpose()?.unwrap_or_default(),
        };
        match stdin {
            Some(_) if !narrowing.is_nothing() => {
                bail!("--changed-since, --staged and --baseline are about files, not about standard input")
            }
            Some(bytes) => run::run_text(&request, &folder, STDIN, &bytes),
            None if narrowing.is_nothing() => run::run(&request, &folder),
            None => run::run_narrowed(&request, &folder, &narrowing),
        }
    }

    /// Makes the report of a run that ends with the code.
    pub(super) fn report(run: &Run, written: bool, code: u8) -> Report {
        let mut report = json::report(run, written);
        report.summary.exit_code = Some(code);
        report
    }

    /// Decides the exit code. `written` tells whether the changes are where they belong.
    pub(super) fn code(&self, run: &Run, written: bool) -> u8 {
        let fails = |trouble: &Trouble| trouble.is_failure() || (self.strict && trouble.is_invalid());
        if run.skipped.iter().any(|skip| fails(&skip.trouble)) {
            return FAILED;
        }
        let least = Applicability::from(self.fail_on);
        let remains = run
            .plan
            .outcomes
            .iter()
            .filter_map(|outcome| remaining(outcome, written))
            .any(|tier| tier >= least);
        let would_change = !written && !run.plan.changes.is_empty();
        if (remains || would_change) && !self.exit_zero { FOUND } else { CLEAN }
    }
}
