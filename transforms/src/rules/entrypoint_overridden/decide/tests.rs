//! The table, row by row.

use super::*;

/// The image of a test: entrypoint, CMD, what it does with its arguments, and what is known of words.
struct Known {
    entrypoint: &'static str,
    cmd: &'static str,
    forwards: Forwards,
    arguments: &'static [&'static str],
    programs: &'static [&'static str],
    absent: &'static [&'static str],
}

const AK: Known = Known {
    entrypoint: "dumb-init -- ak",
    cmd: "",
    forwards: Forwards::OwnProgram,
    arguments: &["server"],
    programs: &[],
    absent: &["server", "nothing"],
};

fn words(text: &str) -> Vec<String> {
    text.split(' ').filter(|word| !word.is_empty()).map(str::to_owned).collect()
}

fn facts(known: &Known) -> ImageFacts {
    let owned = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect();
    ImageFacts {
        entrypoint: words(known.entrypoint),
        cmd: words(known.cmd),
        forwards: known.forwards,
        arguments: owned(known.arguments),
        programs: owned(known.programs),
        absent: owned(known.absent),
        ..ImageFacts::default()
    }
}

/// Returns the verdict in a word: leave, repeats, show, or the tier of a change with what it drops.
fn verdict(known: &Known, command: &str, args: &str) -> String {
    let (facts, command, args) = (facts(known), words(command), words(args));
    told(&decide(Case {
        command: &command,
        args: &args,
        image_name: "ak-image",
        image: Ok(&facts),
        presence: None,
        crash: None,
        used_elsewhere: None,
        pod_path: None,
        windows: false,
    }))
}

fn told(decision: &Decision) -> String {
    match decision {
        Decision::Leave(_) => "leave".to_owned(),
        Decision::Repeats(words) => format!("repeats {words}"),
        Decision::Show { .. } => "show".to_owned(),
        Decision::Move(change) if change.dropped == 0 => change.tier.name().to_owned(),
        Decision::Move(change) => format!("{} without {}", change.tier.name(), change.dropped),
    }
}

#[test]
fn row_2_words_that_say_nothing_are_left() {
    for command in ["$(APP)", "${APP}", "bin/server", "./server"] {
        assert_eq!(verdict(&AK, command, ""), "leave", "{command}");
    }
    let (facts, spaced) = (facts(&AK), ["ak server".to_owned()]);
    let case = Case {
        command: &spaced,
        args: &[],
        image_name: "ak-image",
        image: Ok(&facts),
        presence: None,
        crash: None,
        used_elsewhere: None,
        pod_path: None,
        windows: false,
    };
    assert_eq!(told(&decide(case)), "leave");
    assert_eq!(told(&decide(Case { command: &[String::new()], ..case })), "leave");
    assert_eq!(told(&decide(Case { command: &["server".to_owned()], windows: true, ..case })), "leave");
}

#[test]
fn row_3_an_unknown_image_is_left_but_for_flags() {
    let unknown = |word: &str| {
        told(&decide(Case {
            command: &[word.to_owned()],
            args: &[],
            image_name: "",
            image: Err("nobody knows"),
            presence: None,
        crash: None,
            used_elsewhere: None,
            pod_path: None,
            windows: false,
        }))
    };
    assert_eq!(unknown("server"), "leave");
    assert_eq!(unknown("--server"), "show");
}

#[test]
fn rows_4_to_6_entrypoints_that_take_no_arguments_and_stand_ins() {
    assert_eq!(verdict(&Known { entrypoint: "", cmd: "server", ..AK }, "server", ""), "leave");
    assert_eq!(verdict(&Known { entrypoint: "", ..AK }, "--flag", ""), "leave");
    assert_eq!(verdict(&AK, "sh -c server", ""), "leave");
    assert_eq!(verdict(&AK, "/bin/sleep 1", ""), "leave");
    assert_eq!(verdict(&Known { entrypoint: "/bin/sh -c ak", ..AK }, "--flag", ""), "leave");
}

#[test]
fn row_7_a_repeated_entrypoint_is_another_rules_affair() {
    assert_eq!(verdict(&AK, "dumb-init -- ak server", ""), "repeats 3");
    assert_eq!(verdict(&AK, "/usr/bin/dumb-init -- ak server", ""), "repeats 3");
    assert_eq!(verdict(&AK, "/opt/dumb-init -- ak server", ""), "leave");
    let with_cmd = Known { cmd: "worker", ..AK };
    assert_eq!(verdict(&with_cmd, "dumb-init -- ak", ""), "leave");
    assert_eq!(verdict(&with_cmd, "dumb-init -- ak", "server"), "repeats 3");
}

