//! One commit of a repository on a server, into a temporary repository without a work tree and without history.

use std::{
    fs,
    io::{self, Read, Write as _},
    path::Path,
    sync::Arc,
};

use anyhow::{Context as _, Result, bail};
use git2::{Indexer, Oid, Repository};

use super::{
    remote::{LIST_BYTES, Refusal, Remote},
    store::Store,
    wire::{self, Bands, Packet},
};
use crate::read;

const SERVICE: &str = "git-upload-pack";
const VERSION: &str = "version=2";

/// What is wanted of a repository.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Want {
    /// The branch that the repository's HEAD names.
    Default,
    /// A branch by its name, `main`.
    Branch(String),
    /// A commit.
    Commit(Oid),
}

/// A commit that was fetched. Its repository is removed with the last use of the store.
#[derive(Debug, Clone)]
pub struct Fetched {
    /// The repository, which holds this commit alone.
    pub store: Arc<Store>,
    /// The commit.
    pub commit: Oid,
    /// The full name of its branch, where one was asked for.
    pub branch: Option<String>,
    /// How many bytes the server sent.
    pub bytes: u64,
}

/// What a server offers.
#[derive(Debug, Default)]
struct Offer {
    shallow: bool,
    filter: bool,
}

/// Fetches a commit without its history. `folder` is where the temporary repository goes, by default the system's place for such; a
/// pack of more than `bound` bytes is refused.
///
/// # Errors
/// With a [`Refusal`] where the server said no.
pub fn fetch(remote: &mut Remote, want: &Want, bound: u64, folder: Option<&Path>) -> Result<Fetched> {
    let (mut fetched, _) = fetch_all(remote, std::slice::from_ref(want), bound, folder)?;
    fetched.pop().context("nothing was fetched")
}

/// Fetches several commits, each without its history, into one repository. Returns them in order, and how many bytes came.
///
/// # Errors
/// As [`fetch`].
pub fn fetch_all(
    remote: &mut Remote,
    wants: &[Want],
    bound: u64,
    folder: Option<&Path>,
) -> Result<(Vec<Fetched>, u64)> {
    let offer = offer(remote)?;
    if !offer.shallow {
        bail!("{} cannot give a commit without its history", remote.host());
    }
    let names = if wants.iter().any(|want| !matches!(want, Want::Commit(_))) {
        references(remote, wants)?
    } else {
        Vec::new()
    };
    let found: Vec<(Oid, Option<String>)> =
        wants.iter().map(|want| find(&names, want)).collect::<Result<_>>()?;
    let temporary = temporary(folder)?;
    let bytes = receive(remote, &found, &offer, bound, temporary.path())?;
    let store = Arc::new(Store::open(temporary.path())?.removing(temporary));
    let fetched = found
        .into_iter()
        .map(|(commit, branch)| Fetched { store: Arc::clone(&store), commit, branch, bytes })
        .collect();
    Ok((fetched, bytes))
}

fn offer(remote: &mut Remote) -> Result<Offer> {
    let mut answer = remote.offer(SERVICE, VERSION)?.take(LIST_BYTES);
    let (mut offer, mut second) = (Offer::default(), false);
    while let Some(packet) = wire::read(&mut answer)? {
        let Some(line) = packet.text() else { continue };
        second |= line == "version 2";
        if let Some(what) = line.strip_prefix("fetch=") {
            offer.shallow = what.split(' ').any(|word| word == "shallow");
            offer.filter = what.split(' ').any(|word| word == "filter");
        }
        if line.strip_prefix("object-format=").is_some_and(|format| format != "sha1") {
            bail!("the repository names objects by another hash than SHA-1, which libgit2 does not read");
        }
    }
    if second { Ok(offer) } else { bail!("{} does not speak version 2 of git's protocol", remote.host()) }
}

/// A reference of the server: its name, its commit, and the name that it stands for.
type Reference = (String, Oid, Option<String>);

fn references(remote: &Remote, wants: &[Want]) -> Result<Vec<Reference>> {
    let mut message = command("ls-refs");
    wire::put_delimiter(&mut message);
    wire::put(&mut message, "symrefs\n");
    for want in wants {
        match want {
            Want::Default => wire::put(&mut message, "ref-prefix HEAD\n"),
            Want::Branch(name) => {
                wire::put(&mut message, &format!("ref-prefix refs/heads/{}\n", checked(name)?));
            }
            Want::Commit(_) => {}
        }
    }
    wire::put_flush(&mut message);
    let mut answer = remote.call(SERVICE, VERSION, &message)?.take(LIST_BYTES);
    let mut found = Vec::new();
    while let Some(packet) = wire::read(&mut answer)? {
        let Some(line) = packet.text() else { break };
        let mut words = line.split(' ');
        let (Some(id), Some(name)) = (words.next(), words.next()) else { continue };
        // A HEAD that leads to no commit yet is "unborn".
        let Ok(id) = id.parse::<Oid>() else { continue };
        let target = words.find_map(|word| word.strip_prefix("symref-target:")).map(str::to_owned);
        found.push((name.to_owned(), id, target));
    }
    Ok(found)
}

