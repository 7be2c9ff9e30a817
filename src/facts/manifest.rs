//! Manifests, indexes and configurations of images, as the OCI image specification and Docker write them.

use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer};

use super::trouble::Trouble;

/// A pointer to content by its digest.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(crate) struct Descriptor {
    #[serde(rename = "mediaType", default)]
    pub(crate) media_type: String,
    pub(crate) digest: String,
    #[serde(default)]
    pub(crate) size: u64,
    #[serde(default, deserialize_with = "null_is_default")]
    pub(crate) annotations: BTreeMap<String, String>,
    #[serde(default)]
    pub(crate) platform: Option<Platform>,
}

/// An operating system and an architecture.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Platform {
    /// `linux`
    pub os: String,
    /// `amd64`
    pub architecture: String,
    /// `v8`, where the architecture has variants.
    #[serde(default)]
    pub variant: Option<String>,
}

impl Default for Platform {
    fn default() -> Self {
        Self { os: "linux".to_owned(), architecture: "amd64".to_owned(), variant: None }
    }
}

impl std::fmt::Display for Platform {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}/{}", self.os, self.architecture)?;
        self.variant.as_ref().map_or(Ok(()), |variant| write!(f, "/{variant}"))
    }
}

impl std::str::FromStr for Platform {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let mut parts = text.split('/').map(str::to_owned);
        match (parts.next(), parts.next(), parts.next(), parts.next()) {
            (Some(os), Some(architecture), variant, None) if !os.is_empty() && !architecture.is_empty() => {
                Ok(Self { os, architecture, variant })
            }
            _ => Err(format!("{text} is no platform such as linux/amd64")),
        }
    }
}

/// What an image's reference leads to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Manifest {
    Image { config: Descriptor, layers: Vec<Descriptor> },
    Index(Vec<Descriptor>),
}

/// What the configuration of an image says.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Config {
    pub(crate) entrypoint: Vec<String>,
    pub(crate) cmd: Vec<String>,
    pub(crate) path: Option<String>,
    pub(crate) windows: bool,
}

/// Manifests beyond this are refused; registries refuse them as well.
pub(crate) const MANIFEST_BYTES: u64 = 4 << 20;
/// Configurations beyond this are refused.
pub(crate) const CONFIG_BYTES: u64 = 8 << 20;

/// The media types that are asked for.
pub(crate) const ACCEPT: &str = "application/vnd.oci.image.index.v1+json, application/vnd.oci.image.manifest.v1+json, \
    application/vnd.docker.distribution.manifest.list.v2+json, application/vnd.docker.distribution.manifest.v2+json";

#[derive(Deserialize)]
struct RawManifest {
    #[serde(rename = "schemaVersion")]
    schema: u32,
    manifests: Option<Vec<Descriptor>>,
    config: Option<Descriptor>,
    layers: Option<Vec<Descriptor>>,
}

impl Manifest {
    /// Parses a manifest or an index.
    pub(crate) fn parse(bytes: &[u8]) -> Result<Self, Trouble> {
        let malformed = |why: String| Trouble::Malformed("the manifest", why);
        let raw: RawManifest = serde_json::from_slice(bytes).map_err(|error| malformed(error.to_string()))?;
        let descriptors = raw.manifests.iter().chain(&raw.layers).flatten().chain(&raw.config);
        for descriptor in descriptors {
            if !is_sha256(&descriptor.digest) {
                return Err(malformed("a digest is no sha256 digest".to_owned()));
            }
        }
        match raw {
            RawManifest { schema: 1, .. } => Err(malformed("schema 1 is no longer read".to_owned())),
            RawManifest { manifests: Some(manifests), config: None, layers: None, .. } => {
                Ok(Self::Index(manifests))
            }
            RawManifest { manifests: None, config: Some(config), layers: Some(layers), .. } => {
                Ok(Self::Image { config, layers })
            }
            _ => Err(malformed("it is neither an image nor an index".to_owned())),
        }
    }
}

/// Chooses the image of an index for a platform: with its variant, else without regard to it.
pub(crate) fn choose<'a>(manifests: &'a [Descriptor], platform: &Platform) -> Option<&'a Descriptor> {
    let matching = |descriptor: &&Descriptor| {
        descriptor
            .platform
            .as_ref()
            .is_some_and(|own| own.os == platform.os && own.architecture == platform.architecture)
    };
    let exact = manifests
        .iter()
        .filter(matching)
        .find(|descriptor| descriptor.platform.as_ref().is_some_and(|own| own.variant == platform.variant));
    let single = || match manifests {
        // An index of one image need not say its platform.
        [one] if one.platform.is_none() => Some(one),
        _ => None,
    };
    exact.or_else(|| manifests.iter().find(matching)).or_else(single)
}

