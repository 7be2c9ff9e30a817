//! Answers from registries: configurations first, layers only where a question needs them.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::PathBuf,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use caulk_transforms::{facts::ImageFacts, image::ImageRef};

use super::{
    address::{Policy, RegistrySettings},
    cache::Cache,
    credentials::Credentials,
    inspect::{Image, Looked},
    layers::Limits,
    manifest::{CONFIG_BYTES, Config, Descriptor, Manifest, Platform, choose, is_sha256},
    registry::{Missed, Registries, RemoteBlobs},
    transport::{Patience, Transport},
    trouble::Trouble,
};

/// How registries are asked. All of it comes from the user's side.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Registries besides the public ones, and what is special about them.
    pub registries: BTreeMap<String, RegistrySettings>,
    /// The platform whose image is read.
    pub platform: Platform,
    /// Certificates in PEM form that are trusted instead of the built-in ones.
    pub ca_bundle: Option<Vec<u8>>,
    /// The folder of the cache; none keeps nothing.
    pub cache: Option<PathBuf>,
    /// How long a tag is believed without being looked up again.
    pub fresh: Duration,
    /// How long to wait, and how often to ask.
    pub patience: Patience,
    /// Compressed bytes of layers that are read at most for one image.
    pub layer_bytes: u64,
    /// How many images are asked for at the same time.
    pub parallel: usize,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            registries: BTreeMap::new(),
            platform: Platform::default(),
            ca_bundle: None,
            cache: super::cache::default_folder(),
            fresh: Duration::from_secs(300),
            patience: Patience::default(),
            layer_bytes: Limits::default().compressed,
            parallel: 8,
        }
    }
}

/// The registries of a run, with all that was learned from them.
#[derive(Debug)]
pub struct Online {
    registries: Registries,
    cache: Cache,
    settings: Settings,
    images: Mutex<BTreeMap<ImageRef, Slot>>,
    missed: Missed,
}

/// Filled once; whoever comes meanwhile waits for it.
type Slot = Arc<Mutex<Option<Result<Arc<Image>, Trouble>>>>;

#[derive(Debug, Clone)]
struct Resolved {
    digest: String,
    stale: bool,
    /// The manifest, where it came along.
    manifest: Option<Vec<u8>>,
}

impl Online {
    /// Makes the client. Nothing is sent before the first question.
    ///
    /// # Errors
    /// The reason, if the CA bundle is malformed.
    pub fn new(settings: Settings) -> Result<Self, String> {
        let credentials = Credentials::load();
        let proxy = ureq::Proxy::try_from_env();
        let proxy_host = proxy.as_ref().and_then(|proxy| Some(proxy.uri().authority()?.as_str().to_owned()));
        let policy = Arc::new(Policy::new(settings.registries.clone(), credentials.registries(), proxy_host));
        let transport =
            Transport::new(Arc::clone(&policy), settings.patience, proxy, settings.ca_bundle.as_deref())?;
        let cache = settings.cache.clone().map_or_else(Cache::default, Cache::at);
        Ok(Self {
            registries: Registries::new(transport, policy, credentials),
            cache,
            settings,
            images: Mutex::default(),
            missed: Missed::default(),
        })
    }

    /// Returns what images run, each asked once, several at a time.
    pub fn images(&self, images: &BTreeSet<ImageRef>) -> BTreeMap<ImageRef, Result<ImageFacts, String>> {
        self.in_parallel(images.iter(), |image| {
            let facts = self.image(image).map(|known| known.facts(image)).map_err(|trouble| trouble.told());
            (image.clone(), facts)
        })
    }

    /// Asks the registry of an image whether it answers, and lets us read. An image that is not there is an answer.
    ///
    /// # Errors
    /// The reason, as a lower-case fragment.
    pub fn reach(&self, image: &ImageRef) -> Result<(), String> {
        match self.registries.digest(image, image.effective_tag().unwrap_or("latest")) {
            Ok(_) | Err(Trouble::NotFound(_)) => Ok(()),
            Err(trouble) => Err(trouble.told()),
        }
    }

