//! What is on GitHub. Everything here reads.

use chrono::DateTime;

use super::{
    desired::Desired,
    marker::Marker,
    ownership::{Branch, Ourselves, Since, between},
    settings::Settings,
    words::Trailer,
};
use crate::github::{Client, Event, Name, Pull, PullState, Repository, Result};

/// The surroundings that all pull requests of a repository share.
#[derive(Debug, Clone)]
pub struct Place {
    /// The repository that the pull requests are for.
    pub name: Name,
    /// What GitHub tells of it.
    pub repository: Repository,
    /// The account of the token; empty without one.
    pub account: String,
    /// Where the branches live.
    pub home: Home,
    /// The open pull requests, also those that this run opened.
    pub open: Vec<Pull>,
    /// The address of the author of commits that are made by git.
    pub email: Option<String>,
}

/// Where branches live.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Home {
    /// In the repository itself.
    Here,
    /// In a fork.
    Fork {
        /// Its name.
        name: Name,
        /// Its address for git.
        clone_url: String,
        /// What names it to GraphQL.
        node_id: String,
    },
    /// In a fork that is not there yet.
    NoFork {
        /// What it will be called, as far as one can know.
        name: Name,
    },
}

impl Place {
    /// Returns the repository that the branches live in.
    #[must_use]
    pub const fn home(&self) -> &Name {
        match &self.home {
            Home::Here => &self.name,
            Home::Fork { name, .. } | Home::NoFork { name } => name,
        }
    }

    /// Returns what names that repository to GraphQL.
    #[must_use]
    pub fn node_id(&self) -> &str {
        match &self.home {
            Home::Fork { node_id, .. } => node_id,
            Home::Here | Home::NoFork { .. } => &self.repository.node_id,
        }
    }

    /// Returns who we are.
    #[must_use]
    pub fn ourselves<'a>(&'a self, settings: &'a Settings) -> Ourselves<'a> {
        Ourselves { account: &self.account, email: self.email.as_deref(), settings }
    }
}

/// What is there of one pull request and its branch.
#[derive(Debug, Clone)]
pub struct Observed {
    /// Where the base branch is now.
    pub base_head: Option<String>,
    /// The branch.
    pub branch: Option<Branch>,
    /// What an earlier run left that died while it made a commit.
    pub scratch: Option<Branch>,
    /// The pull requests of the branch, open or not, newest first.
    pub pulls: Vec<Pull>,
    /// What closed pull requests of ours were made of whose body no longer says so, by their numbers.
    pub unmarked: Vec<(u64, String)>,
    /// Of what a new pull request gets, what the open one has not and never had.
    pub missing: Missing,
    /// Whether an open pull request goes into the branch.
    pub built_upon: bool,
    /// How many other pull requests of ours are open.
    pub others_open: usize,
    /// How many of ours were opened within the last hour.
    pub recent: usize,
}

impl Observed {
    /// Returns the open pull request of the branch that counts.
    #[must_use]
    pub fn open(&self, we: Ourselves<'_>, base: &str) -> Option<&Pull> {
        open_of(&self.pulls, we, base)
    }
}

/// Finds ours for the base, whatever else is made of the branch. Without one of ours, somebody else's counts before others of ours.
fn open_of<'a>(pulls: &'a [Pull], we: Ourselves<'_>, base: &str) -> Option<&'a Pull> {
    let open: Vec<&Pull> = pulls.iter().filter(|pull| pull.state == PullState::Open).collect();
    let ours = |pull: &Pull| we.are(pull.user.as_ref());
    let found = open.iter().find(|pull| ours(pull) && pull.base.branch == base);
    found.or_else(|| open.iter().find(|pull| !ours(pull))).or_else(|| open.first()).copied()
}

/// What a pull request never got. What people took away again is not among it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Missing {
    /// Labels.
    pub labels: Vec<String>,
    /// Assignees.
    pub assignees: Vec<String>,
    /// Reviewers and teams.
    pub reviewers: Vec<String>,
}

impl Missing {
    /// Returns all that a new pull request gets.
    #[must_use]
    pub fn all(settings: &Settings) -> Self {
        Self {
            labels: settings.labels.clone(),
            assignees: settings.assignees.clone(),
            reviewers: settings.reviewers.clone(),
        }
    }

    fn is_nothing(&self) -> bool {
        self.labels.is_empty() && self.assignees.is_empty() && self.reviewers.is_empty()
    }
}

