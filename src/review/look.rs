//! What a pull request is about: its commits, fetched or found in a checkout, the lines that it touches, the plan of its head.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::PathBuf,
    sync::Arc,
};

use anyhow::{Context as _, Result, bail};
use caulk_transforms::{
    known::{KnownFinding, recognise},
    model::address::Address,
    path::RepoPath,
};

use super::{
    patch,
    place::{self, Touched},
};
use crate::{
    config::{self, Authority},
    git::{Network, Oid, Remote, Snapshot, Store, fetch, fetch::Want},
    github::{Attempt, Client, Name, Pull, PullFile, Situation},
    read,
    run::{self, Request, Run},
    walk::Tree,
};

/// No pack of a repository of manifests is larger.
const LARGEST_PACK: u64 = 2 << 30;

/// GitHub lists no more files of a pull request.
const MOST_LISTED: usize = 3000;

/// What is looked at, and how.
#[derive(Debug)]
pub struct Look<'a> {
    /// GitHub.
    pub client: &'a Client,
    /// The repository.
    pub repository: &'a Name,
    /// Who asks.
    pub situation: Situation,
    /// A checkout that may have the commits already.
    pub checkout: Option<Arc<Store>>,
    /// The configuration that the user's side names: its text and its name.
    pub config: Option<(String, String)>,
    /// What is asked of the run.
    pub request: Request,
}

/// What was seen.
#[derive(Debug)]
pub struct Seen {
    /// The plan of the head.
    pub run: Run,
    /// The lines that the pull request touches, by file.
    pub touched: BTreeMap<RepoPath, Touched>,
    /// The places in the plan's list of the findings that it brings in beside lines of its own, as by removing what they need.
    pub brought: BTreeSet<usize>,
    /// How many of its files GitHub does not list.
    pub unlisted: usize,
}

/// The commits of a pull request.
struct Commits {
    store: Arc<Store>,
    head: Oid,
    /// The newest commit of the base branch that the pull request knows of.
    base: Oid,
    /// Where they parted; none if they have nothing in common.
    parted: Option<Oid>,
}

/// Tells whether strangers may have written the head: it lies in another repository, or in one that is gone.
#[must_use]
pub fn is_foreign(pull: &Pull, repository: &Name) -> bool {
    let head = pull.head.repo.as_ref().and_then(|head| head.full_name.parse::<Name>().ok());
    head.is_none_or(|head| head != *repository)
}

