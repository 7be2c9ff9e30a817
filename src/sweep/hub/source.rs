//! Which repositories there are on GitHub, and what each looks like now.

use std::collections::{BTreeSet, VecDeque};

use anyhow::{Context as _, Result, bail};

use super::{
    access::Access,
    failure::{of_call, of_part},
};
use crate::{
    github::{BATCH, Error, GraphqlError, HeadPull, Listing, Name, RepositoryHead, SEARCH_MOST},
    pull::Marker,
    sweep::{
        plan::{Failure, FailureKind, Pull, PullState},
        source::{Candidate, Head, Listed, Source},
    },
};

/// Repositories that the user's side asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Wanted {
    /// All of an owner's.
    Owner(String),
    /// What a search finds.
    Search(String),
    /// All that the App is installed for.
    Installations,
    /// These.
    Names(Vec<Name>),
}

/// What is still to be told.
#[derive(Debug)]
enum Open {
    Listing { listing: Listing, after: Option<String> },
    Installation { owner: String, page: usize },
    Names { names: VecDeque<Name> },
}

/// Tells of repositories on GitHub.
#[derive(Debug)]
pub struct Hub<'a> {
    access: &'a Access,
    branch: String,
    open: VecDeque<Open>,
    /// A repository may be found in several ways and is told of once.
    seen: BTreeSet<u64>,
    /// How many repositories are asked about at once.
    size: usize,
}

type Told = std::result::Result<RepositoryHead, GraphqlError>;

/// Fewer at once make no call easier.
const SMALLEST: usize = 5;

impl<'a> Hub<'a> {
    /// Names what is wanted. `branch` is that of our pull requests.
    ///
    /// # Errors
    /// If the credentials cannot list what is wanted.
    pub fn new(access: &'a Access, wanted: Vec<Wanted>, branch: &str) -> Result<Self> {
        let mut open = VecDeque::new();
        for each in wanted {
            match each {
                Wanted::Owner(login) => {
                    open.push_back(Open::Listing { listing: Listing::Owner(login), after: None });
                }
                Wanted::Search(_) if access.owners().is_some() => {
                    bail!("an App cannot search by itself: use --installations, --org or a list")
                }
                Wanted::Search(words) => {
                    open.push_back(Open::Listing { listing: Listing::Search(words), after: None });
                }
                Wanted::Installations => {
                    let owners = access.owners().context("--installations wants --app-id and --app-key")?;
                    open.extend(owners.into_iter().map(|owner| Open::Installation { owner, page: 1 }));
                }
                Wanted::Names(names) => open.extend(by_owner(access, names)),
            }
        }
        Ok(Self { access, branch: branch.to_owned(), open, seen: BTreeSet::new(), size: BATCH })
    }

    fn listing(&mut self, listing: Listing, after: Option<&str>) -> Result<Vec<Listed>> {
        let (client, name) = match &listing {
            Listing::Owner(login) => (self.access.of(login)?, login.clone()),
            Listing::Search(words) => (self.access.client(), format!("the search `{words}`")),
        };
        let page =
            halving(&mut self.size, &mut |size| client.list_heads(&listing, &self.branch, after, size));
        let page = page.map_err(|error| of_call(&error)).with_context(|| format!("failed to list {name}"))?;
        if matches!(listing, Listing::Search(_)) && page.total > SEARCH_MOST {
            bail!(
                "{name} finds {} repositories, and GitHub tells of the first {SEARCH_MOST} alone: narrow it, or use --org",
                page.total
            );
        }
        let begin = after.unwrap_or_default();
        if let Some(next) = page.next {
            if after == Some(next.as_str()) {
                bail!("GitHub lists the same page of {name} again and again");
            }
            self.open.push_front(Open::Listing { listing, after: Some(next) });
        }
        let unnamed = |number: usize| format!("{name} (number {number} behind `{begin}`)");
        Ok(self.listed(page.heads.into_iter().enumerate().map(|(n, told)| (unnamed(n + 1), told))))
    }

    fn installation(&mut self, owner: String, page: usize) -> Result<Vec<Listed>> {
        let client = self.access.of(&owner)?;
        let found = client.installation_repositories(page).map_err(|error| of_call(&error));
        let names = found.with_context(|| format!("failed to list the installation for {owner}"))?;
        if names.len() == BATCH {
            self.open.push_front(Open::Installation { owner, page: page + 1 });
        }
        if !names.is_empty() {
            self.open.push_front(Open::Names { names: names.into() });
        }
        Ok(Vec::new())
    }

