//! Which of the sources that deliveries name is this repository. The path of a delivery from another one is none of ours.

use std::{
    cell::OnceCell,
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use crate::model::address::Address;

/// What a delivery is fetched from.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Source {
    /// The repository at an address.
    Git(Address),
    /// Something whose address is not known: `GitRepository/flux-system`.
    Named(String),
    /// An address that a template makes: any repository.
    Open(String),
}

/// What a path of a source means in this tree.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Reach {
    /// There is no such folder.
    Nothing,
    /// The root, which every repository has.
    Root,
    /// A folder that is here as well.
    Folder,
    /// A folder that holds a delivery from that very source, as the tree of a source that delivers itself does.
    Itself,
}

/// Whether a source is this repository.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Verdict {
    /// It is, as far as anything tells.
    Own,
    /// It is another one; with the reason.
    Elsewhere(String),
    /// It may be another one; with the reason.
    Doubt(Arc<str>),
}

/// All sources that deliveries name.
#[derive(Debug, Clone, Default)]
pub(super) struct Sources {
    /// The addresses of this repository, as far as they are known.
    own: Vec<Address>,
    /// With the most that any path of theirs means here.
    seen: BTreeMap<Source, Reach>,
    /// The source that most of Flux's Kustomizations name.
    pub(super) main: Option<Source>,
    /// What [`Sources::believed`] returns.
    believed: OnceCell<BTreeSet<Source>>,
}

impl Sources {
    pub(super) fn new(own: &[Address]) -> Self {
        Self { own: own.to_vec(), ..Self::default() }
    }

    /// Takes note of a delivery from a source.
    pub(super) fn note(&mut self, source: &Source, reach: Reach) {
        if !matches!(source, Source::Open(_)) {
            let most = self.seen.entry(source.clone()).or_insert(reach);
            *most = reach.max(*most);
            self.believed = OnceCell::new();
        }
    }

    /// Tells whether it takes a source that delivers itself to know which one is this repository.
    pub(super) fn is_open(&self) -> bool {
        self.believed().is_empty() && !self.reaching(Reach::Folder).is_empty()
    }

    /// Judges a source.
    pub(super) fn judge(&self, source: &Source) -> Verdict {
        let own = self.believed();
        if own.contains(source) || own.is_empty() && self.seen.is_empty() {
            return Verdict::Own;
        }
        // Sources may be many, and each is judged.
        let met = own.iter().any(|source| self.is_own(source));
        if met && self.main.as_ref() == Some(source) && matches!(source, Source::Named(_)) {
            return Verdict::Own;
        }
        match source {
            Source::Git(address) if met && !self.own.iter().any(|own| own.is_named_as(address)) => {
                Verdict::Elsewhere(format!("its source {} is another repository", address.as_str()))
            }
            Source::Git(address) => doubt(address.as_str(), own.is_empty()),
            Source::Named(name) | Source::Open(name) => doubt(name, own.is_empty()),
        }
    }

    /// Tells whether the root of a source may be that of this tree: it is known to be ours, or most of Flux's Kustomizations
    /// name it.
    pub(super) fn is_main(&self, source: &Source) -> bool {
        self.is_own(source) || self.main.as_ref() == Some(source)
    }

    fn is_own(&self, source: &Source) -> bool {
        matches!(source, Source::Git(address) if self.own.contains(address))
    }

    /// Returns the sources that are this repository; none where several may be.
    fn believed(&self) -> &BTreeSet<Source> {
        self.believed.get_or_init(|| self.chosen().into_iter().cloned().collect())
    }

    fn chosen(&self) -> BTreeSet<&Source> {
        let own: BTreeSet<&Source> = self.seen.keys().filter(|source| self.is_own(source)).collect();
        if !own.is_empty() {
            return own;
        }
        // A fork, a mirror or a repository that moved has another address than what delivers it, and then all name the same.
        let reached = [Reach::Folder, Reach::Root, Reach::Nothing].map(|reach| self.reaching(reach));
        let all = reached.into_iter().find(|sources| !sources.is_empty()).unwrap_or_default();
        let alone = |sources: &BTreeSet<&Source>| sources.len() == 1;
        if alone(&all) && all.iter().all(|source| self.may_be_copied(source)) {
            return all;
        }
        let itself = self.reaching(Reach::Itself);
        if alone(&itself) { itself } else { BTreeSet::new() }
    }

