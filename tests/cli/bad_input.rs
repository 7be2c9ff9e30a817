//! Bad input: each kind with a message that says where and what to do; the other files are done all the same.

use crate::harness::{Folder, Ran, broken, command, mended, ran};

/// A good file, which must be mended whatever lies beside it.
fn beside(name: &str, bytes: &[u8]) -> Folder {
    let folder = Folder::new(&[("zz-good.yaml", &broken())]);
    folder.write(name, bytes);
    folder
}

#[track_caller]
fn skipped(name: &str, bytes: &[u8], message: &[&str]) {
    let folder = beside(name, bytes);
    let mut ran = folder.caulk(&["fix", "--write"]).exits(0);
    for part in message {
        ran = ran.says(part);
    }
    assert_eq!(folder.read("zz-good.yaml"), mended());
    assert!(std::fs::read(folder.path(name)).expect("a file") == bytes, "{name} changed");
    folder.caulk(&["check", "--strict", name]).exits(2).says(name);
}

#[test]
fn invalid_yaml() {
    skipped("bad.yaml", b"a: 1\nb: &x *y\n", &["bad.yaml:2:", "not valid YAML", "mend the syntax there"]);
    skipped("key.yaml", b"a: 1\nb\nc: 2\n", &["key.yaml:3:", "not valid YAML: a key without its `:`"]);
    skipped("tab.yaml", b"a:\n\t- b\n", &["tab.yaml:2:", "not valid YAML"]);
    skipped("colon.yaml", b"command: a: b\n", &["colon.yaml:1:"]);
}

/// The parser refuses some texts that other parsers read: nobody is told that they are no YAML.
#[test]
fn yaml_that_the_parser_does_not_understand() {
    let doubt = "caulk's parser does not understand this: ";
    let brackets = "close what is open there, and give a pair in brackets braces of its own";
    let indentation = "indent that line further than the key it belongs to";
    skipped("open.yaml", b"a: 1\nb: [unclosed\n", &["open.yaml:3:", doubt, brackets]);
    skipped("pair.yaml", b"a: 1\nb: [targets: [\"x\"]]\n", &["pair.yaml:2:", doubt, brackets]);
    skipped("braces.yaml", b"b: [secret: {name: x}]\n", &["braces.yaml:1:", doubt, brackets]);
    skipped("close.yaml", b"a:\n  b: [\n    x\n ]\n", &["close.yaml:4:", doubt, indentation]);
    skipped("quoted.yaml", b"a:\n  b: 'one\n  two'\n", &["quoted.yaml:", doubt, indentation]);
}

#[test]
fn bytes_that_are_no_text() {
    skipped("latin.yaml", b"ok: 1\nname: M\xfcller\n", &["latin.yaml:2:8", "UTF-8", "save it as UTF-8"]);
    skipped("nul.yaml", b"a: x\0y\n", &["nul.yaml:1:5", "control character 0x00"]);
    skipped("escape.yaml", b"a: \x1b[31m\n", &["escape.yaml:1:4", "control character 0x1B"]);
    skipped("utf16.yaml", b"\xff\xfea\0:\0 \0b\0", &["utf16.yaml:1:1"]);
}

#[test]
fn deep_nesting_and_bombs() {
    let brackets = "[".repeat(100_000);
    skipped("deep.yaml", format!("command: {brackets}").as_bytes(), &["deep.yaml:1:", "nested too deeply"]);
    let closed = format!("command: {}{}\n", "[".repeat(100_000), "]".repeat(100_000));
    skipped("closed.yaml", closed.as_bytes(), &["closed.yaml:1:"]);
    let explicit = "? ".repeat(20_000);
    let folder = beside("explicit.yaml", format!("{explicit}command").as_bytes());
    folder.caulk(&["fix", "--write"]).exits(0);

    let mut bomb = "a0: &a0 [command, image, args]\n".to_owned();
    for n in 1..40 {
        bomb.push_str(&format!("a{n}: &a{n} [{}]\n", vec![format!("*a{}", n - 1); 9].join(", ")));
    }
    bomb.push_str("spec: { containers: *a39 }\nkind: Pod\napiVersion: v1\n");
    let folder = beside("bomb.yaml", bomb.as_bytes());
    folder.caulk(&["fix", "--write"]).exits(0);
    assert_eq!(folder.read("zz-good.yaml"), mended());
    assert_eq!(folder.read("bomb.yaml"), bomb);
}

#[test]
fn a_giant_is_left_alone() {
    let giant = format!("command: \"{}\"\n", "x".repeat(100_000_000));
    let folder = beside("giant.yaml", giant.as_bytes());
    folder.caulk(&["fix", "--write"]).exits(0).says("giant.yaml: has 100000012 bytes").says("split it");
    assert_eq!(folder.read("zz-good.yaml"), mended());
}

