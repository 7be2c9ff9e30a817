//! Picking a change at random.

use caulk_transforms::syntax::{Entry, Kind, Node, Stream};

use crate::change::Change;
use crate::choice::Choice;

/// Texts that are easy to write wrongly.
const TEXTS: [&str; 44] = [
    "redis.db.svc.cluster.local",
    "server",
    "--port=8080",
    "/bin/sh",
    "a b",
    "a: b",
    "a:b",
    "key:",
    ":x",
    "yes",
    "No",
    "null",
    "~",
    "8080",
    "0x1F",
    "1e3",
    "1:30",
    "2001-01-01",
    "",
    " lead",
    "trail ",
    "#x",
    "a #b",
    "- x",
    "-",
    "? x",
    "[x]",
    "a,b",
    "{{ .x }}",
    "}",
    "it's",
    "say \"hi\"",
    "a\\b",
    "*x",
    "&x",
    "!x",
    "|",
    "%x",
    "@x",
    "x\ny",
    "\n",
    "ä名🦀",
    "\u{85}\u{feff}",
    "\t",
];

const NAMES: [&str; 6] = ["args", "renamed", "a: b", "yes", "#", "ü"];

/// The nodes of a text that a change can be made on.
pub(crate) struct Sites<'a> {
    scalars: Vec<Node<'a>>,
    lists: Vec<Node<'a>>,
    entries: Vec<Entry<'a>>,
    /// Mappings that have a list.
    holders: Vec<Node<'a>>,
}

impl<'a> Sites<'a> {
    pub(crate) fn of(stream: &'a Stream) -> Self {
        let nodes: Vec<Node<'a>> =
            stream.documents().filter_map(|document| document.root()).flat_map(Node::descendants).collect();
        let is_list = |entry: Entry<'_>| entry.value().kind() == Kind::Sequence;
        Self {
            scalars: nodes.iter().copied().filter(|node| node.scalar().is_some()).collect(),
            lists: nodes.iter().copied().filter(|node| node.kind() == Kind::Sequence).collect(),
            entries: nodes.iter().flat_map(|node| node.entries()).collect(),
            holders: nodes.iter().copied().filter(|node| node.entries().any(is_list)).collect(),
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.scalars.len() + self.lists.len()
    }

    /// Picks a change; none if the text has nothing for the kind of change that was picked.
    pub(crate) fn pick(&self, choice: &mut Choice) -> Option<Change<'a>> {
        let kind = choice.below(8);
        match kind {
            0 => Some(Change::Rename { entry: pick(&self.entries, choice)?, name: choice.of(&NAMES) }),
            1 => self.part(choice),
            2 => Some(Change::Scalar { node: pick(&self.scalars, choice)?, new: choice.of(&TEXTS) }),
            3 => {
                let list = pick(&self.lists, choice)?;
                let at = choice.below(list.items().count() + 1);
                let values = (0..=choice.below(2)).map(|_| choice.of(&TEXTS)).collect();
                Some(Change::Insert { list, at, values })
            }
            4 => {
                let list = pick(&self.lists, choice)?;
                let count = list.items().count();
                let start = choice.below(count + 1);
                let end = start + 1 + choice.below(count + 1 - start);
                Some(Change::RemoveItems { list, range: start..end })
            }
            5 => Some(Change::RemoveEntry { entry: pick(&self.entries, choice)? }),
            _ => self.moving(choice),
        }
    }

    fn part(&self, choice: &mut Choice) -> Option<Change<'a>> {
        let node = pick(&self.scalars, choice)?;
        let value = node.scalar()?.value;
        let bounds: Vec<usize> =
            value.char_indices().map(|(at, _)| at).chain([value.len()]).take(20_000).collect();
        let start = choice.below(bounds.len());
        let end = (start + choice.below(12)).min(bounds.len() - 1);
        Some(Change::Part { node, range: bounds[start]..bounds[end], new: choice.of(&TEXTS) })
    }

    /// Picks two entries of one mapping, `command` and `args` if it has them.
    fn moving(&self, choice: &mut Choice) -> Option<Change<'a>> {
        let holder = pick(&self.holders, choice)?;
        let is_list = |entry: &Entry<'_>| entry.value().kind() == Kind::Sequence;
        let lists: Vec<Entry<'a>> = holder.entries().filter(is_list).collect();
        let command = holder.entry("command").filter(is_list).unwrap_or_else(|| choice.of(&lists));
        let fits = |entry: &Entry<'_>| *entry != command && (is_list(entry) || entry.value().is_null());
        let others: Vec<Entry<'a>> = holder.entries().filter(fits).collect();
        let args = holder.entry("args").filter(fits).or_else(|| pick(&others, choice))?;
        let skip = choice.below(4).saturating_sub(1).min(command.value().items().count());
        Some(Change::Move { command, skip, args })
    }
}

fn pick<T: Copy>(from: &[T], choice: &mut Choice) -> Option<T> {
    if from.is_empty() { None } else { Some(choice.of(from)) }
}
