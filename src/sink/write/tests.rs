use super::*;

fn folder(files: &[(&str, &str)]) -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().expect("a folder");
    for (name, text) in files {
        fs::write(folder.path().join(name), text).expect("a file");
    }
    let root = fs::canonicalize(folder.path()).expect("a real folder");
    (folder, root)
}

fn put<'a>(path: &'a Path, before: &'a str, after: &'a str, group: usize) -> Replacement<'a> {
    Replacement { path, before: before.as_bytes(), after: after.as_bytes(), group }
}

fn names(root: &Path) -> Vec<String> {
    let entries = fs::read_dir(root).expect("a folder").filter_map(Result::ok);
    let mut names: Vec<String> =
        entries.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    names
}

#[cfg(unix)]
#[test]
fn a_file_is_replaced_and_keeps_its_mode() {
    use std::os::unix::fs::PermissionsExt as _;
    let (_keep, root) = folder(&[("a", "old")]);
    let path = root.join("a");
    for mode in [0o600, 0o640, 0o755, 0o664] {
        fs::write(&path, "old").expect("a file");
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).expect("a mode");
        assert_eq!(replace(&root, &[put(&path, "old", "new", 0)]), [Ok(())]);
        assert_eq!(fs::read_to_string(&path).expect("a file"), "new");
        assert_eq!(fs::metadata(&path).expect("a file").permissions().mode() & 0o7777, mode);
    }
    assert_eq!(names(&root), ["a"]);
}

#[test]
fn a_file_that_changed_or_vanished_is_left_and_the_others_are_done() {
    let (_keep, root) = folder(&[("changed", "mine"), ("same-length", "eld"), ("good", "old")]);
    let paths = ["changed", "same-length", "gone", "good"].map(|name| root.join(name));
    let all: Vec<_> = paths.iter().enumerate().map(|(group, path)| put(path, "old", "new", group)).collect();
    let results = replace(&root, &all);
    assert_eq!(
        results,
        [Err(changed()), Err(changed()), Err("it vanished after caulk had read it".into()), Ok(())]
    );
    assert_eq!(fs::read_to_string(root.join("changed")).expect("a file"), "mine");
    assert_eq!(fs::read_to_string(root.join("same-length")).expect("a file"), "eld");
    assert_eq!(names(&root), ["changed", "good", "same-length"]);
}

#[cfg(unix)]
#[test]
fn a_read_only_file_is_left() {
    use std::os::unix::fs::PermissionsExt as _;
    let (_keep, root) = folder(&[("a", "old")]);
    let path = root.join("a");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o444)).expect("a mode");
    assert_eq!(replace(&root, &[put(&path, "old", "new", 0)]), [Err("it is read-only".into())]);
    assert_eq!(fs::read_to_string(&path).expect("a file"), "old");
}

#[test]
fn files_of_one_fix_are_replaced_all_or_none() {
    let (_keep, root) = folder(&[("a", "old"), ("b", "other"), ("c", "old")]);
    let (a, b, c) = (root.join("a"), root.join("b"), root.join("c"));
    let results =
        replace(&root, &[put(&a, "old", "new", 1), put(&b, "old", "new", 1), put(&c, "old", "new", 2)]);
    assert!(results[0].as_ref().is_err_and(|reason| reason.starts_with("another file of the same fix")));
    assert!(results[1].is_err());
    assert_eq!(results[2], Ok(()));
    assert_eq!(fs::read_to_string(&a).expect("a file"), "old");
}

#[test]
fn what_comes_between_writing_and_renaming_is_noticed() {
    let (_keep, root) = folder(&[("a", "old")]);
    let path = root.join("a");
    let staged = stage(&root, &put(&path, "old", "new", 0)).expect("a staged file");
    fs::write(&path, "OLD").expect("somebody else's change");
    assert_eq!(staged.commit(), Err(changed()));
    assert_eq!(names(&root), ["a"]);
    assert_eq!(fs::read_to_string(&path).expect("a file"), "OLD");
}

#[cfg(unix)]
#[test]
fn nothing_is_written_through_a_link() {
    let (_keep, outside) = folder(&[("a", "old")]);
    let (_keep2, root) = folder(&[]);
    std::os::unix::fs::symlink(outside.join("a"), root.join("file")).expect("a link");
    std::os::unix::fs::symlink(&outside, root.join("folder")).expect("a link");
    let (file, folder) = (root.join("file"), root.join("folder/a"));
    let results = replace(&root, &[put(&file, "old", "new", 0), put(&folder, "old", "new", 1)]);
    assert_eq!(results[0], Err("it is no regular file any more".into()));
    assert!(results[1].as_ref().is_err_and(|reason| reason.contains("out of the tree")), "{results:?}");
    assert_eq!(fs::read_to_string(outside.join("a")).expect("a file"), "old");
}

#[test]
fn leftovers_go_and_temporaries_of_a_living_run_stay() {
    let (_keep, root) = folder(&[("a", "old"), (".caulk-dead.tmp", "x"), ("other.tmp", "y")]);
    let path = root.join("a");
    let staged = stage(&root, &put(&path, "old", "new", 0)).expect("a staged file");
    let temporaries: Vec<PathBuf> = fs::read_dir(&root)
        .expect("a folder")
        .filter_map(Result::ok)
        .filter(|entry| is_temporary(entry.file_name().as_encoded_bytes()))
        .map(|entry| entry.path())
        .collect();
    assert_eq!(temporaries.len(), 2);
    assert_eq!(sweep(&temporaries), [root.join(".caulk-dead.tmp")]);
    assert_eq!(staged.commit(), Ok(()));
    assert_eq!(names(&root), ["a", "other.tmp"]);
}
