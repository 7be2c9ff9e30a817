//! Commits made in memory and pushed to git's own server.

use std::{
    fs,
    path::{Path, PathBuf},
    time::Duration,
};

use caulk::{
    config::Authority,
    git::{
        Mode, Network, Remote,
        commit::{Built, Draft, Person, build},
        fetch::{Fetched, Want, fetch},
        push::{NotPushed, Update, branches, push},
        sign::Signing,
    },
    run::run_tree,
};
use caulk_transforms::path::RepoPath;
use stand_in::Tls;

use crate::{
    harness::{Work, broken, git, mended, request},
    server::{Server, token},
};

/// No pack is larger.
const BOUND: u64 = 64 << 20;
pub(crate) const BRANCH: &str = "refs/heads/caulk/mend";

pub(crate) fn remote(server: &Server) -> Remote {
    let network = Network { proxy: None, silence: Duration::from_secs(5), ..Network::default() };
    Remote::new(&server.url("y.git"), Some(&token()), &network).expect("an address")
}

pub(crate) fn person() -> Person {
    Person { name: "caulk[bot]".to_owned(), email: "caulk@example.org".to_owned() }
}

/// Returns a commit that is not to be made.
pub(crate) const fn draft<'a>(
    fetched: &Fetched,
    person: &'a Person,
    signing: Option<&'a Signing>,
) -> Draft<'a> {
    Draft {
        parent: fetched.commit,
        message: "x",
        author: person,
        committer: person,
        seconds: 0,
        sign_off: false,
        signing,
    }
}

/// Plans, and makes the commit.
pub(crate) fn mend(fetched: &Fetched, message: &str, signing: Option<&Signing>) -> Built {
    let run = run_tree(&request(), &fetched.store, fetched.commit, &Authority::Own).expect("a run");
    let files: Vec<(&RepoPath, &[u8])> =
        run.plan.changes.iter().map(|change| (&change.path, change.after.as_bytes())).collect();
    let person = person();
    let draft = Draft {
        parent: fetched.commit,
        message,
        author: &person,
        committer: &person,
        seconds: 1_700_000_000,
        sign_off: true,
        signing,
    };
    build(&fetched.store, &files, &draft).expect("a commit")
}

pub(crate) fn set_up() -> (Work, Server, PathBuf, Fetched) {
    let work = Work::new(&[("apps/deep/a.yaml", &broken()), ("b.yaml", &broken()), ("c.yaml", "a: 1\n")]);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        fs::set_permissions(work.path("b.yaml"), fs::Permissions::from_mode(0o755)).expect("a mode");
    }
    work.commit();
    let server = Server::start();
    let bare = server.serve("y.git", work.root());
    let fetched = fetch(&mut remote(&server), &Want::Default, BOUND, None).expect("a commit");
    (work, server, bare, fetched)
}

#[test]
fn a_plan_becomes_a_commit_on_a_branch_with_modes_kept() {
    let (_work, server, bare, fetched) = set_up();
    let before: usize = walk(fetched.store.folder());
    let built = mend(&fetched, "fix: mend\n\nbody", None);
    assert_eq!(walk(fetched.store.folder()), before, "the commit was written to the disk");
    let update = Update { reference: BRANCH, expected: None, new: Some(built.commit), pack: &built.pack };
    push(&mut remote(&server), &update).expect("a push");
    git(&bare, &["fsck", "--strict"]);
    let told = git(&bare, &["log", "-1", "--format=%an <%ae>|%cn|%P|%at|%B", BRANCH]);
    assert_eq!(
        told,
        format!(
            "caulk[bot] <caulk@example.org>|caulk[bot]|{}|1700000000|fix: mend\n\nbody\n\n\
             Signed-off-by: caulk[bot] <caulk@example.org>",
            fetched.commit
        )
    );
    let changed = git(&bare, &["diff-tree", "-r", "--raw", "--no-abbrev", "main", BRANCH]);
    let modes: Vec<&str> = changed.lines().map(|line| &line[..14]).collect();
    assert_eq!(modes, [":100644 100644", ":100755 100755"], "{changed}");
    assert_eq!(git(&bare, &["show", &format!("{BRANCH}:b.yaml")]) + "\n", mended());
    // The same plan gives the same commit.
    assert_eq!(mend(&fetched, "fix: mend\n\nbody", None).commit, built.commit);
    let at = Some(built.commit);
    assert_eq!(branches(&mut remote(&server)).expect("branches").get(BRANCH).copied(), at);
    push(&mut remote(&server), &Update { reference: BRANCH, expected: at, new: None, pack: &[] })
        .expect("gone");
    assert_eq!(branches(&mut remote(&server)).expect("branches").get(BRANCH), None);
}

fn walk(folder: &Path) -> usize {
    let entries = fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry").path());
    entries.map(|path| if path.is_dir() { walk(&path) } else { 1 }).sum()
}

