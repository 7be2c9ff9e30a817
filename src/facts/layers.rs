//! Is a program on the PATH of an image? The layers tell, without being unpacked.
//!
//! Layers are read from the last to the first, as a stream of names, until the question is answered. A search
//! that ends at a bound is "capped": then nobody knows, and "absent" is never said.

pub(crate) mod index;
pub(crate) mod read;
pub(crate) mod stack;
#[cfg(test)]
mod tests;
pub(crate) mod toc;

use std::{
    collections::{BTreeMap, BTreeSet},
    io::Read,
    sync::{Arc, Mutex, PoisonError},
};

use super::{manifest::Descriptor, trouble::Trouble};
use index::{Bounds, Entry, LayerIndex, Next, Wanted};
use stack::{Lookup, Stack, candidates};
use toc::Table;

/// Where the bytes of layers come from.
pub(crate) trait Blobs {
    /// Opens a layer from its beginning.
    fn open(&self, layer: &Descriptor) -> Result<Box<dyn Read + '_>, Trouble>;

    /// Reads a part of a layer; `None` if only whole layers are to be had.
    fn range(&self, layer: &Descriptor, from: u64, length: u64) -> Result<Option<Vec<u8>>, Trouble>;
}

/// What was learned of layers before. Several images share their lower layers.
pub(crate) trait Memory {
    fn layer(&self, digest: &str) -> Option<Arc<LayerIndex>>;
    fn remember_layer(&self, digest: &str, index: &Arc<LayerIndex>);
    fn script(&self, digest: &str, path: &str) -> Option<Vec<u8>>;
    fn remember_script(&self, digest: &str, path: &str, content: &[u8]);
    /// Returns the lock under which a layer is learned, so that no layer is read twice at the same time.
    fn lock(&self, digest: &str) -> Arc<Mutex<()>>;
}

/// What is wanted of the layers.
#[derive(Debug, Clone, Default)]
pub(crate) struct Wish {
    /// Names or absolute paths of programs.
    pub(crate) programs: BTreeSet<String>,
    /// The effective PATH.
    pub(crate) path: String,
    /// A script, by name or absolute path, whose text is wanted if it is small.
    pub(crate) script: Option<String>,
}

/// A program in the layers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Found {
    At(String),
    /// It is a script whose interpreter is not in the image.
    WithoutInterpreter {
        path: String,
        interpreter: String,
    },
    Absent {
        not_executable: Option<String>,
        layers: usize,
    },
}

/// What the layers told.
#[derive(Debug, Default)]
pub(crate) struct Told {
    pub(crate) programs: BTreeMap<String, Result<Found, Trouble>>,
    pub(crate) script: Option<String>,
}

/// How much is read at most.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Limits {
    /// Compressed bytes of all layers of an image.
    pub(crate) compressed: u64,
    pub(crate) layer: Bounds,
}

impl Default for Limits {
    fn default() -> Self {
        Self { compressed: 512 << 20, layer: Bounds::default() }
    }
}

/// Looks into layers, given from the first to the last.
pub(crate) fn search(
    blobs: &dyn Blobs,
    memory: &dyn Memory,
    layers: &[Descriptor],
    wish: &Wish,
    limits: Limits,
) -> Told {
    let mut search = Search {
        blobs,
        memory,
        wish,
        limits,
        left: limits.compressed,
        stack: Stack::default(),
        scripts: Wanted::new(),
    };
    if let Some(script) = &wish.script {
        search.scripts.extend(candidates(script, &wish.path).into_iter().map(|path| (path.into(), None)));
    }
    let mut trouble = None;
    let top_down: Vec<&Descriptor> = layers.iter().rev().collect();
    for layer in &top_down {
        if search.is_done() {
            break;
        }
        if let Err(error) = search.load(layer) {
            trouble = Some(error);
            break;
        }
    }
    if trouble.is_none() && search.stack.depth() == layers.len() {
        search.stack.complete();
    }
    let programs = wish
        .programs
        .iter()
        .map(|program| (program.clone(), search.answer(program, trouble.as_ref())))
        .collect();
    let script = search.script(&top_down);
    Told { programs, script }
}

