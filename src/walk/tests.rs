use std::{fs, path::Path};

use super::*;

fn tree(files: &[(&str, &str)]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    for (name, text) in files {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().expect("a parent")).expect("folders");
        fs::write(path, text).expect("a file");
    }
    folder
}

fn names(folder: &Path, asked: &[&str], exclude: &[&str]) -> Vec<String> {
    let asked: Vec<PathBuf> = asked.iter().map(PathBuf::from).collect();
    let (tree, _) = Tree::find(&asked, folder);
    let exclude: Vec<String> = exclude.iter().map(|&line| line.to_owned()).collect();
    let listing = list(&tree, &exclude, 2).expect("a listing");
    let mark = |file: &Candidate| match (&file.protection, file.asked) {
        (Some(protection), _) => format!("{}: {}", file.path, protection.reason()),
        (None, false) => format!("{} (context)", file.path),
        (None, true) => file.path.to_string(),
    };
    listing.files.iter().map(mark).collect()
}

#[test]
fn yaml_is_listed_and_the_forge_and_git_are_not() {
    let folder = tree(&[
        ("b.yml", ""),
        ("a/x.yaml", ""),
        (".kube/y.yaml", ""),
        ("Kustomization", ""),
        (".github/workflows/ci.yaml", ""),
        (".git/z.yaml", ""),
        ("readme.md", ""),
        (".caulk.yaml", ""),
    ]);
    assert_eq!(names(folder.path(), &["."], &[]), [".kube/y.yaml", "Kustomization", "a/x.yaml", "b.yml"]);
}

#[test]
fn what_git_ignores_is_left_out_unless_it_is_named() {
    let folder = tree(&[(".git/HEAD", ""), (".gitignore", "out/\n"), ("out/x.yaml", ""), ("y.yaml", "")]);
    assert_eq!(names(folder.path(), &["."], &[]), ["y.yaml"]);
    assert_eq!(names(folder.path(), &["out/x.yaml"], &[]), ["out/x.yaml", "y.yaml (context)"]);
}

#[test]
fn a_repository_is_context_and_a_heap_of_files_is_not() {
    let files = [("apps/x.yaml", ""), ("base/y.yaml", "")];
    let heap = tree(&files);
    assert_eq!(names(heap.path(), &["apps"], &[]), ["x.yaml"]);
    let repository = tree(&files);
    fs::write(repository.path().join(".caulk.yaml"), "").expect("a file");
    assert_eq!(names(repository.path(), &["apps"], &[]), ["apps/x.yaml", "base/y.yaml (context)"]);
}

#[test]
fn excluded_generated_and_vendored_files_are_protected() {
    let folder = tree(&[
        ("vendor/x.yaml", ""),
        ("gen/y.yaml", ""),
        ("gen/kept.yaml", ""),
        ("third/z.yaml", ""),
        (".gitattributes", "gen/** linguist-generated=true\nthird/** linguist-vendored\n"),
        ("gen/.gitattributes", "kept.yaml -linguist-generated\n"),
    ]);
    assert_eq!(
        names(folder.path(), &["."], &["vendor/"]),
        [
            "gen/kept.yaml",
            "gen/y.yaml: the file is generated (linguist-generated in .gitattributes): mend its source",
            "third/z.yaml: the file is vendored (linguist-vendored in .gitattributes): mend it where it comes from",
            "vendor/x.yaml: the configuration excludes this file",
        ]
    );
}

#[cfg(unix)]
#[test]
fn links_are_never_followed() {
    let outside = tree(&[("secret.yaml", "a: 1\n")]);
    let folder = tree(&[("real.yaml", "")]);
    let link = |target: &Path, name: &str| {
        std::os::unix::fs::symlink(target, folder.path().join(name)).expect("a link");
    };
    link(&outside.path().join("secret.yaml"), "out.yaml");
    link(Path::new("real.yaml"), "in.yaml");
    link(Path::new("nowhere.yaml"), "dangling.yaml");
    link(outside.path(), "folder");
    link(Path::new("."), "loop");
    let (tree, none) = Tree::find(&[PathBuf::from(".")], folder.path());
    assert!(none.is_empty());
    let listing = list(&tree, &[], 2).expect("a listing");
    assert_eq!(listing.files.len(), 1);
    let skipped: Vec<&str> = listing.skipped.iter().map(|skip| skip.path.as_str()).collect();
    assert_eq!(skipped, ["folder", "out.yaml"]);

    let (_, refused) = Tree::find(&[PathBuf::from("out.yaml")], folder.path());
    assert!(matches!(refused.as_slice(), [Skip { trouble: Trouble::LinkOutside(_), .. }]), "{refused:?}");
    let (tree, none) = Tree::find(&[PathBuf::from("in.yaml")], folder.path());
    assert!(none.is_empty());
    assert_eq!(list(&tree, &[], 1).expect("a listing").files[0].path.as_str(), "real.yaml");
}

#[test]
fn what_is_not_there_is_told() {
    let folder = tree(&[]);
    let (_, skipped) = Tree::find(&[PathBuf::from("nowhere")], folder.path());
    assert_eq!(skipped, [Skip::new("nowhere", Trouble::Missing)]);
}