/// Looks at a repository as a whole.
///
/// # Errors
/// If GitHub refuses or does not answer.
pub fn look_around(client: &Client, name: &Name, settings: &Settings, email: Option<&str>) -> Result<Place> {
    let repository = client.repository(name)?;
    // A renamed repository is found under its old name, but takes pull requests under the new one.
    let name = repository.full_name.parse().unwrap_or_else(|_| name.clone());
    let account = client.account()?.unwrap_or_default();
    let may_push = repository.permissions.is_some_and(|may| may.push || may.admin);
    let home = match settings.fork && !may_push {
        true => fork_of(client, &name, &account)?,
        false => Home::Here,
    };
    let open = client.open_pulls(&name)?;
    Ok(Place { name, repository, account, home, open, email: email.map(str::to_owned) })
}

fn fork_of(client: &Client, name: &Name, account: &str) -> Result<Home> {
    let wanted: Name = format!("{account}/{}", name.name()).parse().unwrap_or_else(|_| name.clone());
    if let Some(home) = fork_at(client, name, &wanted)? {
        return Ok(home);
    }
    // Where the account has another repository of that name, GitHub calls the fork otherwise.
    let found = client.fork_of(name, account)?.map(|other| fork_at(client, name, &other)).transpose()?;
    Ok(found.flatten().unwrap_or(Home::NoFork { name: wanted }))
}

/// Returns the fork of that name, if it is one.
fn fork_at(client: &Client, name: &Name, wanted: &Name) -> Result<Option<Home>> {
    let Some(found) = client.find_repository(wanted)? else { return Ok(None) };
    let parent = found.parent.as_ref().map(|parent| parent.full_name.clone()).unwrap_or_default();
    if !(found.fork && parent.eq_ignore_ascii_case(&name.to_string())) {
        return Ok(None);
    }
    let name = found.full_name.parse().unwrap_or_else(|_| wanted.clone());
    Ok(Some(Home::Fork { name, clone_url: found.clone_url, node_id: found.node_id }))
}

/// Looks at what is there of one pull request.
///
/// # Errors
/// As [`look_around`].
pub fn observe(client: &Client, place: &Place, desired: &Desired) -> Result<Observed> {
    let we = place.ourselves(&desired.settings);
    let base_head = client.branch_head(&place.name, &desired.base)?;
    let (mut branch, mut scratch) = (None, None);
    // Pull requests stay when their fork is gone.
    let is_there = !matches!(place.home, Home::NoFork { .. });
    let from = Some(place.home()).filter(|_| is_there);
    let pulls = client.pulls_of(&place.name, place.home().owner(), &desired.branch, from)?;
    if is_there {
        for (reference, head) in client.matching_refs(place.home(), &format!("heads/{}", desired.branch))? {
            if reference == format!("refs/heads/{}", desired.branch) {
                branch = Some(look_at(client, place, desired, &desired.branch, &head)?);
            } else if reference == format!("refs/heads/{}", desired.scratch()) {
                scratch = Some(look_at(client, place, desired, &desired.scratch(), &head)?);
            }
        }
    }
    let open = open_of(&pulls, we, &desired.base);
    let missing = match open.filter(|pull| we.are(pull.user.as_ref()) && !desired.is_nothing()) {
        Some(pull) => missing(client, place, desired, pull)?,
        None => Missing::default(),
    };
    let unmarked = match open.is_none() && !desired.is_nothing() {
        true => unmarked(client, place, desired, &pulls)?,
        false => Vec::new(),
    };
    let is_ours =
        |pull: &Pull| we.are(pull.user.as_ref()) && pull.head.branch.starts_with(&desired.settings.branch);
    let hour_ago = i64::try_from(client.now()).unwrap_or(i64::MAX) - 3600;
    let is_recent = |pull: &Pull| {
        let opened = pull.created_at.as_deref().and_then(|at| DateTime::parse_from_rfc3339(at).ok());
        opened.is_some_and(|at| at.timestamp() > hour_ago)
    };
    let others: Vec<&Pull> =
        place.open.iter().filter(|pull| is_ours(pull) && pull.head.branch != desired.branch).collect();
    Ok(Observed {
        recent: others.iter().copied().chain(&pulls).filter(|pull| is_ours(pull) && is_recent(pull)).count(),
        // Those into a fork's branch are not among what is listed.
        built_upon: matches!(place.home, Home::Here)
            && place.open.iter().any(|pull| pull.base.branch == desired.branch),
        others_open: others.len(),
        base_head,
        branch,
        scratch,
        unmarked,
        pulls,
        missing,
    })
}

