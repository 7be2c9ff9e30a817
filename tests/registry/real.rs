//! The registry of Debian's package docker-registry, filled by skopeo.

use std::{
    fs,
    net::{TcpListener, TcpStream},
    path::Path,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use crate::{
    oci::{self, Blobs, Image, Packing},
    world::{AK, World, base, compose, deployment, has, incident},
};

/// A running docker-registry.
pub(crate) struct Registry {
    pub(crate) host: String,
    child: Child,
    folder: tempfile::TempDir,
    credentials: Option<&'static str>,
}

impl Drop for Registry {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// `word` for the user `user`, hashed by bcrypt.
const HTPASSWD: &str = "user:$2y$05$abcdefghijklmnopqrstuuQDoL5Sa/TtfS/XN4AY/jgq.HBbO1BTu\n";

pub(crate) fn start(private: bool) -> Option<Registry> {
    let auth = |folder: &Path| {
        let passwords = folder.join("htpasswd");
        fs::write(&passwords, HTPASSWD).expect("a file");
        format!("auth:\n  htpasswd:\n    realm: test\n    path: {}\n", passwords.display())
    };
    start_with(private.then_some("user:word"), |folder| if private { auth(folder) } else { String::new() })
}

/// Starts a registry with more lines for its configuration.
pub(crate) fn start_with(
    credentials: Option<&'static str>,
    more: impl Fn(&Path) -> String,
) -> Option<Registry> {
    if !has("docker-registry") || !has("skopeo") {
        return None;
    }
    let folder = tempfile::tempdir().expect("a folder");
    let port = TcpListener::bind("127.0.0.1:0").expect("a port").local_addr().expect("an address").port();
    let host = format!("127.0.0.1:{port}");
    let more = more(folder.path());
    let config = format!(
        "version: 0.1\nlog:\n  level: error\nstorage:\n  filesystem:\n    rootdirectory: {}\nhttp:\n  addr: {host}\n{more}",
        folder.path().join("data").display()
    );
    let file = folder.path().join("config.yml");
    fs::write(&file, config).expect("a file");
    let child = Command::new("docker-registry")
        .arg("serve")
        .arg(&file)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("it starts");
    let registry = Registry { host, child, folder, credentials };
    let begin = Instant::now();
    while TcpStream::connect(&registry.host).is_err() {
        assert!(begin.elapsed() < Duration::from_secs(20), "the registry does not start");
        std::thread::sleep(Duration::from_millis(50));
    }
    Some(registry)
}

impl Registry {
    fn push_layout(&self, layout: &Path, name: &str) {
        let mut command = Command::new("skopeo");
        command.args(["--insecure-policy", "copy", "--all", "--dest-tls-verify=false", "--quiet"]);
        if let Some(credentials) = self.credentials {
            command.args(["--dest-creds", credentials]);
        }
        let source = format!("oci:{}", layout.display());
        let output =
            command.arg(source).arg(format!("docker://{}/{name}", self.host)).output().expect("skopeo runs");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }

    pub(crate) fn push(&self, name: &str, image: &Image) -> String {
        let mut blobs = Blobs::new();
        let manifest = image.make(&mut blobs);
        let layout = self.folder.path().join(name.replace(['/', ':'], "-"));
        oci::write_layout(&layout, "v1", manifest, oci::MANIFEST, blobs);
        self.push_layout(&layout, name);
        format!("{}/{name}", self.host)
    }

    fn push_index(&self, name: &str, images: &[Image]) -> String {
        let mut blobs = Blobs::new();
        let index = oci::index(images, &mut blobs);
        let layout = self.folder.path().join(name.replace(['/', ':'], "-"));
        oci::write_layout(&layout, "v1", index, oci::INDEX, blobs);
        self.push_layout(&layout, name);
        format!("{}/{name}", self.host)
    }
}

fn mended(registry: &Registry, image: &str) -> World {
    let world = World::new(&[("a.yaml", &deployment("a", image)), ("compose.yaml", &compose(&[image]))]);
    let ran = world.online(&registry.host, &["--write", "--format", "text"]);
    assert!(world.read("repo/a.yaml").contains("args: [\"server\"]"), "{ran:?}");
    world
}

fn packed(packing: Packing) -> Image {
    let mut image = incident();
    for layer in &mut image.layers {
        layer.0 = packing;
    }
    image
}

#[test]
fn the_incident_is_mended_as_safe_whatever_the_layers_are_packed_with() {
    let Some(registry) = start(false) else { return };
    for (name, packing) in [("gzip", Packing::Gzip), ("zstd", Packing::Zstd), ("stargz", Packing::Estargz)] {
        let image = registry.push(&format!("goauthentik/{name}:v1"), &packed(packing));
        mended(&registry, &image);
    }
}

#[test]
fn a_multi_arch_image_is_read_for_its_platform_and_compared_with_another() {
    let Some(registry) = start(false) else { return };
    let arm = Image { architecture: Some("arm64".to_owned()), ..incident() };
    let image = registry.push_index("multi/same:v1", &[arm.clone(), incident()]);
    mended(&registry, &image);
    let other = Image { entrypoint: oci::words("other"), ..arm };
    let image = registry.push_index("multi/other:v1", &[other, incident()]);
    let world = World::new(&[("a.yaml", &deployment("a", &image)), ("compose.yaml", &compose(&[&image]))]);
    let ran = world.online(&registry.host, &["--write", "--format", "text"]);
    assert!(world.read("repo/a.yaml").contains("command: [\"server\"]"), "{ran:?}");
    assert!(ran.out.contains("the platforms of the image disagree"), "{ran:?}");
    let shown = |platform: &str| {
        let args =
            ["image", &image, "--online", "--insecure-registry", &registry.host, "--platform", platform];
        world.caulk(&args).out
    };
    assert!(shown("linux/amd64").contains("dumb-init"));
    assert!(shown("linux/arm64").contains("entrypoint  [\"other\"]"));
    assert!(shown("linux/s390x").contains("no variant for linux/s390x"));
}

#[test]
fn a_private_image_is_read_with_the_users_credentials() {
    let Some(registry) = start(true) else { return };
    let image = registry.push("team/server:v1", &incident());
    let world = World::new(&[("a.yaml", &deployment("a", &image)), ("compose.yaml", &compose(&[&image]))]);
    world.online(&registry.host, &["--write"]);
    assert!(world.read("repo/a.yaml").contains("command: [\"server\"]"));
    world.write(
        "home/.docker/config.json",
        &format!(r#"{{"auths":{{"{}":{{"auth":"dXNlcjp3b3Jk"}}}}}}"#, registry.host),
    );
    let ran = world.online(&registry.host, &["--write"]);
    assert!(world.read("repo/a.yaml").contains("args: [\"server\"]"), "{ran:?}");
}

#[test]
fn a_program_that_is_there_is_left_alone() {
    let Some(registry) = start(false) else { return };
    let mut image = oci::image("dumb-init -- ak", "", base());
    image
        .layers
        .push((Packing::Gzip, vec![oci::program("lifecycle/ak", AK), oci::program("usr/bin/server", "x")]));
    let image = registry.push("team/with-server:v1", &image);
    let world = World::new(&[("a.yaml", &deployment("a", &image)), ("compose.yaml", &compose(&[&image]))]);
    let ran = world.online(&registry.host, &["--write", "--unsafe-fixes"]);
    assert!(world.read("repo/a.yaml").contains("command: [\"server\"]"), "{ran:?}");
}

#[test]
fn a_tag_that_moves_is_looked_up_again() {
    let Some(registry) = start(false) else { return };
    let image = registry.push("team/moving:v1", &incident());
    let world = mended(&registry, &image);
    assert!(world.root().exists());
    registry
        .push("team/moving:v1", &Image { entrypoint: Vec::new(), cmd: oci::words("server"), ..incident() });
    let ask = |ttl: &str| {
        let args = ["image", &image, "--online", "--insecure-registry", &registry.host, "--tag-ttl", ttl];
        world.caulk(&args).out
    };
    assert!(ask("3600").contains("dumb-init"));
    assert!(ask("0").contains("entrypoint  none"));
}

pub(crate) fn openssl(folder: &Path, args: &str) {
    let output = Command::new("openssl")
        .args(args.split_whitespace())
        .current_dir(folder)
        .output()
        .expect("openssl runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn a_registry_of_a_private_authority_is_trusted_with_its_bundle_only() {
    if !has("openssl") {
        return;
    }
    let tls = |folder: &Path| {
        openssl(
            folder,
            "req -x509 -newkey rsa:2048 -nodes -keyout ca.key -out ca.pem -days 2 -subj /CN=authority",
        );
        openssl(folder, "req -newkey rsa:2048 -nodes -keyout tls.key -out tls.csr -subj /CN=registry");
        fs::write(folder.join("ext"), "subjectAltName=IP:127.0.0.1\nbasicConstraints=CA:FALSE\n")
            .expect("a file");
        openssl(
            folder,
            "x509 -req -in tls.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 2 -extfile ext -out tls.pem",
        );
        let path = |name: &str| folder.join(name).display().to_string();
        format!("  tls:\n    certificate: {}\n    key: {}\n", path("tls.pem"), path("tls.key"))
    };
    let Some(registry) = start_with(None, tls) else { return };
    let image = registry.push("team/server:v1", &incident());
    let world = World::new(&[]);
    let ask = |more: &[&str]| {
        let mut args = vec!["image", &image, "--online", "--registry", &registry.host, "--tag-ttl", "0"];
        args.extend(more);
        world.caulk(&args).out
    };
    let untrusted = ask(&[]);
    assert!(untrusted.contains("certificate"), "{untrusted}");
    let bundle = registry.folder.path().join("ca.pem").display().to_string();
    assert!(ask(&["--ca-bundle", &bundle]).contains("dumb-init"));
    assert!(
        ask(&["--ca-bundle", &bundle, "--insecure-registry", &registry.host]).contains("nothing is known"),
        "TLS is not left out unasked"
    );
}
