//! A plan made from a commit's objects is the plan that a checkout gives.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
    time::Instant,
};

use caulk::{
    config::Authority,
    git::Mode,
    read::{Skip, Trouble},
    run::{Run, run, run_tree},
};
use caulk_transforms::path::RepoPath;

use crate::harness::{Work, broken, git, mended, request, say, shared};

/// Everything of a run that anybody could see, but for what only git knows.
fn told(run: &Run) -> Vec<String> {
    let mut told = vec![format!("{} files", run.files)];
    told.extend(
        run.plan
            .changes
            .iter()
            .map(|change| format!("{}\n{}\n->\n{}", change.path, change.before.text(), change.after)),
    );
    told.extend(
        run.plan
            .outcomes
            .iter()
            .map(|outcome| format!("{} {:?} {:?}", outcome.path, outcome.finding, outcome.verdict)),
    );
    told.extend(run.plan.unused.iter().map(|unused| format!("{unused:?}")));
    // Links that lead out of the tree are told of by a walk only where there is something at their end.
    let only_git = |skip: &&Skip| !matches!(skip.trouble, Trouble::Submodule | Trouble::LinkOutside(_));
    told.extend(run.skipped.iter().filter(only_git).map(|skip| format!("{skip:?}")));
    let others: BTreeSet<&RepoPath> = run.repository.others().iter().collect();
    told.extend(others.into_iter().map(RepoPath::to_string));
    told
}

#[track_caller]
fn assert_same(work: &Work, name: &str) -> Run {
    let disk = run(&request(), work.root()).expect("a run");
    let tree = run_tree(&request(), &work.store(), work.head(), &Authority::Own).expect("a run");
    assert_equal(&told(&disk), &told(&tree), name);
    tree
}

#[track_caller]
fn assert_equal(disk: &[String], tree: &[String], name: &str) {
    let differs = disk.iter().zip(tree).find(|(disk, tree)| disk != tree);
    assert_eq!(differs, None, "{name}: the disk's and the commit's");
    assert_eq!(disk.len(), tree.len(), "{name}");
}

#[test]
fn a_commit_gives_the_plan_of_its_checkout() {
    let work = Work::new(&[
        ("apps/a.yaml", &broken()),
        ("apps/excluded/b.yaml", &broken()),
        ("apps/generated/c.yaml", &broken()),
        ("ignored/d.yaml", &broken()),
        ("ignored/.gitignore", "!kept.yaml\n"),
        ("kept/e.yaml", &broken()),
        ("kept/.gitignore", "!e.yaml\n"),
        (".gitignore", "ignored/\ne.yaml\n"),
        (".gitattributes", "apps/generated/* linguist-generated\n"),
        (".caulk.yaml", "exclude: [apps/excluded/]\n"),
        (".github/workflows/ci.yaml", "on: push\n"),
        ("pointer.yaml", "version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 1\n"),
        ("broken.yaml", "a: [\n"),
        ("readme.md", "words\n"),
    ]);
    let run = assert_same(&work, "a repository");
    let changed: Vec<&str> = run.plan.changes.iter().map(|change| change.path.as_str()).collect();
    assert_eq!(changed, ["apps/a.yaml", "kept/e.yaml"]);
    assert_eq!(run.plan.changes[0].after, mended());
    assert!(run.skipped.iter().any(|skip| skip.trouble == Trouble::Pointer), "{:?}", run.skipped);
    assert_eq!(run.tree.mode(&RepoPath::new("apps/a.yaml").expect("a path")), Some(Mode::File));
}

#[test]
fn dockerfiles_and_compose_files_are_read_from_the_commit() {
    let manifest = broken().replace("ghcr.io/goauthentik/server:2024.12.1", "acme/app:1");
    let work = Work::new(&[
        ("app.yaml", &manifest),
        ("image/Dockerfile", "FROM scratch\nENTRYPOINT [\"/bin/acme\"]\nCMD [\"server\"]\n"),
        ("compose.yaml", "services:\n  app:\n    image: acme/app:1\n    build: image\n"),
    ]);
    let run = assert_same(&work, "a build");
    assert_eq!(run.plan.changes.len(), 1, "{:?}", run.plan.outcomes);
    // The commit counts, whatever has become of the work tree since.
    fs::remove_dir_all(work.path("image")).expect("a folder to remove");
    let run = run_tree(&request(), &work.store(), work.head(), &Authority::Own).expect("a run");
    assert_eq!(run.plan.changes.len(), 1);
}

