//! Makes images for tests: layers, configurations and manifests, as an OCI layout or as blobs for a server.

#![allow(dead_code, reason = "each test binary uses a part of this")]

use std::{collections::BTreeMap, fs, io::Write as _, path::Path};

use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

/// A file of a layer.
#[derive(Debug, Clone)]
pub(crate) enum File {
    /// An executable file with its content.
    Program(String, Vec<u8>),
    /// A file that nobody may execute.
    Plain(String, Vec<u8>),
    /// A symbolic link and its target.
    Link(String, String),
}

/// Makes an executable file.
pub(crate) fn program(path: &str, content: impl AsRef<[u8]>) -> File {
    File::Program(path.to_owned(), content.as_ref().to_vec())
}

/// Makes a symbolic link.
pub(crate) fn link(path: &str, target: &str) -> File {
    File::Link(path.to_owned(), target.to_owned())
}

/// How a layer is packed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Packing {
    Gzip,
    Zstd,
    /// With a table of contents that the manifest vouches for.
    Estargz,
}

/// An image that is to be made.
#[derive(Debug, Clone, Default)]
pub(crate) struct Image {
    pub(crate) entrypoint: Vec<String>,
    pub(crate) cmd: Vec<String>,
    pub(crate) path: Option<String>,
    pub(crate) layers: Vec<(Packing, Vec<File>)>,
    pub(crate) architecture: Option<String>,
}

/// Blobs by their digests.
pub(crate) type Blobs = BTreeMap<String, Vec<u8>>;

pub(crate) const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
pub(crate) const INDEX: &str = "application/vnd.oci.image.index.v1+json";

pub(crate) fn words(text: &str) -> Vec<String> {
    text.split_whitespace().map(str::to_owned).collect()
}

/// Makes an image with one layer.
pub(crate) fn image(entrypoint: &str, cmd: &str, files: Vec<File>) -> Image {
    Image {
        entrypoint: words(entrypoint),
        cmd: words(cmd),
        path: Some("/lifecycle:/usr/local/bin:/usr/bin:/bin".to_owned()),
        layers: vec![(Packing::Gzip, files)],
        architecture: None,
    }
}

pub(crate) fn digest(bytes: &[u8]) -> String {
    let mut text = "sha256:".to_owned();
    for byte in Sha256::digest(bytes) {
        text.push_str(&format!("{byte:02x}"));
    }
    text
}

pub(crate) fn put(blobs: &mut Blobs, bytes: Vec<u8>) -> String {
    let digest = digest(&bytes);
    blobs.insert(digest.clone(), bytes);
    digest
}

fn tar(files: &[File]) -> Vec<u8> {
    let mut archive = tar::Builder::new(Vec::new());
    for file in files {
        let mut header = tar::Header::new_gnu();
        header.set_mode(0o755);
        match file {
            File::Program(path, content) | File::Plain(path, content) => {
                if matches!(file, File::Plain(..)) {
                    header.set_mode(0o644);
                }
                header.set_size(content.len() as u64);
                archive.append_data(&mut header, path, content.as_slice()).expect("a file");
            }
            File::Link(path, target) => {
                header.set_entry_type(tar::EntryType::Symlink);
                header.set_size(0);
                archive.append_link(&mut header, path, target).expect("a link");
            }
        }
    }
    archive.into_inner().expect("an archive")
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(bytes).expect("it is packed");
    encoder.finish().expect("it is packed")
}

/// Packs a layer and returns it with its media type and annotations.
fn pack(packing: Packing, files: &[File]) -> (Vec<u8>, &'static str, Value) {
    let archive = tar(files);
    match packing {
        Packing::Gzip => (gzip(&archive), "application/vnd.oci.image.layer.v1.tar+gzip", json!({})),
        Packing::Zstd => {
            let level = ruzstd::encoding::CompressionLevel::Fastest;
            let bytes = ruzstd::encoding::compress_to_vec(archive.as_slice(), level);
            (bytes, "application/vnd.oci.image.layer.v1.tar+zstd", json!({}))
        }
        Packing::Estargz => {
            let (bytes, toc) = estargz(&archive, files);
            let annotations = json!({ "containerd.io/snapshot/stargz/toc.digest": digest(&toc) });
            (bytes, "application/vnd.oci.image.layer.v1.tar+gzip", annotations)
        }
    }
}

