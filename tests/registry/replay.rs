//! What caulk predicts, and what runc does: the same images, the same words.

use std::{
    fmt::Write as _,
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use serde_json::Value;

use crate::{
    oci::{self, Blobs, File, Image},
    real,
    world::{World, compose, deployment, has, run},
};

/// The tools of a replay, and the files that go into every image.
fn tools() -> Option<Vec<File>> {
    let needed = ["runc", "umoci", "busybox", "tini-static", "dumb-init", "catatonit"];
    if !needed.iter().all(|tool| has(tool)) {
        return None;
    }
    let host = |path: &str| fs::read(path).unwrap_or_else(|error| panic!("{path}: {error}"));
    let mut files = vec![
        oci::program("bin/busybox", host("/bin/busybox")),
        oci::program("usr/bin/tini", host("/usr/bin/tini-static")),
        oci::program("usr/bin/catatonit", host("/usr/bin/catatonit")),
        oci::program("usr/bin/dumb-init", host("/usr/bin/dumb-init")),
        oci::program("usr/bin/tool", says("tool")),
        oci::program("lifecycle/ak", says("ak")),
        oci::program("usr/bin/orphan", "#!/usr/bin/python3\n"),
        File::Plain("usr/bin/readable".to_owned(), says("readable").into_bytes()),
    ];
    files.extend(["sh", "id", "test", "["].map(|name| oci::link(&format!("bin/{name}"), "busybox")));
    files.extend(
        libraries("/usr/bin/dumb-init")
            .into_iter()
            .map(|path| oci::program(path.trim_start_matches('/'), host(&path))),
    );
    Some(files)
}

/// Returns the libraries of a dynamic program, its loader included.
fn libraries(program: &str) -> Vec<String> {
    let output = Command::new("ldd").arg(program).output().expect("ldd runs");
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    text.split_whitespace().filter(|word| word.starts_with('/')).map(str::to_owned).collect()
}

/// A program that says what it got.
fn says(name: &str) -> String {
    format!("#!/bin/sh\necho \"{name} got: $*\"\n")
}

/// A class of the taxonomy with an image of it.
struct Class {
    name: &'static str,
    image: Image,
}

fn class(name: &'static str, entrypoint: &[&str], cmd: &str, script: Option<&str>, files: &[File]) -> Class {
    let mut files = files.to_vec();
    files.extend(script.map(|text| oci::program("entrypoint.sh", format!("#!/bin/sh\nset -e\n{text}"))));
    let mut image = oci::image("", cmd, files);
    image.entrypoint = entrypoint.iter().map(|word| (*word).to_owned()).collect();
    Class { name, image }
}

fn classes(files: &[File]) -> Vec<Class> {
    let flag = "if [ \"${1#-}\" != \"$1\" ]; then\n  set -- ak \"$@\"\nfi\nexec \"$@\"\n";
    let unknown = "if [ \"${1#-}\" != \"${1}\" ] || [ -z \"$(command -v \"${1}\")\" ]; then\n  set -- ak \"$@\"\nfi\nexec \"$@\"\n";
    let script: &[&str] = &["/entrypoint.sh"];
    vec![
        class("pure init (tini)", &["tini", "--"], "ak", None, files),
        class("pure init (catatonit)", &["catatonit", "--"], "ak", None, files),
        class("init + program", &["dumb-init", "--", "ak"], "", None, files),
        class("init + script", &["tini", "--", "/entrypoint.sh"], "", Some("exec ak \"$@\"\n"), files),
        class("always exec", script, "ak", Some("exec \"$@\"\n"), files),
        class("fixed", script, "", Some("exec ak --fixed \"$@\"\n"), files),
        class("prepend if flag", script, "ak", Some(flag), files),
        class("prepend if unknown", script, "ak", Some(unknown), files),
        class("ignored", script, "", Some("exec ak\n"), files),
        class("shell form without \"$@\"", &["/bin/sh", "-c", "exec ak"], "", None, files),
        class("shell form with \"$@\"", &["/bin/sh", "-c", "exec ak \"$@\""], "", None, files),
        class("program", &["ak"], "", None, files),
        class("none", &[], "ak", None, files),
    ]
}

/// An image on the disk, unpacked for runc.
struct Bundle {
    world: World,
    config: Value,
    reference: String,
}

impl Bundle {
    fn new(image: &Image) -> Self {
        let world = World::new(&[]);
        let mut blobs = Blobs::new();
        let manifest = image.make(&mut blobs);
        let reference = "registry.example/team/app:v1".to_owned();
        oci::write_layout(&world.path("layout"), "v1", manifest.clone(), oci::MANIFEST, blobs.clone());
        let source = format!("{}:v1", world.path("layout").display());
        let output = Command::new("umoci")
            .args(["unpack", "--image", &source])
            .arg(world.path("bundle"))
            .output()
            .expect("umoci runs");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        // The same image under the name that a manifest has for it.
        oci::write_layout(&world.path("named"), &reference, manifest, oci::MANIFEST, blobs);
        let text = fs::read_to_string(world.path("bundle/config.json")).expect("a configuration");
        Self { config: serde_json::from_str(&text).expect("JSON"), reference, world }
    }

    /// Asks caulk what it knows, and what `command` or `args` would run.
    fn ask(&self, word: &str, as_command: bool) -> Value {
        let archive = self.world.path("named").display().to_string();
        let mut args = vec!["image", &self.reference, "--image-archive", &archive, "--json"];
        if as_command {
            args.push("--command");
        }
        args.extend(["--", word]);
        let ran = self.world.caulk(&args);
        serde_json::from_str(&ran.out).unwrap_or_else(|error| panic!("{error}: {ran:?}"))
    }

    /// Runs words in the container and returns what came of them.
    fn runs(&self, argv: &[String]) -> Outcome {
        let bundle = self.world.path("bundle");
        let mut config = self.config.clone();
        config["process"]["args"] = serde_json::to_value(argv).expect("words");
        config["process"]["terminal"] = Value::Bool(false);
        fs::write(bundle.join("config.json"), config.to_string()).expect("a configuration");
        runc(&bundle, &self.world.path("state"))
    }
}

/// What became of a container.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Outcome {
    /// A program of ours said what it got.
    Got(String),
    /// The runtime could not execute the first word.
    NotStarted,
    /// It started, and what it started could not execute the word.
    FailedInside,
    /// Neither is claimed.
    Unknown,
}