#[test]
fn templates_are_counted_and_not_listed() {
    let folder = beside("chart/templates/a.yaml", b"command: {{ .Values.command }}\n{{- if x }}\n");
    folder.write("chart/templates/b.yaml", b"{{ include \"x\" . }}\n{{- end }}\n");
    let ran = folder.caulk(&["fix", "--write"]).exits(0).says("2 templates");
    assert!(!ran.out.contains("templates/a.yaml"), "{}", ran.out);
}

#[test]
fn what_is_not_there_fails_the_run_and_the_rest_is_done() {
    let folder = Folder::new(&[("good.yaml", &broken())]);
    let ran = folder.caulk(&["fix", "--write", "nowhere", "good.yaml"]).exits(2);
    ran.says("error: nowhere: there is no such file or folder; check the path");
    assert_eq!(folder.read("good.yaml"), mended());
}

#[cfg(unix)]
#[test]
fn an_unreadable_file_fails_the_run_and_the_rest_is_done() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder =
        Folder::new(&[("good.yaml", &broken()), ("closed.yaml", "a: 1\n"), ("shut/x.yaml", "a: 1\n")]);
    for name in ["closed.yaml", "shut"] {
        std::fs::set_permissions(folder.path(name), std::fs::Permissions::from_mode(0o000)).expect("a mode");
    }
    // Root reads everything, so the test runs as somebody else where it can.
    let as_root = std::fs::read(folder.path("closed.yaml")).is_ok();
    let output = if as_root {
        use std::os::unix::process::CommandExt as _;
        for path in [folder.root().to_owned(), folder.path("good.yaml")] {
            std::os::unix::fs::chown(path, Some(65534), Some(65534)).expect("a new owner");
        }
        command(folder.root(), &["fix", "--write"]).uid(65534).gid(65534).output()
    } else {
        command(folder.root(), &["fix", "--write"]).output()
    };
    let output = output.expect("caulk runs");
    let told =
        String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    std::fs::set_permissions(folder.path("shut"), std::fs::Permissions::from_mode(0o755)).expect("a mode");
    assert_eq!(output.status.code(), Some(2), "{told}");
    assert!(told.contains("closed.yaml: cannot be read: permission denied; make it readable"), "{told}");
    assert!(told.contains("shut: cannot be read: permission denied"), "{told}");
    assert_eq!(folder.read("good.yaml"), mended());
}

#[test]
fn a_bad_configuration_stops_the_run() {
    let folder =
        Folder::repository(&[(".caulk.yaml", "# ours\nexlude: [vendor/]\n"), ("app.yaml", &broken())]);
    folder
        .caulk(&["fix", "--write"])
        .exits(2)
        .says(".caulk.yaml:2: unknown key or value `exlude`; did you mean `exclude`?");
    assert_eq!(folder.read("app.yaml"), broken());
    folder.write(".caulk.yaml", b"exclude: [\n");
    folder.caulk(&["check"]).exits(2).says(".caulk.yaml:");
    folder.write(".caulk.yaml", b"exclude: ['a{b']\n");
    folder.caulk(&["check"]).exits(2).says("the pattern `a{b` of `exclude` is malformed");
    folder.write(".caulk.yaml", b"# ours\ncluster-domain: 'cluster.local;x'\n");
    folder.caulk(&["check"]).exits(2).says(".caulk.yaml:2: `cluster.local;x` is no domain of a cluster");
    folder.caulk(&["check", "--cluster-domain", "Cluster.Local."]).exits(2).says("is no domain of a cluster");
    folder.write(".caulk.yaml", b"# ours\nexclude: [M\xfcller/]\n");
    folder.caulk(&["check"]).exits(2).says("line 2 is no UTF-8; save it as UTF-8 text");
    folder
        .caulk(&["check", "--config", "nowhere.yaml"])
        .exits(2)
        .says("failed to read the configuration nowhere.yaml");
}

#[cfg(unix)]
#[test]
fn a_configuration_from_outside_the_tree_is_not_read() {
    let outside = Folder::new(&[("secret", "hunter2: [\n")]);
    let folder = Folder::new(&[("app.yaml", &broken())]);
    std::os::unix::fs::symlink(outside.path("secret"), folder.path(".caulk.yaml")).expect("a link");
    let ran = folder.caulk(&["check"]).exits(2).says("a symbolic link out of the tree");
    assert!(!ran.err.contains("hunter2"), "{}", ran.err);
}

