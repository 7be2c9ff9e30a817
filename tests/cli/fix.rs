//! `fix` and `check`: what they change, what they print, how they end.

use crate::harness::{ACME, Folder, broken, doubtful, mended};

#[test]
fn without_write_the_diff_is_printed_and_nothing_changes() {
    let folder = Folder::new(&[("app.yaml", &broken())]);
    let before = folder.files();
    let ran = folder.caulk(&["fix"]).exits(1);
    assert_eq!(
        ran.out,
        "--- a/app.yaml\n+++ b/app.yaml\n@@ -8,4 +8,4 @@\n       containers:\n         - name: app\n           \
         image: ghcr.io/goauthentik/server:2024.12.1\n-          command: [\"server\"]\n+          args: [\"server\"]\n"
    );
    assert!(ran.err.contains("1 of 1 can be mended"), "{}", ran.err);
    assert_eq!(folder.files(), before);
    folder.caulk(&["fix", "--diff"]).exits(1);
    assert_eq!(folder.files(), before);
}

#[test]
fn the_diff_is_one_that_git_applies() {
    let folder = Folder::new(&[("a b/app.yaml", &broken()), ("c.yaml", broken().trim_end())]);
    let patch = folder.caulk(&["fix"]).exits(1).out;
    folder.write("p.diff", patch.as_bytes());
    let git = std::process::Command::new("git").current_dir(folder.root()).args(["apply", "p.diff"]).output();
    let git = git.expect("git runs");
    assert!(git.status.success(), "{}\n{patch}", String::from_utf8_lossy(&git.stderr));
    assert_eq!(folder.read("a b/app.yaml"), mended());
    assert_eq!(folder.read("c.yaml"), mended().trim_end());
}

#[test]
fn with_write_exactly_the_word_changes_and_a_second_run_finds_nothing() {
    let folder = Folder::new(&[("app.yaml", &broken()), ("other.yaml", "a:   1\n")]);
    folder.caulk(&["fix", "--write"]).exits(0).says("1 of 1 mended");
    assert_eq!(folder.read("app.yaml"), mended());
    assert_eq!(folder.read("other.yaml"), "a:   1\n");
    assert_eq!(folder.files().len(), 2);
    folder.caulk(&["fix", "--write"]).exits(0).says("nothing to mend in 2 files");
}

#[test]
fn an_unsafe_fix_is_held_back_told_and_applied_when_asked_for() {
    let folder = Folder::repository(&[(".caulk.yaml", ACME), ("app.yaml", &doubtful())]);
    let ran = folder.caulk(&["fix"]).exits(1).says("1 fix held back").says("--unsafe-fixes");
    assert_eq!(ran.out, "");
    folder.caulk(&["fix", "--fail-on", "safe"]).exits(0);
    folder.caulk(&["fix", "--write"]).exits(1).says("0 of 1 mended; 1 needs you, because");
    assert_eq!(folder.read("app.yaml"), doubtful());
    folder.caulk(&["fix", "--write", "--unsafe-fixes"]).exits(0);
    assert_eq!(folder.read("app.yaml"), doubtful().replace("command:", "args:"));
}

#[test]
fn check_reports_and_changes_nothing() {
    let folder = Folder::new(&[("app.yaml", &broken())]);
    let before = folder.files();
    let ran = folder.caulk(&["check"]).exits(1);
    assert!(ran.out.contains("entrypoint-overridden") && ran.out.contains("app.yaml:11"), "{}", ran.out);
    assert!(ran.out.contains("command: [\"server\"]") && ran.out.contains("^^^"), "{}", ran.out);
    assert_eq!(ran.err, "");
    assert_eq!(folder.files(), before);
    folder.caulk(&["check", "--exit-zero"]).exits(0);
    folder.caulk(&["check", "--fail-on", "safe"]).exits(1);
    folder.caulk(&["check", "--rule", "entrypoint-repeated"]).exits(0);
}

#[test]
fn the_configuration_states_images_and_switches_rules() {
    let repeated = doubtful().replace("[\"refresh\"]", "[dumb-init, --, acme, refresh]");
    let folder = Folder::repository(&[(".caulk.yaml", ACME), ("app.yaml", &repeated)]);
    folder.caulk(&["check"]).exits(0);
    folder.write(
        "c.yaml.txt",
        format!("{ACME}rules: {{ entrypoint-repeated: {{ enabled: true }} }}\n").as_bytes(),
    );
    folder.caulk(&["check", "--config", "c.yaml.txt"]).exits(1).says("entrypoint-repeated");
    folder.caulk(&["fix", "--write", "--unsafe-fixes", "--config", "c.yaml.txt"]).exits(0);
    assert_eq!(folder.read("app.yaml"), doubtful().replace("command: [\"refresh\"]", "args: [refresh]"));
}

