//! Titles and messages of commits. What they tell is made of numbers and of rules' names, and so never of words from manifests.

use anyhow::{Context as _, Result, bail};
use minijinja::{Environment, UndefinedBehavior, Value, value::Serde};
use serde::Serialize;

use super::settings::Settings;
use crate::{
    github::CommitMessage,
    sink::{
        json::Report,
        markdown::parts::{counted, mended},
    },
};

/// The key of the line by which a commit is known to be ours.
const TRAILER: &str = "Caulk-Mend: ";

/// A longer title is cut by GitHub.
const LONGEST_TITLE: usize = 250;

/// What templates may tell.
#[derive(Debug, Serialize)]
struct Values<'a> {
    places: usize,
    files: usize,
    rules: Vec<&'a str>,
    base: &'a str,
    branch: &'a str,
}

/// Returns the title of a pull request, which is the first line of its commit as well.
pub(super) fn title(report: &Report, settings: &Settings, base: &str, branch: &str) -> Result<String> {
    let Some(template) = &settings.title else {
        let (places, files) = (report.summary.mended, report.changes.len());
        return Ok(format!("fix: mend {} in {}", counted(places, "place"), counted(files, "file")));
    };
    let filled = fill(template, report, base, branch).context("the title's template cannot be used")?;
    let line = filled.split_whitespace().collect::<Vec<_>>().join(" ");
    if line.is_empty() {
        bail!("the title's template comes out empty");
    }
    Ok(line.chars().take(LONGEST_TITLE).collect())
}

/// Returns the message of the commit, with the line that tells what it holds.
pub(super) fn message(
    report: &Report,
    settings: &Settings,
    (base, branch): (&str, &str),
    title: &str,
    trailer: &Trailer,
) -> Result<CommitMessage> {
    let (headline, mut body) = match &settings.message {
        Some(template) => {
            let filled = fill(template, report, base, branch);
            let filled = filled.context("the message's template cannot be used")?;
            let (first, rest) = filled.trim().split_once('\n').unwrap_or((filled.trim(), ""));
            if first.trim().is_empty() {
                bail!("the message's template comes out empty");
            }
            (first.trim().to_owned(), rest.trim().to_owned())
        }
        None => (title.to_owned(), rules(report)),
    };
    if !body.is_empty() {
        body.push_str("\n\n");
    }
    let Trailer { fingerprint, digest, parent } = trailer;
    body.push_str(&format!("{TRAILER}{fingerprint} {digest} {parent}"));
    if let Some(person) = &settings.sign_off {
        body.push_str(&format!("\nSigned-off-by: {} <{}>", person.name, person.email));
    }
    Ok(CommitMessage { headline, body })
}

/// What the last lines of a commit's message say that it holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Trailer {
    /// Names what it changes, wherever that is.
    pub(super) fingerprint: String,
    /// Names the contents of its files.
    pub(super) digest: String,
    /// The commit that it was made on. One that was put onto another says so by it.
    pub(super) parent: String,
}

impl Trailer {
    pub(super) fn of(message: &str) -> Option<Self> {
        let last = message.trim_end().rsplit("\n\n").next()?;
        let told = last.lines().find_map(|line| line.trim_end().strip_prefix(TRAILER))?;
        let mut parts = told.split(' ').map(str::to_owned);
        Some(Self { fingerprint: parts.next()?, digest: parts.next()?, parent: parts.next()? })
    }
}

/// Lists the rules with how often each is mended.
fn rules(report: &Report) -> String {
    let lines = names(report).into_iter().map(|rule| {
        let count = mended(report).filter(|finding| finding.rule == rule).count();
        format!("{rule}: {}", counted(count, "place"))
    });
    lines.collect::<Vec<_>>().join("\n")
}

fn names(report: &Report) -> Vec<&str> {
    let mut names: Vec<&str> = mended(report).map(|finding| finding.rule.as_str()).collect();
    names.sort_unstable();
    names.dedup();
    names
}

fn fill(template: &str, report: &Report, base: &str, branch: &str) -> Result<String> {
    let mut environment = Environment::new();
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    let values = Values {
        places: report.summary.mended,
        files: report.changes.len(),
        rules: names(report),
        base,
        branch,
    };
    Ok(environment.render_str(template, Value::from(Serde(values)))?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{git::commit::Person, sink::json::samples::report_of};

    fn settings() -> Settings {
        Settings {
            sign_off: Some(Person { name: "A".to_owned(), email: "a@x".to_owned() }),
            ..Settings::default()
        }
    }

    fn trailer() -> Trailer {
        Trailer { fingerprint: "f0".to_owned(), digest: "d0".to_owned(), parent: "c0".to_owned() }
    }

    #[test]
    fn what_is_told_by_default_holds_no_word_of_a_manifest() {
        let report = report_of("@octocat fixes #1");
        let title = title(&report, &settings(), "main", "caulk/mend").expect("a title");
        assert_eq!(title, "fix: mend 1 place in 1 file");
        let told = message(&report, &settings(), ("main", "caulk/mend"), &title, &trailer());
        assert_eq!(
            told.expect("a message").to_string(),
            "fix: mend 1 place in 1 file\n\nentrypoint-overridden: 1 place\n\nCaulk-Mend: f0 d0 c0\nSigned-off-by: A <a@x>"
        );
    }

    #[test]
    fn templates_of_the_user_are_filled() {
        let report = report_of("plain");
        let settings = Settings {
            title: Some("chore(k8s): {{ places }} in\n {{ files }} for {{ base }}".to_owned()),
            message: Some("chore: x\n\nBecause of {{ rules|join(', ') }}.".to_owned()),
            ..Settings::default()
        };
        let title = title(&report, &settings, "main", "b").expect("a title");
        assert_eq!(title, "chore(k8s): 1 in 1 for main");
        let told = message(&report, &settings, ("main", "b"), &title, &trailer()).expect("a message");
        assert_eq!(told.to_string(), "chore: x\n\nBecause of entrypoint-overridden.\n\nCaulk-Mend: f0 d0 c0");
        let bad = Settings { title: Some("{{ nothing }}".to_owned()), ..Settings::default() };
        assert!(super::title(&report, &bad, "main", "b").is_err());
    }

    #[test]
    fn the_trailer_is_read_from_the_last_lines_alone() {
        let told = "fix: x\n\nCaulk-Mend: f0 d0 c0\nSigned-off-by: A <a@x>\n";
        assert_eq!(Trailer::of(told), Some(trailer()));
        assert_eq!(Trailer::of("fix: x\n\nCaulk-Mend: f0 d0 c0\n\nmore"), None);
        assert_eq!(Trailer::of("fix: x\n\nCaulk-Mend: f0 d0\n"), None);
        assert_eq!(Trailer::of("fix: x"), None);
    }
}
