//! What the keys of a mapping tell about it as a whole.

use super::arena::{Data, Flags, NONE, Shape, Values};
use super::node::inner;

/// Up to this many keys, comparing all pairs is faster than sorting.
const FEW: usize = 12;

/// Returns what is to be set on a mapping whose entries are complete. Keys count as equal if their text is: Kubernetes reads
/// them so.
pub(super) fn of_mapping(mapping: u32, nodes: &[Data], values: &Values, text: &str) -> Flags {
    let mut flags = Flags::default();
    let (mut few, mut many, mut count) = ([""; FEW], Vec::new(), 0);
    let mut key = mapping + 1;
    while let Some(data) = nodes.get(key as usize) {
        if data.flags.has(Flags::EXPLICIT_KEY) {
            flags.set(Flags::EXPLICIT);
        }
        if let Some(name) = name(data, values, text) {
            // YAML 1.1 parsers differ on a quoted `<<`, so it counts too.
            if name == "<<" {
                flags.set(Flags::MERGE);
            }
            match few.get_mut(count) {
                Some(place) => *place = name,
                None => many.push(name),
            }
            count += 1;
        } else {
            flags.set(Flags::COMPLEX);
        }
        let Some(value) = nodes.get(data.next as usize) else { break };
        key = value.next;
    }
    let few = few.get_mut(..count.min(FEW)).unwrap_or_default();
    if !many.is_empty() {
        many.extend_from_slice(few);
    }
    if has_duplicate(if many.is_empty() { few } else { &mut many }) {
        flags.set(Flags::DUPLICATE);
    }
    flags
}

/// Returns the text of a key that is a scalar.
fn name<'a>(key: &Data, values: &'a Values, text: &'a str) -> Option<&'a str> {
    let Shape::Scalar(style) = key.shape else { return None };
    if key.extra != NONE {
        return Some(values.get(key.extra));
    }
    text.get(inner(key.span(), style))
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