    fn names(&mut self, mut names: VecDeque<Name>) -> Result<Vec<Listed>> {
        let Some(first) = names.front() else { return Ok(Vec::new()) };
        let client = match self.access.of(first.owner()) {
            Ok(client) => client,
            // All of them are that owner's, because this is an App.
            Err(failure) => return Ok(names.iter().map(|name| failed(name.to_string(), &failure)).collect()),
        };
        let batch: Vec<Name> = names.iter().take(self.size).cloned().collect();
        let told = halving(&mut self.size, &mut |size| {
            client.heads(batch.get(..size).unwrap_or(&batch), &self.branch)
        });
        let told = told.map_err(|error| of_call(&error)).context("failed to ask for repositories")?;
        let asked: Vec<Name> = names.drain(..told.len().min(names.len())).collect();
        if !names.is_empty() {
            self.open.push_front(Open::Names { names });
        }
        Ok(self.listed(asked.iter().map(Name::to_string).zip(told)))
    }

    fn listed(&mut self, told: impl Iterator<Item = (String, Told)>) -> Vec<Listed> {
        let mut listed = Vec::new();
        for (name, told) in told {
            match told {
                Ok(head) if !self.seen.insert(head.id) => {}
                Ok(head) => listed.push(candidate(head)),
                Err(error) => listed.push(failed(name, &of_part(&error))),
            }
        }
        listed
    }
}

impl Source for Hub<'_> {
    fn next(&mut self) -> Result<Option<Vec<Listed>>> {
        let Some(open) = self.open.pop_front() else { return Ok(None) };
        let listed = match open {
            Open::Listing { listing, after } => self.listing(listing, after.as_deref())?,
            Open::Installation { owner, page } => self.installation(owner, page)?,
            Open::Names { names } => self.names(names)?,
        };
        Ok(Some(listed))
    }
}

/// Splits names so that each part can be asked for by one client.
fn by_owner(access: &Access, mut names: Vec<Name>) -> Vec<Open> {
    names.sort();
    names.dedup();
    if access.owners().is_none() {
        return vec![Open::Names { names: names.into() }];
    }
    let same = |a: &Name, b: &Name| a.owner().eq_ignore_ascii_case(b.owner());
    names.chunk_by(same).map(|part| Open::Names { names: part.to_vec().into() }).collect()
}

/// Asks for fewer repositories at once where GitHub gives up on many.
fn halving<T>(
    size: &mut usize,
    ask: &mut dyn FnMut(usize) -> std::result::Result<T, Error>,
) -> std::result::Result<T, Error> {
    loop {
        match ask(*size) {
            Err(error) if error.is_uncertain() && *size / 2 >= SMALLEST => *size /= 2,
            answer => return answer,
        }
    }
}

fn failed(name: String, failure: &Failure) -> Listed {
    Listed::Failed { name, failure: failure.clone() }
}

pub(super) fn candidate(head: RepositoryHead) -> Listed {
    let default = head.default.as_ref().map(|(branch, _)| branch.as_str());
    let pull = head.pulls.iter().find(|pull| !pull.from_fork && Some(pull.base.as_str()) == default);
    let commit = head.default.as_ref().map(|(_, commit)| commit.parse());
    match commit.transpose() {
        Ok(commit) => Listed::Repository(Box::new(Candidate {
            id: format!("github:{}", head.id),
            url: Some(head.url),
            topics: head.topics,
            archived: head.archived || head.disabled,
            fork: head.fork,
            pull: pull.and_then(seen),
            head: head.default.zip(commit).map(|((branch, _), commit)| Head { branch, commit }),
            name: head.full_name,
        })),
        Err(_) => failed(
            head.full_name,
            &Failure {
                kind: FailureKind::Other,
                reason: "GitHub names its head by something that is no commit".to_owned(),
            },
        ),
    }
}

fn seen(pull: &HeadPull) -> Option<Pull> {
    let state = match pull.state.as_str() {
        "OPEN" => PullState::Open,
        "MERGED" => PullState::Merged,
        "CLOSED" => PullState::Closed,
        _ => return None,
    };
    // A marker that tells of another commit says nothing of this one. Who wanted it not wanted it at any.
    let told = Marker::of(&pull.body).filter(|told| state != PullState::Open || told.head == pull.head);
    let (fingerprint, base) = told.map_or((None, None), |told| (told.fingerprint, Some(told.base)));
    Some(Pull { number: pull.number, state, head: pull.head.clone(), fingerprint, base })
}
