//! Images on the disk: OCI layouts as folders or archives, and what `docker save` and skopeo write.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs::File,
    io::{Read, Seek as _, SeekFrom},
    path::{Path, PathBuf},
};

use caulk_transforms::{facts::ImageFacts, image::ImageRef};
use serde::Deserialize;

use super::{
    cache::Cache,
    inspect::{Image, Looked},
    layers::{Blobs, Limits},
    manifest::{CONFIG_BYTES, Config, Descriptor, MANIFEST_BYTES, Manifest, Platform, choose, is_sha256},
    trouble::Trouble,
};

/// The images of one layout or archive.
#[derive(Debug)]
pub struct Archive {
    files: Files,
    /// References and the images that they stand for; a bare tag, as umoci and skopeo write it, has no registry.
    images: Vec<(String, Image)>,
    /// Where each layer lies.
    layers: BTreeMap<String, String>,
    name: String,
}

/// The files of a layout by their names.
#[derive(Debug)]
enum Files {
    Folder(PathBuf),
    /// An uncompressed archive: the place and the length of each file.
    Tar(PathBuf, BTreeMap<String, (u64, u64)>),
}

/// An archive with more files than this is none of images.
const MAX_FILES: usize = 100_000;

impl Archive {
    /// Opens a layout or an archive and reads the manifests and configurations of its images.
    ///
    /// # Errors
    /// The reason, if it is none.
    pub fn open(path: &Path, platform: &Platform) -> Result<Self, String> {
        let name = path.display().to_string();
        let files = if path.is_dir() { Files::Folder(path.to_owned()) } else { Files::tar(path)? };
        let mut archive = Self { files, images: Vec::new(), layers: BTreeMap::new(), name };
        let read = if archive.files.has("manifest.json") {
            archive.read_docker()
        } else if archive.files.has("index.json") {
            archive.read_oci(platform)
        } else {
            Err(Trouble::Malformed("the archive", "it has neither index.json nor manifest.json".to_owned()))
        };
        read.map_err(|trouble| trouble.to_string())?;
        Ok(archive)
    }

    /// Returns the references that it holds.
    pub fn references(&self) -> impl Iterator<Item = &str> {
        self.images.iter().map(|(reference, _)| reference.as_str())
    }

    /// Returns what an image runs, if it is here.
    #[must_use]
    pub fn image(&self, image: &ImageRef) -> Option<ImageFacts> {
        self.find(image).map(|known| known.facts(image))
    }

    /// Looks for programs in an image, if it is here.
    pub(crate) fn look(
        &self,
        image: &ImageRef,
        cache: &Cache,
        programs: &BTreeSet<String>,
    ) -> Option<Looked> {
        Some(self.find(image)?.look(image, self, cache, programs, Limits::default()))
    }

    fn find(&self, image: &ImageRef) -> Option<&Image> {
        let same = |reference: &str| {
            let Ok(there) = ImageRef::parse(reference) else { return false };
            there.name() == image.name()
                && image.effective_tag().is_some()
                && there.effective_tag() == image.effective_tag()
        };
        self.images
            .iter()
            .find(|(reference, known)| match &image.digest {
                Some(digest) => known.digest == *digest,
                // A bare tag parses as an image of Docker Hub, which it is not.
                None => reference.contains('/') && same(reference),
            })
            .map(|(_, known)| known)
    }

    fn read_oci(&mut self, platform: &Platform) -> Result<(), Trouble> {
        let bytes = self.files.read("index.json", MANIFEST_BYTES)?;
        let Manifest::Index(top) = Manifest::parse(&bytes)? else {
            return Err(Trouble::Malformed("the layout", "its index.json is no index".to_owned()));
        };
        for descriptor in &top {
            let named = ["io.containerd.image.name", "org.opencontainers.image.ref.name"];
            let reference =
                named.iter().find_map(|key| descriptor.annotations.get(*key)).cloned().unwrap_or_default();
            let image = self.oci_image(descriptor, platform)?;
            self.images.push((reference, image));
        }
        Ok(())
    }

    fn oci_image(&mut self, descriptor: &Descriptor, platform: &Platform) -> Result<Image, Trouble> {
        let mut manifest = Manifest::parse(&self.blob(descriptor, "the manifest", MANIFEST_BYTES)?)?;
        let mut platform = platform.clone();
        if let Manifest::Index(manifests) = &manifest {
            let chosen =
                choose(manifests, &platform).ok_or_else(|| Trouble::NoPlatform(platform.to_string()))?;
            platform = chosen.platform.clone().unwrap_or(platform);
            manifest = Manifest::parse(&self.blob(chosen, "the manifest", MANIFEST_BYTES)?)?;
        }
        let Manifest::Image { config, layers } = manifest else {
            return Err(Trouble::Malformed("the manifest", "an index stands in an index".to_owned()));
        };
        let config = Config::parse(&self.blob(&config, "the configuration of the image", CONFIG_BYTES)?)?;
        for layer in &layers {
            self.layers.insert(layer.digest.clone(), blob_name(&layer.digest));
        }
        let digest = descriptor.digest.clone();
        Ok(Image { place: self.name.clone(), digest, config, layers, platform, differs: None, stale: false })
    }

