//! The options that say where answers about images come from.

use std::{fs, path::PathBuf, time::Duration};

use anyhow::{Context as _, Result, bail};
use clap::Args;

use crate::facts::{self, RegistrySettings, manifest::Platform, online::Settings};

/// How images are asked about. All of this is the user's to say, and no repository's.
#[derive(Debug, Args)]
#[command(next_help_heading = "Images")]
pub(super) struct SourceArgs {
    /// Ask registries what images run; without it nothing is sent
    #[arg(long)]
    online: bool,
    /// A registry that may be asked besides the public ones, also at a private address (may be repeated)
    #[arg(long = "registry", value_name = "HOST")]
    registries: Vec<String>,
    /// A registry that is spoken to without TLS (may be repeated)
    #[arg(long = "insecure-registry", value_name = "HOST")]
    insecure: Vec<String>,
    /// Ask MIRROR first for images of HOST (may be repeated)
    #[arg(long = "registry-mirror", value_name = "HOST=MIRROR")]
    mirrors: Vec<String>,
    /// Let the token service SERVICE have the credentials for HOST (may be repeated)
    #[arg(long = "token-host", value_name = "HOST=SERVICE")]
    token_hosts: Vec<String>,
    /// Certificates in PEM form to trust in place of the built-in ones
    #[arg(long, value_name = "FILE")]
    ca_bundle: Option<PathBuf>,
    /// The platform whose image is read
    #[arg(long, value_name = "OS/ARCH", default_value = "linux/amd64")]
    platform: Platform,
    /// How many seconds a tag is believed before it is looked up again
    #[arg(long, value_name = "SECONDS", default_value_t = 300)]
    tag_ttl: u64,
    /// How many MiB of an image's layers are read at most
    #[arg(long, value_name = "MIB", default_value_t = 512)]
    layer_budget: u64,
    /// Where answers of registries are kept; by default the platform's cache folder
    #[arg(long, value_name = "DIR")]
    cache_dir: Option<PathBuf>,
    /// An OCI layout, or an archive of `docker save` or skopeo (may be repeated)
    #[arg(long = "image-archive", value_name = "PATH")]
    archives: Vec<PathBuf>,
    /// What a cluster told: `kubectl get pods -A -o json`, `get events`, `describe pod` (may be repeated)
    #[arg(long, value_name = "FILE")]
    evidence: Vec<PathBuf>,
    /// Keep the answers in FILE, and take them from there when offline
    #[arg(long, value_name = "FILE")]
    facts_lock: Option<PathBuf>,
}

impl SourceArgs {
    /// Returns the options, reading what they name.
    pub(super) fn options(&self) -> Result<facts::Options> {
        Ok(facts::Options {
            online: if self.online { Some(self.settings()?) } else { None },
            archives: self.archives.clone(),
            evidence: self.evidence.clone(),
            lock: self.facts_lock.clone(),
        })
    }

    /// Returns the files of evidence.
    pub(super) fn evidence(&self) -> &[PathBuf] {
        &self.evidence
    }

    /// Returns the certificates that are trusted in place of the built-in ones, if they are named.
    pub(super) fn ca_bundle(&self) -> Result<Option<Vec<u8>>> {
        let Some(path) = &self.ca_bundle else { return Ok(None) };
        let bytes = fs::read(path);
        bytes.map(Some).with_context(|| format!("failed to read the CA bundle {}", path.display()))
    }

    fn settings(&self) -> Result<Settings> {
        let mut settings = Settings { platform: self.platform.clone(), ..Settings::default() };
        for host in self.registries.iter().chain(&self.insecure) {
            let entry = settings.registries.entry(host.to_ascii_lowercase()).or_default();
            entry.insecure |= self.insecure.contains(host);
            entry.private = true;
        }
        for pair in &self.mirrors {
            entry_of(&mut settings, pair, "--registry-mirror", |entry, host| entry.mirrors.push(host))?;
        }
        for pair in &self.token_hosts {
            entry_of(&mut settings, pair, "--token-host", |entry, host| entry.token_hosts.push(host))?;
        }
        settings.ca_bundle = self.ca_bundle()?;
        if let Some(folder) = &self.cache_dir {
            settings.cache = Some(folder.clone());
        }
        settings.fresh = Duration::from_secs(self.tag_ttl);
        settings.layer_bytes = self.layer_budget.saturating_mul(1 << 20);
        Ok(settings)
    }
}

fn entry_of(
    settings: &mut Settings,
    pair: &str,
    option: &str,
    change: impl FnOnce(&mut RegistrySettings, String),
) -> Result<()> {
    let Some((registry, other)) = pair.split_once('=').filter(|(a, b)| !a.is_empty() && !b.is_empty()) else {
        bail!("{option} wants two hosts with `=` between them, not `{pair}`");
    };
    change(settings.registries.entry(registry.to_ascii_lowercase()).or_default(), other.to_ascii_lowercase());
    Ok(())
}
