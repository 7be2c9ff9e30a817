//! Commits made in memory and pushed to git's own server.

use std::{fs, path::Path, process::Command, time::Duration};

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

use crate::{
    harness::{Work, broken, git, mended, request},
    server::{Server, token},
};

const BRANCH: &str = "refs/heads/caulk/mend";

fn remote(server: &Server) -> Remote {
    let network = Network { proxy: None, silence: Duration::from_secs(5), ..Network::default() };
    Remote::new(&server.url("y.git"), Some(&token()), &network).expect("an address")
}

fn person() -> Person {
    Person { name: "caulk[bot]".to_owned(), email: "caulk@example.org".to_owned() }
}

/// Plans, and makes the commit.
fn mend(fetched: &Fetched, message: &str, signing: Option<&Signing>) -> Built {
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

fn set_up() -> (Work, Server, std::path::PathBuf, Fetched) {
    let work = Work::new(&[("apps/deep/a.yaml", &broken()), ("b.yaml", &broken()), ("c.yaml", "a: 1\n")]);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        fs::set_permissions(work.path("b.yaml"), fs::Permissions::from_mode(0o755)).expect("a mode");
    }
    work.commit();
    let server = Server::start();
    let bare = server.serve("y.git", work.root());
    let fetched = fetch(&mut remote(&server), &Want::Default, 64 << 20, None).expect("a commit");
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
    let draft = Draft {
        parent: fetched.commit,
        message: "x",
        author: &person,
        committer: &person,
        seconds: 0,
        sign_off: false,
        signing: None,
    };
    for path in ["no.yaml", "apps", "apps/deep/a.yaml/x"] {
        let path = RepoPath::new(path).expect("a path");
        assert!(build(&fetched.store, &[(&path, b"x")], &draft).is_err(), "{path}");
    }
    let commit = fetched.commit;
    let run = run_tree(&request(), &fetched.store, commit, &Authority::Own).expect("a run");
    assert_eq!(run.tree.mode(&RepoPath::new("b.yaml").expect("a path")), Some(Mode::Executable));
}

#[test]
fn a_commit_is_signed_by_ssh_and_git_verifies_it() {
    let (_work, server, bare, fetched) = set_up();
    let keys = tempfile::tempdir().expect("a folder");
    let key = keys.path().join("key");
    let made = Command::new("ssh-keygen").args(["-q", "-t", "ed25519", "-N", "", "-f"]).arg(&key).status();
    assert!(made.expect("ssh-keygen runs").success());
    let signing = Signing::Ssh { key: key.clone(), program: None };
    let built = mend(&fetched, "signed", Some(&signing));
    let update = Update { reference: BRANCH, expected: None, new: Some(built.commit), pack: &built.pack };
    push(&mut remote(&server), &update).expect("a push");
    let public = fs::read_to_string(key.with_extension("pub")).expect("a key");
    let signers = keys.path().join("signers");
    fs::write(&signers, format!("caulk@example.org {public}")).expect("a file");
    let known = format!("gpg.ssh.allowedSignersFile={}", signers.display());
    git(&bare, &["-c", "gpg.format=ssh", "-c", &known, "verify-commit", BRANCH]);

    let missing = Signing::Ssh { key: keys.path().join("none"), program: None };
    let person = person();
    let draft = Draft {
        parent: fetched.commit,
        message: "x",
        author: &person,
        committer: &person,
        seconds: 0,
        sign_off: false,
        signing: Some(&missing),
    };
    let error = build(&fetched.store, &[], &draft).expect_err("no key");
    assert!(format!("{error:#}").starts_with("failed to sign with ssh-keygen"), "{error:#}");
}