impl Look<'_> {
    /// Looks at a pull request.
    ///
    /// # Errors
    /// If GitHub refuses, the commits cannot be had, or a configuration that counts is wrong.
    pub fn look(&self, pull: &Pull) -> Result<Seen> {
        let explained = |error: crate::github::Error, attempt| error.explained(attempt, self.situation);
        let client = self.client;
        let files = client.pull_files(self.repository, pull.number);
        let files = files.map_err(|error| explained(error, Attempt::ReadPulls))?;
        let commits = self.commits(pull)?;
        let authority = self.authority(pull, &commits)?;
        let request = self.request_of(pull);
        let run = run::run_tree(&request, &commits.store, commits.head, &authority)?;
        let touched = touched(&commits, &files)?;
        let brought =
            self.brought(&request, &commits, &authority, &files, &run, place::around(&run, &touched))?;
        // A file that is gone has no finding, and one that GitHub lists for another reason than its content is not here.
        let listed: BTreeSet<&str> = files.iter().map(|file| file.filename.as_str()).collect();
        let unlisted = match files.len() < MOST_LISTED {
            true => 0,
            false => touched.keys().filter(|path| !listed.contains(path.as_str())).count(),
        };
        Ok(Seen { run, touched, brought, unlisted })
    }

    /// Returns what is asked of a run, with the address of the repository that the pull request is for.
    fn request_of(&self, pull: &Pull) -> Request {
        let page = pull.html_url.split("/pull/").next().and_then(Address::parse);
        Request { addresses: page.into_iter().collect(), ..self.request.clone() }
    }

    /// Returns those of the findings that the state before does not have, looked at with the configuration of the head.
    fn brought(
        &self,
        request: &Request,
        commits: &Commits,
        authority: &Authority,
        files: &[PullFile],
        run: &Run,
        around: BTreeSet<usize>,
    ) -> Result<BTreeSet<usize>> {
        let Some(parted) = commits.parted.filter(|_| !around.is_empty()) else { return Ok(around) };
        let mut before = run::known_before(request, &commits.store, parted, commits.head, authority)?;
        let renamed: BTreeMap<&str, &str> = files
            .iter()
            .filter(|file| file.status == "renamed")
            .filter_map(|file| Some((file.previous_filename.as_deref()?, file.filename.as_str())))
            .collect();
        for finding in &mut before {
            if let Some(path) = renamed.get(finding.path.as_str()).and_then(|path| RepoPath::new(path).ok()) {
                finding.path = path;
            }
        }
        let open = run.plan.outcomes.iter().enumerate().filter(|(_, outcome)| run::is_open(outcome));
        let (numbers, now): (Vec<usize>, Vec<KnownFinding>) =
            open.map(|(number, outcome)| (number, run::as_known(outcome))).unzip();
        let known = recognise(&before, &now);
        let known: BTreeSet<usize> =
            known.into_iter().filter_map(|place| numbers.get(place).copied()).collect();
        Ok(&around - &known)
    }

    fn commits(&self, pull: &Pull) -> Result<Commits> {
        let parted = self.client.merge_base(self.repository, &pull.base.sha, &pull.head.sha);
        let parted = parted.map_err(|error| error.explained(Attempt::Read, self.situation))?;
        let oid =
            |sha: &str| sha.parse::<Oid>().with_context(|| format!("`{}` is no commit", sha.escape_debug()));
        let (head, base) = (oid(&pull.head.sha)?, oid(&pull.base.sha)?);
        let parted = parted.as_deref().map(oid).transpose()?;
        let mut wanted = vec![head, base];
        wanted.extend(parted);
        wanted.sort();
        wanted.dedup();
        let here = self.checkout.as_ref().filter(|store| has_all(store, &wanted));
        let store = match here {
            Some(store) => Arc::clone(store),
            None => self.fetched(&wanted)?,
        };
        Ok(Commits { store, head, base, parted })
    }

    fn fetched(&self, wanted: &[Oid]) -> Result<Arc<Store>> {
        let client = self.client;
        let repository = client.repository(self.repository);
        let repository = repository.map_err(|error| error.explained(Attempt::Read, self.situation))?;
        if !client.is_site(&repository.clone_url) {
            bail!("GitHub names another server for git than its own; the token is not for that");
        }
        let token = client.git_token().map_err(|error| error.explained(Attempt::Read, self.situation))?;
        let network = Network { ca_bundle: client.settings().ca_bundle.clone(), ..Network::default() };
        let mut remote = Remote::new(&repository.clone_url, token.as_ref(), &network)?;
        let wants: Vec<Want> = wanted.iter().map(|commit| Want::Commit(*commit)).collect();
        let (fetched, _) = fetch::fetch_all(&mut remote, &wants, LARGEST_PACK, None).with_context(|| {
            format!("failed to fetch the commits of the pull request from {}", remote.host())
        })?;
        let first = fetched.into_iter().next().context("nothing was fetched")?;
        Ok(first.store)
    }

    /// Decides whose configuration counts. That of a head which strangers wrote has no say at all: it could leave out the
    /// very file that it breaks.
    fn authority(&self, pull: &Pull, commits: &Commits) -> Result<Authority> {
        if let Some((text, name)) = &self.config {
            return Ok(Authority::Only { text: text.clone(), name: name.clone() });
        }
        if !is_foreign(pull, self.repository) {
            return Ok(Authority::Own);
        }
        let base = Snapshot::of_commit(&commits.store, commits.base)?;
        let (tree, _) = Tree::of_snapshot(Arc::new(base), &[PathBuf::from(".")]);
        let text = config::own_text(&tree).context("the base branch's configuration cannot be read")?;
        let name = format!("the {} of the base branch", config::NAME);
        Ok(Authority::Only { text: text.unwrap_or_default(), name })
    }
}

/// Tells whether the commits are all there with what they hold. A partial clone would have to fetch that.
fn has_all(store: &Store, wanted: &[Oid]) -> bool {
    let Ok(repository) = store.repository() else { return false };
    let packs = repository.commondir().join("objects").join("pack");
    let is_promise = |entry: std::fs::DirEntry| entry.path().extension().is_some_and(|end| end == "promisor");
    let partial = std::fs::read_dir(packs).into_iter().flatten().flatten().any(is_promise);
    !partial && wanted.iter().all(|commit| repository.find_commit(*commit).is_ok())
}

/// Finds the lines that a pull request touches: by the hunks of its page, and by comparing files that the page does not show.
fn touched(commits: &Commits, files: &[PullFile]) -> Result<BTreeMap<RepoPath, Touched>> {
    let head = Snapshot::of_commit(&commits.store, commits.head)?;
    let before = commits.parted.map(|commit| Snapshot::of_commit(&commits.store, commit)).transpose()?;
    let pages: BTreeMap<&str, &PullFile> = files.iter().map(|file| (file.filename.as_str(), file)).collect();
    let mut touched = BTreeMap::new();
    for (path, entry) in head.entries() {
        let same = before.as_ref().and_then(|before| before.get(path)).is_some_and(|old| old.id == entry.id);
        if same || !entry.mode.is_file() {
            continue;
        }
        let page = pages.get(path.as_str());
        let hunks = page.and_then(|page| page.patch.as_deref()).map(patch::parse);
        if let Some(hunks) = hunks.and_then(Result::ok).filter(|hunks| !hunks.is_empty()) {
            touched.insert(path.clone(), Touched::shown(hunks));
            continue;
        }
        let Some(now) = text(&head, path) else { continue };
        let was =
            page.and_then(|page| page.previous_filename.as_deref()).and_then(|old| RepoPath::new(old).ok());
        let old = before.as_ref().and_then(|before| text(before, was.as_ref().unwrap_or(path)));
        touched.insert(path.clone(), Touched::compared(&old.unwrap_or_default(), &now));
    }
    Ok(touched)
}

/// Returns the text of a file that caulk would read.
fn text(snapshot: &Snapshot, path: &RepoPath) -> Option<String> {
    let mut bytes = Vec::new();
    snapshot.read(path, read::LARGEST, &mut bytes).ok()?;
    String::from_utf8(bytes).ok()
}
