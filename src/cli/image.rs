//! `caulk image`

use std::{env, fmt::Write as _};

use anyhow::{Context as _, Result};
use caulk_transforms::{
    argv::{self, Shape},
    facts::{Facts, Forwards, ImageFacts, Presence, Question},
    finding::Evidence,
    image::ImageRef,
    rules,
};
use clap::Args;
use serde::Serialize;

use super::{CLEAN, FOUND, output, sources::SourceArgs};
use crate::{config, facts::Sources, sink::screen::plain, walk::Tree};

/// Show what an image runs, how that is known, and what it would run with given words
#[derive(Debug, Args)]
pub(super) struct Image {
    /// The image, as a manifest names it
    #[arg(value_name = "REF")]
    image: String,
    /// The words of `args`; with --command, those of `command`
    #[arg(last = true, value_name = "ARGV")]
    argv: Vec<String>,
    /// Take the words for `command` rather than `args`
    #[arg(long)]
    command: bool,
    /// Report for machines
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    sources: SourceArgs,
}

/// What is reported.
#[derive(Debug, Serialize)]
struct Report {
    image: String,
    entrypoint: Vec<String>,
    cmd: Vec<String>,
    path: Option<String>,
    class: &'static str,
    forwards: &'static str,
    arguments: Vec<String>,
    evidence: Vec<Evidence>,
    caveats: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    run: Option<WouldRun>,
}

/// What would run.
#[derive(Debug, Serialize)]
struct WouldRun {
    argv: Vec<String>,
    /// Whether its first word can be executed; none if nobody knows.
    starts: Option<bool>,
    why: String,
}

impl Image {
    pub(super) fn run(&self) -> Result<u8> {
        let image = ImageRef::parse(&self.image)?;
        let folder = env::current_dir().context("the current folder is gone")?;
        let (tree, _) = Tree::find(&[".".into()], &folder);
        let names: Vec<&str> = rules::ALL.iter().map(|rule| rule.meta().id).collect();
        let config = config::load(None, tree.root(), &names)?;
        let mut sources = Sources::open(&config, &tree, &self.sources.options()?)?;
        let mut facts = Facts::default();
        sources.answer(&[Question::Image(image.clone())], &mut facts);
        let known = match facts.image(&image) {
            Ok(known) => known.clone(),
            Err(reason) => {
                let unknown = format!("{image}: nothing is known: {}\n", plain(reason));
                let json = || serde_json::json!({ "image": image.to_string(), "unknown": reason });
                output::report(&if self.json { format!("{:#}\n", json()) } else { unknown })?;
                sources.close()?;
                return Ok(FOUND);
            }
        };
        let run = self.would_run(&known);
        // The entrypoint itself is looked for, too: its script tells what it does with its arguments.
        let mut programs: Vec<String> = known.entrypoint.first().cloned().into_iter().collect();
        programs.extend(run.as_ref().and_then(|argv| argv.first()).cloned());
        let questions: Vec<Question> =
            programs.into_iter().map(|program| Question::Program { image: image.clone(), program }).collect();
        sources.answer(&questions, &mut facts);
        sources.close()?;
        let known = facts.image(&image).cloned().unwrap_or(known);
        let run = run.map(|argv| judge(&facts, &image, &known, argv));
        let report = report(&image, known, run);
        output::report(&if self.json {
            format!("{}\n", serde_json::to_string_pretty(&report)?)
        } else {
            text(&report)
        })?;
        Ok(CLEAN)
    }

    fn would_run(&self, known: &ImageFacts) -> Option<Vec<String>> {
        if self.argv.is_empty() {
            return None;
        }
        let (command, args) =
            if self.command { (self.argv.as_slice(), &[][..]) } else { (&[][..], self.argv.as_slice()) };
        Some(argv::effective(known, command, args))
    }
}

