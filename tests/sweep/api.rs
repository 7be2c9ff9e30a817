//! Repositories that the API itself fails for, one by one, among others.

use std::time::Duration;

use stand_in::{Fault, Trouble};

use crate::{harness::broken, world::World};

const GAVE_UP: &str = "Something went wrong while executing your query. This may be the result of a timeout, or it could be a GitHub bug.";

/// Makes repositories and what GraphQL says of each.
fn troubled(world: &World) {
    let trouble = |field, kind, message| Some(Trouble { field, kind, message });
    for (name, trouble) in [
        ("saml", trouble(None, "FORBIDDEN", "Resource protected by organization SAML enforcement.")),
        ("gone", trouble(None, "NOT_FOUND", "Could not resolve to a Repository.")),
        ("slow", trouble(Some("pullRequests"), "", GAVE_UP)),
        ("heavy", trouble(Some("pullRequests"), "RESOURCE_LIMITS_EXCEEDED", "Resource limits exceeded.")),
        ("headless", trouble(Some("defaultBranchRef"), "SERVICE_UNAVAILABLE", "No branch today.")),
    ] {
        let name = format!("acme/{name}");
        world.server.create(&name, &[("app.yaml", &broken())]);
        world.server.settings(&name, |repository| repository.trouble = trouble);
    }
}

const TOLD: [&str; 5] = [
    "failed (forbidden): Resource protected by organization SAML",
    "failed (not-found): Could not resolve",
    "acme/slow: failed (timeout): ",
    "acme/heavy: failed (too-large): ",
    "failed (other): No branch today.",
];

#[test]
fn what_the_api_does_not_tell_of_is_named_and_the_others_are_planned() {
    let world = World::new(12);
    troubled(&world);
    // Behind those with trouble, and on pages of their own.
    for number in 0..100 {
        world.server.create_empty(&format!("acme/empty{number}"));
    }
    world.server.create("acme/last", &[("app.yaml", &broken())]);
    let names = (0..12)
        .map(crate::world::named)
        .chain(["saml", "gone", "slow", "heavy", "headless", "last"].map(|name| format!("acme/{name}")));
    world.write("list", &names.collect::<Vec<String>>().join("\n"));
    for (source, skipped) in
        [(["--org", "acme"], 100), (["--search", "org:acme"], 100), (["--list", "list"], 0)]
    {
        let plan = &format!("plan{}", source[0]);
        let said = format!("13 looked at, 0 unchanged, {skipped} skipped, 5 failed");
        let swept = world.sweep(&[&["plan", "--plan", plan], &source[..]].concat());
        swept.exits(2).says(&said);
        let report = world.sweep(&["report", plan]).exits(2);
        for words in TOLD {
            assert!(report.out.contains(words), "{plan}: no {words:?} in {}", report.out);
        }
    }
    // The next day all is well; nothing is done twice.
    for name in ["saml", "gone", "slow", "heavy", "headless"] {
        world.server.settings(&format!("acme/{name}"), |repository| repository.trouble = None);
    }
    world.plan(&["--plan", "plan--org"]).exits(0).says("5 looked at, 13 unchanged, 100 skipped, 0 failed");
}

#[test]
fn a_limit_that_graphql_tells_of_is_waited_for() {
    let world = World::new(4);
    let body = serde_json::json!({ "errors": [{ "type": "RATE_LIMIT", "code": "graphql_rate_limit", "message": "API rate limit already exceeded" }] });
    let limited = |seconds| Fault::Answer(stand_in::Response::json(200, &body).with("retry-after", seconds));
    world.server.fail(2, "GraphQL", limited("1"));
    world.plan(&[]).exits(0).says("4 looked at");
    world.server.fail(1, "GraphQL", limited("3600"));
    world.plan(&["--max-wait", "5"]).exits(2).says("failed to list acme: GitHub limits requests");
    world.plan(&[]).exits(0).says("4 unchanged");
}

#[test]
fn a_server_that_never_answers_in_time_ends_the_plan_with_its_reason() {
    let world = World::new(30);
    for number in 0..30 {
        let trouble = Some(Trouble { field: Some("pullRequests"), kind: "", message: GAVE_UP });
        world.server.settings(&crate::world::named(number), |repository| repository.trouble = trouble);
    }
    world.plan(&[]).exits(2).says("failed to ask for repositories").says("Something went wrong");
    // It is not finished, so that nobody takes the rest for clean.
    world.sweep(&["status", "caulk-sweep.jsonl"]).exits(1).says("not finished");
    assert!(world.server.calls().len() < 40, "{}", world.server.calls().len());
}

/// What is no JSON although it says so.
fn garbage() -> stand_in::Response {
    stand_in::Response {
        body: b"{\"garbage".to_vec(),
        ..stand_in::Response::json(200, &serde_json::Value::Null)
    }
}

#[test]
fn a_fifth_of_the_writing_fails_at_the_api_and_the_others_are_done() {
    let world = World::new(40);
    world.plan(&[]).exits(0);
    // Of the twenty that are to be changed, eight; each in its own way, whatever is called.
    world.server.on_request(|seen| {
        let of = |number: usize| {
            let name = crate::world::named(number);
            seen.call.contains(&format!("/{name}/")) || seen.call.ends_with(&format!("/{name}"))
        };
        match () {
            () if of(0) => Some(Fault::status(404, false)),
            () if of(2) => Some(Fault::status(403, false)),
            () if of(4) => Some(Fault::retry_after(429, 1)),
            () if of(6) => Some(Fault::retry_after(403, 1)),
            () if of(8) => Some(Fault::secondary()),
            () if of(10) => Some(Fault::Hang(Duration::from_secs(60))),
            () if of(12) => Some(Fault::status(502, false)),
            () if of(14) => Some(Fault::Answer(garbage())),
            () => None,
        }
    });
    let quick = ["--retries", "0", "--timeout", "3", "--max-wait", "30"];
    let swept = world.apply(&quick).exits(2).says("12 opened");
    for words in [
        "acme/r000: failed (not-found): ",
        "acme/r002: failed (forbidden): ",
        "acme/r004: failed (rate-limited): ",
        "acme/r006: failed (rate-limited): ",
        "acme/r008: failed (rate-limited): ",
        "acme/r010: failed (timeout): ",
        "acme/r012: failed (unreachable): ",
        "acme/r014: failed (",
    ] {
        assert!(swept.out.contains(words), "no {words:?} in {}\n{}", swept.out, swept.err);
    }
    world.server.on_request(|_| None);
    world.server.forget();
    world.apply(&[]).exits(0).says("8 opened");
    assert!(world.server.calls().iter().all(|call| !call.contains("/r016")), "{:?}", world.server.calls());
    assert_eq!(world.end(40).values().flatten().count(), 20);
}
