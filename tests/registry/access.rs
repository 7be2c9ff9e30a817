//! Private images: basic credentials, tokens, helpers, and who must not get them.

use std::os::unix::fs::PermissionsExt as _;

use crate::{
    server::{Answer, Content, Request, Server},
    world::{World, incident},
};

const BASIC: &str = "Basic dXNlcjp3b3Jk";

fn private() -> Content {
    let mut content = Content::default();
    content.add("team/server:1", &incident());
    content
}

/// Demands a token that only the token service of `realm` gives.
fn demand(realm: String) -> impl Fn(&Request, usize) -> Option<Answer> + Send + Sync {
    move |request, _| {
        if !request.path.starts_with("/v2/") {
            return None;
        }
        let known = request.headers.get("authorization").is_some_and(|value| value == "Bearer secret-token");
        let challenge =
            format!("Bearer realm=\"{realm}\",service=\"registry\",scope=\"repository:other:pull,push\"");
        (!known).then(|| Answer::status(401).header("www-authenticate", &challenge))
    }
}

/// A token service that wants to see `user:word` or the refresh token.
fn token_service() -> Server {
    Server::with(
        Content::default(),
        Box::new(|request: &Request, _| {
            let basic = request.headers.get("authorization").is_some_and(|value| value == BASIC);
            let refresh = request.method == "POST"
                && request.body.contains("refresh_token=refresh")
                && request.body.contains("grant_type=refresh_token");
            let scope = "scope=repository%3Ateam%2Fserver%3Apull";
            let scoped = request.path.contains(scope)
                || request.body.contains(scope)
                || request.path.contains("scope=repository:team/server:pull");
            Some(if (basic || refresh) && scoped {
                Answer::Whole(
                    200,
                    Vec::new(),
                    br#"{"token":"secret-token","access_token":"secret-token","expires_in":300}"#.to_vec(),
                )
            } else {
                Answer::status(401)
            })
        }),
    )
}

fn ask(world: &World, hosts: &[&str], image: &str, more: &[&str]) -> String {
    let mut args = vec!["image", image, "--online"];
    for host in hosts {
        args.extend(["--insecure-registry", host]);
    }
    args.extend(more);
    let ran = world.caulk(&args);
    format!("{}{}", ran.out, ran.err)
}

fn image_of(server: &Server) -> String {
    format!("{}/team/server:1", server.host)
}

