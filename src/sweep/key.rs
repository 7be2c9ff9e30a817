//! What the analysis of a repository rests on. Where nothing of it changed, nothing needs to be fetched.

use std::{
    fs::{self, File},
    io::Read as _,
    path::Path,
    time::{Duration, SystemTime},
};

use anyhow::{Context as _, Result, bail};
use caulk_transforms::{catalog, model::address::Address};
use sha2::{Digest as _, Sha256};

use super::{plan::Settings, shard::stable_hash, source::Head};
use crate::facts;

/// Grows when the same input may lead to another plan although caulk's version is the same.
const GENERATION: &[u8] = b"2";

/// Everything that decides an analysis and is the same for all repositories of a sweep.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Common {
    digest: [u8; 32],
    /// How many days an analysis is believed that registries had a say in.
    days: Option<u64>,
    today: u64,
}

/// Collects parts so that no two lists of parts come out the same.
struct Parts(Sha256);

impl Parts {
    fn new() -> Self {
        Self(Sha256::new())
    }

    fn add(&mut self, part: impl AsRef<[u8]>) {
        self.0.update((part.as_ref().len() as u64).to_be_bytes());
        self.0.update(part.as_ref());
    }

    fn finish(self) -> [u8; 32] {
        self.0.finalize().into()
    }
}

impl Common {
    /// Collects what is common: caulk itself, its catalog, the settings, and the sources of facts. With registries at hand an
    /// analysis is believed for `days`, because tags move without the repository's doing.
    ///
    /// # Errors
    /// If a file of facts cannot be read.
    pub fn new(settings: &Settings, sources: &facts::Options, days: u64, now: Duration) -> Result<Self> {
        let mut parts = Parts::new();
        parts.add(GENERATION);
        parts.add(env!("CARGO_PKG_VERSION"));
        for entry in catalog::entries() {
            parts.add(format!("{entry:?}"));
        }
        parts.add(serde_json::to_vec(settings).context("the settings cannot be told in JSON")?);
        add_sources(&mut parts, sources)?;
        let today = now.as_secs() / 86_400;
        Ok(Self { digest: parts.finish(), days: sources.online.as_ref().map(|_| days.max(1)), today })
    }

    /// Returns the key as text.
    #[must_use]
    pub fn text(&self) -> String {
        hex(&self.digest)
    }

    /// Returns what the analysis of a repository at its head rests on.
    #[must_use]
    pub fn of(&self, id: &str, addresses: &[Address], head: &Head) -> String {
        let mut parts = Parts::new();
        parts.add(self.digest);
        parts.add(&head.branch);
        parts.add(head.commit.to_string());
        addresses.iter().for_each(|address| parts.add(address.as_str()));
        // Each repository has its own day of the period, so that they do not all come up for renewal at once.
        let period = self.days.map(|days| (self.today + stable_hash(id) % days) / days);
        parts.add(period.map(u64::to_be_bytes).unwrap_or_default());
        hex(&parts.finish())
    }
}

fn add_sources(parts: &mut Parts, sources: &facts::Options) -> Result<()> {
    for path in &sources.evidence {
        parts.add("evidence");
        parts.add(content(path)?);
    }
    if let Some(path) = &sources.lock {
        parts.add("lock");
        parts.add(content(path)?);
    }
    for path in &sources.archives {
        parts.add("archive");
        parts.add(path.as_os_str().as_encoded_bytes());
        // Archives have gigabytes; whoever replaces one changes its size or its time.
        let about = fs::metadata(path).with_context(|| format!("failed to use {}", path.display()))?;
        let changed = about.modified().ok().and_then(|at| at.duration_since(SystemTime::UNIX_EPOCH).ok());
        parts.add(format!("{} {changed:?}", about.len()));
    }
    if let Some(online) = &sources.online {
        parts.add("online");
        parts.add(format!("{} {:?} {}", online.platform, online.registries, online.layer_bytes));
    }
    Ok(())
}

fn content(path: &Path) -> Result<[u8; 32]> {
    let failed = || format!("failed to read {}", path.display());
    let mut file = File::open(path).with_context(failed)?;
    let mut hash = Sha256::new();
    let mut chunk = vec![0; 1 << 16];
    loop {
        match file.read(&mut chunk).with_context(failed)? {
            0 => return Ok(hash.finalize().into()),
            count => hash.update(&chunk[..count]),
        }
    }
}

