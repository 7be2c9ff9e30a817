use super::*;

fn facts(image: &str) -> Option<ImageFacts> {
    lookup(&ImageRef::parse(image).expect("an image"))
}

/// What a look-up says, in one line.
fn said(image: &str) -> String {
    facts(image).map_or_else(
        || "nothing".to_owned(),
        |facts| format!("{:?} {:?} {:?} {:?}", facts.entrypoint, facts.cmd, facts.forwards, facts.caveats),
    )
}

#[test]
fn authentik_takes_server_and_worker() {
    for tag in ["2023.10.5", "2024.12.1", "2024.12", "2025.6.3", "2026.8.0"] {
        let facts = facts(&format!("ghcr.io/goauthentik/server:{tag}")).expect("known");
        assert_eq!(facts.entrypoint, ["dumb-init", "--", "ak"]);
        assert_eq!(facts.forwards, Forwards::OwnProgram);
        assert_eq!(facts.caveats, [], "{tag}");
        for word in ["server", "worker"] {
            assert!(facts.arguments.iter().any(|known| known == word));
            assert!(facts.absent.iter().any(|known| known == word));
        }
    }
    let path = facts("ghcr.io/goauthentik/server:2024.12.1").and_then(|facts| facts.path).expect("known");
    assert!(path.split(':').any(|folder| folder == "/lifecycle"), "{path}");
}

