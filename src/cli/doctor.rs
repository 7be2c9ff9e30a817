//! `caulk doctor`

use std::{env, path::PathBuf};

use anyhow::{Context as _, Result};
use caulk_transforms::finding::Applicability;
use clap::Args;

use super::{CLEAN, FOUND, hub::HubArgs, output, sources::SourceArgs};
use crate::{
    doctor::{self, Patient, Report, State},
    read::Thoroughness,
    run::{self, Request},
    sink::screen::plain,
};

/// Name what is missing for pull requests and reviews: token, permissions, settings, registries, programs
///
/// Everything is read and nothing changed; what only writing would show stays unknown. Where no repository is
/// named, that is missing, and the rest is looked at all the same. With --online the registries of the
/// images in this folder are asked too.
#[derive(Debug, Args)]
#[command(after_help = "\
Exit codes: 0 nothing is missing; 1 something is; 2 bad usage.")]
pub(super) struct Doctor {
    /// Report for machines; `caulk schema doctor` describes it
    #[arg(long)]
    json: bool,
    /// The branch of caulk's pull requests
    #[arg(long, value_name = "BRANCH", default_value = "caulk/mend")]
    branch: String,
    #[command(flatten)]
    hub: HubArgs,
    #[command(flatten)]
    sources: SourceArgs,
}

impl Doctor {
    pub(super) fn run(&self) -> Result<u8> {
        let (site, repository) = self.hub.site(self.sources.ca_bundle()?)?;
        let unnamed = repository.as_ref().err().map(|error| format!("{error:#}")).unwrap_or_default();
        let patient = Patient {
            client: &site.client,
            repository: repository.as_ref().map_err(|_| unnamed.as_str()),
            situation: site.situation,
            source: site.source.as_deref(),
            branch: &self.branch,
        };
        let report = doctor::examine(&patient, self.registries()?);
        match self.json {
            true => {
                let mut text = serde_json::to_string_pretty(&report)?;
                text.push('\n');
                output::raw(text.as_bytes())?;
            }
            false => output::log(&shown(&report)?)?,
        }
        Ok(if report.is_healthy() { CLEAN } else { FOUND })
    }

    fn registries(&self) -> Result<doctor::Check> {
        let sources = self.sources.options()?;
        let Some(settings) = sources.online.clone() else {
            return doctor::registries(None, []).map_err(anyhow::Error::msg);
        };
        let request = Request {
            paths: vec![PathBuf::from(".")],
            config: None,
            cluster_domain: None,
            rules: Vec::new(),
            tier: Applicability::Safe,
            thoroughness: Thoroughness::Commands,
            threads: 0,
            sources,
            addresses: Vec::new(),
        };
        let folder = env::current_dir().context("the current folder is gone")?;
        let images = run::images(&request, &folder)?;
        doctor::registries(Some(settings), images).map_err(anyhow::Error::msg)
    }
}

fn shown(report: &Report) -> Result<String> {
    let mut text = String::new();
    for check in &report.checks {
        let (mark, style) = match check.state {
            State::Ok => ("ok     ", anstyle::AnsiColor::Green.on_default()),
            State::Limited => ("limited", anstyle::AnsiColor::Yellow.on_default()),
            State::Missing => ("missing", anstyle::AnsiColor::Red.on_default().bold()),
            State::Unknown => ("unknown", anstyle::AnsiColor::Yellow.on_default()),
        };
        // By the name that the report for machines has, so that the two can be told together.
        let subject = serde_json::to_value(check.subject)?;
        let subject = subject.as_str().unwrap_or_default();
        text.push_str(&format!("{style}{mark}{style:#} {subject}: {}\n", plain(&check.told)));
        if let Some(fix) = &check.fix {
            text.push_str(&format!("        {}\n", plain(fix)));
        }
    }
    Ok(text)
}
