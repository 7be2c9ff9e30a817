//! Repositories of the corpus, unpacked and modelled.

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::Command,
    sync::Arc,
};

use caulk_transforms::{
    model::{Repository, SourceFile},
    path::RepoPath,
    syntax,
};

/// Without `CAULK_FULL`, one archive of so many is looked at.
const ARCHIVES_APART: usize = 4;

/// Tells whether everything is to be built.
pub(crate) fn is_full() -> bool {
    env::var_os("CAULK_FULL").is_some()
}

/// Returns the archives of real repositories; none where the shared data is absent. `CAULK_ONLY` chooses among them by parts
/// of their names, with commas between.
///
/// # Panics
/// If it is absent and `CAULK_REQUIRE_SHARED` is set.
pub(crate) fn archives() -> Vec<PathBuf> {
    let shared = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared");
    let mut found = Vec::new();
    for folder in ["corpus", "cases/snapshots"] {
        let entries = fs::read_dir(shared.join(folder)).into_iter().flatten();
        found.extend(
            entries
                .filter_map(|entry| Some(entry.ok()?.path()))
                .filter(|path| path.extension().is_some_and(|end| end == "gz")),
        );
    }
    found.sort();
    if let Ok(only) = env::var("CAULK_ONLY") {
        found.retain(|path| only.split(',').any(|part| path.to_string_lossy().contains(part)));
    } else if !is_full() {
        found = found.into_iter().step_by(ARCHIVES_APART).collect();
    }
    if found.is_empty() {
        println!("SKIPPED: {} is not there", shared.display());
        assert!(env::var_os("CAULK_REQUIRE_SHARED").is_none(), "CAULK_REQUIRE_SHARED is set");
    }
    found
}

/// Unpacks an archive that has a kustomization; the folder goes with the value.
pub(crate) fn unpack(archive: &Path) -> Option<tempfile::TempDir> {
    let listing = Command::new("tar").arg("-tzf").arg(archive).output().expect("tar runs");
    if !String::from_utf8_lossy(&listing.stdout).contains("kustomization.y") {
        return None;
    }
    let folder = tempfile::tempdir().expect("a folder");
    let status = Command::new("tar").arg("-xzf").arg(archive).arg("-C").arg(folder.path()).status();
    assert!(status.expect("tar runs").success(), "{}", archive.display());
    Some(folder)
}

/// Returns the only folder in a folder, or the folder itself.
pub(crate) fn top(folder: &Path) -> PathBuf {
    let mut entries = fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry").path());
    match (entries.next(), entries.next()) {
        (Some(only), None) if only.is_dir() => only,
        _ => folder.to_owned(),
    }
}

/// Reads every file.
pub(crate) fn model(root: &Path) -> Repository {
    let (mut files, mut others) = (Vec::new(), Vec::new());
    let mut folders = vec![root.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.is_symlink() {
                continue;
            }
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let name = path.strip_prefix(root).expect("a path below").to_string_lossy().into_owned();
            let name = RepoPath::new(&name).expect("a path");
            match parse(&path) {
                Some(stream) => files.push(SourceFile { path: name, stream, protection: None }),
                None => others.push(name),
            }
        }
    }
    Repository::build(files).with_others(others)
}

fn parse(path: &Path) -> Option<Arc<syntax::Stream>> {
    let name = path.file_name()?.to_str()?;
    let is_yaml = [".yaml", ".yml", ".json"].iter().any(|end| name.ends_with(end)) || name == "Kustomization";
    let bytes = if is_yaml { fs::read(path).ok()? } else { return None };
    let text = syntax::decode(bytes).ok()?;
    syntax::parse(text).ok().map(Arc::new)
}
