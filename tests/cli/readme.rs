//! What the README shows is what comes out.

use std::path::Path;

use crate::harness::command;

#[test]
fn the_diff_in_the_readme_is_the_output() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let readme = std::fs::read_to_string(root.join("README.md")).expect("the README");
    let shown = readme.split("```diff\n").nth(1).and_then(|rest| rest.split("```").next()).expect("a diff");
    let output = command(root, &["fix", "examples/authentik"]).output().expect("caulk runs");
    assert_eq!(String::from_utf8(output.stdout).expect("text"), shown);
}

#[test]
fn the_configuration_in_the_readme_is_accepted() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let readme = std::fs::read_to_string(root.join("README.md")).expect("the README");
    let shown =
        readme.split("```yaml\n").nth(1).and_then(|rest| rest.split("```").next()).expect("a configuration");
    let folder = crate::harness::Folder::repository(&[(".caulk.yaml", shown)]);
    folder.caulk(&["check"]).exits(0);
}
