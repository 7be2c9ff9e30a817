//! Tells a pull request what was found: comments beside the lines, the rest in a check run, and where the token may do neither,
//! what a workflow can do without one.

use std::{fs::OpenOptions, io::Write as _, path::PathBuf};

use anyhow::{Context as _, Result};
use caulk_transforms::finding::Applicability;

use super::{
    compose, marker,
    place::{Item, Place, Placed, Why, tier},
    reconcile::Wanted,
    send::{Desk, Done},
};
use crate::{
    github::{Annotation, Attempt, Conclusion, Error, Level, NewCheckRun},
    run::Run,
    sink::{
        formats::annotations::{data, property},
        screen::masked,
    },
};

/// The name of the check.
pub const CHECK: &str = "caulk";

/// What names our check runs begins so.
const OURS: &str = "caulk:v1:";

/// The last line of the one comment that holds the summary where no check run can be made.
const MARK: &str = "<!-- caulk:v1 review summary -->";

/// How it is told.
#[derive(Debug, Clone)]
pub struct Manner {
    /// The check fails if something of this tier or a better proven one is told; `None`: it never fails.
    pub fail_on: Option<Applicability>,
    /// Whether this is a workflow, whose log can hold annotations.
    pub workflow: bool,
    /// The file of the job's summary.
    pub job_summary: Option<PathBuf>,
}

/// Where it was told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Where {
    /// In a check run.
    Check,
    /// In one comment below the pull request.
    Comment,
    /// In the log and the summary of the job, by these commands.
    Workflow(Vec<String>),
    /// There was nothing to tell but the comments.
    Nowhere,
}

/// What was told.
#[derive(Debug)]
pub struct Told {
    /// The comments beside the lines.
    pub done: Done,
    /// Where the rest is.
    pub rest: Where,
    /// What went otherwise than it should, each as a sentence.
    pub notes: Vec<String>,
}

/// Tells everything. `comments` are the wanted comments with the places of their items.
///
/// # Errors
/// If GitHub refuses and there is no other way, or does not answer.
pub fn tell(
    desk: &Desk<'_>,
    head: &str,
    run: &Run,
    placed: &mut Placed,
    comments: &[(usize, Wanted)],
    manner: &Manner,
) -> Result<Told> {
    if desk.situation.fork {
        let note = "the token may only read, so everything is told by the job itself".to_owned();
        return by_workflow(run, placed, manner, Done::default(), vec![note]);
    }
    let wanted: Vec<Wanted> = comments.iter().map(|(_, wanted)| wanted.clone()).collect();
    let done = match desk.carry_out(head, &wanted) {
        Ok(done) => done,
        Err(error) if manner.workflow && is_forbidden(&error) => {
            return by_workflow(run, placed, manner, Done::default(), vec![told(&error)]);
        }
        Err(error) => return Err(error.context("failed to comment on the pull request")),
    };
    for (number, words) in &done.refused {
        if let Some(item) = comments.get(*number).and_then(|(item, _)| placed.items.get_mut(*item)) {
            item.place = Place::Annotation(Why::Refused(words.clone()));
        }
    }
    match check(desk, head, run, placed, &done, manner) {
        Ok(()) => Ok(Told { done, rest: Where::Check, notes: Vec::new() }),
        Err(error) if is_forbidden(&error) && manner.workflow => {
            by_workflow(run, placed, manner, done, vec![told(&error)])
        }
        Err(error) if is_forbidden(&error) => {
            let rest = by_comment(desk, run, placed, &done)
                .with_context(|| format!("there is no check run either: {error:#}"))?;
            Ok(Told { done, rest, notes: Vec::new() })
        }
        Err(error) => Err(error.context("failed to make the check run")),
    }
}

/// Renders an error with its causes. What GitHub said may hold anything; our own sentences stay as they are.
fn told(error: &anyhow::Error) -> String {
    let causes = error.chain().map(|cause| match cause.downcast_ref::<Error>() {
        Some(error) => masked(&error.to_string()).into_owned(),
        None => cause.to_string(),
    });
    causes.collect::<Vec<_>>().join(": ")
}

/// Tells whether GitHub said that the token may not do this.
fn is_forbidden(error: &anyhow::Error) -> bool {
    error.chain().filter_map(|cause| cause.downcast_ref::<Error>()).any(|error| match error {
        Error::Refused(refusal) => matches!(refusal.status, 403 | 404),
        Error::Graphql(errors) => errors.iter().any(|error| error.kind.as_deref() == Some("FORBIDDEN")),
        _ => false,
    })
}

/// Returns what is told in the list, best proven first: whoever shows less of it shows the best.
fn annotations(run: &Run, placed: &Placed) -> Vec<Annotation> {
    let mut listed: Vec<&Item> = placed.items.iter().filter(|item| item.place != Place::Comment).collect();
    listed.sort_by_key(|item| std::cmp::Reverse(tier(item, run)));
    listed.into_iter().map(|item| compose::annotation(run, item)).collect()
}

/// Tells whether something is told that the user's side does not let pass.
#[must_use]
pub fn fails(run: &Run, placed: &Placed, fail_on: Option<Applicability>) -> bool {
    fail_on.is_some_and(|least| placed.items.iter().any(|item| tier(item, run) >= Some(least)))
}