    /// Tells whether this repository may be a copy of a source, as far as their names tell.
    fn may_be_copied(&self, source: &Source) -> bool {
        match source {
            Source::Git(address) => {
                self.own.is_empty() || self.own.iter().any(|own| own.is_named_as(address))
            }
            Source::Named(_) | Source::Open(_) => true,
        }
    }

    fn reaching(&self, least: Reach) -> BTreeSet<&Source> {
        self.seen.iter().filter(|(_, reach)| **reach >= least).map(|(source, _)| source).collect()
    }
}

fn doubt(name: &str, open: bool) -> Verdict {
    let why =
        if open { "nothing tells which of the sources this one is" } else { "this one has another address" };
    Verdict::Doubt(format!("its source {name} may be another repository: {why}").into())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn git(text: &str) -> Source {
        Source::Git(Address::parse(text).expect("an address"))
    }

    fn named(text: &str) -> Source {
        Source::Named(text.to_owned())
    }

    /// Returns the verdict on each source that is noted, in the order of the notes, as one letter.
    fn judged(own: &[&str], notes: &[(Source, Reach)]) -> String {
        let own: Vec<Address> = own.iter().filter_map(|text| Address::parse(text)).collect();
        let mut sources =
            Sources { main: notes.first().map(|(source, _)| source.clone()), ..Sources::new(&own) };
        notes.iter().for_each(|(source, reach)| sources.note(source, *reach));
        let letter = |(source, _): &(Source, Reach)| match sources.judge(source) {
            Verdict::Own => 'o',
            Verdict::Elsewhere(_) => 'e',
            Verdict::Doubt(_) => 'd',
        };
        notes.iter().map(letter).collect()
    }

    const OWN: &str = "https://h/acme/ops";

    #[test]
    fn the_address_of_this_repository_decides() {
        let notes =
            [(git("git@h:acme/ops.git"), Reach::Nothing), (git("https://h/acme/apps"), Reach::Itself)];
        assert_eq!(judged(&[OWN], &notes), "oe");
        let fork = [(git(OWN), Reach::Folder), (git("https://h/upstream/ops"), Reach::Folder)];
        assert_eq!(judged(&[OWN], &fork), "od", "a fork, a mirror or an old address");
        assert_eq!(judged(&[OWN, "https://h/upstream/ops"], &fork), "oo");
    }

    #[test]
    fn a_source_without_an_address_is_believed_where_most_name_it() {
        let notes =
            [(named("flux-system"), Reach::Folder), (git(OWN), Reach::Folder), (named("x"), Reach::Folder)];
        assert_eq!(judged(&[OWN], &notes), "ood");
    }

    #[test]
    fn where_no_address_is_ours_one_alone_is_believed() {
        for own in [&[][..], &["https://h/me/ops"]] {
            assert_eq!(judged(own, &[(git(OWN), Reach::Folder)]), "o");
            assert_eq!(
                judged(own, &[(git(OWN), Reach::Folder), (git("https://h/acme/apps"), Reach::Root)]),
                "od"
            );
            assert_eq!(
                judged(own, &[(git(OWN), Reach::Folder), (git("https://h/acme/apps"), Reach::Folder)]),
                "dd"
            );
            assert_eq!(
                judged(own, &[(git(OWN), Reach::Nothing), (git("https://h/acme/apps"), Reach::Nothing)]),
                "dd"
            );
        }
    }

    #[test]
    fn one_alone_with_another_name_than_ours_must_deliver_itself() {
        let own = &["https://h/me/infrastructure"];
        assert_eq!(judged(own, &[(git(OWN), Reach::Folder)]), "d");
        assert_eq!(judged(own, &[(git(OWN), Reach::Itself)]), "o");
        assert_eq!(judged(own, &[(named("flux-system"), Reach::Folder)]), "o");
    }

    #[test]
    fn a_source_that_delivers_itself_is_believed_before_others() {
        let other = git("https://h/acme/apps");
        assert_eq!(judged(&[], &[(named("own"), Reach::Itself), (other.clone(), Reach::Folder)]), "od");
        assert_eq!(judged(&[], &[(named("own"), Reach::Itself), (other, Reach::Itself)]), "dd");
    }

    #[test]
    fn an_address_that_a_template_makes_is_never_ours_for_certain_and_tells_nothing() {
        let open = Source::Open("{{url}}".to_owned());
        assert_eq!(judged(&[], &[(git(OWN), Reach::Folder), (open.clone(), Reach::Folder)]), "od");
        assert_eq!(judged(&[OWN], &[(git(OWN), Reach::Folder), (open, Reach::Folder)]), "od");
    }
}
