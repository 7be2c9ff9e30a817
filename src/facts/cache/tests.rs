use super::*;
use crate::facts::layers::index::Entry;

fn index() -> LayerIndex {
    let mut index = LayerIndex::default();
    index.add("bin/a", Entry::File { executable: true, interpreter: Some("/bin/sh -e".into()) });
    index.add("bin", Entry::Symlink("usr/bin".into()));
    index.add("etc/.wh.b", Entry::Other);
    index.add("opt/.wh..wh..opq", Entry::Other);
    index.add("b", Entry::Hardlink("bin/a".into()));
    index
}

fn digest() -> String {
    format!("sha256:{}", "ab".repeat(32))
}

#[test]
fn what_is_kept_comes_back_in_another_process() {
    let folder = tempfile::tempdir().expect("a folder");
    let cache = || Cache::at(folder.path().to_owned());
    cache().remember_layer(&digest(), &Arc::new(index()));
    assert_eq!(cache().layer(&digest()).as_deref(), Some(&index()));
    cache().keep_tag("ghcr.io/a/b:1", &digest());
    assert_eq!(cache().tag("ghcr.io/a/b:1").map(|(tag, _)| tag.digest), Some(digest()));
    let blob = b"{}";
    cache().keep_blob(&sha256(blob), blob);
    assert_eq!(cache().blob(&sha256(blob)).as_deref(), Some(blob.as_slice()));
    cache().remember_script(&digest(), "a", b"#!/bin/sh\n");
    assert_eq!(cache().script(&digest(), "a").as_deref(), Some(b"#!/bin/sh\n".as_slice()));
    assert_eq!(cache().script(&digest(), "b"), None);
    assert_eq!(clear(folder.path()).expect("it can be cleared"), 4);
    assert_eq!(cache().blob(&sha256(blob)), None);
}

#[test]
fn a_corrupt_entry_is_discarded() {
    let folder = tempfile::tempdir().expect("a folder");
    let cache = Cache::at(folder.path().to_owned());
    cache.keep_blob(&sha256(b"{}"), b"{}");
    cache.keep_tag("a", &digest());
    cache.remember_layer(&digest(), &Arc::new(index()));
    let mut damaged = 0;
    for kind in ["blobs", "tags", "layers"] {
        for entry in fs::read_dir(folder.path().join(VERSION).join(kind)).expect("the folder is there") {
            let path = entry.expect("an entry").path();
            let mut bytes = fs::read(&path).expect("it can be read");
            let last = bytes.len() - 1;
            bytes[last] ^= 1;
            fs::write(&path, bytes).expect("it can be written");
            damaged += 1;
        }
    }
    assert_eq!(damaged, 3);
    let cache = Cache::at(folder.path().to_owned());
    assert_eq!(cache.blob(&sha256(b"{}")), None);
    assert_eq!(cache.tag("a"), None);
    assert_eq!(cache.layer(&digest()), None);
    assert_eq!(clear(folder.path()).expect("it can be cleared"), 0, "they are gone already");
}

#[test]
fn an_entry_under_a_wrong_name_is_not_believed() {
    let folder = tempfile::tempdir().expect("a folder");
    let cache = Cache::at(folder.path().to_owned());
    let other = format!("sha256:{}", "cd".repeat(32));
    cache.remember_layer(&digest(), &Arc::new(index()));
    let layers = folder.path().join(VERSION).join("layers");
    fs::rename(layers.join("ab".repeat(32)), layers.join("cd".repeat(32))).expect("it can be renamed");
    assert_eq!(Cache::at(folder.path().to_owned()).layer(&other), None);
}

#[test]
fn many_writers_leave_one_whole_entry() {
    let folder = tempfile::tempdir().expect("a folder");
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                let cache = Cache::at(folder.path().to_owned());
                for _ in 0..20 {
                    cache.remember_layer(&digest(), &Arc::new(index()));
                    assert_eq!(
                        Cache::at(folder.path().to_owned()).layer(&digest()).as_deref(),
                        Some(&index())
                    );
                }
            });
        }
    });
}

#[test]
fn a_name_with_a_nul_cannot_forge_entries() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut index = index();
    index.add("etc/x\0x\0usr/bin/server", Entry::Folder);
    index.add("etc/.wh.x\0x\0usr/bin/server", Entry::Other);
    Cache::at(folder.path().to_owned()).remember_layer(&digest(), &Arc::new(index));
    let read = Cache::at(folder.path().to_owned()).layer(&digest()).expect("it was kept");
    assert!(!read.entries.contains_key("usr/bin/server"), "{read:?}");
}