fn check(
    desk: &Desk<'_>,
    head: &str,
    run: &Run,
    placed: &Placed,
    done: &Done,
    manner: &Manner,
) -> Result<()> {
    let annotations = annotations(run, placed);
    let summary = compose::summary(run, placed, done.dismissed);
    let conclusion = match (placed.items.is_empty(), fails(run, placed, manner.fail_on)) {
        (true, _) => Conclusion::Success,
        (false, true) => Conclusion::Failure,
        (false, false) => Conclusion::Neutral,
    };
    let told = serde_json::to_string(&annotations)?;
    let id = marker::name([head, summary.as_str(), told.as_str(), &format!("{conclusion:?}")]);
    let id = format!("{OURS}{id}");
    let title = match placed.items.len() {
        0 => "Nothing to mend on these lines".to_owned(),
        1 => "1 place to look at".to_owned(),
        many => format!("{many} places to look at"),
    };
    let new = NewCheckRun {
        name: CHECK.to_owned(),
        head_sha: head.to_owned(),
        conclusion,
        title,
        summary,
        annotations,
    };
    bring(desk, &new, &id).map_err(|error| error.explained(Attempt::Check, desk.situation))
}

/// Makes a check run, unless it is there; one that a run began which died is completed.
fn bring(desk: &Desk<'_>, new: &NewCheckRun, id: &str) -> Result<(), Error> {
    let mut there = desk.client.check_runs(desk.repository, &new.head_sha, CHECK)?;
    // A job may have the same name, and is not ours.
    there.retain(|run| run.external_id.as_deref().is_some_and(|id| id.starts_with(OURS)));
    // The newest one counts.
    let newest = there.iter().max_by_key(|run| run.id).filter(|run| run.external_id.as_deref() == Some(id));
    let kept = match newest {
        Some(run) => desk.client.complete_check_run(desk.repository, new, run.clone())?,
        None => desk.client.create_check_run(desk.repository, new, id)?,
    };
    // What a run of another content left behind would seem to go on for ever.
    for left in there.iter().filter(|run| run.id != kept.id && !run.is_complete()) {
        desk.client.cancel_check_run(desk.repository, left.id)?;
    }
    Ok(())
}

/// Tells by what a workflow can do without any permission: commands in its log, and the job's summary.
fn by_workflow(
    run: &Run,
    placed: &mut Placed,
    manner: &Manner,
    done: Done,
    mut notes: Vec<String>,
) -> Result<Told> {
    if done == Done::default() {
        let unsaid = placed.items.iter_mut().filter(|item| item.place == Place::Comment);
        unsaid.for_each(|item| item.place = Place::Annotation(Why::ReadOnly));
    }
    let commands = annotations(run, placed).iter().map(command).collect();
    if let Some(path) = &manner.job_summary {
        let text = compose::summary(run, placed, done.dismissed);
        let written = OpenOptions::new().append(true).create(true).open(path);
        let written = written.and_then(|mut file| writeln!(file, "{text}"));
        if let Err(error) = written {
            notes.push(format!("failed to write the job's summary {}: {error}", path.display()));
        }
    }
    Ok(Told { done, rest: Where::Workflow(commands), notes })
}

/// Tells by one comment below the pull request, which the next run changes. Without anything to tell none is made.
fn by_comment(desk: &Desk<'_>, run: &Run, placed: &Placed, done: &Done) -> Result<Where> {
    let explained = |error: Error| error.explained(Attempt::Comment, desk.situation);
    let login = desk.client.viewer().map_err(explained)?.login;
    let comments = desk.client.comments(desk.repository, desk.number).map_err(explained)?;
    let ours = comments.iter().find(|comment| {
        let body = comment.body.as_deref().unwrap_or_default();
        comment.user.as_ref().is_some_and(|user| user.is(&login)) && body.trim_end().ends_with(MARK)
    });
    let listed = placed.items.iter().any(|item| item.place != Place::Comment);
    let body = format!("{}\n{MARK}", compose::summary(run, placed, done.dismissed));
    match ours {
        None if !listed => return Ok(Where::Nowhere),
        None => {
            desk.client.comment_once(desk.repository, desk.number, &login, MARK, &body).map_err(explained)?;
        }
        Some(comment) if comment.body.as_deref().is_some_and(|there| there.trim_end() == body) => {}
        Some(comment) => {
            desk.client.update_comment(desk.repository, comment.id, &body).map_err(explained)?;
        }
    }
    Ok(Where::Comment)
}

/// Renders an annotation as the command of a workflow. GitHub shows ten warnings and ten notices of a step; the log has all.
fn command(annotation: &Annotation) -> String {
    let level = match annotation.annotation_level {
        Level::Notice => "notice",
        Level::Warning => "warning",
        Level::Failure => "error",
    };
    // The runner looks for its older commands anywhere in a line.
    let inert = |text: &str| text.replace("##[", "#\u{200b}#[");
    format!(
        "::{level} file={},line={},endLine={},title={}::{}",
        property(&inert(&annotation.path)),
        annotation.start_line,
        annotation.end_line,
        property(&inert(&annotation.title)),
        data(&inert(&annotation.message))
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_in_a_path_or_a_message_begins_a_command() {
        let annotation = Annotation {
            path: "a,b:c\n::error::x.yaml".to_owned(),
            start_line: 3,
            end_line: 4,
            annotation_level: Level::Warning,
            title: "t::u".to_owned(),
            message: "100%\r\n::add-mask::x".to_owned(),
        };
        assert_eq!(
            command(&annotation),
            "::warning file=a%2Cb%3Ac%0A%3A%3Aerror%3A%3Ax.yaml,line=3,endLine=4,title=t%3A%3Au::100%25%0D%0A::add-mask::x"
        );
    }
}