#[test]
fn row_8_what_starts_is_left_unless_an_init_is_left_out() {
    assert_eq!(verdict(&AK, "/usr/bin/server", ""), "leave");
    assert_eq!(verdict(&Known { programs: &["other"], ..AK }, "other", ""), "leave");
    assert_eq!(verdict(&AK, "ak server", ""), "unsafe without 1");
    assert_eq!(verdict(&AK, "ak", ""), "unsafe without 1");
    assert_eq!(verdict(&Known { cmd: "worker", ..AK }, "ak", ""), "leave");
    let pure = Known { entrypoint: "tini --", cmd: "/bin/search", forwards: Forwards::Exec, ..AK };
    assert_eq!(verdict(&pure, "/bin/search", ""), "unsafe");
    let script = Known { entrypoint: "tini -- /entrypoint.sh", cmd: "web", forwards: Forwards::Unknown, ..AK };
    assert_eq!(verdict(&script, "/bin/web", ""), "leave");
    let root_dropping = Known { entrypoint: "docker-entrypoint.sh", cmd: "redis-server", forwards: Forwards::Exec, ..AK };
    assert_eq!(verdict(&root_dropping, "redis-server", ""), "leave");
}

#[test]
fn row_9_flags() {
    for (forwards, expected) in [
        (Forwards::OwnProgram, "safe"),
        (Forwards::PrependIfFlag, "safe"),
        (Forwards::PrependIfUnknown, "safe"),
        (Forwards::Exec, "show"),
        (Forwards::Ignored, "show"),
        (Forwards::Unknown, "show"),
    ] {
        let known = Known { entrypoint: "/entrypoint.sh", forwards, ..AK };
        assert_eq!(verdict(&known, "--flag", ""), expected, "{forwards:?}");
    }
    assert_eq!(verdict(&Known { entrypoint: "/ak", forwards: Forwards::Unknown, ..AK }, "--flag", ""), "unsafe");
    assert_eq!(verdict(&Known { entrypoint: "tini --", ..AK }, "--flag", ""), "show");
    assert_eq!(verdict(&AK, "--peer=http://x.$(NAMESPACE)/", ""), "safe");
}

#[test]
fn rows_10_to_12_arguments_of_the_own_program() {
    assert_eq!(verdict(&AK, "server", ""), "safe");
    assert_eq!(verdict(&AK, "server", "--port=1"), "safe");
    assert_eq!(verdict(&AK, "nothing", ""), "unsafe");
    assert_eq!(verdict(&Known { absent: &[], ..AK }, "server", ""), "unsafe");
    assert_eq!(verdict(&Known { absent: &[], cmd: "worker", ..AK }, "worker", ""), "unsafe");
    assert_eq!(verdict(&AK, "whatever", ""), "unsafe");
    assert_eq!(verdict(&Known { forwards: Forwards::Unknown, ..AK }, "whatever", ""), "unsafe");
    assert_eq!(verdict(&AK, "python3", ""), "leave");
    assert_eq!(verdict(&AK, "ak-image", ""), "leave");
    assert_eq!(verdict(&Known { entrypoint: "/opt/ak", ..AK }, "ak", ""), "leave");
}

#[test]
fn row_13_what_args_would_not_help() {
    let exec = Known { entrypoint: "/entrypoint.sh", ..AK };
    assert_eq!(verdict(&Known { forwards: Forwards::Exec, ..exec }, "nothing", ""), "show");
    let exec = Known { entrypoint: "/entrypoint.sh", ..AK };
    assert_eq!(verdict(&Known { forwards: Forwards::PrependIfUnknown, ..exec }, "nothing", ""), "unsafe");
    assert_eq!(verdict(&Known { entrypoint: "tini --", ..AK }, "nothing", ""), "show");
}

#[test]
fn row_14_nothing_known_nothing_said() {
    let script = Known { entrypoint: "/entrypoint.sh", forwards: Forwards::Unknown, ..AK };
    assert_eq!(verdict(&script, "server", ""), "leave");
    assert_eq!(verdict(&Known { forwards: Forwards::Exec, ..script }, "whatever", ""), "leave");
}

