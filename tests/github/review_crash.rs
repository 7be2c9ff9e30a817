//! `caulk review` is ended after every single request in turn, and run again: everything is told as if nothing had happened, and
//! nothing twice.

use std::{io::Write as _, thread};

use serde_json::Value;
use stand_in::{Access, Fault, Identity, Server};

use crate::{
    command::{Machine, writes},
    review::{AT, app, deployment, mended, opened},
};

/// Few comments, so that the annotations need several requests.
const ARGS: [&str; 7] = ["review", "--repo", AT, "--pr", "1", "--max-comments", "3"];

/// So many broken containers are told by three comments, and by annotations in three portions.
const MANY: usize = 125;

/// What the run that is ended finds.
#[derive(Debug, Clone, Copy)]
enum Situation {
    /// Nothing yet.
    Fresh,
    /// Comments that move, change and go, and a check for another head.
    Moved,
    /// Comments whose reasons are gone.
    Mended,
    /// As the first, for a token that makes a comment in place of a check.
    Person,
}

impl Situation {
    fn stage(self) -> (Server, Machine) {
        let server = Server::start();
        opened(&server, &[("README.md", "ops\n")], &[("app.yaml", Some(&deployment(MANY)))]);
        let identity = match self {
            Self::Person => Identity::person("bob", Access::Write),
            _ => app(),
        };
        let machine = Machine::new(&server, identity);
        let head = match self {
            Self::Fresh | Self::Person => return (server, machine),
            Self::Moved => format!("# above\n{}", deployment(MANY)).replacen("command:", "args:", 1),
            Self::Mended => mended(MANY),
        };
        machine.caulk(&ARGS).exits(1);
        server.commit(AT, "work", "alice", &[("app.yaml", Some(&head))]);
        (server, machine)
    }

    const fn code(self) -> i32 {
        if matches!(self, Self::Mended) { 0 } else { 1 }
    }
}

/// A comment beside lines: its path, line, text, and who resolved it.
type Beside = (String, Option<u32>, String, Option<String>);

/// Everything that the pull request tells.
#[derive(Debug, PartialEq)]
struct Told {
    beside: Vec<Beside>,
    below: Vec<String>,
    checks: Vec<(Value, Vec<Value>)>,
}

fn told(server: &Server) -> Told {
    let pull = server.pull(AT, 1);
    let beside = pull.review_comments.clone().into_iter();
    let check = |check: stand_in::Check| {
        // Commits have other names on each server.
        let newest = Value::from(check.given["head_sha"] == pull.head.as_str());
        let kept = ["status", "conclusion", "output"].map(|name| check.given[name].clone());
        (kept.into_iter().chain([newest]).collect(), check.annotations)
    };
    Told {
        beside: beside.map(|each| (each.path, each.line, each.body, each.resolved_by)).collect(),
        below: pull.comments.iter().map(|comment| comment.body.clone()).collect(),
        checks: server.checks(AT).into_iter().map(check).collect(),
    }
}

/// Ends the run after its request of that number, before it hears the answer. Returns whether it had so many.
fn is_ended_after(server: &Server, machine: &Machine, number: usize) -> bool {
    server.ends_after(&mut machine.command(&ARGS), number)
}

/// Tries every point of one situation, and returns how many there were.
fn points(situation: Situation) -> usize {
    let (server, machine) = situation.stage();
    machine.caulk(&ARGS).exits(situation.code());
    let wanted = told(&server);
    for number in 1.. {
        let (server, machine) = situation.stage();
        let what = format!("{situation:?}, ended after request {number}");
        if !is_ended_after(&server, &machine, number) {
            assert_eq!(told(&server), wanted, "{situation:?}, not ended");
            return number - 1;
        }
        server.forget();
        machine.caulk(&ARGS).exits(situation.code());
        assert_eq!(told(&server), wanted, "{what}");
        server.forget();
        machine.caulk(&ARGS).exits(situation.code());
        // A person's check run is tried each time.
        let again = writes(&server);
        let again: Vec<&String> = again.iter().filter(|call| !call.ends_with("/check-runs")).collect();
        assert!(again.is_empty() && told(&server) == wanted, "{what}: a third run does {again:?}");
    }
    unreachable!("a run has an end")
}

#[test]
fn a_review_that_is_ended_anywhere_is_completed_by_the_next() {
    let situations = [Situation::Fresh, Situation::Moved, Situation::Mended, Situation::Person];
    let workers = situations.map(|situation| thread::spawn(move || (situation, points(situation))));
    let mut total = 0;
    for worker in workers {
        let (situation, count) = worker.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
        let _ = writeln!(std::io::stderr(), "{situation:?}: {count} points");
        total += count;
    }
    let _ = writeln!(std::io::stderr(), "{total} points at which the review was ended");
    assert!(total >= 30, "only {total} points");
}

#[test]
fn a_portion_of_annotations_whose_answer_is_lost_is_not_told_twice() {
    for fault in [Fault::status(502, true), Fault::status(502, false)] {
        let (server, machine) = Situation::Fresh.stage();
        server.fail(1, "PATCH /repos/acme/ops/check-runs", fault);
        machine.caulk(&ARGS).exits(1);
        let checks = server.checks(AT);
        assert_eq!((checks.len(), checks[0].annotations.len()), (1, MANY - 3));
        assert_eq!(checks[0].given["status"], "completed");
    }
}

#[test]
fn what_was_begun_for_another_content_does_not_go_on_for_ever() {
    let (server, machine) = Situation::Fresh.stage();
    // The first run dies with its check begun; the second tells something else of the same head.
    for number in 1.. {
        assert!(is_ended_after(&server, &machine, number), "no check was begun");
        if !server.checks(AT).is_empty() {
            break;
        }
    }
    assert_eq!(server.checks(AT)[0].given["status"], "in_progress");
    machine.caulk(&[&ARGS[..], &["--exit-zero"]].concat()).exits(0);
    let checks = server.checks(AT);
    let ends: Vec<&Value> = checks.iter().map(|check| &check.given["conclusion"]).collect();
    assert_eq!(ends, ["cancelled", "neutral"]);
}