    /// Looks for programs in images, and reads the script of the entrypoint on the way.
    pub fn programs(&self, wanted: &BTreeMap<ImageRef, BTreeSet<String>>) -> BTreeMap<ImageRef, Looked> {
        self.in_parallel(wanted.iter(), |(image, programs)| (image.clone(), self.look(image, programs)))
    }

    fn in_parallel<I: Send, K: Ord + Send, V: Send>(
        &self,
        items: impl Iterator<Item = I> + Send,
        work: impl Fn(I) -> (K, V) + Sync,
    ) -> BTreeMap<K, V> {
        let items = Mutex::new(items);
        let done = Mutex::new(BTreeMap::new());
        std::thread::scope(|scope| {
            for _ in 0..self.settings.parallel.max(1) {
                scope.spawn(|| {
                    loop {
                        let next = items.lock().unwrap_or_else(PoisonError::into_inner).next();
                        let Some(item) = next else { break };
                        let (key, value) = work(item);
                        done.lock().unwrap_or_else(PoisonError::into_inner).insert(key, value);
                    }
                });
            }
        });
        done.into_inner().unwrap_or_else(PoisonError::into_inner)
    }

    fn image(&self, image: &ImageRef) -> Result<Arc<Image>, Trouble> {
        let slot = {
            let mut images = self.images.lock().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(images.entry(image.clone()).or_default())
        };
        let mut slot = slot.lock().unwrap_or_else(PoisonError::into_inner);
        let read = || self.read(image).inspect_err(|trouble| self.missed.note(image, trouble)).map(Arc::new);
        slot.get_or_insert_with(read).clone()
    }

    /// Returns the images whose registry left a question open, with the reason.
    pub fn missed(&self) -> BTreeMap<ImageRef, String> {
        self.missed.all()
    }

    fn read(&self, image: &ImageRef) -> Result<Image, Trouble> {
        let Resolved { digest, stale, manifest } = self.resolve(image)?;
        let bytes = manifest.map_or_else(|| self.manifest(image, &digest), Ok)?;
        let top = Manifest::parse(&bytes)?;
        let Manifest::Index(manifests) = top else {
            let (config, layers) = self.variant(image, top)?;
            return Ok(Image {
                place: image.name(),
                digest,
                config,
                layers,
                platform: self.settings.platform.clone(),
                differs: None,
                stale,
            });
        };
        let none = || Trouble::NoPlatform(self.settings.platform.to_string());
        let chosen = choose(&manifests, &self.settings.platform).ok_or_else(none)?;
        let (config, layers) = self.variant_by_digest(image, chosen)?;
        let differs = self.difference(image, &manifests, chosen, &config);
        let platform = chosen.platform.clone().unwrap_or_else(|| self.settings.platform.clone());
        Ok(Image { place: image.name(), digest, config, layers, platform, differs, stale })
    }

    /// Returns the digest that a reference stands for.
    fn resolve(&self, image: &ImageRef) -> Result<Resolved, Trouble> {
        if let Some(digest) = &image.digest {
            let unfamiliar = || Trouble::Malformed("the digest", "only sha256 is read".to_owned());
            let found = Resolved { digest: digest.clone(), stale: false, manifest: None };
            return is_sha256(digest).then_some(found).ok_or_else(unfamiliar);
        }
        let tag = image.effective_tag().unwrap_or("latest");
        let reference = format!("{}:{tag}", image.name());
        let known = self.known(&reference);
        if let Some((known, _)) = known.as_ref().filter(|(_, age)| *age < self.settings.fresh) {
            return Ok(known.clone());
        }
        let looked_up = match &known {
            // Looking a tag up by HEAD does not count as a pull.
            Some(_) => self.registries.digest(image, tag),
            None => Ok(None),
        };
        let found = match (looked_up, known) {
            (Ok(Some(digest)), Some((known, _))) if digest == known.digest => known,
            (Ok(Some(digest)), _) => Resolved { digest, stale: false, manifest: None },
            (Ok(None), _) => {
                let (bytes, digest) = self.registries.manifest(image, tag)?;
                self.cache.keep_blob(&digest, &bytes);
                Resolved { digest, stale: false, manifest: Some(bytes) }
            }
            (Err(trouble), Some((known, _))) if trouble.is_passing() => {
                return Ok(Resolved { stale: true, ..known });
            }
            (Err(trouble), _) => return Err(trouble),
        };
        self.cache.keep_tag(&reference, &found.digest);
        Ok(found)
    }