fn checked(name: &str) -> Result<&str> {
    if git2::Reference::is_valid_name(&format!("refs/heads/{name}")) {
        return Ok(name);
    }
    bail!("`{name}` is no name of a branch")
}

fn find(names: &[Reference], want: &Want) -> Result<(Oid, Option<String>)> {
    let (full, missing) = match want {
        Want::Commit(id) => return Ok((*id, None)),
        Want::Default => ("HEAD".to_owned(), "commit on its default branch".to_owned()),
        Want::Branch(name) => (format!("refs/heads/{name}"), format!("branch `{name}`")),
    };
    let found = names.iter().find(|(name, ..)| *name == full);
    let (name, id, target) = found.ok_or(Refusal::NoSuchRef(missing))?;
    Ok((*id, Some(target.clone().unwrap_or_else(|| name.clone()))))
}

fn command(name: &str) -> Vec<u8> {
    let mut message = Vec::new();
    wire::put(&mut message, &format!("command={name}\n"));
    wire::put(&mut message, concat!("agent=caulk/", env!("CARGO_PKG_VERSION"), "\n"));
    wire::put(&mut message, "object-format=sha1\n");
    message
}

fn temporary(folder: Option<&Path>) -> Result<tempfile::TempDir> {
    let mut builder = tempfile::Builder::new();
    builder.prefix("caulk-git-");
    let made = match folder {
        Some(folder) => builder.tempdir_in(folder),
        None => builder.tempdir(),
    };
    let made = made.context("no temporary folder can be made")?;
    Repository::init_bare(made.path()).context("no temporary repository can be made")?;
    Ok(made)
}

/// Asks for the commits and indexes what comes. Returns its size.
fn receive(
    remote: &Remote,
    wanted: &[(Oid, Option<String>)],
    offer: &Offer,
    bound: u64,
    folder: &Path,
) -> Result<u64> {
    let mut message = command("fetch");
    wire::put_delimiter(&mut message);
    wire::put(&mut message, "ofs-delta\n");
    wire::put(&mut message, "no-progress\n");
    wire::put(&mut message, "deepen 1\n");
    if offer.filter {
        // What is too large to be read need not be sent.
        wire::put(&mut message, &format!("filter blob:limit={}\n", read::LARGEST + 1));
    }
    for (id, _) in wanted {
        wire::put(&mut message, &format!("want {id}\n"));
    }
    wire::put(&mut message, "done\n");
    wire::put_flush(&mut message);
    let mut answer = remote.call(SERVICE, VERSION, &message)?;
    let mut shallow = String::new();
    loop {
        match wire::read(&mut answer)?.as_ref().map(|packet| (packet, packet.text())) {
            Some((_, Some(line))) if line == "packfile" => break,
            Some((_, Some(line))) => {
                if let Some(id) = line.strip_prefix("shallow ").and_then(|id| id.parse::<Oid>().ok()) {
                    shallow.push_str(&format!("{id}\n"));
                }
            }
            Some((Packet::Delimiter, _)) => {}
            _ => bail!("{} sends no objects", remote.host()),
        }
    }
    fs::write(folder.join("shallow"), shallow).context("failed to write the temporary repository")?;
    index(&mut Bands::new(&mut answer), bound, &folder.join("objects").join("pack"))
}

fn index(from: &mut dyn Read, bound: u64, folder: &Path) -> Result<u64> {
    let mut indexer = Indexer::new(None, folder, 0, false)?;
    let mut chunk = vec![0; 64 << 10];
    let mut total = 0_u64;
    loop {
        let count = match from.read(&mut chunk) {
            Ok(0) => break,
            Ok(count) => count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(error).context("the objects break off"),
        };
        total += count as u64;
        if total > bound {
            return Err(Refusal::TooLarge(bound).into());
        }
        indexer.write_all(&chunk[..count]).context("the objects are damaged")?;
    }
    indexer.commit().context("the objects are damaged")?;
    Ok(total)
}
