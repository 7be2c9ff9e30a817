//! `caulk review`

use std::{env, num::NonZero, path::PathBuf, sync::Arc};

use anyhow::{Context as _, Result, bail};
use caulk_transforms::finding::Applicability;
use clap::Args;

use super::{
    CLEAN, FOUND, format,
    github::{is_workflow, variable},
    hub::{Hub, HubArgs},
    output,
    sources::SourceArgs,
};
use crate::{
    config::{self, Tier},
    git::Store,
    github::{Attempt, Client, Pull, PullState},
    read::Thoroughness,
    review::{
        compose,
        look::{Look, Seen},
        place::{Place, Placed, place},
        reconcile::{Actions, Wanted},
        send::Desk,
        tell::{self, Manner, Told, Where},
    },
    run::{Request, Run},
    sink::{
        json,
        markdown::parts::counted,
        screen::{masked, plain},
    },
};

/// Tell a pull request what is wrong on the lines that it touches, as suggestions beside them
///
/// Findings on touched lines, and those that the change brings in beside them, become comments with suggestions; the rest of
/// them a check run with annotations, or where the token may not make one, the summary of the job or one comment. The next run
/// changes, resolves and leaves comments, and never repeats one. In a workflow the pull request is that of the event; on
/// `merge_group` and `push` there is none, and nothing is done. The configuration of a fork's head is not looked at.
#[derive(Debug, Args)]
#[command(after_help = "\
Exit codes: 0 nothing at or above --fail-on is on or beside the lines that the pull request touches, or the workflow's
event is `merge_group` or `push`; 1 something is;
2 bad usage or configuration, or GitHub refused.")]
pub(super) struct Review {
    /// The pull request; by default that of the workflow
    #[arg(long, value_name = "N")]
    pr: Option<u64>,
    /// Show what would be told, and tell nothing
    #[arg(long)]
    dry_run: bool,
    /// Suggest fixes too that are not proven to be safe, each with the reason
    #[arg(long)]
    unsafe_fixes: bool,
    /// How many comments there may be; what is beyond becomes annotations
    #[arg(long, value_name = "N", default_value_t = 30)]
    max_comments: usize,
    /// Use this configuration in place of the repository's own
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Run this rule alone (may be repeated)
    #[arg(long = "rule", value_name = "RULE")]
    rules: Vec<String>,
    /// The DNS domain of the cluster, over that of the configuration
    #[arg(long, value_name = "DOMAIN", value_parser = crate::config::cluster_domain)]
    cluster_domain: Option<String>,
    /// Exit with 1, and let the check fail, if findings of this tier or a better proven one are told
    #[arg(long, value_enum, default_value = "unsafe", value_name = "TIER")]
    fail_on: Tier,
    /// Exit with 0 where it would be 1, and let the check be neutral
    #[arg(long)]
    exit_zero: bool,
    /// How many threads work; all cores by default
    #[arg(long, value_name = "N")]
    threads: Option<NonZero<usize>>,
    /// Keep the report of everything that was found in FILE, for `caulk report`
    #[arg(long, value_name = "FILE")]
    report: Option<PathBuf>,
    #[command(flatten)]
    hub: HubArgs,
    #[command(flatten)]
    sources: SourceArgs,
}

/// How often a pull request is looked at again because its head moved meanwhile.
const LOOKS: usize = 3;