    /// Returns what a tag stood for and how long ago that was, if its manifest is still there.
    fn known(&self, reference: &str) -> Option<(Resolved, Duration)> {
        let (tag, age) = self.cache.tag(reference)?;
        let manifest = Some(self.cache.blob(&tag.digest)?);
        Some((Resolved { digest: tag.digest, stale: false, manifest }, age))
    }

    fn manifest(&self, image: &ImageRef, digest: &str) -> Result<Vec<u8>, Trouble> {
        // Many tags stand for the same manifest, and it is asked for once.
        let lock = self.cache.lock(digest);
        let _learning = lock.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(bytes) = self.cache.blob(digest) {
            return Ok(bytes);
        }
        let (bytes, _) = self.registries.manifest(image, digest)?;
        self.cache.keep_blob(digest, &bytes);
        Ok(bytes)
    }

    fn variant_by_digest(
        &self,
        image: &ImageRef,
        descriptor: &Descriptor,
    ) -> Result<(Config, Vec<Descriptor>), Trouble> {
        let manifest = Manifest::parse(&self.manifest(image, &descriptor.digest)?)?;
        self.variant(image, manifest)
    }

    fn variant(&self, image: &ImageRef, manifest: Manifest) -> Result<(Config, Vec<Descriptor>), Trouble> {
        let Manifest::Image { config, layers } = manifest else {
            return Err(Trouble::Malformed("the manifest", "an index stands in an index".to_owned()));
        };
        let lock = self.cache.lock(&config.digest);
        let _learning = lock.lock().unwrap_or_else(PoisonError::into_inner);
        let bytes = match self.cache.blob(&config.digest) {
            Some(bytes) => bytes,
            None => {
                let bytes =
                    self.registries.blob(image, &config, "the configuration of the image", CONFIG_BYTES)?;
                self.cache.keep_blob(&config.digest, &bytes);
                bytes
            }
        };
        Ok((Config::parse(&bytes)?, layers))
    }

    /// Compares with one other common platform: two are enough to show that the build differs.
    fn difference(
        &self,
        image: &ImageRef,
        all: &[Descriptor],
        chosen: &Descriptor,
        config: &Config,
    ) -> Option<String> {
        let mut others = all.iter().filter(|other| other.digest != chosen.digest);
        let other = others.find(|other| {
            other.platform.as_ref().is_some_and(|platform| {
                platform.os == "linux" && matches!(platform.architecture.as_str(), "amd64" | "arm64")
            })
        })?;
        let (theirs, _) = self.variant_by_digest(image, other).ok()?;
        let same =
            theirs.entrypoint == config.entrypoint && theirs.cmd == config.cmd && theirs.path == config.path;
        let platform = other.platform.as_ref().map(ToString::to_string).unwrap_or_default();
        (!same).then(|| format!("{platform} has ENTRYPOINT {:?} and CMD {:?}", theirs.entrypoint, theirs.cmd))
    }

    fn look(&self, image: &ImageRef, programs: &BTreeSet<String>) -> Looked {
        match self.image(image) {
            Ok(known) => {
                let blobs = RemoteBlobs { registries: &self.registries, image, missed: &self.missed };
                let limits = Limits { compressed: self.settings.layer_bytes, ..Limits::default() };
                known.look(image, &blobs, &self.cache, programs, limits)
            }
            Err(trouble) => Looked::nothing(programs, &trouble),
        }
    }
}
