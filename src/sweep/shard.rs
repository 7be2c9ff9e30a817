//! Which part of the repositories a process plans.

use std::{fmt, str::FromStr};

use sha2::{Digest as _, Sha256};

/// One of several parts that together are everything, and none of which shares anything with another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shard {
    /// From 0.
    index: u64,
    count: u64,
}

impl Shard {
    /// Returns the part with the number, from 0.
    ///
    /// # Errors
    /// If there is no such part.
    pub fn new(index: u64, count: u64) -> Result<Self, String> {
        if index < count {
            return Ok(Self { index, count });
        }
        Err(match count {
            0 => "there are no shards".to_owned(),
            _ => format!("there is no shard {} of {count}", index.saturating_add(1)),
        })
    }

    /// Tells whether a repository belongs to this part. Only its identity counts, so it stays there under any name, in any
    /// order, beside any others.
    #[must_use]
    pub fn holds(self, id: &str) -> bool {
        stable_hash(id) % self.count == self.index
    }
}

/// Returns a number that is the same for a text on every machine and in every version.
#[must_use]
pub fn stable_hash(text: &str) -> u64 {
    let digest = Sha256::digest(text.as_bytes());
    digest.iter().take(8).fold(0, |number, byte| number << 8 | u64::from(*byte))
}

impl FromStr for Shard {
    type Err = String;

    /// Reads `2/4`, the second of four; or `auto/4`, the one that the environment names.
    fn from_str(text: &str) -> Result<Self, String> {
        let wanted = || format!("`{text}` is no shard; write `2/4` for the second of four, or `auto/4`");
        let (index, count) = text.split_once('/').ok_or_else(wanted)?;
        let count = count.parse().map_err(|_| wanted())?;
        let index = match index {
            "auto" => completion_index()?,
            number => {
                number.parse::<u64>().ok().and_then(|number| number.checked_sub(1)).ok_or_else(wanted)?
            }
        };
        Self::new(index, count)
    }
}

/// Returns the number that Kubernetes gives to a pod of an Indexed Job, from 0.
fn completion_index() -> Result<u64, String> {
    const NAME: &str = "JOB_COMPLETION_INDEX";
    let text = std::env::var(NAME).map_err(|_| format!("`auto` wants {NAME}, as an Indexed Job sets it"))?;
    text.trim().parse().map_err(|_| format!("{NAME} is `{text}`, which is no number"))
}

impl fmt::Display for Shard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.index + 1, self.count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_repository_is_in_exactly_one_shard_and_the_shards_are_about_even() {
        let shards: Vec<Shard> = (0..4).map(|index| Shard::new(index, 4).expect("a shard")).collect();
        let mut sizes = [0_usize; 4];
        for id in 0..4_000 {
            let holding: Vec<usize> =
                (0..4).filter(|index| shards[*index].holds(&format!("github:{id}"))).collect();
            assert_eq!(holding.len(), 1, "{id}");
            sizes[holding[0]] += 1;
        }
        assert!(sizes.iter().all(|size| (850..1_150).contains(size)), "{sizes:?}");
    }

    #[test]
    fn the_hash_never_changes() {
        // Plans of different versions and machines are put together; written down here, it cannot drift.
        assert_eq!(stable_hash("github:1296269"), 0xb571_1cb5_d235_9a50);
    }

    #[test]
    fn what_is_no_shard_is_told() {
        assert_eq!("2/4".parse::<Shard>().map(|shard| shard.to_string()), Ok("2/4".to_owned()));
        for text in ["", "0/4", "5/4", "1/0", "a/4", "1", "-1/3", "1/-3"] {
            assert!(text.parse::<Shard>().is_err(), "{text}");
        }
    }
}