/// Checks that the sources of facts are such that many repositories can share them.
///
/// # Errors
/// If they are not.
pub fn check_sources(sources: &facts::Options) -> Result<()> {
    match &sources.lock {
        Some(_) if sources.online.is_some() => {
            bail!(
                "--facts-lock keeps the answers for one repository; a sweep can only read one, without --online"
            )
        }
        Some(path) if !path.exists() => bail!("there is no facts lock {}", path.display()),
        _ => Ok(()),
    }
}

fn hex(digest: &[u8]) -> String {
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::git::Oid;

    fn common(settings: &Settings, sources: &facts::Options, day: u64) -> Common {
        Common::new(settings, sources, 7, Duration::from_secs(day * 86_400)).expect("a key")
    }

    fn head(commit: &str) -> Head {
        Head { branch: "main".to_owned(), commit: commit.parse::<Oid>().expect("a commit") }
    }

    const ONE: &str = "1111111111111111111111111111111111111111";
    const TWO: &str = "2222222222222222222222222222222222222222";

    #[test]
    fn everything_that_decides_an_analysis_is_in_the_key() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("pods.json");
        fs::write(&path, "{}").expect("a file");
        let plain = Settings::default();
        let evidence = facts::Options { evidence: vec![path.clone()], ..facts::Options::default() };
        let none = facts::Options::default();
        let of = |settings: &Settings, sources: &facts::Options, head: &Head| {
            common(settings, sources, 0).of("github:1", &[], head)
        };
        let mut keys = vec![
            of(&plain, &none, &head(ONE)),
            of(&plain, &none, &head(TWO)),
            of(&plain, &none, &Head { branch: "next".to_owned(), ..head(ONE) }),
            of(&Settings { unsafe_fixes: true, ..plain.clone() }, &none, &head(ONE)),
            of(&Settings { config: "exclude: [a/]".to_owned(), ..plain.clone() }, &none, &head(ONE)),
            of(&Settings { rules: vec!["a".to_owned()], ..plain.clone() }, &none, &head(ONE)),
            of(&Settings { cluster_domain: Some("c".to_owned()), ..plain.clone() }, &none, &head(ONE)),
            of(&plain, &evidence, &head(ONE)),
        ];
        fs::write(&path, "{ }").expect("a file");
        keys.push(of(&plain, &evidence, &head(ONE)));
        assert_eq!(keys[0], of(&plain, &none, &head(ONE)), "nothing else is in it");
        let address = Address::parse("https://git.example/acme/ops").expect("an address");
        keys.push(common(&plain, &none, 0).of("github:1", &[address], &head(ONE)));
        let count = keys.len();
        keys.sort();
        keys.dedup();
        assert_eq!(keys.len(), count);
    }

    #[test]
    fn what_registries_said_is_believed_for_some_days_and_renewed_day_by_day() {
        let online =
            facts::Options { online: Some(facts::online::Settings::default()), ..facts::Options::default() };
        let days = |sources: &facts::Options| {
            (100..=107).map(|day| common(&Settings::default(), sources, day)).collect::<Vec<Common>>()
        };
        let (week, offline) = (days(&online), days(&facts::Options::default()));
        let renewed = |id: &str, days: &[Common]| {
            let keys: Vec<String> = days.iter().map(|day| day.of(id, &[], &head(ONE))).collect();
            keys.windows(2)
                .zip(100..)
                .filter(|(pair, _)| pair[0] != pair[1])
                .map(|(_, day)| day)
                .collect::<Vec<u64>>()
        };
        let ids: Vec<String> = (0..200).map(|number| format!("github:{number}")).collect();
        let mut days: Vec<u64> = ids.iter().flat_map(|id| renewed(id, &week)).collect();
        assert_eq!(days.len(), ids.len(), "each once a week");
        days.sort_unstable();
        days.dedup();
        assert_eq!(days.len(), 7, "on all days");
        assert!(ids.iter().all(|id| renewed(id, &offline).is_empty()));
    }

    #[test]
    fn a_lock_that_each_repository_would_overwrite_is_refused() {
        let lock = facts::Options { lock: Some("absent.json".into()), ..facts::Options::default() };
        assert!(check_sources(&lock).is_err());
    }
}
