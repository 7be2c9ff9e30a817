//! Single commits fetched from git's own server.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use caulk::{
    config::Authority,
    git::{
        Network, Refusal, Remote,
        fetch::{Want, fetch, fetch_all},
    },
    read::{Skip, Trouble},
    run::run_tree,
};
use secrecy::SecretString;

use crate::{
    harness::{Work, broken, mended, request},
    server::{Mood, Server, TOKEN, token},
};

const BOUND: u64 = 64 << 20;

fn network() -> Network {
    Network { proxy: None, silence: Duration::from_secs(2), ..Network::default() }
}

fn remote(server: &Server, name: &str) -> Remote {
    Remote::new(&server.url(name), Some(&token()), &network()).expect("an address")
}

/// Half a megabyte that cannot be compressed.
fn noise() -> String {
    let scrambled =
        |n: u64| n.wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(31).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    (0..40_000).map(|n| format!("{:x}", scrambled(n))).collect()
}

#[test]
fn one_commit_comes_without_its_history_and_is_planned() {
    let work = Work::new(&[("a.yaml", "a: 1\n")]);
    let old = work.head();
    work.write("a.yaml", &broken());
    let head = work.commit();
    let server = Server::start();
    server.serve("x/y.git", work.root());
    let mut remote = remote(&server, "x/y.git");
    for (want, commit, branch) in [
        (Want::Default, head, Some("refs/heads/main")),
        (Want::Branch("main".to_owned()), head, Some("refs/heads/main")),
        (Want::Commit(old), old, None),
    ] {
        let fetched = fetch(&mut remote, &want, BOUND, None).expect("a commit");
        assert_eq!((fetched.commit, fetched.branch.as_deref()), (commit, branch), "{want:?}");
        let folder = fetched.store.folder().to_owned();
        let run = run_tree(&request(), &fetched.store, fetched.commit, &Authority::Own).expect("a run");
        let after: Vec<&str> = run.plan.changes.iter().map(|change| change.after.as_str()).collect();
        assert_eq!(after, if commit == head { vec![mended()] } else { Vec::new() }, "{want:?}");
        assert_eq!(fetched.store.repository().expect("a repository").find_commit(old).is_ok(), commit == old);
        drop((run, fetched));
        assert!(!folder.exists(), "the temporary repository stays behind");
    }
    let (both, _) = fetch_all(&mut remote, &[Want::Default, Want::Commit(old)], BOUND, None).expect("two");
    assert_eq!((both[0].commit, both[1].commit), (head, old));
    assert!(both[0].store.repository().expect("a repository").find_commit(old).is_ok());
}

#[test]
fn what_is_not_there_is_told() {
    let work = Work::new(&[("a.yaml", "a: 1\n")]);
    let server = Server::start();
    server.serve("y.git", work.root());
    let nothing = tempfile::tempdir().expect("a folder");
    crate::harness::git(nothing.path(), &["init", "--quiet"]);
    server.serve("empty.git", nothing.path());
    let refusal = |name: &str, want: Want| {
        let error = fetch(&mut remote(&server, name), &want, BOUND, None).expect_err("nothing");
        error.downcast::<Refusal>().expect("a refusal")
    };
    let host = server.address.clone();
    assert_eq!(refusal("z.git", Want::Default), Refusal::NotFound { host });
    assert!(matches!(refusal("y.git", Want::Branch("no".to_owned())), Refusal::NoSuchRef(_)));
    assert!(matches!(refusal("empty.git", Want::Default), Refusal::NoSuchRef(_)));
    for want in [
        Want::Branch("a..b\nwant x".to_owned()),
        Want::Commit(caulk::git::Oid::from_str(&"1".repeat(40)).expect("a name")),
    ] {
        let error = fetch(&mut remote(&server, "y.git"), &want, BOUND, None).expect_err("nothing");
        assert!(error.downcast_ref::<Refusal>().is_none(), "{error:#}");
    }
}

