//! Many manifests, many images: each is asked once, and a second run only looks whether tags have moved.

use std::collections::BTreeMap;

use crate::{
    oci,
    server::{Content, Server},
    world::{World, deployment},
};

#[test]
fn every_image_is_asked_once_and_a_warm_cache_only_revalidates() {
    let (manifests, images) = (1000, 300);
    let mut content = Content::default();
    for number in 0..images {
        let image = oci::image(
            "dumb-init -- ak",
            "",
            vec![oci::program("lifecycle/ak", format!("#!/bin/sh\n# {number}\nexec /m \"$@\"\n"))],
        );
        content.add(&format!("team/app{number}:1"), &image);
    }
    let server = Server::start(content);
    let world = World::new(&[]);
    for number in 0..manifests {
        let image = format!("{}/team/app{}:1", server.host, number % images);
        world.write(&format!("repo/apps/a{number}.yaml"), &deployment(&format!("a{number}"), &image));
    }
    let ran = world.online(&server.host, &["--format", "json"]);
    assert!(ran.code == 0 || ran.code == 1, "{}", ran.err);
    let mut asked: BTreeMap<String, usize> = BTreeMap::new();
    for request in server.requests() {
        *asked.entry(request).or_default() += 1;
    }
    let tags = asked.keys().filter(|request| request.ends_with("/manifests/1")).count();
    assert_eq!(tags, images);
    let again: Vec<_> = asked.iter().filter(|(_, times)| **times > 1).collect();
    assert!(again.is_empty(), "asked more than once: {again:?}");

    server.forget();
    let second = world.online(&server.host, &["--format", "json"]);
    assert_eq!(second.out, ran.out, "the answers are the same");
    let requests = server.requests();
    assert_eq!(requests.len(), images);
    assert!(requests.iter().all(|request| request.starts_with("HEAD ")), "{:?}", requests.first());

    server.forget();
    world.caulk(&[
        "fix",
        "--online",
        "--insecure-registry",
        &server.host,
        "--tag-ttl",
        "3600",
        "--format",
        "json",
    ]);
    assert_eq!(server.requests(), Vec::<String>::new(), "tags are believed for a while");
}

#[test]
fn a_cache_that_cannot_be_written_only_costs_time() {
    let mut content = Content::default();
    content.add("team/app:1", &crate::world::incident());
    let server = Server::start(content);
    let world = World::new(&[]);
    let image = format!("{}/team/app:1", server.host);
    world.write("file", "no folder");
    let folder = world.path("file/cache").display().to_string();
    let ran = world.caulk(&[
        "image",
        &image,
        "--online",
        "--insecure-registry",
        &server.host,
        "--cache-dir",
        &folder,
    ]);
    assert!(ran.out.contains("dumb-init"), "{ran:?}");
    // A folder that may only be read is read.
    let warm = world.path("warm").display().to_string();
    world.caulk(&["image", &image, "--online", "--insecure-registry", &server.host, "--cache-dir", &warm]);
    let status = std::process::Command::new("chmod").args(["-R", "a-w", &warm]).status().expect("chmod runs");
    assert!(status.success());
    server.forget();
    world.caulk(&["image", &image, "--online", "--insecure-registry", &server.host, "--cache-dir", &warm]);
    assert!(server.requests().is_empty(), "{:?}", server.requests());
    let _ = std::process::Command::new("chmod").args(["-R", "u+w", &warm]).status();
}

#[test]
fn a_lock_replays_the_answers_offline() {
    let mut content = Content::default();
    content.add("team/app:1", &crate::world::incident());
    let server = Server::start(content);
    let image = format!("{}/team/app:1", server.host);
    let world = World::new(&[
        ("a.yaml", &deployment("a", &image)),
        ("compose.yaml", &crate::world::compose(&[&image])),
    ]);
    let lock = world.path("facts.lock").display().to_string();
    let first = world.online(&server.host, &["--facts-lock", &lock]);
    assert!(first.out.contains("+          args: [\"server\"]"), "{first:?}");
    server.forget();
    let replayed = world.caulk(&["fix", "--facts-lock", &lock]);
    assert_eq!(replayed.out, first.out);
    assert!(server.requests().is_empty());
    let plain = world.caulk(&["fix"]);
    assert!(!plain.out.contains("args"), "without the lock nobody knows: {plain:?}");
    world.write("facts.lock", "{}");
    assert_eq!(world.caulk(&["fix", "--facts-lock", &lock]).code, 2);
}