impl Review {
    pub(super) fn run(&self) -> Result<u8> {
        let hub = self.hub.hub(self.sources.ca_bundle()?)?;
        let situation = hub.situation;
        let number = match self.number(&hub) {
            Some(number) => number,
            None => return unnamed(),
        };
        let client = hub.client.for_repository(&hub.repository);
        let client = client.map_err(|error| error.explained(Attempt::Read, situation))?;
        let desk = Desk { client: &client, repository: &hub.repository, number, situation };
        let look = Look {
            client: &client,
            repository: &hub.repository,
            situation,
            checkout: checkout(),
            config: self.config()?,
            request: self.request()?,
        };
        for _ in 0..LOOKS {
            let pull = pull(&desk)?;
            if pull.state == PullState::Closed {
                output::report(&format!("{}#{number} is closed; nothing is told\n", hub.repository))?;
                return Ok(CLEAN);
            }
            let Seen { run, touched, brought, unlisted } = look.look(&pull)?;
            let mut placed = Placed { unlisted, ..place(&run, &touched, &brought, self.max_comments) };
            let comments = compose::comments(&run, &mut placed);
            if self.dry_run {
                let wanted: Vec<Wanted> = comments.iter().map(|(_, wanted)| wanted.clone()).collect();
                let actions = desk.compare(&wanted)?;
                output::log(&planned(&run, &placed, &comments, &actions))?;
                return Ok(self.code(&run, &placed));
            }
            // What belongs to another head would be told at the wrong lines.
            if self::pull(&desk)?.head.sha != pull.head.sha {
                continue;
            }
            let told = tell::tell(&desk, &pull.head.sha, &run, &mut placed, &comments, &self.manner())?;
            if let Where::Workflow(commands) = &told.rest {
                commands.iter().try_for_each(|command| output::raw(format!("{command}\n").as_bytes()))?;
            }
            output::log(&report(&hub, &pull, &run, &placed, &told))?;
            for note in &told.notes {
                output::note(&format!("note: {}\n", plain(note)))?;
            }
            let code = self.code(&run, &placed);
            if let Some(path) = &self.report {
                format::keep(path, json::report(&run, false), code)?;
            }
            super::leave(run);
            return Ok(code);
        }
        bail!("the head of the pull request moved again and again; run it once more")
    }

    /// Returns the pull request that is named, or that the workflow's event is about.
    fn number(&self, hub: &Hub) -> Option<u64> {
        let of_event = || {
            let event = hub.event.as_ref()?;
            let same = event.repository.parse().is_ok_and(|name: crate::github::Name| name == hub.repository);
            event.number.filter(|_| same)
        };
        self.pr.or_else(of_event)
    }

    fn config(&self) -> Result<Option<(String, String)>> {
        let Some(path) = &self.config else { return Ok(None) };
        Ok(Some((config::read_given(path)?, path.display().to_string())))
    }

    fn request(&self) -> Result<Request> {
        Ok(Request {
            paths: vec![PathBuf::from(".")],
            config: None,
            cluster_domain: self.cluster_domain.clone(),
            rules: self.rules.clone(),
            tier: if self.unsafe_fixes { Applicability::Unsafe } else { Applicability::Safe },
            thoroughness: Thoroughness::Commands,
            threads: self.threads.map_or(0, NonZero::get),
            sources: self.sources.options()?,
            addresses: Vec::new(),
        })
    }

    fn fail_on(&self) -> Option<Applicability> {
        (!self.exit_zero).then(|| self.fail_on.into())
    }

    fn manner(&self) -> Manner {
        Manner {
            fail_on: self.fail_on(),
            workflow: is_workflow(),
            job_summary: variable("GITHUB_STEP_SUMMARY").map(PathBuf::from),
        }
    }

    fn code(&self, run: &Run, placed: &Placed) -> u8 {
        if tell::fails(run, placed, self.fail_on()) { FOUND } else { CLEAN }
    }
}

/// Says why nothing is reviewed where no pull request is named. A merge queue requires the same jobs as a pull request and goes on
/// when they pass, and a push has no pull request to tell: both are no mistake.
fn unnamed() -> Result<u8> {
    let event = variable("GITHUB_EVENT_NAME").filter(|_| is_workflow());
    match event.as_deref() {
        Some(event @ ("merge_group" | "push")) => {
            output::report(&format!(
                "the event `{event}` is about no pull request, so there is nothing to review\n"
            ))?;
            Ok(CLEAN)
        }
        Some(event) => bail!(
            "the event `{}` does not say which pull request to review: name its number with --pr N, as the event has it",
            plain(event)
        ),
        None => bail!("no pull request is named: use --pr N, or run caulk on a pull request's event"),
    }
}

