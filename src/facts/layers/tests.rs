use std::{cell::Cell, collections::BTreeMap, io::Write as _};

use sha2::{Digest as _, Sha256};

use super::{super::cache::Cache, *};

/// A file of a layer that a test makes.
enum Made<'a> {
    Program(&'a str),
    Script(&'a str, &'a str),
    Plain(&'a str),
    Folder(&'a str),
    Link(&'a str, &'a str),
    Hard(&'a str, &'a str),
}
use Made::{Folder, Hard, Link, Plain, Program, Script};

fn tar_of(files: &[Made<'_>]) -> Vec<u8> {
    let mut archive = tar::Builder::new(Vec::new());
    for file in files {
        let mut header = tar::Header::new_gnu();
        header.set_mode(0o755);
        header.set_size(0);
        let appended = match file {
            Program(path) => {
                header.set_size(4);
                archive.append_data(&mut header, path, b"\x7fELF".as_slice())
            }
            Script(path, text) => {
                header.set_size(text.len() as u64);
                archive.append_data(&mut header, path, text.as_bytes())
            }
            Plain(path) => {
                header.set_mode(0o644);
                archive.append_data(&mut header, path, b"".as_slice())
            }
            Folder(path) => {
                header.set_entry_type(tar::EntryType::Directory);
                archive.append_data(&mut header, path, b"".as_slice())
            }
            Link(path, target) | Hard(path, target) => {
                let hard = matches!(file, Hard(..));
                header.set_entry_type(if hard { tar::EntryType::Link } else { tar::EntryType::Symlink });
                archive.append_link(&mut header, path, target)
            }
        };
        appended.expect("the entry is made");
    }
    archive.into_inner().expect("the archive is made")
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(bytes).expect("it is packed");
    encoder.finish().expect("it is packed")
}

#[derive(Default)]
struct Shelf {
    blobs: BTreeMap<String, Vec<u8>>,
    opened: Cell<usize>,
    ranges: Cell<usize>,
}

impl Shelf {
    fn put(&mut self, bytes: Vec<u8>) -> Descriptor {
        let digest = format!("sha256:{}", toc::hex(&Sha256::digest(&bytes)));
        let size = bytes.len() as u64;
        self.blobs.insert(digest.clone(), bytes);
        Descriptor { media_type: String::new(), digest, size, annotations: BTreeMap::new(), platform: None }
    }
}

impl Blobs for Shelf {
    fn open(&self, layer: &Descriptor) -> Result<Box<dyn Read + '_>, Trouble> {
        self.opened.set(self.opened.get() + 1);
        let bytes = self.blobs.get(&layer.digest).ok_or(Trouble::NotFound("shelf".to_owned()))?;
        Ok(Box::new(bytes.as_slice()))
    }

    fn range(&self, layer: &Descriptor, from: u64, length: u64) -> Result<Option<Vec<u8>>, Trouble> {
        self.ranges.set(self.ranges.get() + 1);
        let bytes = self.blobs.get(&layer.digest).ok_or(Trouble::NotFound("shelf".to_owned()))?;
        let from = usize::try_from(from).unwrap_or(usize::MAX);
        Ok(bytes.get(from..from + usize::try_from(length).unwrap_or(0)).map(<[u8]>::to_vec))
    }
}

fn wish(programs: &[&str]) -> Wish {
    let programs = programs.iter().map(|program| (*program).to_owned()).collect();
    Wish { programs, path: "/usr/local/bin:/usr/bin:/bin".to_owned(), script: None }
}

fn look(shelf: &Shelf, layers: &[Descriptor], program: &str) -> Result<Found, Trouble> {
    let mut told = search(shelf, &Cache::default(), layers, &wish(&[program]), Limits::default());
    told.programs.remove(program).expect("it was asked")
}

fn image(layers: &[&[Made<'_>]]) -> (Shelf, Vec<Descriptor>) {
    let mut shelf = Shelf::default();
    let layers = layers.iter().map(|files| shelf.put(gzip(&tar_of(files)))).collect();
    (shelf, layers)
}

fn absent(layers: usize) -> Result<Found, Trouble> {
    Ok(Found::Absent { not_executable: None, layers })
}

fn at(path: &str) -> Result<Found, Trouble> {
    Ok(Found::At(path.to_owned()))
}

#[test]
fn a_program_is_found_in_any_layer_and_its_absence_needs_all() {
    let (shelf, layers) = image(&[&[Program("usr/bin/ls")], &[Program("usr/local/bin/ak")]]);
    assert_eq!(look(&shelf, &layers, "ak"), at("/usr/local/bin/ak"));
    assert_eq!(shelf.opened.get(), 1, "the last layer is enough");
    assert_eq!(look(&shelf, &layers, "ls"), at("/usr/bin/ls"));
    assert_eq!(look(&shelf, &layers, "server"), absent(2));
    assert_eq!(look(&shelf, &layers, "/usr/bin/ls"), at("/usr/bin/ls"));
    assert_eq!(look(&shelf, &layers, "/opt/ls"), absent(2));
}

#[test]
fn symbolic_links_lead_through_the_layers() {
    let (shelf, layers) = image(&[
        &[
            Folder("usr/bin"),
            Link("bin", "usr/bin"),
            Program("usr/bin/busybox"),
            Link("usr/bin/sh", "/bin/busybox"),
        ],
        &[
            Link("usr/local/bin/tool", "../../../opt/tool"),
            Program("opt/tool"),
            Link("usr/bin/loop", "loop"),
            Hard("usr/bin/ash", "usr/bin/busybox"),
        ],
    ]);
    assert_eq!(look(&shelf, &layers, "sh"), at("/usr/bin/sh"));
    assert_eq!(look(&shelf, &layers, "/bin/busybox"), at("/bin/busybox"));
    assert_eq!(look(&shelf, &layers, "tool"), at("/usr/local/bin/tool"));
    assert_eq!(look(&shelf, &layers, "ash"), at("/usr/bin/ash"));
    assert_eq!(look(&shelf, &layers, "loop"), absent(2));
}

#[test]
fn whiteouts_and_opaque_folders_hide_lower_layers_only() {
    let (shelf, layers) = image(&[
        &[
            Program("usr/bin/a"),
            Program("usr/bin/b"),
            Program("bin/c"),
            Program("usr/local/bin/d"),
            Program("usr/local/bin/f"),
        ],
        &[Plain("usr/bin/.wh.a"), Program("usr/bin/e"), Plain("bin/.wh..wh..opq"), Program("bin/g")],
        // The folder is removed and made anew, so that what was in it is gone.
        &[Plain("usr/local/.wh.bin"), Folder("usr/local/bin"), Program("usr/local/bin/d")],
    ]);
    for (program, expected) in [
        ("a", absent(3)),
        ("b", at("/usr/bin/b")),
        ("c", absent(3)),
        ("d", at("/usr/local/bin/d")),
        ("e", at("/usr/bin/e")),
        ("f", absent(3)),
        ("g", at("/bin/g")),
    ] {
        assert_eq!(look(&shelf, &layers, program), expected, "{program}");
    }
}

#[test]
fn a_folder_that_was_replaced_by_a_link_or_a_file_hides_what_was_in_it() {
    let (shelf, layers) = image(&[
        &[Program("usr/bin/a"), Program("bin/b"), Program("opt/a")],
        &[Link("usr/bin", "../opt"), Plain("bin")],
    ]);
    assert_eq!(look(&shelf, &layers, "a"), at("/usr/bin/a"));
    assert_eq!(look(&shelf, &layers, "b"), absent(2));
    let (shelf, layers) = image(&[&[Program("usr/bin/a")], &[Link("usr/bin", "../opt")]]);
    assert_eq!(look(&shelf, &layers, "a"), absent(2));
}

#[test]
fn a_file_without_the_executable_bit_is_no_program() {
    let (shelf, layers) =
        image(&[&[Program("usr/bin/a"), Plain("usr/bin/b"), Program("bin/b")], &[Plain("usr/bin/a")]]);
    let not_executable = Some("/usr/bin/a".to_owned());
    assert_eq!(look(&shelf, &layers, "a"), Ok(Found::Absent { not_executable, layers: 2 }));
    assert_eq!(look(&shelf, &layers, "b"), at("/bin/b"), "the search goes on along PATH");
}

#[test]
fn a_script_needs_its_interpreter() {
    let (shelf, layers) = image(&[
        &[Program("bin/sh"), Program("usr/bin/env")],
        &[
            Script("bin/a", "#!/bin/sh -e\n"),
            Script("bin/b", "#!/usr/bin/python3\n"),
            Script("bin/c", "#!/usr/bin/env -S ruby\n"),
        ],
    ]);
    assert_eq!(look(&shelf, &layers, "a"), at("/bin/a"));
    let without = |path: &str, interpreter: &str| {
        Ok(Found::WithoutInterpreter { path: path.to_owned(), interpreter: interpreter.to_owned() })
    };
    assert_eq!(look(&shelf, &layers, "b"), without("/bin/b", "/usr/bin/python3"));
    assert_eq!(look(&shelf, &layers, "c"), without("/bin/c", "ruby"));
}

#[test]
fn the_text_of_a_script_is_read_on_the_way() {
    let text = "#!/bin/sh\nexec \"$@\"\n";
    let (shelf, layers) =
        image(&[&[Program("bin/sh"), Script("bin/run.sh", "#!/bin/sh\n")], &[Script("bin/run.sh", text)]]);
    let cache = Cache::default();
    let wish = Wish { script: Some("run.sh".to_owned()), ..wish(&["server"]) };
    let told = search(&shelf, &cache, &layers, &wish, Limits::default());
    assert_eq!(told.script.as_deref(), Some(text));
    assert_eq!(told.programs.get("server"), Some(&absent(2)));
    // The indexes are known now; the script itself is read anew.
    let told = search(&shelf, &cache, &layers, &wish, Limits::default());
    assert_eq!(told.script.as_deref(), Some(text));
    let plain = Wish { script: Some("sh".to_owned()), ..Wish::clone(&wish) };
    assert_eq!(
        search(&shelf, &cache, &layers, &plain, Limits::default()).script,
        None,
        "a program is no script"
    );
}

#[test]
fn every_compression_is_read() {
    let archive = tar_of(&[Program("usr/bin/a")]);
    let zstd =
        ruzstd::encoding::compress_to_vec(archive.as_slice(), ruzstd::encoding::CompressionLevel::Fastest);
    // A second frame and one that is skipped, as zstd:chunked writes them.
    let mut frames =
        ruzstd::encoding::compress_to_vec(&archive[..512], ruzstd::encoding::CompressionLevel::Fastest);
    frames.extend([0x50, 0x2a, 0x4d, 0x18, 3, 0, 0, 0, 1, 2, 3]);
    frames.extend(ruzstd::encoding::compress_to_vec(
        &archive[512..],
        ruzstd::encoding::CompressionLevel::Fastest,
    ));
    for bytes in [archive.clone(), gzip(&archive), zstd, frames] {
        let mut shelf = Shelf::default();
        let layers = [shelf.put(bytes)];
        assert_eq!(look(&shelf, &layers, "a"), at("/usr/bin/a"));
        assert_eq!(look(&shelf, &layers, "b"), absent(1));
    }
}

#[test]
fn a_search_that_ends_early_never_says_absent() {
    let (shelf, layers) = image(&[&[Program("usr/bin/a")], &[Program("usr/bin/b")]]);
    let budget = |compressed| Limits { compressed, ..Limits::default() };
    let ask = |limits: Limits| {
        search(&shelf, &Cache::default(), &layers, &wish(&["server"]), limits).programs.remove("server")
    };
    assert!(matches!(ask(budget(100)), Some(Err(Trouble::Capped(_)))));
    let few = Limits { layer: Bounds { entries: 0, ..Bounds::default() }, ..Limits::default() };
    assert!(matches!(ask(few), Some(Err(Trouble::Capped(_)))));
    let mut damaged = Shelf::default();
    let mut layer = damaged.put(gzip(&tar_of(&[Program("usr/bin/a")])));
    let cut = damaged.blobs[&layer.digest][..40].to_vec();
    damaged.blobs.insert(layer.digest.clone(), cut);
    assert!(look(&damaged, &[layer.clone()], "server").is_err());
    let other = damaged.put(gzip(&tar_of(&[Program("usr/bin/x")])));
    layer.digest = format!("sha256:{}", "0".repeat(64));
    let bytes = damaged.blobs[&other.digest].clone();
    damaged.blobs.insert(layer.digest.clone(), bytes);
    assert!(matches!(look(&damaged, &[layer], "server"), Err(Trouble::Digest(..))));
}

#[test]
fn a_bomb_is_no_layer() {
    // A gigabyte of zeros in one file, which packs to a megabyte.
    let mut header = tar::Header::new_gnu();
    header.set_size(1 << 30);
    header.set_mode(0o644);
    header.set_path("zeros").expect("a path");
    header.set_cksum();
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(header.as_bytes()).expect("it is packed");
    let zeros = vec![0_u8; 1 << 20];
    for _ in 0..64 {
        encoder.write_all(&zeros).expect("it is packed");
    }
    let mut shelf = Shelf::default();
    let layers = [shelf.put(encoder.finish().expect("it is packed"))];
    let limits = Limits { layer: Bounds { unpacked: 32 << 20, ..Bounds::default() }, ..Limits::default() };
    let told = search(&shelf, &Cache::default(), &layers, &wish(&["server"]), limits);
    assert!(matches!(told.programs.get("server"), Some(Err(Trouble::Capped(_)))), "{told:?}");
}

#[test]
fn a_long_name_beyond_all_measure_is_refused() {
    let mut header = tar::Header::new_gnu();
    header.set_entry_type(tar::EntryType::GNULongName);
    header.set_size(1 << 33);
    header.set_cksum();
    let mut shelf = Shelf::default();
    let layers = [shelf.put(header.as_bytes().to_vec())];
    assert!(matches!(look(&shelf, &layers, "a"), Err(Trouble::TooLarge(..))));
}

#[test]
fn names_longer_than_a_header_are_read() {
    let long = format!("usr/bin/{}/{}", "x".repeat(120), "y".repeat(120));
    let (shelf, layers) = image(&[&[Program(&long), Link("usr/bin/short", &format!("/{long}"))]]);
    assert_eq!(look(&shelf, &layers, "short"), at("/usr/bin/short"));
}

const TOC: &str = r#"{"version":1,"entries":[{"name":"usr/","type":"dir","mode":493},{"name":"usr/bin/","type":"dir","mode":493},
    {"name":"usr/bin/a","type":"reg","size":4,"mode":493},
    {"name":"usr/bin/b","type":"symlink","linkName":"a","mode":511},{"name":"usr/bin/.wh.c","type":"reg","mode":420}]}"#;

fn table_of_estargz(shelf: &mut Shelf) -> Descriptor {
    let mut archive = tar::Builder::new(Vec::new());
    let mut header = tar::Header::new_gnu();
    header.set_size(TOC.len() as u64);
    archive.append_data(&mut header, "stargz.index.json", TOC.as_bytes()).expect("it is made");
    let mut blob = gzip(&tar_of(&[Program("usr/bin/a")]));
    let offset = blob.len();
    blob.extend(gzip(&archive.into_inner().expect("it is made")));
    // An empty gzip member with an extra field of 26 bytes.
    blob.extend([0x1f, 0x8b, 8, 4, 0, 0, 0, 0, 0, 255, 26, 0, b'S', b'G', 22, 0]);
    blob.extend(format!("{offset:016x}STARGZ").bytes());
    blob.extend([1, 0, 0, 255, 255, 0, 0, 0, 0, 0, 0, 0, 0]);
    let mut layer = shelf.put(blob);
    let digest = format!("sha256:{}", toc::hex(&Sha256::digest(TOC)));
    layer.annotations.insert("containerd.io/snapshot/stargz/toc.digest".to_owned(), digest);
    layer
}

#[test]
fn an_estargz_layer_is_listed_without_its_download() {
    let mut shelf = Shelf::default();
    let base = shelf.put(gzip(&tar_of(&[Program("usr/bin/c"), Program("usr/bin/d")])));
    let layer = table_of_estargz(&mut shelf);
    let layers = [base, layer];
    assert_eq!(look(&shelf, &layers, "b"), at("/usr/bin/b"));
    assert_eq!((shelf.opened.get(), shelf.ranges.get()), (0, 2));
    assert_eq!(look(&shelf, &layers, "c"), absent(2));
    assert_eq!(look(&shelf, &layers, "d"), at("/usr/bin/d"));
}

#[test]
fn a_table_that_the_manifest_does_not_vouch_for_is_not_believed() {
    let mut shelf = Shelf::default();
    let mut layer = table_of_estargz(&mut shelf);
    layer
        .annotations
        .insert("containerd.io/snapshot/stargz/toc.digest".to_owned(), format!("sha256:{}", "0".repeat(64)));
    // The layer itself is read instead; it has no link.
    assert!(look(&shelf, &[layer], "b").is_err() || shelf.opened.get() == 1);
    assert_eq!(shelf.opened.get(), 1);
}

#[test]
fn a_chunked_layer_is_listed_without_its_download() {
    let mut shelf = Shelf::default();
    let level = ruzstd::encoding::CompressionLevel::Fastest;
    let mut blob = ruzstd::encoding::compress_to_vec(tar_of(&[Program("usr/bin/a")]).as_slice(), level);
    let table = ruzstd::encoding::compress_to_vec(TOC.as_bytes(), level);
    let position = format!("{}:{}:{}:1", blob.len() + 8, table.len(), TOC.len());
    blob.extend([0x50, 0x2a, 0x4d, 0x18]);
    blob.extend(u32::try_from(table.len()).expect("it is small").to_le_bytes());
    blob.extend(&table);
    let mut layer = shelf.put(blob);
    let note = |name: &str| format!("io.github.containers.zstd-chunked.manifest-{name}");
    layer.annotations.insert(note("position"), position);
    layer.annotations.insert(note("checksum"), format!("sha256:{}", toc::hex(&Sha256::digest(&table))));
    assert_eq!(look(&shelf, &[layer.clone()], "b"), at("/usr/bin/b"));
    assert_eq!(shelf.opened.get(), 0);
    layer.annotations.clear();
    assert_eq!(look(&shelf, &[layer], "a"), at("/usr/bin/a"), "it is an ordinary layer, too");
}
