//! A branch of a repository on a server moved, if it still is where it was seen.

use std::{
    collections::BTreeMap,
    io::{Cursor, Read},
};

use anyhow::{Result, bail};
use git2::Oid;

use super::{
    remote::{LIST_BYTES, Remote},
    wire::{self, Bands, Packet},
};
use crate::net::secrets;

const SERVICE: &str = "git-receive-pack";
const VERSION: &str = "version=0";

/// What is to become of a branch.
#[derive(Debug, Clone, Copy)]
pub struct Update<'a> {
    /// Its full name, `refs/heads/caulk/mend`.
    pub reference: &'a str,
    /// Where it was seen last; `None` if it was not there. If it is elsewhere now, nothing happens.
    pub expected: Option<Oid>,
    /// Where it is to be; `None` if it is to go.
    pub new: Option<Oid>,
    /// The objects that the server does not have: [`super::commit::Built::pack`].
    pub pack: &'a [u8],
}

/// Why a branch was not moved.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotPushed {
    /// Somebody moved it in the meantime.
    #[error("{reference} is not where it was seen last: somebody else moved it")]
    Moved {
        /// The branch.
        reference: String,
        /// Where it is now; `None` if it is gone.
        now: Option<Oid>,
    },
    /// The server refuses.
    #[error("the server refuses to move {reference}: {reason}{}", told(.messages))]
    Refused {
        /// The branch.
        reference: String,
        /// The reason in the server's own words.
        reason: String,
        /// What else it says, such as a hook's words.
        messages: String,
    },
}

fn told(messages: &str) -> String {
    if messages.trim().is_empty() { String::new() } else { format!("\n{}", messages.trim_end()) }
}

/// Moves a branch. Returns what the server says beside.
///
/// # Errors
/// [`NotPushed`] where the branch is elsewhere or the server refuses, a [`super::remote::Refusal`] where it does not even
/// listen. After another error, such as a broken connection, the branch may have moved: look before trying again.
pub fn push(remote: &mut Remote, update: &Update<'_>) -> Result<String> {
    if !git2::Reference::is_valid_name(update.reference) {
        bail!("`{}` is no name of a branch", update.reference);
    }
    let (references, offers) = offer(remote)?;
    let now = references.get(update.reference).copied();
    if now != update.expected {
        return Err(NotPushed::Moved { reference: update.reference.to_owned(), now }.into());
    }
    let banded = offers.iter().any(|word| word == "side-band-64k");
    let bands = if banded { " side-band-64k" } else { "" };
    let zero = Oid::ZERO_SHA1;
    let mut message = Vec::with_capacity(update.pack.len() + 512);
    wire::put(
        &mut message,
        &format!(
            "{} {} {}\0 report-status{bands} agent=caulk/{}",
            update.expected.unwrap_or(zero),
            update.new.unwrap_or(zero),
            update.reference,
            env!("CARGO_PKG_VERSION")
        ),
    );
    wire::put_flush(&mut message);
    if update.new.is_some() {
        message.extend_from_slice(update.pack);
    }
    let mut answer = remote.call(SERVICE, VERSION, &message)?.take(LIST_BYTES);
    let (mut report, mut messages) = (Vec::new(), String::new());
    if banded {
        let mut bands = Bands::new(&mut answer);
        bands.read_to_end(&mut report)?;
        messages = bands.messages;
    } else {
        answer.read_to_end(&mut report)?;
    }
    match refusal(&mut Cursor::new(report), update.reference)? {
        None => Ok(messages),
        Some(reason) => {
            Err(NotPushed::Refused { reference: update.reference.to_owned(), reason, messages }.into())
        }
    }
}

/// Returns where the branches of a repository are, by their full names; needs a token that may push.
///
/// # Errors
/// As [`push`].
pub fn branches(remote: &mut Remote) -> Result<BTreeMap<String, Oid>> {
    Ok(offer(remote)?.0)
}

fn offer(remote: &mut Remote) -> Result<(BTreeMap<String, Oid>, Vec<String>)> {
    let mut answer = remote.offer(SERVICE, VERSION)?.take(LIST_BYTES);
    let (mut references, mut offers) = (BTreeMap::new(), Vec::new());
    while let Some(packet) = wire::read(&mut answer)? {
        let Some(line) = packet.text().filter(|line| !line.starts_with('#')) else { continue };
        let (reference, words) = line.split_once('\0').unwrap_or((&line, ""));
        offers.extend(words.split(' ').filter(|word| !word.is_empty()).map(str::to_owned));
        if let Some((id, name)) = reference.split_once(' ')
            && let Ok(id) = id.parse::<Oid>()
            && !id.is_zero()
        {
            references.insert(name.to_owned(), id);
        }
    }
    if !offers.iter().any(|word| word == "report-status") {
        bail!("{} would not tell whether a push succeeds", remote.host());
    }
    Ok((references, offers))
}

/// Reads the report. Returns why the server refused, if it did.
fn refusal(report: &mut dyn Read, reference: &str) -> Result<Option<String>> {
    let mut accepted = false;
    let mut unpacked = None;
    while let Some(packet) = wire::read(report)? {
        let Packet::Data(_) = packet else { break };
        let line = secrets::struck(&packet.text().unwrap_or_default());
        if let Some(reason) = line.strip_prefix("unpack ") {
            unpacked = Some(reason.to_owned()).filter(|reason| reason != "ok");
        } else if let Some(refused) = line.strip_prefix("ng ") {
            return Ok(Some(refused.split_once(' ').map_or(refused, |(_, reason)| reason).to_owned()));
        } else if line.strip_prefix("ok ") == Some(reference) {
            accepted = true;
        }
    }
    match (unpacked, accepted) {
        (Some(reason), _) => Ok(Some(reason)),
        (None, true) => Ok(None),
        (None, false) => bail!("the server does not say what became of {reference}"),
    }
}