fn estargz(archive: &[u8], files: &[File]) -> (Vec<u8>, Vec<u8>) {
    let mut folders = std::collections::BTreeSet::new();
    let mut entries = Vec::new();
    for file in files {
        let (path, entry) = match file {
            File::Program(path, content) => {
                (path, json!({"name": path, "type": "reg", "size": content.len(), "mode": 0o755}))
            }
            File::Plain(path, content) => {
                (path, json!({"name": path, "type": "reg", "size": content.len(), "mode": 0o644}))
            }
            File::Link(path, target) => {
                (path, json!({"name": path, "type": "symlink", "linkName": target, "mode": 0o777}))
            }
        };
        for (at, _) in path.match_indices('/') {
            if folders.insert(path[..at].to_owned()) {
                entries.push(json!({"name": format!("{}/", &path[..at]), "type": "dir", "mode": 0o755}));
            }
        }
        entries.push(entry);
    }
    let toc = serde_json::to_vec(&json!({"version": 1, "entries": entries})).expect("JSON");
    let table = tar(&[File::Plain("stargz.index.json".to_owned(), toc.clone())]);
    let mut bytes = gzip(archive);
    let offset = bytes.len();
    bytes.extend(gzip(&table));
    bytes.extend([0x1f, 0x8b, 8, 4, 0, 0, 0, 0, 0, 255, 26, 0, b'S', b'G', 22, 0]);
    bytes.extend(format!("{offset:016x}STARGZ").bytes());
    bytes.extend([1, 0, 0, 255, 255, 0, 0, 0, 0, 0, 0, 0, 0]);
    (bytes, toc)
}

impl Image {
    /// Makes the blobs of the image, and returns the bytes of its manifest.
    pub(crate) fn make(&self, blobs: &mut Blobs) -> Vec<u8> {
        let mut layers = Vec::new();
        let mut diff_ids = Vec::new();
        for (packing, files) in &self.layers {
            let (bytes, media_type, annotations) = pack(*packing, files);
            // umoci checks it; eStargz appends its table to the archive.
            let mut unpacked = Vec::new();
            match packing {
                Packing::Zstd => unpacked = tar(files),
                Packing::Gzip | Packing::Estargz => {
                    std::io::Read::read_to_end(
                        &mut flate2::read::MultiGzDecoder::new(bytes.as_slice()),
                        &mut unpacked,
                    )
                    .expect("it unpacks");
                }
            }
            diff_ids.push(digest(&unpacked));
            let size = bytes.len();
            let digest = put(blobs, bytes);
            layers.push(
                json!({"mediaType": media_type, "digest": digest, "size": size, "annotations": annotations}),
            );
        }
        let env: Vec<String> = self.path.iter().map(|path| format!("PATH={path}")).collect();
        let config = json!({
            "architecture": self.architecture.as_deref().unwrap_or("amd64"),
            "os": "linux",
            "config": {"Entrypoint": self.entrypoint, "Cmd": self.cmd, "Env": env},
            "rootfs": {"type": "layers", "diff_ids": diff_ids},
        });
        let config = serde_json::to_vec(&config).expect("JSON");
        let size = config.len();
        let config = put(blobs, config);
        serde_json::to_vec(&json!({
            "schemaVersion": 2,
            "mediaType": MANIFEST,
            "config": {"mediaType": "application/vnd.oci.image.config.v1+json", "digest": config, "size": size},
            "layers": layers,
        }))
        .expect("JSON")
    }
}

/// Makes an index of images for several platforms, and returns its bytes.
pub(crate) fn index(images: &[Image], blobs: &mut Blobs) -> Vec<u8> {
    let manifests: Vec<Value> = images
        .iter()
        .map(|image| {
            let manifest = image.make(blobs);
            let size = manifest.len();
            let architecture = image.architecture.as_deref().unwrap_or("amd64");
            json!({"mediaType": MANIFEST, "digest": put(blobs, manifest), "size": size,
                "platform": {"os": "linux", "architecture": architecture}})
        })
        .collect();
    serde_json::to_vec(&json!({"schemaVersion": 2, "mediaType": INDEX, "manifests": manifests}))
        .expect("JSON")
}

/// Writes an OCI layout with one reference; `media_type` is that of the manifest.
pub(crate) fn write_layout(
    folder: &Path,
    reference: &str,
    manifest: Vec<u8>,
    media_type: &str,
    mut blobs: Blobs,
) {
    let size = manifest.len();
    let digest = put(&mut blobs, manifest);
    fs::create_dir_all(folder.join("blobs/sha256")).expect("a folder");
    for (digest, bytes) in &blobs {
        fs::write(folder.join("blobs").join(digest.replace(':', "/")), bytes).expect("a blob");
    }
    let top = json!({"schemaVersion": 2, "manifests": [{"mediaType": media_type, "digest": digest, "size": size,
        "annotations": {"org.opencontainers.image.ref.name": reference}}]});
    fs::write(folder.join("index.json"), top.to_string()).expect("an index");
    fs::write(folder.join("oci-layout"), r#"{"imageLayoutVersion":"1.0.0"}"#).expect("a layout");
}