#[test]
fn tags_of_one_digest_are_one_request() {
    let mut content = Content::default();
    for tag in 1..=20 {
        content.add(&format!("team/app:{tag}"), &crate::world::incident());
    }
    let server = Server::start(content);
    let world = World::new(&[]);
    for tag in 1..=20 {
        let image = format!("{}/team/app:{tag}", server.host);
        world.write(&format!("repo/a{tag}.yaml"), &deployment(&format!("a{tag}"), &image));
    }
    for cache in ["cache", "file/cache"] {
        world.write("file", "no folder");
        server.forget();
        let folder = world.path(cache).display().to_string();
        world.online(&server.host, &["--cache-dir", &folder]);
        let blobs: Vec<String> =
            server.requests().into_iter().filter(|request| request.contains("/blobs/")).collect();
        let distinct: std::collections::BTreeSet<&String> = blobs.iter().collect();
        assert_eq!(distinct.len(), 3, "a configuration and two layers: {blobs:?}");
        assert_eq!(blobs.len(), distinct.len(), "{cache}: {blobs:?}");
    }
}

#[test]
fn a_mirror_is_asked_first_and_the_origin_where_it_fails() {
    let mut content = Content::default();
    content.add("library/app:1", &crate::world::incident());
    let mirror = Server::start(content);
    let mut content = Content::default();
    content.add("library/app:1", &crate::world::incident());
    content.add("library/other:1", &crate::world::incident());
    let origin = Server::start(content);
    let world = World::new(&[]);
    let pair = format!("{}={}", origin.host, mirror.host);
    let ask = |name: &str| {
        let image = format!("{}/library/{name}:1", origin.host);
        let hosts = [
            "--insecure-registry",
            &origin.host,
            "--insecure-registry",
            &mirror.host,
            "--registry-mirror",
            &pair,
        ];
        let mut args = vec!["image", &image, "--online"];
        args.extend(hosts);
        world.caulk(&args).out
    };
    assert!(ask("app").contains("dumb-init"));
    assert_eq!(origin.connections(), 0);
    assert!(ask("other").contains("dumb-init"));
    assert!(origin.connections() > 0);
}

#[test]
fn several_processes_share_one_cache() {
    let mut content = Content::default();
    let images = 40;
    for number in 0..images {
        let layers = vec![oci::program("lifecycle/ak", format!("#!/bin/sh\n# {number}\nexec /m \"$@\"\n"))];
        content.add(&format!("team/app{number}:1"), &oci::image("dumb-init -- ak", "", layers));
    }
    let server = Server::start(content);
    let world = World::new(&[]);
    for number in 0..images {
        let image = format!("{}/team/app{number}:1", server.host);
        world.write(&format!("repo/a{number}.yaml"), &deployment(&format!("a{number}"), &image));
    }
    let cache = world.path("cache").display().to_string();
    let args =
        ["check", "--online", "--insecure-registry", &server.host, "--cache-dir", &cache, "--format", "json"];
    let start = || {
        let mut command = world.command(&args);
        command.stdout(std::process::Stdio::piped()).spawn().expect("caulk starts")
    };
    let running: Vec<std::process::Child> = std::iter::repeat_with(start).take(6).collect();
    let told: Vec<Vec<u8>> =
        running.into_iter().map(|child| child.wait_with_output().expect("caulk ends").stdout).collect();
    assert!(told.windows(2).all(|pair| pair[0] == pair[1]), "all say the same");
    assert!(String::from_utf8_lossy(&told[0]).contains("dumb-init"));
    server.forget();
    assert_eq!(world.caulk(&args).out.as_bytes(), told[0], "and so does one that comes later");
    assert_eq!(server.requests(), Vec::<String>::new());
    let leftovers = std::process::Command::new("find").args([&cache, "-name", ".tmp*"]).output();
    assert_eq!(leftovers.expect("find runs").stdout, b"");
}