    fn blob(&self, descriptor: &Descriptor, what: &'static str, bound: u64) -> Result<Vec<u8>, Trouble> {
        let bytes = self.files.read(&blob_name(&descriptor.digest), bound)?;
        if digest_of(&bytes) == descriptor.digest {
            Ok(bytes)
        } else {
            Err(Trouble::Digest(what, descriptor.digest.clone()))
        }
    }

    /// The format of `docker save`: configurations with the digests of the unpacked layers.
    fn read_docker(&mut self) -> Result<(), Trouble> {
        #[derive(Deserialize)]
        #[serde(rename_all = "PascalCase")]
        struct Saved {
            config: String,
            #[serde(default)]
            repo_tags: Option<Vec<String>>,
            layers: Vec<String>,
        }
        let malformed = |why: String| Trouble::Malformed("the archive", why);
        let bytes = self.files.read("manifest.json", MANIFEST_BYTES)?;
        let saved: Vec<Saved> =
            serde_json::from_slice(&bytes).map_err(|error| malformed(error.to_string()))?;
        for one in saved {
            let bytes = self.files.read(&one.config, CONFIG_BYTES)?;
            let (config, diff_ids) = Config::parse_with_layers(&bytes)?;
            if diff_ids.len() != one.layers.len() || !diff_ids.iter().all(|id| is_sha256(id)) {
                return Err(malformed("its layers do not match its configuration".to_owned()));
            }
            let layers: Vec<Descriptor> = diff_ids.iter().map(|id| Descriptor::of_digest(id)).collect();
            self.layers.extend(diff_ids.into_iter().zip(one.layers));
            let image = Image {
                place: self.name.clone(),
                digest: digest_of(&bytes),
                config,
                layers,
                platform: Platform::default(),
                differs: None,
                stale: false,
            };
            let tags = one.repo_tags.unwrap_or_default();
            if tags.is_empty() {
                self.images.push((String::new(), image.clone()));
            }
            self.images.extend(tags.into_iter().map(|tag| (full_name(&tag), image.clone())));
        }
        Ok(())
    }
}

/// `docker save` writes `node:24` for an image of Docker Hub.
fn full_name(tag: &str) -> String {
    ImageRef::parse(tag).map_or_else(|_| tag.to_owned(), |image| image.to_string())
}

fn blob_name(digest: &str) -> String {
    format!("blobs/{}", digest.replace(':', "/"))
}

fn digest_of(bytes: &[u8]) -> String {
    use sha2::{Digest as _, Sha256};
    format!("sha256:{}", super::layers::toc::hex(&Sha256::digest(bytes)))
}

impl Blobs for Archive {
    fn open(&self, layer: &Descriptor) -> Result<Box<dyn Read + '_>, Trouble> {
        let name = self.layers.get(&layer.digest).ok_or_else(|| Trouble::NotFound(self.name.clone()))?;
        self.files.open(name).map(|(reader, _)| reader)
    }

    fn range(&self, _: &Descriptor, _: u64, _: u64) -> Result<Option<Vec<u8>>, Trouble> {
        Ok(None)
    }
}

impl Files {
    fn tar(path: &Path) -> Result<Self, String> {
        let broken = |error: std::io::Error| format!("failed to read {}: {error}", path.display());
        let mut archive = tar::Archive::new(File::open(path).map_err(broken)?);
        let mut places = BTreeMap::new();
        // Seeking over the contents leaves only the headers to be read.
        for entry in archive.entries_with_seek().map_err(broken)?.raw(true) {
            let entry = entry.map_err(broken)?;
            let name =
                super::layers::index::normalized(&String::from_utf8_lossy(&entry.header().path_bytes()));
            places.insert(name, (entry.raw_file_position(), entry.size()));
            if places.len() > MAX_FILES {
                return Err(format!("{} holds too many files", path.display()));
            }
        }
        Ok(Self::Tar(path.to_owned(), places))
    }

    fn has(&self, name: &str) -> bool {
        match self {
            Self::Folder(root) => root.join(name).is_file(),
            Self::Tar(_, places) => places.contains_key(name),
        }
    }

    fn open(&self, name: &str) -> Result<(Box<dyn Read + '_>, u64), Trouble> {
        let broken = |error: std::io::Error| Trouble::File(name.to_owned(), error.to_string());
        let missing = || Trouble::NotFound(name.to_owned());
        let name = super::layers::index::normalized(name);
        match self {
            Self::Folder(root) => {
                let file = File::open(root.join(&name)).map_err(broken)?;
                let length = file.metadata().map_err(broken)?.len();
                Ok((Box::new(file), length))
            }
            Self::Tar(path, places) => {
                let (start, length) = *places.get(&name).ok_or_else(missing)?;
                let mut file = File::open(path).map_err(broken)?;
                file.seek(SeekFrom::Start(start)).map_err(broken)?;
                Ok((Box::new(file.take(length)), length))
            }
        }
    }

    fn read(&self, name: &str, bound: u64) -> Result<Vec<u8>, Trouble> {
        let (reader, length) = self.open(name)?;
        if length > bound {
            return Err(Trouble::TooLarge("a file of the archive", bound));
        }
        let mut bytes = Vec::new();
        reader
            .take(bound)
            .read_to_end(&mut bytes)
            .map_err(|error| Trouble::File(name.to_owned(), error.to_string()))?;
        Ok(bytes)
    }
}
