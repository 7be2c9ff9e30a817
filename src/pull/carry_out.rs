//! The doing: reads what is there, lets it be decided, and takes the steps.

use std::sync::Arc;

use anyhow::{Context as _, Result, bail};
use caulk_transforms::path::RepoPath;

use super::{
    decide::{Verdict, Why, decide},
    desired::Desired,
    observe::{Home, Missing, Place, observe},
    step::Step,
};
use crate::{
    git::{
        Network, Oid, Remote, Store,
        commit::{self, Built, Draft, Person},
        push::{self, NotPushed, Update},
        sign::Signing,
    },
    github::{
        Addition, BranchUpdate, Client, Error, Name, NewPull, Pull, PullPatch, PullState, Repository,
        Situation, TreeEntry,
    },
};

/// How commits are made by git's protocol.
#[derive(Debug, Clone)]
pub struct Push {
    /// A repository that has the base's commit.
    pub store: Arc<Store>,
    /// How the server is reached.
    pub network: Network,
    /// Who makes the commits.
    pub author: Person,
    /// How they are signed, if they are.
    pub signing: Option<Signing>,
}

/// With what the steps are taken.
#[derive(Debug, Clone, Copy)]
pub struct Means<'a> {
    /// The client, for this repository.
    pub client: &'a Client,
    /// How commits are pushed, where the settings want that.
    pub push: Option<&'a Push>,
    /// Who asks, and from where.
    pub situation: Situation,
    /// Whether nothing is done: the steps are told alone.
    pub dry_run: bool,
}

/// What became of one pull request.
#[derive(Debug, Clone)]
pub struct Outcome {
    /// What the decision came to.
    pub verdict: Verdict,
    /// The steps, taken or to be taken.
    pub steps: Vec<Step>,
    /// The pull request, if there is one.
    pub number: Option<u64>,
    /// Its page.
    pub url: Option<String>,
    /// The commit of the branch, if it is known.
    pub head: Option<String>,
    /// What did not work and is no reason to fail.
    pub notes: Vec<String>,
}

/// Brings about what is desired, or tells how.
///
/// # Errors
/// If the branch is the base itself, or GitHub or the git server refuses or does not answer. What was done until then stays, and the
/// next run goes on from there.
pub fn reconcile(means: Means<'_>, place: &mut Place, desired: &Desired) -> Result<Outcome> {
    desired.refuse_base(&place.repository.default_branch)?;
    let seen = observe(means.client, place, desired)?;
    let decision = decide(place, desired, &seen);
    let open = seen.open(place.ourselves(&desired.settings), &desired.base).cloned();
    let mut outcome = Outcome {
        verdict: decision.verdict,
        number: decision.number,
        url: open.as_ref().map(|pull| pull.html_url.clone()),
        head: seen.branch.map(|branch| branch.head),
        steps: decision.steps,
        notes: Vec::new(),
    };
    if means.dry_run {
        return Ok(outcome);
    }
    if place.account.is_empty() && !outcome.steps.is_empty() {
        bail!(
            "there is no token: set GITHUB_TOKEN, sign in with `gh auth login`, or name one with --token-file"
        );
    }
    let mut work = Work { means, place, desired, made: None, pull: open, notes: Vec::new() };
    for number in 0..outcome.steps.len() {
        match work.take(&outcome.steps[number]) {
            // GitHub hands out a fork that was there under another name as well, with all that is in it.
            Ok(()) if outcome.steps[number] == Step::Fork => {
                let mut rest = reconcile(means, place, desired)?;
                rest.steps.insert(0, Step::Fork);
                return Ok(rest);
            }
            Ok(()) => {}
            Err(error) if error.is::<Moved>() => {
                outcome.verdict = Verdict::LeaveAlone(Why::MovedMeanwhile);
                outcome.steps.truncate(number);
                break;
            }
            Err(error) => {
                let step = &outcome.steps[number];
                let error = match work.in_the_way(step) {
                    Some(other) => error.context(Blocked(other)),
                    None => explained(error, step, means.situation),
                };
                return Err(error.context(format!("failed to {step}")));
            }
        }
    }
    outcome.notes = work.notes;
    outcome.head = work.made.or(outcome.head);
    if let Some(pull) = work.pull {
        (outcome.number, outcome.url) = (Some(pull.number), Some(pull.html_url.clone()));
        if outcome.verdict == Verdict::Open {
            place.open.push(pull);
        }
    }
    Ok(outcome)
}