impl Outcome {
    fn text(&self) -> String {
        match self {
            Self::Got(line) => line.clone(),
            Self::NotStarted => "does not start".to_owned(),
            Self::FailedInside => "fails inside".to_owned(),
            Self::Unknown => "no claim".to_owned(),
        }
    }
}

fn runc(bundle: &Path, state: &Path) -> Outcome {
    let id =
        format!("caulk-{}-{:?}", std::process::id(), std::thread::current().id()).replace(['(', ')'], "");
    let output = Command::new(tool("runc"))
        .arg("--root")
        .arg(state)
        .args(["run", "--bundle"])
        .arg(bundle)
        .arg(&id)
        .output()
        .expect("runc runs");
    let (out, err) = (
        String::from_utf8_lossy(&output.stdout).into_owned(),
        String::from_utf8_lossy(&output.stderr).into_owned(),
    );
    if let Some(line) = out.lines().find(|line| line.contains(" got:")) {
        return Outcome::Got(line.trim_end().to_owned());
    }
    let not_started =
        ["executable file not found in $PATH", "no such file or directory", "permission denied"];
    if err.contains("runc run failed") || err.starts_with("exec ") {
        assert!(not_started.iter().any(|text| err.contains(text)), "runc failed for another reason: {err}");
        return Outcome::NotStarted;
    }
    assert!(!output.status.success(), "nothing was said: {out}{err}");
    Outcome::FailedInside
}

fn tool(name: &str) -> PathBuf {
    let sbin = Path::new("/usr/sbin").join(name);
    if sbin.is_file() { sbin } else { PathBuf::from(name) }
}

/// What caulk predicts of `args: [word]`, from what it knows of the image.
fn predicted_of_args(report: &Value, word: &str) -> Outcome {
    let present = word == "tool";
    let (own, executed) =
        (|more: &str| got("ak", more), || if present { got(word, "") } else { Outcome::FailedInside });
    let flag = word.starts_with('-');
    match report["forwards"].as_str().expect("a name") {
        "own-program" | "presumed own-program" => own(word),
        // Without an entrypoint the runtime itself executes the word.
        "exec" if report["class"] == "no entrypoint" && !present => Outcome::NotStarted,
        "exec" => executed(),
        "prepend-if-flag" if flag => own(word),
        "prepend-if-flag" => executed(),
        "prepend-if-unknown" if flag || !present => own(word),
        "prepend-if-unknown" => executed(),
        "ignored" => own(""),
        _ => Outcome::Unknown,
    }
}

fn got(program: &str, words: &str) -> Outcome {
    Outcome::Got(format!("{program} got: {words}").trim_end().to_owned())
}

/// What caulk predicts of `command: [word]`.
fn predicted_of_command(report: &Value, word: &str) -> Outcome {
    match report["run"]["starts"].as_bool() {
        Some(true) => got(word.rsplit('/').next().unwrap_or(word), ""),
        Some(false) => Outcome::NotStarted,
        None => Outcome::Unknown,
    }
}

