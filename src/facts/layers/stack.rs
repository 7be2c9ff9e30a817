//! The layers of an image, laid over one another.

use std::sync::Arc;

use super::index::{Entry, LayerIndex, normalized};

/// Layers from the top one down, as far as they were read.
#[derive(Debug, Default)]
pub(crate) struct Stack {
    layers: Vec<Arc<LayerIndex>>,
    complete: bool,
}

/// What the layers tell of a program.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Lookup {
    /// It is there and can be executed.
    Found { path: String, interpreter: Option<Box<str>> },
    /// No folder of PATH has it; with a file of that name that may not be executed.
    Missing { not_executable: Option<String> },
    /// A lower layer decides.
    NeedLower,
}

enum Seen<'a> {
    Entry(&'a Entry),
    Nothing,
    NeedLower,
}

/// More links in a row than Linux follows.
const MAX_LINKS: usize = 40;

impl Stack {
    /// Puts a layer under those that are there.
    pub(crate) fn push_below(&mut self, layer: Arc<LayerIndex>) {
        self.layers.push(layer);
    }

    /// Returns how many layers were read.
    pub(crate) fn depth(&self) -> usize {
        self.layers.len()
    }

    /// Takes the lowest layer away, to be read again.
    pub(crate) fn pop_lowest(&mut self) {
        self.layers.pop();
    }

    /// Returns the number, from the top, of the layer that holds the file that a path leads to, and the file's own path.
    pub(crate) fn owner(&self, path: &str) -> Option<(usize, String)> {
        let mut path = normalized(path);
        for _ in 0..MAX_LINKS {
            match self.step(&path) {
                Step::Jump(target) => path = target,
                Step::Seen(_) => {
                    let place =
                        self.layers.iter().position(|layer| layer.entries.contains_key(path.as_str()))?;
                    return Some((place, path));
                }
            }
        }
        None
    }

    /// Tells whether the file of a layer begins with the name of an interpreter.
    pub(crate) fn is_script(&self, place: usize, path: &str) -> bool {
        let entry = self.layers.get(place).and_then(|layer| layer.entries.get(path));
        matches!(entry, Some(Entry::File { interpreter: Some(_), .. }))
    }

    /// Says that there is no further layer.
    pub(crate) const fn complete(&mut self) {
        self.complete = true;
    }

    /// Looks for a program: an absolute path, or a name in the folders of PATH.
    pub(crate) fn find(&self, program: &str, path: &str) -> Lookup {
        let candidates = candidates(program, path);
        // An executable file at the literal path needs nothing of the lower layers: whatever they hold, the folders of the
        // path lead to it.
        if let Some(found) = candidates.iter().find_map(|candidate| self.literal(candidate)) {
            return found;
        }
        let mut need_lower = false;
        let mut not_executable = None;
        for candidate in candidates {
            match self.resolve(&candidate) {
                Seen::Entry(Entry::File { executable: true, interpreter }) => {
                    return Lookup::Found { path: format!("/{candidate}"), interpreter: interpreter.clone() };
                }
                Seen::Entry(Entry::File { executable: false, .. }) => {
                    not_executable.get_or_insert_with(|| format!("/{candidate}"));
                }
                Seen::NeedLower => need_lower = true,
                Seen::Entry(_) | Seen::Nothing => {}
            }
        }
        if need_lower { Lookup::NeedLower } else { Lookup::Missing { not_executable } }
    }

    fn literal(&self, candidate: &str) -> Option<Lookup> {
        let place = self
            .layers
            .iter()
            .position(|layer| layer.entries.contains_key(candidate) || hides(layer, candidate))?;
        let upper = self.layers.get(..place)?;
        let layer = self.layers.get(place)?;
        let Some(Entry::File { executable: true, interpreter }) = layer.entries.get(candidate) else {
            return None;
        };
        let linked = |folder: &str| {
            upper
                .iter()
                .any(|layer| matches!(layer.entries.get(folder), Some(entry) if *entry != Entry::Folder))
        };
        if folders(candidate).any(linked) {
            return None;
        }
        Some(Lookup::Found { path: format!("/{candidate}"), interpreter: interpreter.clone() })
    }

    /// Returns the file that a path leads to, through symbolic links.
    fn resolve(&self, path: &str) -> Seen<'_> {
        let mut path = path.to_owned();
        for _ in 0..MAX_LINKS {
            match self.step(&path) {
                Step::Jump(target) => path = target,
                Step::Seen(seen) => return seen,
            }
        }
        // A loop of links: the kernel gives up as well.
        Seen::Nothing
    }

    fn step(&self, path: &str) -> Step<'_> {
        for folder in folders(path).chain([path]) {
            match self.entry(folder) {
                Seen::NeedLower => return Step::Seen(Seen::NeedLower),
                Seen::Entry(Entry::Symlink(target)) => {
                    let rest = path[folder.len()..].trim_start_matches('/');
                    let parent = folder.rsplit_once('/').map_or("", |(parent, _)| parent);
                    let joined = if target.starts_with('/') {
                        format!("{target}/{rest}")
                    } else {
                        format!("{parent}/{target}/{rest}")
                    };
                    return Step::Jump(normalized(&joined));
                }
                Seen::Entry(Entry::Hardlink(target)) if folder == path => {
                    return Step::Jump(target.to_string());
                }
                Seen::Entry(entry) if folder == path => return Step::Seen(Seen::Entry(entry)),
                // A folder need not be in the archive itself, and a file in its place has nothing below it.
                Seen::Entry(_) | Seen::Nothing => {}
            }
        }
        Step::Seen(Seen::Nothing)
    }

    fn entry(&self, path: &str) -> Seen<'_> {
        for layer in &self.layers {
            match layer.entries.get(path) {
                Some(entry) => return Seen::Entry(entry),
                None if hides(layer, path) => return Seen::Nothing,
                None => {}
            }
        }
        if self.complete { Seen::Nothing } else { Seen::NeedLower }
    }
}

enum Step<'a> {
    Seen(Seen<'a>),
    Jump(String),
}

/// Tells whether a layer hides what lower layers have at a path: a removed, replaced or opaque folder.
fn hides(layer: &LayerIndex, path: &str) -> bool {
    if layer.removed.contains(path) || layer.opaque.contains("") {
        return true;
    }
    folders(path).any(|folder| {
        let replaced = || match layer.entries.get(folder) {
            Some(Entry::Folder | Entry::Symlink(_)) | None => false,
            Some(Entry::File { .. } | Entry::Hardlink(_) | Entry::Other) => true,
        };
        layer.opaque.contains(folder) || layer.removed.contains(folder) || replaced()
    })
}

/// Returns the folders above a path, the outermost first.
fn folders(path: &str) -> impl Iterator<Item = &str> {
    path.match_indices('/').map(|(at, _)| &path[..at])
}

/// Returns the paths where a program may lie, without a slash in front.
pub(crate) fn candidates(program: &str, path: &str) -> Vec<String> {
    if program.starts_with('/') {
        return vec![normalized(program)];
    }
    path.split(':')
        .filter(|folder| folder.starts_with('/'))
        .map(|folder| normalized(&format!("{folder}/{program}")))
        .collect()
}