#[test]
fn a_folder_or_a_file_of_a_commit_can_be_asked_about() {
    let work = Work::new(&[
        ("a/x.yaml", &broken()),
        ("a-b/y.yaml", &broken()),
        ("out/z.yaml", &broken()),
        (".gitignore", "out/"),
    ]);
    let changed = |paths: &[&str]| {
        let mut request = request();
        request.paths = paths.iter().map(PathBuf::from).collect();
        let run = run_tree(&request, &work.store(), work.head(), &Authority::Own).expect("a run");
        let changed: Vec<String> = run.plan.changes.iter().map(|change| change.path.to_string()).collect();
        (changed, run.skipped)
    };
    assert_eq!(changed(&["a"]), (vec!["a/x.yaml".to_owned()], Vec::new()));
    assert_eq!(changed(&["out/z.yaml"]), (vec!["out/z.yaml".to_owned()], Vec::new()));
    assert_eq!(changed(&["a", "b"]).1, [Skip::new("b", Trouble::Missing)]);
    assert_eq!(changed(&["../etc"]).1, [Skip::new("../etc", Trouble::Missing)]);
}

#[cfg(unix)]
#[test]
fn links_submodules_and_odd_names_are_passed_over() {
    use std::{
        ffi::OsStr,
        os::unix::{ffi::OsStrExt as _, fs::symlink},
    };
    let work = Work::new(&[("real.yaml", &broken())]);
    symlink("/etc/hostname", work.path("out.yaml")).expect("a link");
    symlink("real.yaml", work.path("in.yaml")).expect("a link");
    fs::write(work.root().join(OsStr::from_bytes(b"odd\xff.yaml")), broken()).expect("a file");
    work.git(&["add", "."]);
    let head = work.head().to_string();
    work.git(&["update-index", "--add", "--cacheinfo", &format!("160000,{head},sub")]);
    work.git(&["commit", "--quiet", "--message", "odd things"]);
    let run = run_tree(&request(), &work.store(), work.head(), &Authority::Own).expect("a run");
    let skipped: Vec<(&str, &str)> =
        run.skipped.iter().map(|skip| (skip.path.as_str(), skip.trouble.kind())).collect();
    assert_eq!(skipped, [("odd\u{fffd}.yaml", "name"), ("out.yaml", "link-outside"), ("sub", "submodule")]);
    assert_eq!(run.plan.changes.len(), 1);
}

#[test]
fn a_damaged_repository_is_an_error_and_no_panic() {
    let work = Work::new(&[("a/x.yaml", &broken())]);
    let blob = work.git(&["rev-parse", "HEAD:a/x.yaml"]);
    fs::remove_file(work.path(&format!(".git/objects/{}/{}", &blob[..2], &blob[2..]))).expect("a blob");
    let run = run_tree(&request(), &work.store(), work.head(), &Authority::Own).expect("a run");
    assert!(
        matches!(run.skipped.as_slice(), [Skip { trouble: Trouble::Unreadable(_), .. }]),
        "{:?}",
        run.skipped
    );
    let folder = work.git(&["rev-parse", "HEAD:a"]);
    fs::remove_file(work.path(&format!(".git/objects/{}/{}", &folder[..2], &folder[2..]))).expect("a tree");
    let error = run_tree(&request(), &work.store(), work.head(), &Authority::Own).expect_err("no folder");
    assert!(format!("{error:#}").contains("the folder `a` of the commit is missing"), "{error:#}");
}