fn pull(desk: &Desk<'_>) -> Result<Pull> {
    let client: &Client = desk.client;
    let pull = client.pull(desk.repository, desk.number);
    pull.map_err(|error| error.explained(Attempt::ReadPulls, desk.situation))
        .with_context(|| format!("failed to read {}#{}", desk.repository, desk.number))
}

/// Opens the repository that the folder lies in; it may have the commits already.
fn checkout() -> Option<Arc<Store>> {
    let folder = env::current_dir().ok()?;
    Store::around(&folder).ok().map(|(store, _)| Arc::new(store))
}

/// Renders what was told: a line for the whole, and one for each place.
fn report(hub: &Hub, pull: &Pull, run: &Run, placed: &Placed, told: &Told) -> String {
    let done = &told.done;
    let mut text = String::new();
    let head: String = pull.head.sha.chars().take(12).collect();
    text.push_str(&format!("{}#{} at {}: ", hub.repository, pull.number, plain(&head)));
    let counts = [
        (done.posted, "made"),
        (done.updated, "changed"),
        (done.reopened, "reopened"),
        (done.resolved, "resolved"),
        (done.unchanged, "unchanged"),
        (done.dismissed, "dismissed by a person"),
    ];
    let counts: Vec<String> = counts
        .iter()
        .filter(|(count, _)| *count > 0)
        .map(|(count, what)| format!("{count} {what}"))
        .collect();
    text.push_str(&match counts.is_empty() {
        true => "no comments".to_owned(),
        false => format!("comments: {}", counts.join(", ")),
    });
    let rest = placed.items.iter().filter(|item| item.place != Place::Comment).count();
    text.push_str(&format!(
        "; {} {}; {} elsewhere\n",
        counted(rest, "annotation"),
        match told.rest {
            Where::Check => "in the check run",
            Where::Comment => "in a comment",
            Where::Workflow(_) => "in the job",
            Where::Nowhere => "to tell",
        },
        counted(placed.outside, "finding")
    ));
    text.push_str(&places(run, placed));
    text
}

fn places(run: &Run, placed: &Placed) -> String {
    let mut text = String::new();
    for item in &placed.items {
        let how = match &item.place {
            Place::Comment => "comment".to_owned(),
            Place::Annotation(why) => format!("annotation ({why})"),
        };
        for outcome in item.outcomes.iter().filter_map(|number| run.plan.outcomes.get(*number)) {
            let found = &outcome.finding;
            let line = format!(
                "{}:{}: {how}: {}: {}: {}",
                item.path, item.first, found.rule, found.subject, found.message
            );
            text.push_str(&plain(&masked(&line)));
            text.push('\n');
        }
    }
    if placed.unlisted > 0 {
        let files = counted(placed.unlisted, "file");
        text.push_str(&format!(
            "note: GitHub lists not all files; {files} besides were compared with the state before\n"
        ));
    }
    run.disregarded.iter().for_each(|told| text.push_str(&format!("note: {}\n", plain(told))));
    text
}

/// Renders what would be told.
fn planned(run: &Run, placed: &Placed, comments: &[(usize, Wanted)], actions: &Actions) -> String {
    let mut text = format!(
        "would make {}, change {}, reopen {}, resolve {} and leave {}; {} elsewhere\n",
        counted(actions.post.len(), "comment"),
        actions.update.len(),
        actions.reopen.len(),
        actions.resolve.len(),
        actions.unchanged.len() + actions.dismissed.len(),
        counted(placed.outside, "finding"),
    );
    text.push_str(&places(run, placed));
    for number in &actions.post {
        let Some((_, wanted)) = comments.get(*number) else { continue };
        text.push_str(&format!("\n{}:{}\n", plain(&wanted.path), wanted.first));
        for line in wanted.body.lines() {
            text.push_str(&format!("    {}\n", plain(line)));
        }
    }
    text
}