#[cfg(unix)]
#[test]
fn links_out_of_the_tree_are_never_written_through() {
    let outside = Folder::new(&[("app.yaml", &broken()), ("folder/app.yaml", &broken())]);
    let folder = beside("real.yaml", broken().as_bytes());
    let link = |to: &std::path::Path, name: &str| {
        std::os::unix::fs::symlink(to, folder.path(name)).expect("a link");
    };
    link(&outside.path("app.yaml"), "out.yaml");
    link(&outside.path("folder"), "out");
    link(std::path::Path::new("real.yaml"), "in.yaml");
    folder
        .caulk(&["fix", "--write"])
        .exits(0)
        .says("2 of 2 mended")
        .says("out.yaml: a symbolic link out of the tree")
        .says("run caulk on the place that it leads to");
    folder.caulk(&["fix", "--write", "out.yaml"]).exits(0).says("a symbolic link out of the tree");
    assert_eq!(outside.read("app.yaml"), broken());
    assert_eq!(outside.read("folder/app.yaml"), broken());
    assert!(std::fs::symlink_metadata(folder.path("in.yaml")).expect("a link").is_symlink());
}

/// Runs `fix --write`, and lets `meanwhile` happen after the files were read and before any is written: caulk waits for evidence
/// from a pipe.
#[cfg(unix)]
fn while_writing(folder: &Folder, meanwhile: impl FnOnce()) -> Ran {
    let pipe = folder.path("evidence.pipe");
    assert!(std::process::Command::new("mkfifo").arg(&pipe).status().expect("mkfifo runs").success());
    let mut caulk = command(folder.root(), &["fix", "--write", "--evidence"]);
    let child = caulk.arg(&pipe).stdout(std::process::Stdio::piped()).stderr(std::process::Stdio::piped());
    let child = child.spawn().expect("caulk starts");
    // The other end is opened once caulk wants to read it.
    let mut writer = std::fs::OpenOptions::new().write(true).open(&pipe).expect("the pipe opens");
    meanwhile();
    std::io::Write::write_all(&mut writer, br#"{"kind":"List","items":[]}"#).expect("caulk reads");
    drop(writer);
    ran(child.wait_with_output().expect("caulk ends"))
}

#[cfg(unix)]
#[test]
fn a_file_that_changes_or_vanishes_meanwhile_is_left_and_the_others_are_done() {
    let files = [("changes.yaml", broken()), ("good.yaml", broken()), ("vanishes.yaml", broken())];
    let folder = Folder::new(&files.each_ref().map(|(name, text)| (*name, text.as_str())));
    let other = format!("# somebody else was here\n{}", broken());
    let ended = while_writing(&folder, || {
        folder.write("changes.yaml", other.as_bytes());
        std::fs::remove_file(folder.path("vanishes.yaml")).expect("it can be removed");
    });
    ended
        .exits(2)
        .says("error: changes.yaml: not written: it changed after caulk had read it")
        .says("error: vanishes.yaml: not written: it vanished after caulk had read it")
        .says("1 of 3 mended");
    assert_eq!(folder.read("good.yaml"), mended());
    assert_eq!(folder.read("changes.yaml"), other);
    assert!(!folder.path("vanishes.yaml").exists());
}

#[test]
fn problems_below_the_folder_of_the_run_are_named_from_it() {
    let folder = Folder::repository(&[("apps/bad.yaml", "a: [\n"), ("apps/app.yaml", &broken())]);
    let ran = ran(command(&folder.path("apps"), &["check"]).output().expect("caulk runs"));
    let ran = ran.exits(1).says(" --> app.yaml:").says("skipped: bad.yaml:2:1: not valid YAML");
    assert!(!ran.err.contains("apps/"), "{}", ran.err);
    // Machines get one name for a file, wherever caulk runs.
    let report = command(&folder.path("apps"), &["check", "--format", "json"]).output().expect("caulk runs");
    let report = String::from_utf8(report.stdout).expect("text");
    assert!(report.contains("\"apps/bad.yaml\"") && report.contains("\"apps/app.yaml\""), "{report}");
}

#[cfg(unix)]
#[test]
fn hostile_names_and_values_do_not_steer_the_terminal() {
    let name = "a\u{1b}]0;owned\u{7}\n+++ b.yaml";
    let text = broken().replace("name: app\n          image", "name: \"\\e[31mapp\\u202e\"\n          image");
    let folder = Folder::new(&[(name, &text), ("b\u{1b}[2J.yaml", "a: [\n")]);
    for args in [["check", "--color=never"], ["fix", "--color=never"], ["check", "--format=json"]] {
        let ran = folder.caulk(&args).exits(1);
        for text in [&ran.out, &ran.err] {
            assert!(!text.contains(['\u{1b}', '\u{7}', '\u{202e}']), "{text:?}");
        }
    }
}
