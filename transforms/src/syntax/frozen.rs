//! Which nodes structural edits must leave alone, and why.

use super::arena::{Data, DocumentData, Flags, Properties, Shape};

/// Why edits in a node are refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
pub enum Frozen {
    /// A place in this document could not be told with certainty.
    #[error("the document's layout is not understood in full")]
    Unresolved,
    /// The text holds line separators that versions of YAML read differently.
    #[error("the file holds a line separator that YAML 1.1 and 1.2 read differently")]
    LineSeparator,
    /// The node is an alias; what it stands for is written elsewhere.
    #[error("it is an alias")]
    Alias,
    /// The node, or one that holds it, is anchored, and an alias refers to it.
    #[error("it lies in an anchored node that an alias refers to")]
    Anchored,
    /// The mapping, or one that holds it, has a merge key.
    #[error("it lies in a mapping with a merge key (`<<`)")]
    MergeKey,
    /// The mapping, or one that holds it, has a key introduced by `? `.
    #[error("it lies in a mapping with an explicit key (`? `)")]
    ExplicitKey,
    /// The mapping, or one that holds it, has the same key twice.
    #[error("it lies in a mapping with a duplicate key")]
    DuplicateKey,
    /// The mapping, or one that holds it, has a key that is no scalar.
    #[error("it lies in a mapping with a key that is no scalar")]
    ComplexKey,
    /// The mapping is a pair without braces in a flow sequence, as in `[a: b]`.
    #[error("it lies in a single pair without braces")]
    Pair,
    /// The node, or one that holds it, has a tag whose meaning is not YAML's own.
    #[error("it lies in a node with a custom tag")]
    Tag,
}

/// Fills [`Data::frozen`]. Parents come before children, so one pass hands every reason down.
pub(super) fn settle(
    nodes: &mut [Data],
    documents: &[DocumentData],
    properties: &[Properties],
    foreign: bool,
) {
    for (index, document) in documents.iter().enumerate() {
        let after = documents.get(index + 1).map_or(nodes.len(), |next| next.root as usize);
        let whole = if document.lost {
            Some(Frozen::Unresolved)
        } else if foreign {
            Some(Frozen::LineSeparator)
        } else {
            None
        };
        for node in document.root as usize..after {
            let own = whole.or_else(|| own_reason(node, nodes, properties));
            let parent = nodes.get(node).map_or(super::arena::NONE, |data| data.parent);
            let inherited = nodes.get(parent as usize).and_then(|data| data.frozen);
            if let Some(data) = nodes.get_mut(node) {
                data.frozen = own.or(inherited);
            }
        }
    }
}

fn own_reason(node: usize, nodes: &[Data], properties: &[Properties]) -> Option<Frozen> {
    let data = nodes.get(node)?;
    let reasons = [
        (data.flags.has(Flags::UNRESOLVED), Frozen::Unresolved),
        (data.shape == Shape::Alias, Frozen::Alias),
        (data.flags.has(Flags::ALIASED), Frozen::Anchored),
        (data.flags.has(Flags::MERGE), Frozen::MergeKey),
        (data.flags.has(Flags::EXPLICIT) || data.flags.has(Flags::EXPLICIT_KEY), Frozen::ExplicitKey),
        (data.flags.has(Flags::DUPLICATE), Frozen::DuplicateKey),
        (data.flags.has(Flags::COMPLEX), Frozen::ComplexKey),
        (data.shape == Shape::Pair, Frozen::Pair),
    ];
    if let Some((_, reason)) = reasons.into_iter().find(|(holds, _)| *holds) {
        return Some(reason);
    }
    if !data.flags.has(Flags::PROPERTIES) {
        return None;
    }
    let found = properties.binary_search_by_key(&(node as u32), |each| each.node).ok()?;
    let tag = properties.get(found)?.tag.as_deref()?;
    (!is_core_tag(tag)).then_some(Frozen::Tag)
}

/// Tells whether a tag only says what YAML itself would make of the node.
pub(super) fn is_core_tag(tag: &str) -> bool {
    match tag.strip_prefix("tag:yaml.org,2002:") {
        Some(name) => matches!(name, "str" | "int" | "float" | "bool" | "null" | "map" | "seq"),
        None => tag == "!",
    }
}
