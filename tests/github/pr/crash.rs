//! The program is ended after every single request in turn, and run again: always exactly one right pull request, no comment
//! twice, no branch lost or left behind.

use std::{fs, io::Write as _, os::unix::fs::PermissionsExt as _, thread};

use stand_in::Pull;

use super::{BRANCH, Stage, broken, mended};

/// A repository of plain files, whose commits GraphQL makes and signs.
const PLAIN: &str = "acme/plain";

/// A repository with a program, whose mode only git's own objects keep.
const PROGRAMS: &str = "acme/programs";

/// How commits are made.
#[derive(Debug, Clone, Copy)]
enum Way {
    Graphql,
    Objects,
    Git,
}

/// What the run that is ended finds.
#[derive(Debug, Clone, Copy)]
enum Situation {
    /// Nothing yet.
    Fresh,
    /// A pull request that must be rebuilt, since the base moved and more is broken.
    Moved,
    /// A pull request that nobody needs any more.
    Needless,
    /// A pull request whose branch somebody else works on, and whose base moved.
    Taken,
}

impl Way {
    const fn repository(self) -> &'static str {
        if matches!(self, Self::Objects) { PROGRAMS } else { PLAIN }
    }

    fn options(self) -> Vec<&'static str> {
        let mut options = vec!["--repo", self.repository(), "--label", "gitops", "--assignee", "ann"];
        if matches!(self, Self::Git) {
            options.extend(["--commit-with", "git", "--author", "Caulk Bot <bot@acme.example>"]);
        }
        options
    }
}

impl Situation {
    fn stage(self, way: Way) -> Stage {
        let stage = Stage::new(&[]);
        stage.server.person("ann");
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("a.yaml");
        fs::write(&file, broken("a")).expect("a file");
        let mode = if matches!(way, Way::Objects) { 0o755 } else { 0o644 };
        fs::set_permissions(&file, fs::Permissions::from_mode(mode)).expect("a mode");
        stage.server.create_from(way.repository(), folder.path());
        let change = match self {
            Self::Fresh => return stage,
            Self::Moved | Self::Taken => ("b.yaml", broken("b")),
            Self::Needless => ("a.yaml", mended("a")),
        };
        stage.pr_in(folder.path(), &way.options()).exits(0);
        stage.server.commit(way.repository(), "main", "ann", &[(change.0, Some(&change.1))]);
        if let Self::Taken = self {
            stage.server.commit(way.repository(), BRANCH, "ann", &[("notes.txt", Some("mine\n"))]);
        }
        stage
    }

    /// What a run that is not ended exits with.
    const fn code(self) -> i32 {
        if matches!(self, Self::Taken) { 1 } else { 0 }
    }

    /// Asserts that everything is as if nothing had happened.
    fn is_right(self, stage: &Stage, repository: &str, what: &str) {
        let mut pulls = stage.server.pulls(repository);
        assert_eq!(pulls.len(), 1, "{what}: {pulls:#?}");
        let pull: Pull = pulls.remove(0);
        if let Self::Needless = self {
            assert!(!pull.open && pull.merged_at.is_none(), "{what}");
            assert_eq!(pull.comments.len(), 1, "{what}: {:#?}", pull.comments);
            assert_eq!(stage.server.branches(repository), ["main"], "{what}");
            return;
        }
        if let Self::Taken = self {
            assert!(pull.open && pull.comments.len() == 1, "{what}: {:#?}", pull.comments);
            assert_eq!(stage.server.branches(repository), [BRANCH, "main"], "{what}");
            assert_eq!(
                stage.server.file(repository, BRANCH, "notes.txt").as_deref(),
                Some("mine\n"),
                "{what}"
            );
            return;
        }
        assert!(pull.open && pull.comments.is_empty(), "{what}: {pull:#?}");
        assert_eq!(
            (&*pull.labels, &*pull.assignees),
            (&["gitops".to_owned()][..], &["ann".to_owned()][..]),
            "{what}"
        );
        assert_eq!(stage.server.branches(repository), [BRANCH, "main"], "{what}");
        let head = stage.server.branch(repository, BRANCH).expect("a branch");
        assert!(pull.head == head && pull.body.contains(&head), "{what}: the body tells of another commit");
        let commits = stage.server.commits(repository, "main", BRANCH);
        assert_eq!(commits.len(), 1, "{what}: {commits:#?}");
        assert_eq!(commits[0].parents, [stage.server.branch(repository, "main").expect("main")], "{what}");
        let names: &[&str] = if matches!(self, Self::Moved) { &["a", "b"] } else { &["a"] };
        for name in names {
            let file = stage.server.file(repository, BRANCH, &format!("{name}.yaml"));
            assert_eq!(file.as_deref(), Some(&*mended(name)), "{what}");
        }
    }
}

/// Ends the run after its request of that number, before it hears the answer. Returns whether it had so many.
fn is_ended_after(stage: &Stage, way: Way, number: usize) -> bool {
    let mut command = stage.command(stage.folder.path(), &way.options());
    stage.server.ends_after(&mut command, number)
}

/// Tries every point of one situation, and returns how many there were.
fn points(way: Way, situation: Situation) -> usize {
    for number in 1.. {
        let stage = situation.stage(way);
        if !is_ended_after(&stage, way, number) {
            // The run that nobody ended did everything.
            situation.is_right(&stage, way.repository(), &format!("{way:?} {situation:?}"));
            return number - 1;
        }
        let what = format!("{way:?} {situation:?}, ended after request {number}");
        for _ in 0..2 {
            stage.server.forget();
            let ran = stage.pr_in(stage.folder.path(), &way.options());
            assert_eq!(ran.code, Some(situation.code()), "{what}: {}{}", ran.out, ran.err);
            situation.is_right(&stage, way.repository(), &what);
        }
        assert_eq!(stage.writes(), [""; 0], "{what}: a third run writes");
    }
    unreachable!("a run has an end")
}

#[test]
fn a_run_that_is_ended_anywhere_is_healed_by_the_next() {
    let situations = [Situation::Fresh, Situation::Moved, Situation::Needless, Situation::Taken];
    let ways = [Way::Graphql, Way::Objects, Way::Git];
    let workers: Vec<_> = ways
        .into_iter()
        .flat_map(|way| situations.map(|situation| (way, situation)))
        .map(|(way, situation)| thread::spawn(move || (way, situation, points(way, situation))))
        .collect();
    let mut total = 0;
    for worker in workers {
        let (way, situation, count) = worker.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
        let _ = writeln!(std::io::stderr(), "{way:?} {situation:?}: {count} points");
        total += count;
    }
    let _ = writeln!(std::io::stderr(), "{total} points at which the run was ended");
    assert!(total >= 150, "only {total} points");
}