fn row(table: &mut String, name: &str, words: &str, predicted: &Outcome, seen: &Outcome) {
    // Writing to a string never fails.
    let _ = writeln!(table, "| {name} | {words} | {} | {} |", predicted.text(), seen.text());
}

#[test]
#[expect(clippy::print_stdout, reason = "the table is what a person wants to see")]
fn what_caulk_predicts_is_what_runc_does() {
    let Some(files) = tools() else { return };
    let mut table = "| class | words | caulk predicts | runc |\n|---|---|---|---|\n".to_owned();
    let mut wrong = Vec::new();
    for Class { name, image } in classes(&files) {
        let bundle = Bundle::new(&image);
        for word in ["server", "tool", "--flag"] {
            for as_command in [true, false] {
                let report = bundle.ask(word, as_command);
                let argv: Vec<String> = serde_json::from_value(report["run"]["argv"].clone()).expect("words");
                let predicted = if as_command {
                    predicted_of_command(&report, word)
                } else {
                    predicted_of_args(&report, word)
                };
                let seen = fixed_aside(bundle.runs(&argv));
                let field = if as_command { "command" } else { "args" };
                row(&mut table, name, &format!("{field}: [{word}]"), &predicted, &seen);
                if predicted != Outcome::Unknown && predicted != seen {
                    wrong.push(format!("{name}, {field}: [{word}]: {predicted:?} and {seen:?}"));
                }
            }
        }
    }
    println!("{table}");
    assert!(wrong.is_empty(), "{wrong:#?}");
    assert!(table.lines().filter(|line| line.contains("no claim")).count() <= 3, "{table}");
}

/// The fixed class has an argument of its own in its script, which stands before the others.
fn fixed_aside(seen: Outcome) -> Outcome {
    match seen {
        Outcome::Got(line) => Outcome::Got(line.replace("got: --fixed", "got:")),
        other => other,
    }
}

#[test]
#[expect(clippy::print_stdout, reason = "the table is what a person wants to see")]
fn what_cannot_be_executed_is_told_before_runc_does() {
    let Some(files) = tools() else { return };
    let bundle = Bundle::new(&oci::image("dumb-init -- ak", "", files));
    let mut table = "| words | caulk predicts | runc |\n|---|---|---|\n".to_owned();
    for (word, expected) in [
        ("readable", Outcome::NotStarted),
        ("/usr/bin/readable", Outcome::NotStarted),
        ("orphan", Outcome::NotStarted),
        ("/usr/bin/absent", Outcome::NotStarted),
        ("ak server", Outcome::NotStarted),
        ("/lifecycle/ak", got("ak", "")),
        ("ak", got("ak", "")),
    ] {
        let report = bundle.ask(word, true);
        let predicted = predicted_of_command(&report, word);
        let seen = bundle.runs(&[word.to_owned()]);
        let _ = writeln!(table, "| command: [{word:?}] | {} | {} |", predicted.text(), seen.text());
        assert_eq!((&predicted, &seen), (&expected, &expected), "{word}: {report}");
    }
    println!("{table}");
}

/// The incident from end to end: runc's error, the proof from the registry, the mend, and the mended words running.
#[test]
fn the_incident_is_replayed_proven_and_mended() {
    let Some(mut files) = tools() else { return };
    let Some(registry) = real::start(false) else { return };
    files.retain(|file| !matches!(file, File::Program(path, _) if path == "lifecycle/ak"));
    files.push(oci::program("usr/bin/manage", says("manage")));
    files.push(oci::program("lifecycle/ak", "#!/bin/sh\nset -e\nexec /usr/bin/manage \"$@\"\n"));
    let image = oci::image("dumb-init -- ak", "", files);
    let bundle = Bundle::new(&image);

    // What the kubelet ran: the command takes the entrypoint's place.
    let error = error_of(&bundle, &["server"]);
    assert!(error.contains("exec: \"server\": executable file not found in $PATH"), "{error}");

    let reference = registry.push("goauthentik/server:v1", &image);
    let manifest = deployment("authentik-server", &reference);
    let world = World::new(&[("a.yaml", &manifest), ("compose.yaml", &compose(&[&reference]))]);
    let report: Value =
        serde_json::from_str(&world.online(&registry.host, &["--format", "json"]).out).expect("JSON");
    assert!(report.to_string().contains("\"safe\""), "{report:#}");
    let ran = world.online(&registry.host, &["--write"]);
    let mended = world.read("repo/a.yaml");
    assert_eq!(mended, manifest.replace("command: [\"server\"]", "args: [\"server\"]"), "{ran:?}");
    let argv = oci::words("dumb-init -- ak server");
    assert_eq!(bundle.runs(&argv), got("manage", "server"));

    the_same_from_the_cluster(&reference, &manifest, &error);
}

