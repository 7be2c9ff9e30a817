//! Registries that are slow, broken or hostile: a clear reason, no fix, and the run goes on.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::{Duration, Instant},
};

use caulk::facts::{
    Patience, RegistrySettings,
    online::{Online, Settings},
};
use caulk_transforms::image::ImageRef;

use crate::{
    oci,
    server::{Answer, Content, Hook, Request, Server},
    world::{Ran, World, compose, deployment, incident},
};

/// Serves a bad image and a good one, and mends a repository that uses both.
fn mend(hook: Box<Hook>, more: &[&str]) -> (Ran, World, Server) {
    let mut content = Content::default();
    content.add("bad/server:1", &incident());
    // Other bytes, so that no blob of the bad image is one of the good one's.
    let mut good = incident();
    good.layers.push((oci::Packing::Gzip, vec![oci::program("opt/good", "good")]));
    good.layers[0].1.push(oci::program("opt/base", "good"));
    good.layers[1].1.push(oci::program("opt/ak", "good"));
    content.add("good/server:1", &good);
    let server = Server::with(content, hook);
    let name = |kind: &str| format!("{}/{kind}/server:1", server.host);
    let (bad, good) = (name("bad"), name("good"));
    let world = World::new(&[
        ("bad.yaml", &deployment("bad", &bad)),
        ("good.yaml", &deployment("good", &good)),
        ("compose.yaml", &compose(&[&bad, &good])),
    ]);
    let mut args = vec!["--write", "--format", "text"];
    args.extend(more);
    let ran = world.online(&server.host, &args);
    (ran, world, server)
}

fn is_bad(request: &Request, part: &str) -> bool {
    request.path.contains("/bad/") && request.path.contains(part)
}

/// Checks that the bad image's manifest is as it was and the good one's is mended.
fn only_the_good_one_is_mended(ran: &Ran, world: &World) {
    assert!(world.read("repo/good.yaml").contains("args: [\"server\"]"), "{ran:?}");
    assert!(world.read("repo/bad.yaml").contains("command: [\"server\"]"), "{ran:?}");
    assert_ne!(ran.code, 2, "the trouble of a registry is no failure: {ran:?}");
}

/// Asks about the bad image alone and returns the reason.
fn reason(server: &Server) -> String {
    let world = World::new(&[]);
    let image = format!("{}/bad/server:1", server.host);
    let ran =
        world.caulk(&["image", &image, "--online", "--insecure-registry", &server.host, "--", "--command"]);
    ran.out
}

#[test]
fn without_trouble_both_are_mended() {
    let (ran, world, _) = mend(Box::new(|_, _| None), &[]);
    assert!(world.read("repo/bad.yaml").contains("args: [\"server\"]"), "{ran:?}");
    assert!(world.read("repo/good.yaml").contains("args: [\"server\"]"), "{ran:?}");
}

#[test]
fn a_registry_that_limits_requests_is_asked_again_as_it_wishes() {
    let begin = Instant::now();
    let hook = |request: &Request, before: usize| {
        (is_bad(request, "/manifests/1") && before == 0)
            .then(|| Answer::status(429).header("retry-after", "1"))
    };
    let (ran, world, server) = mend(Box::new(hook), &[]);
    assert!(world.read("repo/bad.yaml").contains("args: [\"server\"]"), "{ran:?}");
    assert!(begin.elapsed() >= Duration::from_secs(1));
    let asked =
        server.requests().iter().filter(|path| path.as_str() == "GET /v2/bad/server/manifests/1").count();
    assert_eq!(asked, 2);
}

#[test]
fn a_registry_that_goes_on_limiting_is_left_alone() {
    let hook = |request: &Request, _: usize| {
        is_bad(request, "/").then(|| Answer::status(429).header("retry-after", "3600"))
    };
    let mut content = Content::default();
    content.add("bad/server:1", &incident());
    let server = Server::with(content, Box::new(hook));
    assert!(reason(&server).contains("limits requests"), "{}", reason(&server));
    let settings = settings(&server.host, Patience::default());
    let online = Online::new(settings).expect("a client");
    let images: BTreeSet<ImageRef> = (1..=5)
        .filter_map(|tag| ImageRef::parse(&format!("{}/bad/server:{tag}", server.host)).ok())
        .collect();
    server.forget();
    let answers = online.images(&images);
    assert!(
        answers
            .values()
            .all(|answer| answer.as_ref().is_err_and(|reason| reason.contains("limits requests")))
    );
    // Up to as many as were on their way at once; none is tried again.
    assert!(server.requests().len() <= 5, "{:?}", server.requests());
}