#[test]
fn a_pack_beyond_the_bound_is_refused_and_large_files_are_not_sent() {
    let work = Work::new(&[("a.yaml", &broken())]);
    // What cannot be compressed, and a manifest of 40 MB that can.
    let noise: String =
        (0..40_000_u64).map(|n| format!("{:x}", n.wrapping_mul(0x9e37_79b9_7f4a_7c15))).collect();
    work.write("noise.txt", &noise);
    work.commit();
    let server = Server::start();
    server.serve("y.git", work.root());
    let error = fetch(&mut remote(&server, "y.git"), &Want::Default, 100_000, None).expect_err("too large");
    assert_eq!(error.downcast::<Refusal>().expect("a refusal"), Refusal::TooLarge(100_000));

    work.write("huge.yaml", &"a: 1\n".repeat(8_000_000));
    work.commit();
    server.serve("huge.git", work.root());
    let fetched = fetch(&mut remote(&server, "huge.git"), &Want::Default, BOUND, None).expect("a commit");
    let run = run_tree(&request(), &fetched.store, fetched.commit, &Authority::Own).expect("a run");
    assert_eq!(run.plan.changes.len(), 1);
    assert!(
        matches!(run.skipped.as_slice(), [Skip { trouble: Trouble::TooLarge(_), .. }]),
        "{:?}",
        run.skipped
    );
}

#[test]
fn a_wrong_token_is_tried_once_and_never_told() {
    let work = Work::new(&[("a.yaml", "a: 1\n")]);
    let server = Server::start();
    server.serve("y.git", work.root());
    let wrong = SecretString::from("ghs_wrong".to_owned());
    for token in [Some(&wrong), None] {
        let before = server.seen().len();
        let mut remote = Remote::new(&server.url("y.git"), token, &network()).expect("an address");
        let error = fetch(&mut remote, &Want::Default, BOUND, None).expect_err("no entry");
        let host = server.address.clone();
        assert!(!format!("{error:?} {remote:?}").contains("ghs_"), "{error:?}");
        assert_eq!(
            error.downcast::<Refusal>().expect("a refusal"),
            Refusal::Credentials { host, status: 401 }
        );
        assert_eq!(server.seen().len(), before + 1);
    }
}

#[test]
fn credentials_go_to_no_other_place() {
    let work = Work::new(&[("a.yaml", "a: 1\n")]);
    let (server, other) = (Server::start(), Server::start());
    server.serve("y.git", work.root());
    other.serve("y.git", work.root());
    server.becomes(Mood::Redirect(other.url("y.git")));
    let error = fetch(&mut remote(&server, "y.git"), &Want::Default, BOUND, None).expect_err("elsewhere");
    assert!(matches!(error.downcast::<Refusal>(), Ok(Refusal::Redirect { .. })));
    assert_eq!(other.seen().len(), 0, "the other server was asked");
    // A repository that was renamed on the same server is found.
    server.becomes(Mood::Redirect(server.url("moved/y.git")));
    fetch(&mut remote(&server, "y.git"), &Want::Default, BOUND, None).expect("a commit");
}

#[test]
fn addresses_with_credentials_or_without_tls_are_refused() {
    for (url, reason) in [
        ("https://user:word@example.org/x", "may not hold credentials"),
        ("http://example.org/x", "without TLS"),
        ("git://example.org/x", "without TLS"),
        ("file:///etc", "malformed"),
        ("ext::sh -c id", "malformed"),
        ("https://example.org/x?token=1", "no query"),
    ] {
        let error = Remote::new(url, Some(&token()), &network()).expect_err("refused");
        let told = format!("{error:#}");
        assert!(told.contains(reason) && !told.contains(TOKEN) && !told.contains("word"), "{url}: {told}");
    }
}

#[test]
fn a_server_in_a_bad_mood_ends_the_fetch_and_not_the_patience() {
    let work = Work::new(&[("a.yaml", &broken()), ("noise.txt", &noise())]);
    let server = Server::start();
    server.serve("y.git", work.root());
    for (mood, words) in [
        (Mood::Status(503), "HTTP 503"),
        (Mood::Status(429), "HTTP 429"),
        (Mood::Status(403), "check the token"),
        (Mood::Page, "is that the address of a repository"),
        (Mood::Silent, "in time"),
        (Mood::Cut(300), ""),
        (Mood::Cut(4000), ""),
    ] {
        server.becomes(mood.clone());
        let begun = Instant::now();
        let error =
            fetch(&mut remote(&server, "y.git"), &Want::Default, BOUND, None).expect_err("a bad mood");
        let told = format!("{error:#}");
        assert!(told.contains(words) && !told.contains(TOKEN), "{mood:?}: {told}");
        assert!(begun.elapsed() < Duration::from_secs(10), "{mood:?} took {:?}", begun.elapsed());
        if let Ok(Refusal::Passing { retry_after, .. }) = error.downcast::<Refusal>() {
            assert_eq!(retry_after, Some(Duration::from_secs(7)));
        }
    }
    server.becomes(Mood::Good);
    let fetched = fetch(&mut remote(&server, "y.git"), &Want::Default, BOUND, None).expect("a commit");
    assert_eq!(Arc::strong_count(&fetched.store), 1);
}