#[test]
fn a_tag_gets_the_row_of_its_version() {
    let helm = "ghcr.io/fluxcd/helm-controller";
    let tini = r#"["/sbin/tini", "--", "helm-controller"] [] OwnProgram []"#;
    assert_eq!(said(&format!("{helm}:v0.25.0")), tini);
    assert_eq!(said(&format!("{helm}:v0.33.9")), tini);
    assert_eq!(said(&format!("{helm}:v0.34.0")), r#"["helm-controller"] [] OwnProgram []"#);
    assert_eq!(said(&format!("{helm}:v1.5.5")), r#"["helm-controller"] [] OwnProgram []"#);
    assert_eq!(said("quay.io/argoproj/argocd:v2.7.0"), r#"["/usr/bin/tini", "--"] [] Exec []"#);
    assert_eq!(said("quay.io/argoproj/argocd:v2.6.15"), "nothing", "its base decides, and nobody read that");
    assert_eq!(said("restic/restic:0.18.1"), r#"["/usr/bin/restic"] [] OwnProgram []"#);
    assert_eq!(said("restic/restic:0.19.1"), r#"["/entrypoint.sh"] [] OwnProgram []"#);
    assert_eq!(
        said("ghcr.io/dexidp/dex:v2.27.0"),
        r#"["dex"] ["version"] OwnProgram []"#,
        "`serve` moved into CMD later"
    );
    assert_eq!(
        said("minio/minio:RELEASE.2025-01-20T14-49-07Z"),
        r#"["/usr/bin/docker-entrypoint.sh"] ["minio"] OwnProgram []"#
    );
}

#[test]
fn a_tag_outside_of_the_rows_gets_the_newest_with_a_caveat() {
    let tunnel = r#"["cloudflared", "--no-autoupdate"] ["version"] OwnProgram"#;
    let image = "cloudflare/cloudflared";
    let cases = [
        ("2025.2.1", "[]"),
        ("2026.8.2-amd64", "[]"),
        ("2020.8.0", "[TagNotCovered]"),
        ("2025.2.1-debug", "[TagNotCovered]"),
        ("latest", "[MovingTag]"),
        ("latest-arm64", "[MovingTag]"),
        ("20250101", "[TagNotCovered]"),
    ];
    for (tag, caveats) in cases {
        assert_eq!(said(&format!("{image}:{tag}")), format!("{tunnel} {caveats}"), "{tag}");
    }
    assert_eq!(said(image), format!("{tunnel} [MovingTag]"));
    let digest = format!("sha256:{}", "0".repeat(64));
    assert_eq!(said(&format!("{image}@{digest}")), format!("{tunnel} [TagNotCovered]"));
    assert_eq!(said(&format!("{image}:2025.2.1@{digest}")), format!("{tunnel} []"));
    assert_eq!(said("mirror.gcr.io/cloudflare/cloudflared:2026.3.0"), format!("{tunnel} []"));
    assert_eq!(said("registry.example.org/cloudflare/cloudflared:2026.3.0"), "nothing");
}

#[test]
fn a_prerelease_of_a_version_where_something_changes_is_not_covered() {
    let covered =
        |tag: &str| facts(&format!("ghcr.io/kedacore/keda:{tag}")).map(|facts| facts.caveats.is_empty());
    assert_eq!(covered("2.0.0"), Some(true));
    assert_eq!(covered("v2.0.0-beta"), Some(true), "the tag that the change was first seen in");
    assert_eq!(covered("v2.0.0-alpha.1"), Some(false));
    assert_eq!(covered("v2.1.0-rc1"), Some(true));
}

#[test]
fn a_short_tag_is_covered_if_all_of_it_is() {
    let covered = |tag: &str| facts(&format!("restic/restic:{tag}")).map(|facts| facts.caveats.is_empty());
    assert_eq!(covered("0.18"), Some(true));
    assert_eq!(covered("0"), Some(false));
}

#[test]
fn what_is_not_known_to_be_true_of_a_version_is_not_said() {
    assert_eq!(said("netboxcommunity/netbox:v4.6.5"), "nothing", "its states differ, and no tag says where");
    assert_ne!(said("netboxcommunity/netbox:latest"), "nothing");
    assert_eq!(said("library/nats:2.14.5-windowsservercore"), "nothing");
    assert_eq!(said("nobody/knows:1.0"), "nothing");
}

#[test]
fn a_row_of_single_tags_speaks_for_no_others() {
    assert_eq!(said("filebrowser/filebrowser:s6"), r#"["/init"] [] Exec [MovingTag]"#);
    assert_eq!(said("filebrowser/filebrowser:v2.27.0-s6"), r#"["/init"] [] Exec [TagNotCovered]"#);
    assert_eq!(said("filebrowser/filebrowser:v2.44.0"), r#"["tini", "--", "/init.sh"] [] OwnProgram []"#);
    assert_eq!(said("filebrowser/filebrowser:v2.27.0"), r#"["/filebrowser"] [] OwnProgram []"#);
    assert_eq!(
        said("library/nats:2.14.5-scratch"),
        r#"["/nats-server"] ["--config", "nats-server.conf"] OwnProgram []"#
    );
    assert_eq!(said("library/nats:2.7.1"), "nothing", "its builds differ");
    assert_eq!(said("umami-software/umami:postgresql-v2.11.3"), "nothing");
}

#[test]
fn another_build_may_hold_other_programs() {
    let plain = facts("docker.io/ollama/ollama:0.32.15").expect("known");
    assert_eq!(plain.absent, ["serve"]);
    let other = facts("docker.io/ollama/ollama:0.32.15-rocm").expect("known");
    assert_eq!(other.absent, Vec::<String>::new());
    assert_eq!(other.caveats, [Caveat::TagNotCovered]);
}

#[test]
fn programs_can_be_all_that_there_are() {
    let facts = facts("quay.io/argoproj/argocli:v3.6.0").expect("known");
    assert!(facts.programs_complete);
    assert_eq!(facts.programs, ["argo"]);
    assert!(facts.arguments.iter().any(|word| word == "server"));
}

#[test]
fn every_answer_has_its_evidence() {
    let facts = facts("ghcr.io/goauthentik/server:2024.12.1").expect("known");
    let first = facts.evidence.first().expect("evidence");
    assert_eq!(
        first.what,
        r#"ghcr.io/goauthentik/server has ENTRYPOINT ["dumb-init", "--", "ak"] and CMD none (from 2023.10 until 2025.2)"#
    );
    assert!(first.source.starts_with("goauthentik/authentik:Dockerfile"));
    assert!(
        facts.evidence.iter().any(|evidence| evidence.what.ends_with("has no server, worker on its PATH"))
    );
    for name in names() {
        let Some(facts) = lookup(&ImageRef::parse(name).expect("an image")) else { continue };
        assert!(!facts.evidence.is_empty(), "{name}");
        assert!(facts.evidence.iter().all(|evidence| !evidence.source.is_empty()), "{name}");
    }
}

#[test]
fn the_tables_are_sorted() {
    assert!(table::NAMES.is_sorted_by(|left, right| left.0 < right.0));
    assert!(table::COMMON_PROGRAMS.is_sorted_by(|left, right| left < right));
    assert!(entries().count() >= table::IMAGES.len());
}

/// Every name parses as an image that keeps its name, or nobody could look it up.
#[test]
fn names_are_in_full() {
    for name in names() {
        assert_eq!(ImageRef::parse(name).expect("an image").name(), name);
    }
}

#[test]
fn common_programs_are_known_and_subcommands_are_not_among_them() {
    for name in ["sh", "cp", "npx", "python3", "redis-server", "caddy", "kubectl", "["] {
        assert!(is_common_program(name), "{name}");
    }
    for name in ["server", "worker", "serve", "tunnel", "manager", "start", "run", "agent", "", "-c"] {
        assert!(!is_common_program(name), "{name}");
    }
}

/// No argument of a program may be the name of a program that its image has: it would run.
#[test]
fn arguments_and_programs_do_not_meet() {
    for image in table::IMAGES {
        for absent in image.absent.iter().flat_map(|statement| statement.words) {
            assert!(!is_common_program(absent), "{}: {absent} is a common program", image.name);
        }
    }
}