struct Search<'a> {
    blobs: &'a dyn Blobs,
    memory: &'a dyn Memory,
    wish: &'a Wish,
    limits: Limits,
    /// Compressed bytes that may still be read.
    left: u64,
    stack: Stack,
    scripts: Wanted,
}

impl Search<'_> {
    fn is_done(&self) -> bool {
        self.wish.programs.iter().all(|program| self.find(program).is_some())
            && self
                .wish
                .script
                .iter()
                .all(|script| self.stack.find(script, &self.wish.path) != Lookup::NeedLower)
    }

    /// Returns what is known of a program by now; `None` if lower layers decide.
    fn find(&self, program: &str) -> Option<Found> {
        match self.stack.find(program, &self.wish.path) {
            Lookup::NeedLower => None,
            Lookup::Missing { not_executable } => {
                Some(Found::Absent { not_executable, layers: self.stack.depth() })
            }
            Lookup::Found { path, interpreter: None } => Some(Found::At(path)),
            Lookup::Found { path, interpreter: Some(line) } => {
                let missing = self.missing_interpreter(&line)?;
                Some(match missing {
                    Some(interpreter) => Found::WithoutInterpreter { path, interpreter },
                    None => Found::At(path),
                })
            }
        }
    }

    /// Returns the interpreter of a script's first line if the image lacks it; `None` if lower layers decide.
    fn missing_interpreter(&self, line: &str) -> Option<Option<String>> {
        let mut words = line.split_whitespace();
        let Some(first) = words.next().filter(|word| word.starts_with('/')) else { return Some(None) };
        match self.stack.find(first, "") {
            Lookup::NeedLower => return None,
            Lookup::Missing { .. } => return Some(Some(first.to_owned())),
            Lookup::Found { .. } => {}
        }
        if !first.ends_with("/env") {
            return Some(None);
        }
        let Some(name) = words.find(|word| !word.starts_with('-') && !word.contains('=')) else {
            return Some(None);
        };
        match self.stack.find(name, &self.wish.path) {
            Lookup::NeedLower => None,
            Lookup::Missing { .. } => Some(Some(name.to_owned())),
            Lookup::Found { .. } => Some(None),
        }
    }

    fn answer(&self, program: &str, trouble: Option<&Trouble>) -> Result<Found, Trouble> {
        let capped = Trouble::Capped("not all layers were read");
        self.find(program).ok_or_else(|| trouble.cloned().unwrap_or(capped))
    }

    /// Puts the next lower layer under the stack.
    fn load(&mut self, layer: &Descriptor) -> Result<(), Trouble> {
        let lock = self.memory.lock(&layer.digest);
        let _learning = lock.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = self.memory.layer(&layer.digest) {
            self.stack.push_below(known);
            return Ok(());
        }
        if let Some(listed) = self.table(layer) {
            self.stack.push_below(self.keep(layer, listed));
            return Ok(());
        }
        let wanted: BTreeSet<&str> =
            self.wish.programs.iter().chain(&self.wish.script).map(String::as_str).collect();
        let mut missing: BTreeSet<&str> =
            wanted.into_iter().filter(|program| self.find(program).is_none()).collect();
        let places: BTreeMap<String, &str> = missing
            .iter()
            .flat_map(|program| candidates(program, &self.wish.path).into_iter().map(|path| (path, *program)))
            .collect();
        let script = self.wish.script.as_deref();
        // The reading ends early when everything turned up where it is looked for. A script that is to run needs
        // its interpreter as well, so it does not count; of the entrypoint's script only the text is wanted.
        let mut look = |path: &str, entry: &Entry| {
            if let (Some(program), Entry::File { executable: true, interpreter }) = (places.get(path), entry)
                && (interpreter.is_none() || Some(*program) == script)
            {
                missing.remove(program);
            }
            if missing.is_empty() { Next::Stop } else { Next::Continue }
        };
        let (index, next) =
            read::stream(self.blobs, layer, self.limits.layer, &mut self.left, &mut self.scripts, &mut look)?;
        self.keep_scripts(layer);
        if next == Next::Continue {
            self.stack.push_below(self.keep(layer, index));
            return Ok(());
        }
        self.stack.push_below(Arc::new(index));
        if !self.is_done() {
            // An upper layer hides what was found, so the whole layer counts after all.
            self.stack.pop_lowest();
            let (index, _) = read::stream(
                self.blobs,
                layer,
                self.limits.layer,
                &mut self.left,
                &mut self.scripts,
                &mut |_, _| Next::Continue,
            )?;
            self.stack.push_below(self.keep(layer, index));
        }
        Ok(())
    }

    /// Keeps the scripts that a layer showed while others still wait for it.
    fn keep_scripts(&mut self, layer: &Descriptor) {
        for (path, slot) in &mut self.scripts {
            if let Some(content) = slot.take() {
                self.memory.remember_script(&layer.digest, path, &content);
            }
        }
    }

    fn keep(&self, layer: &Descriptor, index: LayerIndex) -> Arc<LayerIndex> {
        let index = Arc::new(index);
        self.memory.remember_layer(&layer.digest, &index);
        index
    }

    /// Reads the layer's table of contents; whatever is wrong with it, the layer itself still tells.
    fn table(&mut self, layer: &Descriptor) -> Option<LayerIndex> {
        let table = Table::of(&layer.annotations)?;
        // A script's interpreter is not listed, and a script that is wanted must be read anyway.
        match table {
            Table::Chunked { offset, length, digest } => {
                let bytes = self.range(layer, offset, length)?;
                toc::read_chunked(&bytes, &digest).ok()
            }
            Table::Estargz { digest } => {
                let end = layer.size.checked_sub(toc::ESTARGZ_FOOTER)?;
                let footer = self.range(layer, end, toc::ESTARGZ_FOOTER)?;
                let offset = toc::estargz_offset(&footer)?;
                let length = end.checked_sub(offset).filter(|length| *length <= toc::TOC_BYTES)?;
                let bytes = self.range(layer, offset, length)?;
                toc::read_estargz(&bytes, &digest).ok()
            }
        }
    }

    fn range(&mut self, layer: &Descriptor, from: u64, length: u64) -> Option<Vec<u8>> {
        self.left = self.left.checked_sub(length)?;
        let bytes = self.blobs.range(layer, from, length).ok().flatten()?;
        (bytes.len() as u64 == length).then_some(bytes)
    }

    /// Returns the text of the script that is wanted.
    fn script(&mut self, top_down: &[&Descriptor]) -> Option<String> {
        let name = self.wish.script.as_deref()?;
        let Lookup::Found { path, .. } = self.stack.find(name, &self.wish.path) else { return None };
        let (place, path) = self.stack.owner(&path)?;
        let layer = *top_down.get(place)?;
        // A layer that was read through would have told that it is a script.
        if !self.stack.is_script(place, &path) && Table::of(&layer.annotations).is_none() {
            return None;
        }
        if let Some(content) = self.memory.script(&layer.digest, &path) {
            return String::from_utf8(content).ok();
        }
        let content = self.fetch_script(layer, &path)?;
        self.memory.remember_script(&layer.digest, &path, &content);
        String::from_utf8(content).ok()
    }

    fn fetch_script(&mut self, layer: &Descriptor, path: &str) -> Option<Vec<u8>> {
        let mut wanted = Wanted::from([(path.into(), None)]);
        let mut look = |seen: &str, _: &Entry| if seen == path { Next::Stop } else { Next::Continue };
        read::stream(self.blobs, layer, self.limits.layer, &mut self.left, &mut wanted, &mut look).ok()?;
        wanted.remove(path).flatten()
    }
}