/// A tree of ten names for the same tree of ten names, and so on, is small and holds 10^10 files.
#[test]
fn a_tree_that_multiplies_itself_is_refused() {
    let work = Work::new(&[("x.yaml", "a: 1\n")]);
    let mut entry = format!("100644 blob {}", work.git(&["rev-parse", "HEAD:x.yaml"]));
    for _ in 0..10 {
        let lines: String = (0..10).map(|number| format!("{entry}\tn{number}\n")).collect();
        fs::write(work.path("lines"), lines).expect("a file");
        let made = std::process::Command::new("git")
            .current_dir(work.root())
            .arg("mktree")
            .stdin(fs::File::open(work.path("lines")).expect("a file"))
            .output()
            .expect("git runs");
        entry = format!("040000 tree {}", String::from_utf8_lossy(&made.stdout).trim_end());
    }
    let tree = entry.rsplit(' ').next().expect("a name");
    let commit = work.git(&["commit-tree", "-m", "many", tree]).parse().expect("a commit");
    let error = run_tree(&request(), &work.store(), commit, &Authority::Own).expect_err("too many");
    assert!(format!("{error:#}").contains("more than 1000000"), "{error:#}");
}

#[test]
fn the_configuration_of_a_commit_may_only_narrow_a_trusted_one() {
    let own = "cluster-domain: own.example\nexclude: [b.yaml, '!c.yaml']\nrules:\n  entrypoint-repeated: {enabled: true}\n";
    let work = Work::new(&[
        ("a.yaml", &broken()),
        ("b.yaml", &broken()),
        ("c.yaml", &broken()),
        (".caulk.yaml", own),
    ]);
    let changed = |authority: &Authority| {
        let run = run_tree(&request(), &work.store(), work.head(), authority).expect("a run");
        let changed: Vec<String> = run.plan.changes.iter().map(|change| change.path.to_string()).collect();
        (changed, run.disregarded)
    };
    assert_eq!(changed(&Authority::Own).0, ["a.yaml", "c.yaml"]);
    let trusted = |text: &str| Authority::Trusted { text: text.to_owned(), name: "central".to_owned() };
    let (files, disregarded) = changed(&trusted("cluster-domain: central.example\nexclude: [c.yaml]\n"));
    assert_eq!(files, ["a.yaml"]);
    assert_eq!(disregarded.len(), 3, "{disregarded:?}");
    assert_eq!(changed(&trusted("rules: {entrypoint-overridden: {enabled: false}}\n")).0, [""; 0]);
    let wrong = run_tree(&request(), &work.store(), work.head(), &trusted("rulez: {}\n")).expect_err("wrong");
    assert!(format!("{wrong:#}").starts_with("central:1: "), "{wrong:#}");
}

fn archives(folder: &Path) -> Vec<PathBuf> {
    let mut found: Vec<PathBuf> =
        fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry").path()).collect();
    found.retain(|path| path.to_string_lossy().ends_with(".tar.gz"));
    found.sort();
    found
}

fn compare(archive: &Path) {
    let name = archive.file_name().expect("a name").to_string_lossy().into_owned();
    let work = Work::unpacked(archive);
    let bare = tempfile::tempdir().expect("a folder");
    git(bare.path(), &["clone", "--quiet", "--bare", "--no-local", &work.root().to_string_lossy(), "."]);
    let begun = Instant::now();
    let disk = run(&request(), work.root()).expect("a run");
    let (on_disk, begun) = (begun.elapsed(), Instant::now());
    let store = caulk::git::Store::open(bare.path()).expect("a repository");
    let tree = run_tree(&request(), &store.into(), work.head(), &Authority::Own).expect("a run");
    say(&format!("{name}: {} files, disk {on_disk:.2?}, objects {:.2?}", disk.files, begun.elapsed()));
    assert_equal(&told(&disk), &told(&tree), &name);
}

#[test]
fn some_of_the_corpus_gives_the_same_plan_from_bare_repositories() {
    let Some(shared) = shared() else { return };
    archives(&shared.join("corpus")).iter().step_by(12).for_each(|archive| compare(archive));
}

/// Minutes in a debug build; `cargo test --release --test git -- --ignored`.
#[test]
#[ignore = "all of the corpus takes long; some of it is looked at in every run"]
fn all_of_the_corpus_gives_the_same_plan_from_bare_repositories() {
    let Some(shared) = shared() else { return };
    archives(&shared.join("corpus")).iter().for_each(|archive| compare(archive));
}