/// Puts before GitHub's own words what they mean, and what to do.
fn explained(error: anyhow::Error, step: &Step, situation: Situation) -> anyhow::Error {
    let refusal = error.downcast_ref::<Error>();
    match refusal.and_then(|refusal| refusal.explain(step.attempt(), situation)) {
        Some(explanation) => error.context(explanation),
        None => error,
    }
}

/// Somebody moved a branch between the look and the deed.
#[derive(Debug, thiserror::Error)]
#[error("the branch moved meanwhile")]
struct Moved;

/// A branch is there that leaves no room for ours.
#[derive(Debug, thiserror::Error)]
#[error(
    "the branch `{0}` is in the way, for git has no branch below another one; delete it, or choose another --branch"
)]
struct Blocked(String);

/// The steps taken so far.
struct Work<'a> {
    means: Means<'a>,
    place: &'a mut Place,
    desired: &'a Desired,
    /// The commit that was made.
    made: Option<String>,
    /// The pull request, as it is now.
    pull: Option<Pull>,
    notes: Vec<String>,
}

impl Work<'_> {
    fn take(&mut self, step: &Step) -> Result<()> {
        let (client, desired) = (self.means.client, self.desired);
        match step {
            Step::Fork => self.fork()?,
            Step::SyncFork => self.sync_fork()?,
            Step::DeleteBranch { branch, at } => self.update_branch(branch, at, None)?,
            Step::CreateBranch { branch } => {
                client.create_branch(self.place.home(), branch, &desired.base_commit)?;
            }
            Step::CommitOnBranch { branch } => self.made = Some(self.commit_on(branch)?),
            Step::CommitByObjects => self.made = Some(self.commit_by_objects()?),
            Step::MoveBranch { from } => self.move_branch(from.as_deref())?,
            Step::DropScratch { branch } => client.delete_branch(self.place.home(), branch)?,
            Step::Push { from } => self.made = Some(self.push(from.as_deref())?),
            Step::Open => self.pull = Some(self.open()?),
            Step::Update { number, title } => self.update(*number, *title)?,
            Step::Comment { number, mark, text } => {
                let body = format!("{text}\n\n{mark}");
                client.comment_once(&self.place.name, *number, &self.place.account, mark, &body)?;
            }
            Step::Close { number, body } => {
                let patch = PullPatch {
                    state: Some(PullState::Closed),
                    body: Some(body.clone()),
                    ..PullPatch::default()
                };
                client.update_pull(&self.place.name, *number, &patch)?;
            }
            Step::Adorn(missing) => self.adorn(missing),
        }
        Ok(())
    }

    /// Finds the branch because of which a new one could not be made: `caulk` or `caulk/mend/x` beside `caulk/mend`. GitHub and
    /// git servers say so in words of many kinds.
    fn in_the_way(&self, step: &Step) -> Option<String> {
        let branch = match step {
            Step::CreateBranch { branch } => branch,
            Step::MoveBranch { from: None } | Step::Push { from: None } => &self.desired.branch,
            _ => return None,
        };
        let (client, home) = (self.means.client, self.place.home());
        let above = branch.match_indices('/').filter_map(|(end, _)| branch.get(..end));
        let is_there = |name: &&str| client.branch_head(home, name).is_ok_and(|head| head.is_some());
        let below = || {
            let found = client.matching_refs(home, &format!("heads/{branch}/")).ok()?;
            Some(found.first()?.0.strip_prefix("refs/heads/")?.to_owned())
        };
        above.into_iter().find(is_there).map(str::to_owned).or_else(below)
    }

    fn fork(&mut self) -> Result<()> {
        let made: Repository = self.means.client.fork(&self.place.name)?;
        let name: Name = made.full_name.parse().map_err(anyhow::Error::msg)?;
        self.place.home = Home::Fork { name, clone_url: made.clone_url, node_id: made.node_id };
        self.means.client.await_branch(self.place.home(), &made.default_branch)?;
        Ok(())
    }

    /// Brings the base's commit into the fork. Its branch is the account's, and is left alone where the commit is there already.
    fn sync_fork(&self) -> Result<()> {
        let (client, home, desired) = (self.means.client, self.place.home(), self.desired);
        if client.commit_message(home, &desired.base_commit)?.is_some() {
            return Ok(());
        }
        Ok(client.sync_fork(home, &desired.base)?)
    }

    /// Moves or removes a branch, unless somebody moved it since it was seen.
    fn update_branch(&self, branch: &str, before: &str, after: Option<&str>) -> Result<()> {
        let update = BranchUpdate { branch, before, after };
        match self.means.client.update_branch(self.place.home(), self.place.node_id(), update)? {
            true => Ok(()),
            false => Err(Moved.into()),
        }
    }

    fn commit_on(&self, branch: &str) -> Result<String> {
        let files = self.desired.files.iter();
        let additions: Vec<Addition> =
            files.map(|file| Addition { path: file.path.clone(), bytes: file.content.clone() }).collect();
        let (home, base) = (self.place.home(), &self.desired.base_commit);
        let message = &self.desired.message;
        let made = self.means.client.commit_on_branch(home, branch, base, message, &additions);
        match made {
            Err(error) if error.is_stale() => Err(Moved.into()),
            other => Ok(other?),
        }
    }

    fn commit_by_objects(&self) -> Result<String> {
        let (client, home, base) = (self.means.client, self.place.home(), &self.desired.base_commit);
        let mut tree = client.tree_of(home, base)?;
        let mut rest = &self.desired.files[..];
        while !rest.is_empty() {
            let (part, others) = rest.split_at(portion(rest.iter().map(|file| file.content.len())));
            let entries = part.iter().map(|file| {
                let text = std::str::from_utf8(&file.content);
                Ok(TreeEntry {
                    path: &file.path,
                    mode: if file.executable { "100755" } else { "100644" },
                    kind: "blob",
                    content: text.with_context(|| format!("{} is no UTF-8 text", file.path))?,
                })
            });
            tree = client.create_tree(home, &tree, &entries.collect::<Result<Vec<_>>>()?)?;
            rest = others;
        }
        Ok(client.create_commit(home, &self.desired.message.to_string(), &tree, base)?)
    }

    fn move_branch(&self, from: Option<&str>) -> Result<()> {
        let (client, home, branch) = (self.means.client, self.place.home(), &self.desired.branch);
        let made = self.made.as_deref().context("there is no commit to move the branch to")?;
        match from {
            None => Ok(client.create_branch(home, branch, made)?),
            Some(from) => self.update_branch(branch, from, Some(made)),
        }
    }

    fn push(&self, from: Option<&str>) -> Result<String> {
        let Some(means) = self.means.push else { bail!("commits by git are not set up") };
        let client = self.means.client;
        let built = self.build(means)?;
        let mut remote = Remote::new(self.remote_url()?, client.git_token()?.as_ref(), &means.network)?;
        let update = Update {
            reference: &format!("refs/heads/{}", self.desired.branch),
            expected: from.map(str::parse).transpose()?,
            new: Some(built.commit),
            pack: &built.pack,
        };
        match push::push(&mut remote, &update) {
            Ok(_) => Ok(built.commit.to_string()),
            Err(error) if matches!(error.downcast_ref(), Some(NotPushed::Moved { .. })) => Err(Moved.into()),
            Err(error) if error.is::<NotPushed>() => Err(error),
            // The answer may be lost and the push done. The branch tells.
            Err(error) => match client.branch_head(self.place.home(), &self.desired.branch) {
                Ok(Some(now)) if now == built.commit.to_string() => Ok(now),
                _ => Err(error),
            },
        }
    }

    /// Returns the address that is pushed to, which must be on the host that the token is for.
    fn remote_url(&self) -> Result<&str> {
        let url = match &self.place.home {
            Home::Here => &self.place.repository.clone_url,
            Home::Fork { clone_url, .. } => clone_url,
            Home::NoFork { .. } => bail!("the fork is not there"),
        };
        if !self.means.client.is_site(url) {
            bail!(
                "GitHub names {url} as the repository's address, which is not the host that the token is for"
            );
        }
        Ok(url)
    }

    /// Makes the commit in memory.
    fn build(&self, means: &Push) -> Result<Built> {
        let paths: Vec<RepoPath> =
            self.desired.files.iter().map(|file| Ok(RepoPath::new(&file.path)?)).collect::<Result<_>>()?;
        let files: Vec<(&RepoPath, &[u8])> =
            paths.iter().zip(&self.desired.files).map(|(path, file)| (path, &*file.content)).collect();
        let draft = Draft {
            parent: self.desired.base_commit.parse::<Oid>()?,
            message: &self.desired.message.to_string(),
            author: &means.author,
            committer: &means.author,
            seconds: i64::try_from(self.means.client.now()).unwrap_or_default(),
            // The message says so already.
            sign_off: false,
            signing: means.signing.as_ref(),
        };
        commit::build(&means.store, &files, &draft)
    }

    fn open(&self) -> Result<Pull> {
        let (client, desired, home) = (self.means.client, self.desired, self.place.home());
        let head = match &self.made {
            Some(made) => made.clone(),
            None => client.branch_head(home, &desired.branch)?.context("the branch is gone")?,
        };
        let new = NewPull {
            title: desired.title.clone(),
            body: desired.body(&head),
            head: format!("{}:{}", home.owner(), desired.branch),
            base: desired.base.clone(),
            draft: desired.settings.draft,
            maintainer_can_modify: (self.place.home != Home::Here).then_some(true),
        };
        Ok(client.create_pull(&self.place.name, home, &new)?)
    }

    fn update(&mut self, number: u64, title: bool) -> Result<()> {
        let pull = self.pull.as_ref().context("there is no pull request to update")?;
        let head = self.made.as_ref().unwrap_or(&pull.head.sha);
        let patch = PullPatch {
            title: title.then(|| self.desired.title.clone()),
            body: Some(self.desired.body(head)),
            state: None,
        };
        self.pull = Some(self.means.client.update_pull(&self.place.name, number, &patch)?);
        Ok(())
    }

    /// A label or a reviewer that GitHub does not take is told, and no reason to fail.
    fn adorn(&mut self, missing: &Missing) {
        let Some(number) = self.pull.as_ref().map(|pull| pull.number) else { return };
        let (client, name) = (self.means.client, &self.place.name);
        let mut note = |what: &str, done: crate::github::Result<()>| {
            self.notes.extend(done.err().map(|error| format!("{what} were not set: {error}")));
        };
        if !missing.labels.is_empty() {
            note("labels", client.add_labels(name, number, &missing.labels));
        }
        if !missing.assignees.is_empty() {
            note("assignees", client.add_assignees(name, number, &missing.assignees));
        }
        if !missing.reviewers.is_empty() {
            note("reviewers", client.request_reviewers(name, number, &missing.reviewers));
        }
    }
}

/// More bytes than these do not go into one request for a tree, unless a single file has more.
const PORTION: usize = 8 << 20;

/// Returns how many of the next files go into one request.
fn portion(sizes: impl Iterator<Item = usize>) -> usize {
    let mut sum = 0;
    let fit = sizes.take_while(|size| {
        sum += size;
        sum <= PORTION
    });
    fit.count().max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_for_trees_are_bounded_and_never_empty() {
        assert_eq!(portion([1, 2, 3].into_iter()), 3);
        assert_eq!(portion([PORTION, 1].into_iter()), 1);
        assert_eq!(portion([PORTION * 2, 1].into_iter()), 1);
    }
}
