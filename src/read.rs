//! Files into documents: read, sifted, decoded and parsed on all cores, in a fixed order.

mod sift;
mod trouble;

use std::{
    fs::File,
    io::{self, Read as _},
    path::Path,
    sync::Arc,
};

use caulk_transforms::{
    model::{Protection, SourceFile},
    path::RepoPath,
    syntax,
};
use rayon::prelude::*;

pub use self::trouble::{Skip, Trouble};
use crate::{
    sink::progress::Progress,
    walk::{Candidate, Tree, reason_of},
};

/// The largest file that is parsed, in bytes. etcd takes objects of 1.5 MB, so this is a bundle of very many, or no manifest.
pub const LARGEST: u64 = 32 << 20;

/// With fewer files than this, every one is parsed, so that a typing error is told even where no rule would have looked.
const PARSE_ALL_BELOW: usize = 1000;

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

/// How thoroughly files are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Thoroughness {
    /// Files in which no rule could find anything are not parsed, unless there are few.
    Sifted,
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
    let all = thoroughness == Thoroughness::All || candidates.len() < PARSE_ALL_BELOW;
    let results: Vec<Outcome> = candidates
        .par_iter()
        .map_init(Vec::new, |buffer, candidate| {
            progress.step();
            read_one(tree, candidate, all, buffer)
        })
        .collect();
    let mut reading = Reading::default();
    for (result, candidate) in results.into_iter().zip(candidates) {
        match result {
            Outcome::Parsed(file) => {
                reading.files.push(*file);
                continue;
            }
            Outcome::Skipped(skip) => reading.skipped.push(skip),
            Outcome::Irrelevant => {}
        }
        reading.others.push(candidate.path.clone());
    }
    reading
}

/// Parses text that came from somewhere else than the tree, such as standard input.
///
/// # Errors
/// What is wrong with the bytes.
pub fn parse(bytes: Vec<u8>) -> Result<Arc<syntax::Stream>, Trouble> {
    if bytes.len() as u64 > LARGEST {
        return Err(Trouble::TooLarge(bytes.len() as u64));
    }
    let text = syntax::decode(bytes).map_err(|issue| Trouble::NotText(issue.into()))?;
    let text: Arc<str> = text.into();
    match syntax::parse(Arc::clone(&text)) {
        Ok(stream) => Ok(Arc::new(stream)),
        Err(_) if sift::is_template(text.as_bytes()) => Err(Trouble::Template),
        Err(issue) => Err(Trouble::NotYaml(issue.into())),
    }
}

enum Outcome {
    Parsed(Box<SourceFile>),
    Skipped(Skip),
    Irrelevant,
}

fn read_one(tree: &Tree, candidate: &Candidate, all: bool, buffer: &mut Vec<u8>) -> Outcome {
    let skip = |trouble| Outcome::Skipped(Skip::new(candidate.path.as_str(), trouble));
    if let Err(trouble) = load(&tree.disk(&candidate.path), buffer) {
        return skip(trouble);
    }
    let wanted = all || candidate.named || sift::may_concern_a_rule(&candidate.path, buffer);
    if !wanted {
        // Even where nobody looks, bytes that are no text are worth a word: a broken file hides whatever it held.
        return match sift::is_text(buffer) {
            true => Outcome::Irrelevant,
            false => syntax::decode(buffer.clone())
                .map_or_else(|issue| skip(Trouble::NotText(issue.into())), |_| Outcome::Irrelevant),
        };
    }
    match parse(buffer.clone()) {
        Ok(stream) => Outcome::Parsed(Box::new(SourceFile {
            protection: protection(candidate, &stream),
            path: candidate.path.clone(),
            stream,
        })),
        Err(trouble) => skip(trouble),
    }
}

/// Reads a file into the buffer, which keeps its room from file to file.
fn load(path: &Path, buffer: &mut Vec<u8>) -> Result<(), Trouble> {
    let unreadable = |error: io::Error| Trouble::Unreadable(reason_of(&error));
    buffer.clear();
    let file = File::open(path).map_err(unreadable)?;
    let read = file.take(LARGEST + 1).read_to_end(buffer).map_err(unreadable)?;
    if read as u64 > LARGEST {
        let size = std::fs::metadata(path).map_or(read as u64, |data| data.len());
        // A single giant must not stay in memory for the rest of the run.
        *buffer = Vec::new();
        return Err(Trouble::TooLarge(size));
    }
    Ok(())
}

fn protection(candidate: &Candidate, stream: &syntax::Stream) -> Option<Protection> {
    let excluded = || (!candidate.asked).then_some(Protection::Excluded);
    candidate.protection.clone().or_else(excluded).or_else(|| Protection::of(&candidate.path, stream.text()))
}
