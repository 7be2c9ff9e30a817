use super::*;
use crate::syntax;

fn stream(text: &str) -> Stream {
    syntax::parse(text).expect("it parses")
}

fn at(path: &str) -> RepoPath {
    RepoPath::new(path).expect("a path")
}

#[test]
fn a_compose_command_shows_what_the_entrypoint_accepts() {
    let text = "services:\n  server:\n    image: ${AUTHENTIK_IMAGE:-ghcr.io/goauthentik/server}:${AUTHENTIK_TAG:-2024.8}\n    command: server\n  \
                worker:\n    image: ghcr.io/goauthentik/server:${TAG}\n    command: [worker, --verbose]\n  \
                db:\n    image: postgres:16\n    entrypoint: [sh, -c]\n    command: exit\n  \
                unknown:\n    image: ${IMAGE}\n    command: a\n  plain:\n    image: redis\n";
    let declared = compose(&at(""), &stream(text));
    let seen: Vec<(&str, Option<&str>, String)> = declared
        .uses
        .iter()
        .map(|used| (used.image.name.as_str(), used.image.tag.as_deref(), used.words.join(" ")))
        .collect();
    let authentik = "ghcr.io/goauthentik/server";
    assert_eq!(
        seen,
        [(authentik, Some("2024.8"), "server".to_owned()), (authentik, None, "worker --verbose".to_owned())]
    );
    assert_eq!(declared.builds, []);
    assert_eq!(declared.uses.first().map(|used| used.line), Some(3));
}

#[test]
fn words_of_services_that_take_an_entrypoint_from_elsewhere_show_nothing() {
    let words = |service: &str| {
        let text = format!(
            "x-env: &env {{environment: {{A: b}}}}\nx-run: &run {{entrypoint: [sh, -c]}}\nservices:\n  a:\n    image: acme/app\n    command: server\n{service}"
        );
        compose(&at(""), &stream(&text)).uses.len()
    };
    assert_eq!(words(""), 1);
    assert_eq!(words("    <<: *env\n"), 1, "it brings none");
    assert_eq!(words("    <<: *run\n"), 0);
    assert_eq!(words("    <<: [*env, *run]\n"), 0);
    assert_eq!(words("    extends: {service: base}\n"), 0);
    assert_eq!(words("    extends: {file: other.yaml, service: base}\n"), 0);
}

#[test]
fn a_message_or_another_value_is_no_default() {
    let uses = |image: &str, command: &str| {
        let text = format!("services: {{a: {{image: '{image}', command: ['{command}']}}}}\n");
        let uses = compose(&at(""), &stream(&text)).uses;
        uses.first().map(|used| (used.image.tag.clone(), used.words.join(" ")))
    };
    assert_eq!(
        uses("acme/app:${TAG:-1-a}", "${W-server}"),
        Some((Some("1-a".to_owned()), "server".to_owned()))
    );
    assert_eq!(uses("acme/app:${TAG:?not-set}", "server"), Some((None, "server".to_owned())));
    for command in ["${W:?not-server}", "${W:+x-server}", "${W+x-server}", "${W:-${V:-server}}"] {
        assert_eq!(uses("acme/app", command), None, "{command}");
    }
    assert_eq!(uses("${REGISTRY:?no-acme}/app", "server"), None);
}

#[test]
fn a_compose_file_that_builds_an_image_says_nothing_of_the_published_one() {
    let text = "services:\n  a:\n    image: acme/app\n    build: ./app\n    command: serve\n  b:\n    image: docker.io/acme/app:2\n    command: work\n";
    let declared = compose(&at("deploy"), &stream(text));
    assert_eq!(declared.uses, []);
    let build = declared.builds.first().expect("it builds one");
    assert_eq!((build.context.as_str(), build.dockerfile.as_str()), ("deploy/app", "deploy/app/Dockerfile"));
    assert_eq!(build.image.name, "docker.io/acme/app");
}

#[test]
fn build_options_are_read_and_paths_stay_inside() {
    let text = "services:\n  a:\n    image: acme/app:1\n    build:\n      context: ..\n      dockerfile: docker/Dockerfile\n      target: run\n      args: [A=b, C]\n  \
                out:\n    image: acme/out\n    build: ../../..\n";
    let declared = compose(&at("deploy"), &stream(text));
    let [build] = declared.builds.as_slice() else { panic!("one build stays inside: {declared:?}") };
    assert_eq!(build.dockerfile.as_str(), "docker/Dockerfile");
    assert_eq!(build.target.as_deref(), Some("run"));
    assert_eq!(build.args, BTreeMap::from([("A".to_owned(), "b".to_owned())]));
}

#[test]
fn skaffold_artifacts_are_builds() {
    let text = "apiVersion: skaffold/v4beta6\nkind: Config\nbuild:\n  artifacts:\n    - image: acme/api\n      context: api\n      docker:\n        dockerfile: Dockerfile.prod\n    - image: acme/jib\n      jib: {}\n";
    let declared = skaffold(&at(""), &stream(text));
    let files: Vec<&str> = declared.builds.iter().map(|build| build.dockerfile.as_str()).collect();
    assert_eq!(files, ["api/Dockerfile.prod"]);
    assert_eq!(skaffold(&at(""), &stream("build:\n  artifacts:\n    - image: a\n")), Declared::default());
}

#[test]
fn workflow_steps_are_builds_of_their_tags() {
    let text = "on: push\njobs:\n  build:\n    steps:\n      - uses: actions/checkout@v4\n      - uses: docker/build-push-action@v6\n        with:\n          context: app\n          file: app/Containerfile\n          build-args: |\n            A=b\n            C=${{ github.sha }}\n          tags: |\n            ghcr.io/acme/app:latest\n            ghcr.io/acme/app:${{ github.sha }}\n            ${{ env.IMAGE }}:1\n";
    let declared = workflow(&stream(text));
    let tags: Vec<Option<&str>> = declared.builds.iter().map(|build| build.image.tag.as_deref()).collect();
    assert_eq!(tags, [None, Some("latest")]);
    let build = declared.builds.first().expect("it builds");
    assert_eq!(
        (build.image.name.as_str(), build.dockerfile.as_str()),
        ("ghcr.io/acme/app", "app/Containerfile")
    );
    assert_eq!(build.args.len(), 1);
}
