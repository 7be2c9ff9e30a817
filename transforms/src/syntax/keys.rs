//! What the keys of a mapping tell about it as a whole.

use super::arena::{Data, Flags, Shape};

/// Up to this many keys, comparing all pairs is faster than sorting.
const FEW: usize = 12;

/// The keys of one mapping, collected when it closes.
#[derive(Debug)]
pub(super) struct Keys<'a> {
    names: Vec<&'a str>,
    flags: Flags,
}

impl<'a> Keys<'a> {
    pub(super) fn new() -> Self {
        Self { names: Vec::new(), flags: Flags::default() }
    }

    /// Adds a key; `name` is its text if it is a scalar.
    pub(super) fn push(&mut self, key: &Data, name: Option<&'a str>) {
        match name {
            Some(name) => self.names.push(name),
            None => self.flags.set(Flags::COMPLEX),
        }
        // YAML 1.1 parsers differ on a quoted `<<`, so it counts too.
        if name == Some("<<") && matches!(key.shape, Shape::Scalar(_)) {
            self.flags.set(Flags::MERGE);
        }
        if key.flags.has(Flags::EXPLICIT_KEY) {
            self.flags.set(Flags::EXPLICIT);
        }
    }

    /// Returns what is to be set on the mapping. Keys count as equal if their text is: Kubernetes reads them so.
    pub(super) fn flags(mut self) -> Flags {
        if has_duplicate(&mut self.names) {
            self.flags.set(Flags::DUPLICATE);
        }
        self.flags
    }
}

fn has_duplicate(names: &mut [&str]) -> bool {
    if names.len() <= FEW {
        return names
            .iter()
            .enumerate()
            .any(|(index, name)| names.iter().skip(index + 1).any(|other| name == other));
    }
    names.sort_unstable();
    names.windows(2).any(|pair| pair.first() == pair.last())
}
