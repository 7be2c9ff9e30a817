//! What the repository's own files and archives on the disk say of images, and what they may not say.

use std::process::Command;

use crate::{
    oci::{self, Blobs},
    server::{Content, Server},
    world::{World, compose, deployment, has, incident},
};

const DOCKERFILE: &str = "FROM scratch AS base\nENV PATH=/lifecycle:$PATH\nFROM base\nCOPY ak /lifecycle/ak\nENTRYPOINT [\"dumb-init\", \"--\", \"ak\"]\n";

/// A compose file that builds the image from the folder `app`.
fn builds(image: &str) -> String {
    format!("services:\n  app:\n    image: {image}\n    build: ./app\n    command: server\n")
}

fn shown(world: &World, image: &str) -> String {
    let ran = world.caulk(&["image", image]);
    ran.out
}

#[test]
fn a_dockerfile_answers_for_the_image_that_it_builds() {
    let image = "registry.example/team/app:1";
    let world = World::new(&[
        ("compose.yaml", &builds(image)),
        ("app/Dockerfile", DOCKERFILE),
        ("app/ak", "#!/bin/sh\nexec /usr/bin/manage \"$@\"\n"),
    ]);
    let told = shown(&world, image);
    assert!(told.contains(r#"entrypoint  ["dumb-init", "--", "ak"]"#), "{told}");
    assert!(told.contains("forwards    own-program") && told.contains("app/Dockerfile"), "{told}");
    assert!(!told.contains("but  "), "the tag is the one that is built: {told}");
    let older = shown(&world, "registry.example/team/app:0.9");
    assert!(older.contains("does not cover this tag"), "{older}");
    assert!(shown(&world, "registry.example/team/other:1").contains("nothing is known"));
    assert!(
        !told.contains("arguments"),
        "a compose file that builds its image shows nothing of the published one"
    );
}

#[test]
fn a_workflow_and_the_configuration_name_dockerfiles_too() {
    let workflow = "jobs:\n  a:\n    steps:\n      - uses: docker/build-push-action@v6\n        with:\n          context: app\n          tags: registry.example/team/app:1\n";
    let world = World::new(&[(".github/workflows/build.yml", workflow), ("app/Dockerfile", DOCKERFILE)]);
    assert!(shown(&world, "registry.example/team/app:1").contains("dumb-init"));
    world.write(
        "repo/.caulk.yaml",
        "images:\n  - image: registry.example/team/named\n    dockerfile: app/Dockerfile\n",
    );
    assert!(shown(&world, "registry.example/team/named:7").contains("dumb-init"));
    world.write("repo/.caulk.yaml", "images:\n  - image: a/b\n    dockerfile: ../Dockerfile\n");
    assert_eq!(world.caulk(&["fix"]).code, 2, "no Dockerfile outside of the repository is read");
}

#[test]
fn a_dockerfile_inherits_from_an_image_of_the_registry() {
    let mut content = Content::default();
    content.add("team/base:1", &incident());
    let server = Server::start(content);
    let image = "registry.example/team/app:1";
    let dockerfile = format!("ARG HOST={}\nFROM $HOST/team/base:1\nCMD [\"worker\"]\n", server.host);
    let world = World::new(&[("compose.yaml", &builds(image)), ("app/Dockerfile", &dockerfile)]);
    assert!(!shown(&world, image).contains("dumb-init"), "the base is not known offline");
    let told = world.caulk(&["image", image, "--online", "--insecure-registry", &server.host]).out;
    assert!(told.contains(r#"entrypoint  ["dumb-init", "--", "ak"]"#), "{told}");
    assert!(told.contains(r#"cmd         ["worker"]"#), "{told}");
}

#[test]
fn a_dockerfile_that_is_a_link_is_not_read() {
    let image = "registry.example/team/app:1";
    let world = World::new(&[("compose.yaml", &builds(image))]);
    world.write("outside/Dockerfile", DOCKERFILE);
    std::os::unix::fs::symlink(world.path("outside"), world.path("repo/app")).expect("a link");
    assert!(shown(&world, image).contains("nothing is known"));
    std::fs::remove_file(world.path("repo/app")).expect("the link goes");
    std::fs::rename(world.path("outside"), world.path("repo/app")).expect("the folder itself comes");
    assert!(shown(&world, image).contains("app/Dockerfile"), "only the link was in the way");
}

#[test]
fn a_forged_dockerfile_that_the_registry_contradicts_makes_nothing_safe() {
    let mut content = Content::default();
    content.add("team/app:1", &oci::image("", "server", Vec::new()));
    content.add("team/real:1", &incident());
    let server = Server::start(content);
    let (app, real) = (format!("{}/team/app:1", server.host), format!("{}/team/real:1", server.host));
    let world = World::new(&[
        ("a.yaml", &deployment("a", &app)),
        ("b.yaml", &deployment("b", &real)),
        ("app/Dockerfile", DOCKERFILE),
    ]);
    world.write("repo/compose.yaml", &builds(&app));
    world.write("repo/docker-compose.yml", &compose(&[&real]));
    let ran = world.online(&server.host, &["--write", "--format", "text"]);
    assert!(world.read("repo/a.yaml").contains("command: [\"server\"]"), "{ran:?}");
    assert!(world.read("repo/b.yaml").contains("args: [\"server\"]"), "{ran:?}");
    let told = world.caulk(&["image", &app, "--online", "--insecure-registry", &server.host]);
    assert!(told.out.contains("the sources contradict each other"), "{told:?}");
}

#[test]
fn archives_of_docker_save_and_layouts_prove_absence() {
    if !has("skopeo") {
        return;
    }
    let image = "registry.example/team/app:v1";
    let world = World::new(&[("a.yaml", &deployment("a", image)), ("compose.yaml", &compose(&[image]))]);
    let mut blobs = Blobs::new();
    let manifest = incident().make(&mut blobs);
    oci::write_layout(&world.path("layout"), image, manifest, oci::MANIFEST, blobs);
    let source = format!("oci:{}:{image}", world.path("layout").display());
    for (kind, target) in [
        ("docker", format!("docker-archive:{}:{image}", world.path("saved.tar").display())),
        ("oci", format!("oci-archive:{}:{image}", world.path("oci.tar").display())),
    ] {
        let output = Command::new("skopeo")
            .args(["--insecure-policy", "copy", "--quiet", &source, &target])
            .output()
            .expect("skopeo runs");
        assert!(output.status.success(), "{kind}: {}", String::from_utf8_lossy(&output.stderr));
    }
    for file in ["layout", "saved.tar", "oci.tar"] {
        let archive = world.path(file).display().to_string();
        let ran = world.caulk(&["fix", "--image-archive", &archive]);
        assert!(ran.out.contains("+          args: [\"server\"]"), "{file}: {ran:?}");
    }
    let ran = world.caulk(&["fix", "--image-archive", "a.yaml"]);
    assert_eq!(ran.code, 2, "{ran:?}");
}

#[test]
fn a_cluster_that_contradicts_the_image_proves_nothing() {
    let image = "registry.example/team/app:v1";
    let world = World::new(&[("a.yaml", &deployment("a", image)), ("compose.yaml", &compose(&[image]))]);
    let pods = format!(
        r#"{{"kind":"PodList","items":[{{"kind":"Pod","metadata":{{"name":"a-0"}},"spec":{{"containers":[{{"name":"a","image":"{image}","command":["server"]}}]}},
        "status":{{"containerStatuses":[{{"name":"a","state":{{"waiting":{{"reason":"CrashLoopBackOff","message":"exec: \"server\": executable file not found in $PATH"}}}}}}]}}}}]}}"#
    );
    world.write("pods.json", &pods);
    let evidence = world.path("pods.json").display().to_string();
    let mut with = incident();
    with.layers[1].1.push(oci::program("usr/bin/server", "x"));
    let layout = |name: &str, image_of: &oci::Image| {
        let mut blobs = Blobs::new();
        let manifest = image_of.make(&mut blobs);
        oci::write_layout(&world.path(name), image, manifest, oci::MANIFEST, blobs);
        world.path(name).display().to_string()
    };
    let (with, without) = (layout("with", &with), layout("without", &incident()));
    let fix =
        |archive: &str| world.caulk(&["fix", "--image-archive", archive, "--evidence", &evidence, "--write"]);
    let ran = fix(&with);
    assert!(world.read("repo/a.yaml").contains("command: [\"server\"]"), "{ran:?}");
    assert!(
        ran.out.contains("a-0 [a] says `exec: \"server\": executable file not found"),
        "it is told: {ran:?}"
    );
    let ran = fix(&without);
    assert!(
        world.read("repo/a.yaml").contains("args: [\"server\"]"),
        "where both agree it is mended: {ran:?}"
    );
}

#[test]
fn the_cache_is_shown_and_emptied() {
    let mut content = Content::default();
    content.add("team/app:1", &incident());
    let server = Server::start(content);
    let world = World::new(&[]);
    let image = format!("{}/team/app:1", server.host);
    let path = world.caulk(&["cache", "path"]).out;
    assert!(path.contains("caulk"), "{path}");
    world.caulk(&["image", &image, "--online", "--insecure-registry", &server.host]);
    assert!(std::path::Path::new(path.trim()).is_dir(), "{path}");
    let cleared = world.caulk(&["cache", "clear"]).out;
    assert!(cleared.starts_with("removed ") && !cleared.starts_with("removed 0"), "{cleared}");
    assert!(world.caulk(&["cache", "clear"]).out.starts_with("removed 0 files"));
}
