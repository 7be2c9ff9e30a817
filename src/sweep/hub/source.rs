//! Which repositories there are on GitHub, and what each looks like now.

use std::collections::{BTreeSet, VecDeque};

use anyhow::{Context as _, Result, bail};
use caulk_transforms::model::address::Address;

use super::{
    access::Access,
    failure::{of_call, of_part},
};
use crate::{
    github::{BATCH, Error, GraphqlError, HeadPull, Listing, Name, Page, RepositoryHead, SEARCH_MOST},
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
    /// How many repositories in a row were too much for GitHub all by themselves.
    given_up: usize,
}

type Told = std::result::Result<RepositoryHead, GraphqlError>;

/// A page of a listing is not made smaller: the place behind a repository that is too much alone could not be named.
const SMALLEST: usize = 5;

/// Where so many repositories in a row are too much all by themselves, it is the server that is out of order.
const GIVEN_UP: usize = 10;

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
        Ok(Self { access, branch: branch.to_owned(), open, seen: BTreeSet::new(), size: BATCH, given_up: 0 })
    }

    fn listing(&mut self, listing: Listing, after: Option<&str>) -> Result<Vec<Listed>> {
        let client = match &listing {
            Listing::Owner(login) => self.access.of(login)?,
            Listing::Search(_) => self.access.client(),
        };
        let page = halving(&mut self.size, SMALLEST, &mut |size| {
            client.list_heads(&listing, &self.branch, after, size)
        });
        let failed_to = || format!("failed to list {}", called(&listing));
        let page = match page {
            // One of them may be more than GitHub can tell of. Asked for by name, it keeps to itself.
            Err(error) if error.is_too_much() => {
                let names = client.list_names(&listing, after, BATCH);
                let names = names.map_err(|_| of_call(&error)).with_context(failed_to)?;
                return self.named(listing, after, names);
            }
            page => page.map_err(|error| of_call(&error)).with_context(failed_to)?,
        };
        let unnamed = numbered(&listing, after);
        self.turn_over(listing, after, page.next, page.total)?;
        Ok(self.listed(page.found.into_iter().enumerate().map(|(number, told)| (unnamed(number), told))))
    }

    fn named(&mut self, listing: Listing, after: Option<&str>, page: Page<Name>) -> Result<Vec<Listed>> {
        let unnamed = numbered(&listing, after);
        self.turn_over(listing, after, page.next, page.total)?;
        let (mut names, mut unseen) = (VecDeque::new(), Vec::new());
        for (number, told) in page.found.into_iter().enumerate() {
            match told {
                Ok(name) => names.push_back(name),
                Err(error) => unseen.push(failed(unnamed(number), &of_part(&error))),
            }
        }
        self.open.push_front(Open::Names { names });
        Ok(unseen)
    }

    /// Sees to it that the next page is asked for.
    fn turn_over(
        &mut self,
        listing: Listing,
        after: Option<&str>,
        next: Option<String>,
        total: u64,
    ) -> Result<()> {
        let name = called(&listing);
        if matches!(listing, Listing::Search(_)) && total > SEARCH_MOST {
            bail!(
                "{name} finds {total} repositories, and GitHub tells of the first {SEARCH_MOST} alone: narrow it, or use --org"
            );
        }
        if let Some(next) = next {
            if after == Some(next.as_str()) {
                bail!("GitHub lists the same page of {name} again and again");
            }
            self.open.push_front(Open::Listing { listing, after: Some(next) });
        }
        Ok(())
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
        let mut size = batch.len();
        let told = halving(&mut size, 1, &mut |size| {
            client.heads(batch.get(..size).unwrap_or(&batch), &self.branch)
        });
        if size < batch.len() {
            self.size = size;
        }
        let told = match told {
            Err(error) if error.is_too_much() && self.given_up < GIVEN_UP => {
                self.given_up += 1;
                let given_up = names.pop_front().map(|name| failed(name.to_string(), &of_call(&error)));
                self.open.push_front(Open::Names { names });
                return Ok(given_up.into_iter().collect());
            }
            told => told.map_err(|error| of_call(&error)).context("failed to ask for repositories")?,
        };
        let asked: Vec<Name> = names.drain(..told.len().min(names.len())).collect();
        // What was too much is out of the way.
        if std::mem::take(&mut self.given_up) > 0 || names.is_empty() {
            self.size = BATCH;
        }
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
    smallest: usize,
    ask: &mut dyn FnMut(usize) -> std::result::Result<T, Error>,
) -> std::result::Result<T, Error> {
    loop {
        match ask(*size) {
            Err(error) if error.is_too_much() && *size / 2 >= smallest => *size /= 2,
            answer => return answer,
        }
    }
}

/// Returns what a listing is called.
fn called(listing: &Listing) -> String {
    match listing {
        Listing::Owner(login) => login.clone(),
        Listing::Search(words) => format!("the search `{words}`"),
    }
}

/// Returns what calls repositories that GitHub does not name by their places in a page.
fn numbered(listing: &Listing, after: Option<&str>) -> impl Fn(usize) -> String + use<> {
    let (name, begin) = (called(listing), after.unwrap_or_default().to_owned());
    move |number| format!("{name} (number {} behind `{begin}`)", number + 1)
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
            addresses: Address::parse(&head.url).into_iter().collect(),
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