#[test]
fn contents_that_do_not_have_their_digests_are_not_believed() {
    let wrong_layer = |request: &Request, _: usize| {
        is_bad(request, "/blobs/").then(|| Answer::Whole(200, Vec::new(), b"{\"os\":\"linux\"}".to_vec()))
    };
    let (ran, world, server) = mend(Box::new(wrong_layer), &[]);
    only_the_good_one_is_mended(&ran, &world);
    assert!(reason(&server).contains("does not have its digest"), "{}", reason(&server));

    let wrong_manifest = |request: &Request, _: usize| {
        is_bad(request, "/manifests/").then(|| {
            Answer::Whole(200, Vec::new(), b"{}".to_vec())
                .header("docker-content-digest", &format!("sha256:{}", "0".repeat(64)))
        })
    };
    let (ran, world, server) = mend(Box::new(wrong_manifest), &[]);
    only_the_good_one_is_mended(&ran, &world);
    assert!(reason(&server).contains("does not have its digest"), "{}", reason(&server));
}

#[test]
fn a_layer_with_another_digest_proves_nothing() {
    let other = {
        let mut content = Content::default();
        content.add("x:1", &oci::image("a", "", vec![oci::program("bin/other", "x")]));
        content.blobs.values().max_by_key(|bytes| bytes.len()).cloned().expect("a blob")
    };
    let layers: std::sync::Arc<std::sync::Mutex<usize>> = std::sync::Arc::default();
    let hook = move |request: &Request, _: usize| {
        if !is_bad(request, "/blobs/") {
            return None;
        }
        // The first blob is the configuration.
        let mut seen = layers.lock().expect("the count");
        *seen += 1;
        (*seen > 1).then(|| Answer::Whole(200, Vec::new(), other.clone()))
    };
    let (ran, world, _) = mend(Box::new(hook), &[]);
    only_the_good_one_is_mended(&ran, &world);
}

#[test]
fn connections_that_are_cut_prove_nothing() {
    let manifest = |request: &Request, _: usize| {
        is_bad(request, "/manifests/").then(|| Answer::Cut(vec![b'{'; 1000], 10))
    };
    let (ran, world, _) = mend(Box::new(manifest), &[]);
    only_the_good_one_is_mended(&ran, &world);

    let mut content = Content::default();
    content.add("bad/server:1", &incident());
    let blobs = content.blobs.clone();
    let layer = move |request: &Request, _: usize| {
        let digest = request.path.rsplit('/').next()?;
        let bytes = blobs.get(digest).filter(|bytes| bytes.starts_with(&[0x1f, 0x8b]))?;
        is_bad(request, "/blobs/").then(|| Answer::Cut(bytes.clone(), bytes.len() - 20))
    };
    let (ran, world, _) = mend(Box::new(layer), &[]);
    only_the_good_one_is_mended(&ran, &world);
}

#[test]
fn what_has_no_end_is_cut_off() {
    let endless = |request: &Request, _: usize| is_bad(request, "/manifests/").then_some(Answer::Endless);
    let (ran, world, server) = mend(Box::new(endless), &[]);
    only_the_good_one_is_mended(&ran, &world);
    assert!(reason(&server).contains("larger than the bound"), "{}", reason(&server));
}

#[test]
fn layers_beyond_the_budget_are_unknown_and_never_absent() {
    let mut big = incident();
    // Bytes that do not pack, two MiB of them.
    let mut state = 1_u64;
    let noise = std::iter::repeat_with(|| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        (state >> 56) as u8
    });
    big.layers[0].1.push(oci::program("opt/noise", noise.take(2 << 20).collect::<Vec<u8>>()));
    let mut content = Content::default();
    content.add("big/server:1", &big);
    let server = Server::start(content);
    let image = format!("{}/big/server:1", server.host);
    let world = World::new(&[("a.yaml", &deployment("a", &image)), ("compose.yaml", &compose(&[&image]))]);
    let ran = world.online(&server.host, &["--write", "--format", "text", "--layer-budget", "1"]);
    assert!(world.read("repo/a.yaml").contains("command: [\"server\"]"), "{ran:?}");
    let shown = world.caulk(&[
        "image",
        &image,
        "--online",
        "--insecure-registry",
        &server.host,
        "--layer-budget",
        "1",
        "--command",
        "--",
        "server",
    ]);
    assert!(shown.out.contains("starts      unknown: the search was capped"), "{shown:?}");
    world.online(&server.host, &["--write"]);
    assert!(world.read("repo/a.yaml").contains("args: [\"server\"]"), "with budget enough it is proven");
}

#[test]
fn redirects_to_forbidden_addresses_are_refused() {
    let secret = Server::start(Content::default());
    for target in [
        format!("http://{}/secret", secret.host),
        format!("https://{}/secret", secret.host),
        "http://169.254.169.254/latest".to_owned(),
        "file:///etc/passwd".to_owned(),
        "https://user:word@ghcr.io/x".to_owned(),
    ] {
        let location = target.clone();
        let hook = move |request: &Request, _: usize| {
            is_bad(request, "/blobs/").then(|| Answer::status(307).header("location", &location))
        };
        let (ran, world, server) = mend(Box::new(hook), &[]);
        only_the_good_one_is_mended(&ran, &world);
        assert!(reason(&server).contains("which is refused"), "{target}: {}", reason(&server));
    }
    assert_eq!(secret.connections(), 0, "nobody was asked for the secret");
}

