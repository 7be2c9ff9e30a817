//! Standard input in, standard output out.

use crate::harness::{Folder, broken, mended};

#[test]
fn standard_input_is_mended_onto_standard_output() {
    let folder = Folder::new(&[]);
    let ran = folder.caulk_with(&["fix", "-"], broken().as_bytes()).exits(0);
    assert_eq!(ran.out, mended());
    assert!(ran.err.contains("1 of 1 mended"), "{}", ran.err);
    assert!(folder.files().is_empty());
}

#[test]
fn what_is_no_manifest_passes_unchanged() {
    let folder = Folder::new(&[]);
    for text in ["a:   1 # x\n", "", "a: [\n", "no newline at the end"] {
        let ran = folder.caulk_with(&["fix", "-"], text.as_bytes()).exits(0);
        assert_eq!(ran.out, text);
    }
    folder.caulk_with(&["fix", "-", "--strict"], b"a: [\n").exits(2).says("stdin.yaml:");
}

#[test]
fn check_reports_on_standard_input() {
    let folder = Folder::new(&[]);
    folder.caulk_with(&["check", "-"], broken().as_bytes()).exits(1).says("stdin.yaml:11");
    folder.caulk_with(&["check", "-", "app.yaml"], b"").exits(2).says("cannot go with other paths");
}

#[test]
fn standard_input_may_be_shown_as_a_diff() {
    let folder = Folder::new(&[]);
    let ran = folder.caulk_with(&["fix", "-", "--diff"], broken().as_bytes()).exits(1);
    assert!(ran.out.starts_with("--- a/stdin.yaml\n"), "{}", ran.out);
}