fn error_of(bundle: &Bundle, argv: &[&str]) -> String {
    let words: Vec<String> = argv.iter().map(|word| (*word).to_owned()).collect();
    assert_eq!(bundle.runs(&words), Outcome::NotStarted);
    let path = bundle.world.path("bundle");
    let output = Command::new(tool("runc"))
        .arg("--root")
        .arg(bundle.world.path("state"))
        .args(["run", "--bundle"])
        .arg(path)
        .arg("again")
        .output();
    // runc's log quotes the quotes once more.
    String::from_utf8_lossy(&output.expect("runc runs").stderr).replace("\\\"", "\"")
}

/// The error text, as containerd hands it to the kubelet, is proof without any registry.
fn the_same_from_the_cluster(reference: &str, manifest: &str, error: &str) {
    let text = error.lines().find(|line| line.contains("exec: ")).expect("the error");
    let text = text
        .split("unable to start container process")
        .nth(1)
        .expect("the reason")
        .trim_end_matches(['"', '\n']);
    let message = format!(
        "failed to create containerd task: failed to create shim task: OCI runtime create failed: runc create failed: \
         unable to start container process{}: unknown",
        text
    );
    let pods = serde_json::json!({"kind": "List", "items": [{"kind": "Pod",
        "metadata": {"name": "authentik-server-5d4f8b6c9-x7k2p", "namespace": "default", "creationTimestamp": "2024-05-01T10:00:00Z",
            "ownerReferences": [{"kind": "ReplicaSet", "name": "authentik-server-5d4f8b6c9"}]},
        "spec": {"containers": [{"name": "authentik-server", "image": reference, "command": ["server"]}]},
        "status": {"containerStatuses": [{"name": "authentik-server", "restartCount": 166,
            "state": {"waiting": {"reason": "CrashLoopBackOff", "message": "back-off 5m0s"}},
            "lastState": {"terminated": {"reason": "StartError", "exitCode": 128, "message": message}}}]}}]});
    let name = reference.rsplit_once(':').expect("a tag").0;
    let world = World::new(&[("a.yaml", manifest), ("compose.yaml", &compose(&[reference]))]);
    world.write(
        "repo/.caulk.yaml",
        &format!(
            "images:\n  - image: {name}\n    entrypoint: [dumb-init, --, ak]\n    forwards: own-program\n"
        ),
    );
    world.write("pods.json", &pods.to_string());
    let evidence = world.path("pods.json").display().to_string();
    let without = world.caulk(&["fix"]);
    assert!(!without.out.contains("args: [\"server\"]"), "the statement alone is no proof: {without:?}");
    let diagnosed = world.caulk(&["diagnose", "--evidence", &evidence]);
    for part in [
        "166 restarts since 2024-05-01T10:00:00Z",
        "exec: \"server\": executable file not found in $PATH",
        "a.yaml:",
        "(safe)",
    ] {
        assert!(diagnosed.out.contains(part), "{part} is missing: {diagnosed:?}");
    }
    let ran = world.caulk(&["fix", "--write", "--evidence", &evidence, "--format", "json"]);
    assert!(ran.out.contains("166 restarts"), "{ran:?}");
    assert_eq!(
        world.read("repo/a.yaml"),
        manifest.replace("command: [\"server\"]", "args: [\"server\"]"),
        "{ran:?}"
    );
}

#[test]
fn a_crash_without_a_known_cause_is_told_as_such() {
    let pods = serde_json::json!({"kind": "List", "items": [{"kind": "Pod", "metadata": {"name": "web-0", "namespace": "shop"},
        "spec": {"containers": [{"name": "web", "image": "nginx"}]},
        "status": {"containerStatuses": [{"name": "web", "restartCount": 3, "state": {"waiting": {"reason": "CrashLoopBackOff"}},
            "lastState": {"terminated": {"reason": "Error", "exitCode": 1}}}]}}]});
    let world = World::new(&[]);
    world.write("pods.json", &pods.to_string());
    let evidence = world.path("pods.json").display().to_string();
    let ran = run(&mut world.command(&["diagnose", "--evidence", &evidence]));
    assert!(
        ran.out.contains("no cause known") && ran.out.contains("1 crash loops, 0 with a known cause"),
        "{ran:?}"
    );
    assert_eq!(ran.code, 1);
    assert_eq!(world.caulk(&["diagnose"]).code, 2, "nothing is to be diagnosed");
}
