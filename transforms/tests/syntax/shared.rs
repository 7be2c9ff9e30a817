//! The data shared between projects, read in place.

use std::io::Read;
use std::path::{Path, PathBuf};

/// Returns a path below the shared folder. Absent data skips the test loudly, or fails it if it is required.
pub(crate) fn shared(path: &str) -> Option<PathBuf> {
    let full = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared").join(path);
    if full.exists() {
        return Some(full);
    }
    assert!(
        std::env::var_os("CAULK_REQUIRE_SHARED").is_none(),
        "shared data is required: {}",
        full.display()
    );
    eprintln!("SKIPPED: no shared data at {}", full.display());
    None
}

/// Returns the archives of the corpus in a fixed order.
pub(crate) fn archives() -> Option<Vec<PathBuf>> {
    let folder = shared("corpus")?;
    let entries = std::fs::read_dir(folder).expect("the corpus lists its archives");
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.expect("an entry").path()).collect();
    paths.sort();
    Some(paths)
}

/// Reads the files of a `.tar.gz` whose names satisfy `wanted`.
pub(crate) fn archive(path: &Path, wanted: impl Fn(&str) -> bool) -> Vec<(String, Vec<u8>)> {
    let file = std::fs::File::open(path).expect("the archive opens");
    let mut archive = tar::Archive::new(flate2::read::GzDecoder::new(file));
    let mut files = Vec::new();
    for entry in archive.entries().expect("the archive lists its entries") {
        let mut entry = entry.expect("an entry");
        let name = entry.path().expect("a path").to_string_lossy().into_owned();
        if entry.header().entry_type().is_file() && wanted(&name) {
            let mut bytes = Vec::new();
            entry.read_to_end(&mut bytes).expect("the entry reads");
            files.push((name, bytes));
        }
    }
    files
}
