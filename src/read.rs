//! Files into documents: read, sifted, decoded and parsed on all cores, in a fixed order.

mod needs;
mod sift;
mod trouble;

use std::sync::{Arc, Mutex};

use caulk_transforms::{
    model::{Protection, SourceFile},
    path::RepoPath,
    syntax,
};
use rayon::prelude::*;

pub use self::trouble::{Skip, Trouble};
use crate::{
    sink::progress::Progress,
    walk::{Candidate, Tree},
};

/// The largest file that is parsed, in bytes. etcd takes objects of 1.5 MB, so this is a bundle of very many, or no manifest.
pub const LARGEST: u64 = 32 << 20;

/// With fewer files than this, every one is parsed, so that a typing error is told even where no rule would have looked.
const PARSE_ALL_BELOW: usize = 1000;

/// How many files a thread takes at once: few, so that none is left with the large ones when all others are done.
const FEW: usize = 64;

/// What became of the files.
#[derive(Debug, Default)]
pub struct Reading {
    /// The parsed files, in the order of the candidates.
    pub files: Vec<SourceFile>,
    /// The files that could not be used.
    pub skipped: Vec<Skip>,
    /// The paths of all files that were not parsed.
    pub others: Vec<RepoPath>,
}

/// How thoroughly files are read. Where there are few, every one is parsed in any case.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Thoroughness {
    /// Files are parsed that hold a command, or that decide what becomes of one.
    Commands,
    /// Files are parsed that the model could learn something from.
    Model,
    /// Every file is parsed.
    All,
}

/// Reads and parses the candidates.
#[must_use]
pub fn read(
    tree: &Tree,
    candidates: &[Candidate],
    thoroughness: Thoroughness,
    progress: &Progress,
) -> Reading {
    let thoroughness = if candidates.len() < PARSE_ALL_BELOW { Thoroughness::All } else { thoroughness };
    let wanted = |candidate: &Candidate, bytes: &[u8]| {
        candidate.named
            || match thoroughness {
                Thoroughness::Commands => sift::may_decide_a_command(&candidate.path, bytes),
                Thoroughness::Model => sift::may_concern_the_model(&candidate.path, bytes),
                Thoroughness::All => true,
            }
    };
    let rooms = Rooms::default();
    let mut results: Vec<Outcome> = candidates
        .par_iter()
        .with_max_len(FEW)
        .map(|candidate| {
            progress.step();
            rooms.with(|room| read_one(tree, candidate, &wanted, room))
        })
        .collect();
    read_needed(tree, candidates, thoroughness, &mut results);
    let mut reading = Reading { files: Vec::with_capacity(results.len()), ..Reading::default() };
    for (result, candidate) in results.into_iter().zip(candidates) {
        match result {
            Outcome::Parsed(file) => {
                reading.files.push(file);
                continue;
            }
            Outcome::Skipped(skip) => reading.skipped.push(skip),
            Outcome::Irrelevant => {}
        }
        reading.others.push(candidate.path.clone());
    }
    reading
}

/// Reads what other files need in addition: a patch or a base without a command decides what a container runs, too, and a
/// file of which a ConfigMap is made may hold anything.
fn read_needed(tree: &Tree, candidates: &[Candidate], thoroughness: Thoroughness, results: &mut [Outcome]) {
    let parsed = results.iter().map(|result| match result {
        Outcome::Parsed(file) => Some(file),
        _ => None,
    });
    let parsed: Vec<Option<&SourceFile>> = parsed.collect();
    let unread = |place: usize| matches!(results.get(place), Some(Outcome::Irrelevant));
    let needed = match thoroughness {
        Thoroughness::Commands => needs::needed(candidates, &parsed, &unread),
        Thoroughness::Model => needs::generated(candidates, &parsed, &unread),
        Thoroughness::All => return,
    };
    let wanted = |_: &Candidate, bytes: &[u8]| !sift::only_schemas(bytes);
    let rooms = Rooms::default();
    let read: Vec<(usize, Outcome)> = needed
        .into_par_iter()
        .filter_map(|place| {
            let candidate = candidates.get(place)?;
            Some((place, rooms.with(|room| read_one(tree, candidate, &wanted, room))))
        })
        .collect();
    for (place, outcome) in read {
        if let Some(result) = results.get_mut(place) {
            *result = outcome;
        }
    }
}