/// More closed pull requests than these, with bodies that people took the marker out of, are not looked at.
const MOST_UNMARKED: usize = 10;

/// Reads from their commits what closed pull requests were made of, where somebody took the marker out of the body.
fn unmarked(client: &Client, place: &Place, desired: &Desired, pulls: &[Pull]) -> Result<Vec<(u64, String)>> {
    let we = place.ourselves(&desired.settings);
    let closed = pulls.iter().filter(|pull| {
        let marked = pull.body.as_deref().is_some_and(|body| Marker::of(body).is_some());
        pull.merged_at.is_none() && we.are(pull.user.as_ref()) && !marked
    });
    let mut found = Vec::new();
    for pull in closed.take(MOST_UNMARKED) {
        let message = client.commit_message(&place.name, &pull.head.sha)?;
        let trailer = message.as_deref().and_then(Trailer::of);
        found.extend(trailer.map(|trailer| (pull.number, trailer.fingerprint)));
    }
    Ok(found)
}

fn look_at(client: &Client, place: &Place, desired: &Desired, branch: &str, head: &str) -> Result<Branch> {
    // A fork's commits are named by its branches.
    let end = match &place.home {
        Home::Here => head.to_owned(),
        Home::Fork { name, .. } | Home::NoFork { name } => format!("{}:{branch}", name.owner()),
    };
    let since = client.find_comparison(&place.name, &desired.base_commit, &end)?;
    let since = since.map(|found| Since {
        behind: found.behind_by,
        ahead: found.ahead_by,
        commits: found.commits,
        files: found.files,
        holds: None,
    });
    let mut branch = Branch { head: head.to_owned(), since };
    let holds = holds(client, place, desired, &branch)?;
    if let Some(since) = &mut branch.since {
        since.holds = holds;
    }
    Ok(branch)
}

/// Finds out what our commit at the end of a branch really holds.
fn holds(client: &Client, place: &Place, desired: &Desired, branch: &Branch) -> Result<Option<String>> {
    let ours = branch.our_tip(place.ourselves(&desired.settings));
    let (Some((parent, trailer)), Some(since)) = (ours, &branch.since) else { return Ok(None) };
    let compared = since.compared();
    // Nobody wants to move it then, so that the comparison will do, and it costs nothing.
    let is_right = since.behind == 0 && trailer.digest == desired.digest;
    if is_right && compared.as_ref() == Some(&trailer.digest) {
        return Ok(compared);
    }
    let home = place.home();
    match (client.files_of(home, parent)?, client.files_of(home, &branch.head)?) {
        (Some(before), Some(after)) => Ok(between(&before, &after)),
        // So many files that GitHub does not list them at once.
        _ => Ok(compared),
    }
}

/// Finds what a run that died after opening a pull request did not come to.
fn missing(client: &Client, place: &Place, desired: &Desired, pull: &Pull) -> Result<Missing> {
    let mut missing = Missing::all(&desired.settings);
    let same = |one: &str, other: &str| one.eq_ignore_ascii_case(other);
    missing.labels.retain(|label| !pull.labels.iter().any(|known| same(&known.name, label)));
    let assigned = pull.assignees.as_deref().unwrap_or_default();
    missing.assignees.retain(|login| !assigned.iter().any(|known| known.is(login)));
    let asked = pull.requested_reviewers.as_deref().unwrap_or_default();
    missing.reviewers.retain(|login| !asked.iter().any(|known| known.is(login)));
    if missing.is_nothing() {
        return Ok(missing);
    }
    let events = client.events(&place.name, pull.number)?;
    let never = |was: &dyn Fn(&Event) -> bool| !events.iter().any(was);
    missing
        .labels
        .retain(|label| never(&|event| event.label.as_ref().is_some_and(|known| same(&known.name, label))));
    missing
        .assignees
        .retain(|login| never(&|event| event.assignee.as_ref().is_some_and(|known| known.is(login))));
    missing.reviewers.retain(|login| {
        never(&|event| match login.strip_prefix("team:") {
            Some(team) => event.requested_team.as_ref().is_some_and(|known| same(&known.slug, team)),
            None => event.requested_reviewer.as_ref().is_some_and(|known| known.is(login)),
        })
    });
    Ok(missing)
}
