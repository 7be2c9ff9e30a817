//! Repositories that fail in their own ways, among others.

use std::{
    fs,
    process::{Command, Stdio},
    time::Duration,
};

use stand_in::{Fault, Seen};

use crate::{
    harness::{broken, git},
    world::World,
};

/// What happens to the fetches of a repository.
fn fault(seen: &Seen) -> Option<Fault> {
    let of = |name: &str| seen.call.contains(&format!("/acme/{name}.git/"));
    if of("gone") {
        Some(Fault::status(404, false))
    } else if of("forbidden") {
        Some(Fault::status(403, false))
    } else if of("limited") {
        Some(Fault::retry_after(429, 3600))
    } else if of("silent") {
        Some(Fault::Hang(Duration::from_secs(120)))
    } else if of("cut") {
        Some(Fault::DropBefore)
    } else {
        None
    }
}

#[test]
fn a_fifth_of_the_repositories_fails_and_the_others_are_done() {
    let world = World::new(32);
    for name in ["gone", "forbidden", "limited", "silent", "cut", "huge", "corrupt", "names"] {
        world.server.create(&format!("acme/{name}"), &[("app.yaml", &broken())]);
    }
    world.server.create_empty("acme/empty");
    let noise: String = (0..300_000_u64)
        .map(|number| format!("{:x}\n", number.wrapping_mul(0x9e37_79b9_7f4a_7c15)))
        .collect();
    world.server.commit("acme/huge", "main", "alice", &[("noise.txt", Some(&noise))]);
    damage(&world);
    misname(&world);
    world.server.on_request(fault);
    // So many seconds are enough for those that answer, also where the machine is busy.
    let args = ["--timeout", "10", "--space", "4", "--parallel", "4"];
    world.plan(&args).exits(2).says("32 looked at").says("1 skipped, 8 failed");
    let report = world.sweep(&["report", "caulk-sweep.jsonl"]).exits(2);
    for words in [
        "acme/gone: failed (not-found): ",
        "acme/forbidden: failed (forbidden): ",
        "acme/limited: failed (rate-limited): ",
        "acme/silent: failed (timeout): ",
        "acme/cut: failed (unreachable): ",
        "acme/huge: failed (too-large): ",
        "acme/corrupt: failed (",
        "acme/names: could not use ",
        "acme/empty: skipped: empty",
    ] {
        assert!(report.out.contains(words), "no {words:?} in {}", report.out);
    }
    world.apply(&[]).exits(0);
    assert_eq!(world.end(32).values().flatten().count(), 16);
    // Those that failed are tried again, and no other.
    world.server.on_request(|_| None);
    world.server.forget();
    world.plan(&[]).exits(2).says("6 looked at, 32 unchanged, 1 skipped, 2 failed");
    world.apply(&[]).exits(0);
}

#[test]
fn a_writing_that_fails_is_named_and_tried_again_alone() {
    let world = World::new(8);
    world.plan(&[]).exits(0);
    world.server.on_request(|seen| {
        let refused = seen.call.contains("/repos/acme/r002/pulls") && seen.call.starts_with("POST");
        refused.then(|| Fault::status(403, false))
    });
    world.apply(&[]).exits(2).says("3 opened").says("acme/r002: failed (forbidden): ");
    world.server.on_request(|_| None);
    world.server.forget();
    world.apply(&[]).exits(0).says("1 opened");
    assert!(world.server.calls().iter().all(|call| !call.contains("/r000")), "{:?}", world.server.calls());
    assert_eq!(world.end(8).values().flatten().count(), 4);
}

/// Removes the root tree of a repository.
fn damage(world: &World) {
    let path = world.server.path("acme/corrupt");
    let tree = git(&path, &["rev-parse", "main^{tree}"]);
    let object = path.join("objects").join(&tree[..2]).join(&tree[2..]);
    fs::remove_file(object).expect("a loose tree");
}

/// Commits a file whose name is no UTF-8.
fn misname(world: &World) {
    let path = world.server.path("acme/names");
    let script = b"commit refs/heads/main\ncommitter A <a@example.org> 1800000000 +0000\ndata 1\nx\nfrom refs/heads/main^0\n\
        M 100644 inline \"bad-\\377.yaml\"\ndata 5\na: 1\n\ndone\n";
    let mut child = Command::new("git")
        .current_dir(path)
        .args(["fast-import", "--quiet", "--done"])
        .stdin(Stdio::piped())
        .spawn()
        .expect("git runs");
    std::io::Write::write_all(&mut child.stdin.take().expect("a pipe"), script).expect("a script");
    assert!(child.wait().expect("an end").success());
}