impl Config {
    /// Parses the configuration of an image.
    pub(crate) fn parse(bytes: &[u8]) -> Result<Self, Trouble> {
        Self::parse_with_layers(bytes).map(|(config, _)| config)
    }

    /// Parses the configuration of an image, with the digests of its unpacked layers.
    pub(crate) fn parse_with_layers(bytes: &[u8]) -> Result<(Self, Vec<String>), Trouble> {
        let file: ConfigFile = serde_json::from_slice(bytes)
            .map_err(|error| Trouble::Malformed("the configuration of the image", error.to_string()))?;
        // The last one counts, as for the kernel's environment that the runtime makes of it.
        let path = file.config.env.iter().rev().find_map(|pair| pair.strip_prefix("PATH="));
        let config = Self {
            path: path.map(str::to_owned),
            entrypoint: file.config.entrypoint,
            cmd: file.config.cmd,
            windows: file.os == "windows",
        };
        Ok((config, file.rootfs.diff_ids))
    }
}

#[derive(Deserialize)]
struct ConfigFile {
    #[serde(default, deserialize_with = "null_is_default")]
    config: RunConfig,
    // The specification demands it, so what lacks it is something else.
    os: String,
    #[serde(default)]
    rootfs: RootFs,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "PascalCase", default)]
struct RunConfig {
    #[serde(deserialize_with = "null_is_default")]
    entrypoint: Vec<String>,
    #[serde(deserialize_with = "null_is_default")]
    cmd: Vec<String>,
    #[serde(deserialize_with = "null_is_default")]
    env: Vec<String>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct RootFs {
    diff_ids: Vec<String>,
}

impl Descriptor {
    /// Makes a descriptor of content of which the digest alone is known.
    pub(crate) fn of_digest(digest: &str) -> Self {
        Self {
            media_type: String::new(),
            digest: digest.to_owned(),
            size: 0,
            annotations: BTreeMap::new(),
            platform: None,
        }
    }
}

/// Tells whether a text is a sha256 digest, so that it is safe as the name of a file, too.
pub(crate) fn is_sha256(digest: &str) -> bool {
    digest.strip_prefix("sha256:").is_some_and(|hex| {
        hex.len() == 64 && hex.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
    })
}

fn null_is_default<'de, D: Deserializer<'de>, T: Deserialize<'de> + Default>(
    deserializer: D,
) -> Result<T, D::Error> {
    Ok(Option::deserialize(deserializer)?.unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn descriptor(platform: &str) -> Descriptor {
        Descriptor {
            media_type: String::new(),
            digest: format!("sha256:{}", "0".repeat(64)),
            size: 1,
            annotations: BTreeMap::new(),
            platform: platform.parse().ok(),
        }
    }

    #[test]
    fn the_platform_is_chosen_with_its_variant_where_there_is_one() {
        let index = [descriptor("unknown/unknown"), descriptor("linux/arm64/v8"), descriptor("linux/amd64")];
        assert_eq!(choose(&index, &Platform::default()), index.get(2));
        assert_eq!(choose(&index, &"linux/arm64".parse().expect("a platform")), index.get(1));
        assert_eq!(choose(&index, &"linux/s390x".parse().expect("a platform")), None);
        assert!(choose(&[descriptor("")], &Platform::default()).is_some());
        assert!("linux".parse::<Platform>().is_err());
    }

    #[test]
    fn a_manifest_with_a_path_for_a_digest_is_malformed() {
        let text =
            r#"{"schemaVersion":2,"config":{"digest":"sha256:../../etc/passwd","size":1},"layers":[]}"#;
        assert!(matches!(Manifest::parse(text.as_bytes()), Err(Trouble::Malformed(..))));
        assert!(Manifest::parse(br#"{"schemaVersion":2}"#).is_err());
        assert!(Manifest::parse(br#"{"schemaVersion":1}"#).is_err());
    }

    #[test]
    fn null_fields_of_a_configuration_are_empty() {
        let config = Config::parse(
            br#"{"os":"linux","config":{"Entrypoint":null,"Cmd":["a"],"Env":["PATH=/a","A=b","PATH=/b"]}}"#,
        );
        let expected = Config { cmd: vec!["a".to_owned()], path: Some("/b".to_owned()), ..Config::default() };
        assert_eq!(config, Ok(expected));
        assert_eq!(Config::parse(br#"{"os":"linux","config":null}"#), Ok(Config::default()));
        assert!(Config::parse(b"[]").is_err());
    }
}