#[test]
fn a_redirect_gets_no_credentials() {
    let mut elsewhere = Content::default();
    elsewhere.add("bad/server:1", &incident());
    let elsewhere = Server::start(elsewhere);
    let target = elsewhere.host.clone();
    let hook = move |request: &Request, _: usize| {
        if !request.headers.contains_key("authorization") {
            return Some(Answer::status(401).header("www-authenticate", "Basic realm=\"x\""));
        }
        is_bad(request, "/blobs/")
            .then(|| Answer::status(307).header("location", &format!("http://{target}{}", request.path)))
    };
    let mut content = Content::default();
    content.add("bad/server:1", &incident());
    let server = Server::with(content, Box::new(hook));
    let world = World::new(&[]);
    world.write(
        "home/.docker/config.json",
        &format!(r#"{{"auths":{{"{}":{{"auth":"dXNlcjp3b3Jk"}}}}}}"#, server.host),
    );
    let image = format!("{}/bad/server:1", server.host);
    let ran = world.caulk(&[
        "image",
        &image,
        "--online",
        "--insecure-registry",
        &server.host,
        "--insecure-registry",
        &elsewhere.host,
    ]);
    assert!(ran.out.contains("dumb-init"), "{ran:?}");
    let seen = elsewhere.seen();
    assert!(!seen.is_empty());
    assert!(seen.iter().all(|request| !request.headers.contains_key("authorization")), "{seen:?}");
    assert!(server.seen().iter().any(|request| {
        request.headers.get("authorization").is_some_and(|value| value == "Basic dXNlcjp3b3Jk")
    }));
}

fn settings(host: &str, patience: Patience) -> Settings {
    let registry = RegistrySettings { private: true, insecure: true, ..RegistrySettings::default() };
    Settings {
        registries: BTreeMap::from([(host.to_owned(), registry)]),
        cache: None,
        patience,
        ..Settings::default()
    }
}

#[test]
fn a_silent_registry_is_given_up() {
    let hook = |request: &Request, _: usize| is_bad(request, "/manifests/").then_some(Answer::Silence);
    let mut content = Content::default();
    content.add("bad/server:1", &incident());
    content.add("good/server:1", &incident());
    let server = Server::with(content, Box::new(hook));
    let short = Patience { silence: Duration::from_millis(300), attempts: 2, ..Patience::default() };
    let online = Online::new(settings(&server.host, short)).expect("a client");
    let image = |kind: &str| ImageRef::parse(&format!("{}/{kind}/server:1", server.host)).expect("an image");
    let begin = Instant::now();
    let answers = online.images(&BTreeSet::from([image("bad"), image("good")]));
    assert!(begin.elapsed() < Duration::from_secs(10));
    let bad = answers.get(&image("bad")).expect("an answer");
    assert!(bad.as_ref().is_err_and(|reason| reason.contains("did not answer in time")), "{bad:?}");
    assert!(answers.get(&image("good")).expect("an answer").is_ok());
}

#[test]
fn a_registry_that_never_answers_is_not_waited_for_image_by_image() {
    let server = Server::with(Content::default(), Box::new(|_, _| Some(Answer::Cut(vec![b'{'; 100], 1))));
    let online = Online::new(settings(&server.host, Patience::default())).expect("a client");
    let images: BTreeSet<ImageRef> = (0..100)
        .filter_map(|number| ImageRef::parse(&format!("{}/bad/server{number}:1", server.host)).ok())
        .collect();
    let answers = online.images(&images);
    assert!(answers.values().all(Result::is_err));
    let given_up = |answer: &&Result<_, String>| {
        answer.as_ref().is_err_and(|reason| reason.contains("did not answer several times"))
    };
    assert!(answers.values().filter(given_up).count() >= 80, "{answers:?}");
    assert!(server.requests().len() < 40, "{}", server.requests().len());
}

#[test]
fn a_registry_that_nobody_allowed_is_not_asked() {
    let mut content = Content::default();
    content.add("bad/server:1", &incident());
    let server = Server::start(content);
    let image = format!("{}/bad/server:1", server.host);
    let world = World::new(&[("a.yaml", &deployment("a", &image)), ("compose.yaml", &compose(&[&image]))]);
    let ran = world.caulk(&["fix", "--online", "--write"]);
    assert!(world.read("repo/a.yaml").contains("command: [\"server\"]"), "{ran:?}");
    let shown = world.caulk(&["image", &image, "--online"]);
    assert!(shown.out.contains("is not on the allow list"), "{shown:?}");
    // Credentials allow the registry, but no private address.
    world.write(
        "home/.docker/config.json",
        &format!(r#"{{"auths":{{"{}":{{"auth":"dXNlcjp3b3Jk"}}}}}}"#, server.host),
    );
    let shown = world.caulk(&["image", &image, "--online"]);
    assert!(shown.out.contains("private, local or reserved address"), "{shown:?}");
    // A repository's own configuration has no say in it.
    world.write("repo/.caulk.yaml", &format!("registries: [{}]\n", server.host));
    assert_eq!(world.caulk(&["fix", "--online"]).code, 2, "it is no setting of a repository");
    assert_eq!(server.connections(), 0);
}