#[test]
fn a_configuration_may_trust_a_rule_less_and_never_more() {
    let folder = Folder::repository(&[
        (".caulk.yaml", "rules: { entrypoint-overridden: { at-most: display } }\n"),
        ("app.yaml", &broken()),
    ]);
    folder.caulk(&["fix", "--write", "--unsafe-fixes"]).exits(0).says("0 of 1 mended");
    assert_eq!(folder.read("app.yaml"), broken());
    folder.write(
        ".caulk.yaml",
        format!("{ACME}rules: {{ entrypoint-overridden: {{ at-most: safe }} }}\n").as_bytes(),
    );
    folder.write("app.yaml", doubtful().as_bytes());
    folder.caulk(&["fix", "--write"]).exits(1);
    assert_eq!(folder.read("app.yaml"), doubtful());
}

#[test]
fn excluded_files_are_neither_reported_nor_edited() {
    let folder =
        Folder::repository(&[(".caulk.yaml", "exclude: [vendor/]\n"), ("vendor/app.yaml", &broken())]);
    folder.caulk(&["fix", "--write"]).exits(0).says("nothing to mend");
    folder.caulk(&["fix", "--write", "vendor/app.yaml"]).exits(0).says("the configuration excludes it");
    assert_eq!(folder.read("vendor/app.yaml"), broken());
}

#[test]
fn workflows_of_the_forge_are_never_edited() {
    let folder = Folder::repository(&[(".github/app.yaml", &broken())]);
    folder.caulk(&["fix", "--write"]).exits(0);
    folder.caulk(&["fix", "--write", ".github/app.yaml"]).exits(0).says("never edited");
    folder.caulk(&["fix", "--write", ".github"]).exits(0);
    assert_eq!(folder.read(".github/app.yaml"), broken());
}

#[test]
fn what_is_asked_for_is_mended_and_its_neighbours_are_not() {
    let folder =
        Folder::repository(&[("a/app.yaml", &broken()), ("b/app.yaml", &broken()), ("c.yaml", &broken())]);
    folder.caulk(&["fix", "--write", "a", "c.yaml"]).exits(0).says("2 of 2 mended");
    assert_eq!(folder.read("a/app.yaml"), mended());
    assert_eq!(folder.read("b/app.yaml"), broken());
    assert_eq!(folder.read("c.yaml"), mended());
}

#[test]
fn byte_order_marks_and_carriage_returns_stay() {
    let text = format!("\u{feff}{}", broken().replace('\n', "\r\n"));
    let folder = Folder::new(&[("app.yaml", &text)]);
    folder.caulk(&["fix", "--write"]).exits(0);
    assert_eq!(folder.read("app.yaml"), text.replace("command:", "args:"));
}

#[test]
fn a_comment_silences_and_one_that_silences_nothing_is_told() {
    let silenced =
        broken().replace("command:", "# caulk: ignore[entrypoint-overridden] on purpose\n          command:");
    let folder = Folder::new(&[
        ("silenced.yaml", &silenced),
        ("unused.yaml", "# caulk: ignore[entrypoint-overridden] once upon a time\nkind: ConfigMap\n"),
    ]);
    let ran = folder.caulk(&["check"]).exits(0).says("unused.yaml:1: this comment silences nothing");
    assert!(!ran.out.contains("silenced.yaml:"), "{}", ran.out);
}

#[test]
fn the_number_of_threads_changes_nothing() {
    let files: Vec<(String, String)> = (0..60).map(|n| (format!("{n}/app.yaml"), broken())).collect();
    let files: Vec<(&str, &str)> = files.iter().map(|(name, text)| (name.as_str(), text.as_str())).collect();
    let folder = Folder::new(&files);
    for args in [["check", "--format", "json"], ["fix", "--format", "diff"], ["check", "--format", "text"]] {
        let one = folder.caulk(&[&args[..], &["--threads", "1"]].concat()).exits(1);
        let many = folder.caulk(&[&args[..], &["--threads", "8"]].concat()).exits(1);
        assert_eq!(one.out, many.out);
        assert_eq!(one.err, many.err);
    }
}