/// Returns the verdict where a cluster has started `started` with the image, or has not found `missing` of its entrypoint.
fn verdict_seen(known: &Known, command: &str, started: &[&str], missing: &[&str]) -> (String, Vec<String>) {
    let seen = |words: &[&str]| {
        let evidence = |word: &&str| {
            ((*word).to_owned(), Evidence { what: format!("a pod of {word}"), source: "pods.json".to_owned() })
        };
        words.iter().map(evidence).collect()
    };
    let facts = ImageFacts { started: seen(started), missing: seen(missing), ..facts(known) };
    let decision = decide(Case {
        command: &words(command),
        args: &[],
        image_name: "ak-image",
        image: Ok(&facts),
        presence: None,
        crash: None,
        used_elsewhere: None,
        pod_path: None,
        windows: false,
    });
    let reasons = match &decision {
        Decision::Move(change) => change.reasons.clone(),
        Decision::Show { reason, .. } => vec![reason.clone()],
        Decision::Leave(_) | Decision::Repeats(_) => Vec::new(),
    };
    (told(&decision), reasons)
}

#[test]
fn what_a_cluster_has_seen_outweighs_what_is_said_of_the_image() {
    let nothing: &[&str] = &[];
    let contradicted = |word: &str| {
        ("display".to_owned(), vec![format!("the sources contradict each other: a pod of {word} (pods.json)")])
    };
    assert_eq!(verdict_seen(&AK, "server", &["server"], nothing), contradicted("server"));
    assert_eq!(verdict_seen(&AK, "--flag", &["--flag"], nothing), contradicted("--flag"));
    assert_eq!(verdict_seen(&AK, "server", nothing, &["dumb-init"]), contradicted("dumb-init"));
    assert_eq!(verdict_seen(&AK, "--flag", nothing, &["ak"]), contradicted("ak"));
    assert_eq!(verdict_seen(&AK, "server", &["worker"], nothing).0, "safe", "another word says nothing");
    assert_eq!(verdict_seen(&AK, "whatever", &["whatever"], nothing).0, "leave");
    assert_eq!(verdict_seen(&AK, "ak server", &["ak"], nothing).0, "unsafe without 1", "the init is still left out");
    let exec = Known { forwards: Forwards::Exec, entrypoint: "/entrypoint.sh", ..AK };
    let (verdict, reasons) = verdict_seen(&exec, "nothing", &["nothing"], nothing);
    assert_eq!(verdict, "show");
    assert!(reasons.iter().all(|reason| reason.contains("a pod of nothing")), "{reasons:?}");
}

#[test]
fn an_own_init_is_nobodys_mistake() {
    let plain = Known { entrypoint: "/ak", ..AK };
    assert_eq!(verdict(&plain, "tini -- /ak", ""), "leave");
}

#[test]
fn a_crash_that_was_seen_is_told_and_trusts_nothing_more() {
    let crash = Evidence { what: "a pod says no".to_owned(), source: "pods.json".to_owned() };
    let decided = |known: Result<&Known, &str>, command: &str| {
        let (facts, command) = (known.map(facts), words(command));
        decide(Case {
            command: &command,
            args: &[],
            image_name: "ak-image",
            image: facts.as_ref().map_err(|why| *why),
            presence: None,
            crash: Some(&crash),
            used_elsewhere: None,
            pod_path: None,
            windows: false,
        })
    };
    let shown = |decision: Decision| match decision {
        Decision::Move(change) => (change.tier.name(), change.reasons.join("; "), change.evidence.contains(&crash)),
        Decision::Show { reason, evidence, .. } => ("show", reason, evidence.contains(&crash)),
        Decision::Leave(reason) => ("leave", reason, false),
        Decision::Repeats(_) => ("repeats", String::new(), false),
    };
    assert_eq!(shown(decided(Ok(&AK), "server")), ("safe", String::new(), true));
    assert_eq!(shown(decided(Ok(&AK), "nothing")).0, "unsafe", "an argument that nobody knows stays one");
    let (tier, reason, told) = shown(decided(Err("nobody knows it"), "server"));
    assert_eq!((tier, told), ("show", true));
    assert!(reason.contains("whether args would help is not either: nobody knows it"), "{reason}");
    let (tier, reason, told) = shown(decided(Ok(&Known { entrypoint: "", ..AK }), "server"));
    assert_eq!((tier, told), ("show", true));
    assert!(reason.contains("args would be executed in place of the command"), "{reason}");
    let (tier, reason, told) = shown(decided(Ok(&AK), "ak server"));
    assert_eq!((tier, told), ("display", true), "the cluster says that ak does not start");
    assert!(reason.contains("the sources contradict each other: a pod says no"), "{reason}");
}