#[test]
fn a_branch_that_somebody_moved_is_left_alone() {
    let (_work, server, bare, fetched) = set_up();
    let (first, second) = (mend(&fetched, "one", None), mend(&fetched, "two", None));
    let update = |expected, built: &Built| {
        let update = Update { reference: BRANCH, expected, new: Some(built.commit), pack: &built.pack };
        push(&mut remote(&server), &update).map_err(|error| error.downcast::<NotPushed>().expect("a reason"))
    };
    update(None, &first).expect("a push");
    let moved = NotPushed::Moved { reference: BRANCH.to_owned(), now: Some(first.commit) };
    assert_eq!(update(None, &second), Err(moved.clone()));
    assert_eq!(update(Some(fetched.commit), &second), Err(moved));
    // It is rebuilt on the base, which is no fast-forward.
    update(Some(first.commit), &second).expect("a push");
    assert_eq!(git(&bare, &["rev-parse", BRANCH]), second.commit.to_string());
    assert!(
        matches!(update(Some(first.commit), &first), Err(NotPushed::Moved { now: Some(now), .. }) if now == second.commit)
    );
}

#[test]
fn the_server_refuses_in_its_own_words() {
    let (_work, server, bare, fetched) = set_up();
    let built = mend(&fetched, "one", None);
    let hook = bare.join("hooks/pre-receive");
    fs::write(&hook, "#!/bin/sh\necho 'GH013: Repository rule violations found' >&2\nexit 1\n")
        .expect("a hook");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        fs::set_permissions(&hook, fs::Permissions::from_mode(0o755)).expect("a mode");
    }
    let update = Update { reference: BRANCH, expected: None, new: Some(built.commit), pack: &built.pack };
    let refused = push(&mut remote(&server), &update).expect_err("a refusal").downcast::<NotPushed>();
    let Ok(NotPushed::Refused { reason, messages, .. }) = refused else { panic!("{refused:?}") };
    assert_eq!(reason, "pre-receive hook declined");
    assert!(messages.contains("GH013: Repository rule violations found"), "{messages}");
    fs::remove_file(hook).expect("no hook");

    git(&bare, &["config", "receive.denyNonFastForwards", "true"]);
    push(&mut remote(&server), &update).expect("a push");
    let other = mend(&fetched, "two", None);
    let again = Update { expected: Some(built.commit), new: Some(other.commit), pack: &other.pack, ..update };
    let refused = push(&mut remote(&server), &again).expect_err("a refusal");
    assert!(format!("{refused:#}").contains("non-fast-forward"), "{refused:#}");

    // A pack that lacks an object is no way to break the repository.
    let third = mend(&fetched, "three", None);
    let lacking =
        Update { reference: "refs/heads/x", expected: None, new: Some(third.commit), pack: &built.pack };
    let refused = push(&mut remote(&server), &lacking).expect_err("a refusal").downcast::<NotPushed>();
    assert!(matches!(refused, Ok(NotPushed::Refused { .. })), "{refused:?}");
}

#[test]
fn only_regular_files_of_the_parent_are_changed() {
    let (_work, _server, _bare, fetched) = set_up();
    let person = person();
    let draft = draft(&fetched, &person, None);
    for path in ["no.yaml", "apps", "apps/deep/a.yaml/x"] {
        let path = RepoPath::new(path).expect("a path");
        assert!(build(&fetched.store, &[(&path, b"x")], &draft).is_err(), "{path}");
    }
    let commit = fetched.commit;
    let run = run_tree(&request(), &fetched.store, commit, &Authority::Own).expect("a run");
    assert_eq!(run.tree.mode(&RepoPath::new("b.yaml").expect("a path")), Some(Mode::Executable));
}

#[test]
fn commits_are_fetched_and_pushed_over_tls_that_the_user_trusts() {
    let (_work, server, bare, _) = set_up();
    let Some(tls) = Tls::before(&format!("http://{}", server.address)) else { return };
    let bundle = fs::read(tls.certificate()).expect("a certificate");
    let remote = |ca_bundle| {
        let network =
            Network { proxy: None, silence: Duration::from_secs(5), ca_bundle, ..Network::default() };
        Remote::new(&format!("{}/y.git", tls.url()), Some(&token()), &network).expect("an address")
    };
    let error =
        fetch(&mut remote(None), &Want::Default, BOUND, None).expect_err("nobody knows the certificate");
    assert!(format!("{error:#}").contains("certificate"), "{error:#}");
    let mut trusting = remote(Some(bundle));
    let fetched = fetch(&mut trusting, &Want::Default, BOUND, None).expect("a commit");
    let built = mend(&fetched, "mended", None);
    let update = Update { reference: BRANCH, expected: None, new: Some(built.commit), pack: &built.pack };
    push(&mut trusting, &update).expect("a push");
    assert_eq!(git(&bare, &["rev-parse", BRANCH]).trim(), built.commit.to_string());
}
