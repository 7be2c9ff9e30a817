//! A repository with the incident in it, an image that shows it, and caulk run on both.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use crate::oci::{self, File, Image, Packing};

/// The script that is the image's own program; it hands all its arguments on.
pub(crate) const AK: &str = "#!/bin/sh\nset -e\nexec /usr/bin/manage \"$@\"\n";

pub(crate) fn base() -> Vec<File> {
    vec![
        oci::program("usr/bin/busybox", b"\x7fELF"),
        oci::link("bin", "usr/bin"),
        oci::link("usr/bin/sh", "busybox"),
        oci::program("usr/bin/dumb-init", b"\x7fELF"),
        oci::program("usr/bin/manage", b"\x7fELF"),
    ]
}

/// The image of the incident: `server` is no program in it.
pub(crate) fn incident() -> Image {
    let mut image = oci::image("dumb-init -- ak", "", base());
    image.layers.push((Packing::Gzip, vec![oci::program("lifecycle/ak", AK)]));
    image
}

/// A Deployment whose command should be its args.
pub(crate) fn deployment(name: &str, image: &str) -> String {
    format!(
        "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: {name}\nspec:\n  template:\n    spec:\n      containers:\n        \
         - name: {name}\n          image: {image}\n          command: [\"server\"]\n"
    )
}

/// A compose file that shows that `server` is an argument of the images.
pub(crate) fn compose(images: &[&str]) -> String {
    let services = images
        .iter()
        .zip(0..)
        .map(|(image, number)| format!("  s{number}:\n    image: {image}\n    command: server\n"));
    format!("services:\n{}", services.collect::<String>())
}

/// What a run of caulk printed, and how it ended.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

/// A repository with a home and a cache of its own.
pub(crate) struct World {
    folder: tempfile::TempDir,
}

impl World {
    pub(crate) fn new(files: &[(&str, &str)]) -> Self {
        let world = Self { folder: tempfile::tempdir().expect("a folder") };
        fs::create_dir_all(world.path("home")).expect("a home");
        world.write("repo/.caulk.yaml", "");
        for (name, text) in files {
            world.write(&format!("repo/{name}"), text);
        }
        world
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn root(&self) -> &Path {
        self.folder.path()
    }

    pub(crate) fn write(&self, name: &str, text: &str) {
        let path = self.path(name);
        fs::create_dir_all(path.parent().expect("a parent")).expect("folders");
        fs::write(path, text).expect("a file");
    }

    pub(crate) fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).expect("a file")
    }

    pub(crate) fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_caulk"));
        let home = self.path("home");
        command
            .args(args)
            .current_dir(self.path("repo"))
            .stdin(Stdio::null())
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("HOME", &home)
            .env("XDG_CACHE_HOME", home.join("cache"));
        command
    }

    pub(crate) fn caulk(&self, args: &[&str]) -> Ran {
        run(&mut self.command(args))
    }

    /// Runs `caulk fix --online` with a registry that is allowed, without TLS.
    pub(crate) fn online(&self, host: &str, more: &[&str]) -> Ran {
        let mut args = vec!["fix", "--online", "--insecure-registry", host, "--tag-ttl", "0"];
        args.extend(more);
        self.caulk(&args)
    }
}

pub(crate) fn run(command: &mut Command) -> Ran {
    let output = command.output().expect("caulk runs");
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    Ran { code: output.status.code().unwrap_or(-1), out: text(&output.stdout), err: text(&output.stderr) }
}

/// Tells whether a tool is there; one that is demanded and missing fails the test.
#[expect(clippy::print_stderr, reason = "a test that is skipped says so loudly")]
pub(crate) fn has(tool: &str) -> bool {
    let found = std::env::split_paths(&std::env::var_os("PATH").unwrap_or_default())
        .chain([PathBuf::from("/usr/sbin"), PathBuf::from("/sbin")])
        .any(|folder| folder.join(tool).is_file());
    if !found {
        assert!(std::env::var_os("CAULK_REQUIRE_SERVERS").is_none(), "{tool} is demanded and not installed");
        eprintln!("SKIPPED: {tool} is not installed");
    }
    found
}