#[test]
fn basic_credentials_are_sent_only_when_asked_for() {
    let hook = |request: &Request, _: usize| {
        let known = request.headers.get("authorization").is_some_and(|value| value == BASIC);
        (!known).then(|| Answer::status(401).header("www-authenticate", "Basic realm=\"team\""))
    };
    let server = Server::with(private(), Box::new(hook));
    let world = World::new(&[]);
    let without = ask(&world, &[&server.host], &image_of(&server), &[]);
    assert!(without.contains("refuses access without credentials"), "{without}");
    world.write(
        "home/.docker/config.json",
        &format!(r#"{{"auths":{{"{}":{{"auth":"dXNlcjp3b3Jk"}}}}}}"#, server.host),
    );
    server.forget();
    let with = ask(&world, &[&server.host], &image_of(&server), &[]);
    assert!(with.contains("dumb-init"), "{with}");
    assert!(server.seen().first().is_some_and(|first| !first.headers.contains_key("authorization")));
    assert!(!with.contains("word") && !with.contains("dXNlcjp3b3Jk"), "credentials are never shown");
}

#[test]
fn a_token_is_fetched_from_the_service_that_the_user_allows() {
    let tokens = token_service();
    let server = Server::with(private(), Box::new(demand(format!("http://{}/token", tokens.host))));
    let world = World::new(&[]);
    world.write(
        "home/.docker/config.json",
        &format!(r#"{{"auths":{{"{}":{{"auth":"dXNlcjp3b3Jk"}}}}}}"#, server.host),
    );
    let hosts = [server.host.as_str(), tokens.host.as_str()];
    let refused = ask(&world, &hosts, &image_of(&server), &[]);
    assert!(refused.contains("gets no credentials unless --token-host allows it"), "{refused}");
    assert!(
        tokens.seen().iter().all(|request| !request.headers.contains_key("authorization")),
        "it got none"
    );
    let pair = format!("{}={}", server.host, tokens.host);
    let allowed = ask(&world, &hosts, &image_of(&server), &["--token-host", &pair]);
    assert!(allowed.contains("dumb-init"), "{allowed}");
    assert!(!allowed.contains("secret-token"));
}

#[test]
fn an_identity_token_is_a_refresh_token() {
    let tokens = token_service();
    let server = Server::with(private(), Box::new(demand(format!("http://{}/token", tokens.host))));
    let world = World::new(&[]);
    world.write(
        "home/.docker/config.json",
        &format!(r#"{{"auths":{{"{}":{{"identitytoken":"refresh"}}}}}}"#, server.host),
    );
    let pair = format!("{}={}", server.host, tokens.host);
    let shown = ask(&world, &[&server.host, &tokens.host], &image_of(&server), &["--token-host", &pair]);
    assert!(shown.contains("dumb-init"), "{shown}");
    let sent = tokens.seen();
    assert!(sent.iter().all(|request| !request.headers.contains_key("authorization")), "{sent:?}");
}

#[test]
fn credentials_are_found_where_docker_and_podman_keep_them() {
    let hook = |request: &Request, _: usize| {
        let known = request.headers.get("authorization").is_some_and(|value| value == BASIC);
        (!known).then(|| Answer::status(401).header("www-authenticate", "Basic realm=\"team\""))
    };
    let server = Server::with(private(), Box::new(hook));
    let stored = format!(r#"{{"auths":{{"{}":{{"auth":"dXNlcjp3b3Jk"}}}}}}"#, server.host);
    let places = [
        ("home/.docker/config.json", None),
        ("elsewhere/config.json", Some(("DOCKER_CONFIG", "elsewhere"))),
        ("home/.config/containers/auth.json", None),
        ("podman.json", Some(("REGISTRY_AUTH_FILE", "podman.json"))),
        ("run/containers/auth.json", Some(("XDG_RUNTIME_DIR", "run"))),
    ];
    for (place, variable) in places {
        let world = World::new(&[]);
        world.write(place, &stored);
        let image = image_of(&server);
        let mut command = world.command(&["image", &image, "--online", "--insecure-registry", &server.host]);
        if let Some((name, value)) = variable {
            command.env(name, world.path(value));
        }
        let ran = crate::world::run(&mut command);
        assert!(ran.out.contains("dumb-init"), "{place}: {ran:?}");
    }
}

/// Installs a credential helper into a folder and returns the PATH with it.
fn helper(world: &World, script: &str) -> std::ffi::OsString {
    world.write("bin/docker-credential-test", script);
    let file = world.path("bin/docker-credential-test");
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o755))
        .expect("it can be made executable");
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::join_paths([world.path("bin")].into_iter().chain(std::env::split_paths(&path))).expect("a PATH")
}

#[test]
fn credential_helpers_are_asked_and_not_waited_for() {
    let hook = |request: &Request, _: usize| {
        let known = request.headers.get("authorization").is_some_and(|value| value == BASIC);
        (!known).then(|| Answer::status(401).header("www-authenticate", "Basic realm=\"team\""))
    };
    let server = Server::with(private(), Box::new(hook));
    let world = World::new(&[]);
    world.write("home/.docker/config.json", &format!(r#"{{"credHelpers":{{"{}":"test"}}}}"#, server.host));
    world.write("file", "a cache below it cannot be made, so every run asks");
    let cache = world.path("file/cache").display().to_string();
    let run = |script: &str| {
        let path = helper(&world, script);
        let image = image_of(&server);
        let mut command = world.command(&[
            "image",
            &image,
            "--online",
            "--insecure-registry",
            &server.host,
            "--cache-dir",
            &cache,
        ]);
        let ran = crate::world::run(command.env("PATH", path));
        format!("{}{}", ran.out, ran.err)
    };
    let answering = "#!/bin/sh\nread -r server\ntest \"$1\" = get || exit 9\necho '{\"ServerURL\":\"x\",\"Username\":\"user\",\"Secret\":\"word\"}'\n";
    assert!(run(answering).contains("dumb-init"));
    assert!(
        run("#!/bin/sh\necho 'credentials not found in native keychain'\nexit 1\n")
            .contains("without credentials")
    );
    assert!(run("#!/bin/sh\nexit 3\n").contains("its credential helper failed"));
    let begin = std::time::Instant::now();
    assert!(run("#!/bin/sh\nexec sleep 60\n").contains("did not answer in time"));
    assert!(begin.elapsed() < std::time::Duration::from_secs(30));
}