/// Parses text that came from somewhere else than the tree, such as standard input.
///
/// # Errors
/// What is wrong with the bytes.
pub fn parse(bytes: &[u8]) -> Result<Arc<syntax::Stream>, Trouble> {
    parse_with(&mut syntax::Parser::default(), bytes)
}

fn parse_with(parser: &mut syntax::Parser, bytes: &[u8]) -> Result<Arc<syntax::Stream>, Trouble> {
    if bytes.len() as u64 > LARGEST {
        return Err(Trouble::TooLarge(bytes.len() as u64));
    }
    let text = check(bytes)?;
    match parser.parse(text) {
        Ok(stream) => Ok(Arc::new(stream)),
        Err(_) if sift::is_template(bytes) => Err(Trouble::Template),
        Err(issue) => Err(Trouble::NotYaml(issue.into())),
    }
}

/// Refuses bytes that no YAML may hold. Even where nobody looks they are worth a word: a broken file hides whatever it held.
fn check(bytes: &[u8]) -> Result<&str, Trouble> {
    match sift::text(bytes) {
        Some(_) if sift::is_pointer(bytes) => Err(Trouble::Pointer),
        Some(text) => Ok(text),
        // The decoder tells what is wrong, and where.
        None => syntax::decode(bytes.to_vec()).map(|_| "").map_err(|issue| Trouble::NotText(issue.into())),
    }
}

enum Outcome {
    Parsed(SourceFile),
    Skipped(Skip),
    Irrelevant,
}

/// What one thread keeps from file to file.
#[derive(Debug, Default)]
struct Room {
    buffer: Vec<u8>,
    parser: syntax::Parser,
}

/// The rooms of all threads.
struct Rooms(Vec<Mutex<Room>>);

impl Default for Rooms {
    fn default() -> Self {
        Self((0..rayon::current_num_threads()).map(|_| Mutex::default()).collect())
    }
}

impl Rooms {
    /// Lends the room of the thread that asks. Each thread has its own, so none waits for another.
    fn with<T>(&self, work: impl FnOnce(&mut Room) -> T) -> T {
        let room = rayon::current_thread_index().and_then(|number| self.0.get(number));
        match room.map(Mutex::lock) {
            Some(Ok(mut room)) => work(&mut room),
            Some(Err(_)) | None => work(&mut Room::default()),
        }
    }
}

fn read_one(
    tree: &Tree,
    candidate: &Candidate,
    wanted: &(dyn Fn(&Candidate, &[u8]) -> bool + Sync),
    room: &mut Room,
) -> Outcome {
    let Room { buffer, parser } = room;
    let result = tree.load(&candidate.path, LARGEST, buffer).and_then(|()| match wanted(candidate, buffer) {
        true => parse_with(parser, buffer).map(Some),
        false => check(buffer).map(|_| None),
    });
    match result {
        Ok(Some(stream)) => Outcome::Parsed(SourceFile {
            protection: protection(candidate, &stream),
            path: candidate.path.clone(),
            stream,
        }),
        Ok(None) => Outcome::Irrelevant,
        Err(trouble) => Outcome::Skipped(Skip::new(candidate.path.as_str(), trouble)),
    }
}

fn protection(candidate: &Candidate, stream: &syntax::Stream) -> Option<Protection> {
    let excluded = || (!candidate.asked).then_some(Protection::Excluded);
    candidate.protection.clone().or_else(excluded).or_else(|| Protection::of(&candidate.path, stream.text()))
}