fn judge(facts: &Facts, image: &ImageRef, known: &ImageFacts, argv: Vec<String>) -> WouldRun {
    let first = argv.first().cloned().unwrap_or_default();
    let (starts, why) = match facts.program(image, &first) {
        _ if known.programs.contains(&first) => (Some(true), format!("{first} is a program of the image")),
        Some(Presence::Present(_, evidence)) if evidence.what.ends_with("cannot start") => {
            (Some(false), evidence.what.clone())
        }
        Some(Presence::Present(_, evidence)) => (Some(true), evidence.what.clone()),
        Some(Presence::Absent(evidence)) => (Some(false), evidence.what.clone()),
        Some(Presence::Unknown(reason)) => (None, reason.clone()),
        None => (None, "nobody looked".to_owned()),
    };
    WouldRun { argv, starts, why }
}

fn report(image: &ImageRef, known: ImageFacts, run: Option<WouldRun>) -> Report {
    let forwards = argv::forwards(&known);
    Report {
        image: image.to_string(),
        class: class(&known),
        forwards: forwards_name(forwards),
        caveats: known.caveats.iter().map(caveat).collect(),
        entrypoint: known.entrypoint,
        cmd: known.cmd,
        path: known.path,
        arguments: known.arguments,
        evidence: known.evidence,
        run,
    }
}

fn class(known: &ImageFacts) -> &'static str {
    let taken = argv::dissect(&known.entrypoint);
    match (taken.shape, taken.has_init) {
        (Shape::None, _) => "no entrypoint",
        (Shape::Executes, true) => "init alone",
        (Shape::Executes, false) => "exec wrapper",
        (Shape::ShellForm { uses_arguments: true }, _) => "shell form with its arguments",
        (Shape::ShellForm { uses_arguments: false }, _) => "shell form that drops its arguments",
        (Shape::Shell, _) => "shell",
        (Shape::Script(_), true) => "init and script",
        (Shape::Script(_), false) => "script",
        (Shape::Program(_), true) => "init and program",
        (Shape::Program(_), false) => "program",
    }
}

const fn forwards_name(forwards: Forwards) -> &'static str {
    match forwards {
        Forwards::OwnProgram => "own-program",
        Forwards::Presumed => "presumed own-program",
        Forwards::Exec => "exec",
        Forwards::PrependIfFlag => "prepend-if-flag",
        Forwards::PrependIfUnknown => "prepend-if-unknown",
        Forwards::Ignored => "ignored",
        Forwards::Unknown => "unknown",
    }
}

fn caveat(caveat: &caulk_transforms::facts::Caveat) -> String {
    use caulk_transforms::facts::Caveat;
    match caveat {
        Caveat::TagNotCovered => "what is known does not cover this tag".to_owned(),
        Caveat::MovingTag => "the tag moves, and what is known may be old".to_owned(),
        Caveat::PlatformsDisagree => "the platforms of the image disagree".to_owned(),
        Caveat::SourcesDisagree(what) => format!("the sources contradict each other: {what}"),
    }
}

fn text(report: &Report) -> String {
    let words = |words: &[String]| if words.is_empty() { "none".to_owned() } else { format!("{words:?}") };
    let mut out = format!("{}\n", report.image);
    let mut line = |name: &str, value: &str| {
        // Writing to a string never fails.
        let _ = writeln!(out, "  {name:<11} {}", plain(value));
    };
    line("entrypoint", &words(&report.entrypoint));
    line("cmd", &words(&report.cmd));
    line("path", report.path.as_deref().unwrap_or("unknown"));
    line("class", report.class);
    line("forwards", report.forwards);
    if !report.arguments.is_empty() {
        line("arguments", &report.arguments.join(" "));
    }
    for evidence in &report.evidence {
        line("evidence", &format!("{} ({})", evidence.what, evidence.source));
    }
    for caveat in &report.caveats {
        line("but", caveat);
    }
    if let Some(run) = &report.run {
        line("would run", &words(&run.argv));
        let starts = match run.starts {
            Some(true) => "yes",
            Some(false) => "no",
            None => "unknown",
        };
        line("starts", &format!("{starts}: {}", run.why));
    }
    out
}
