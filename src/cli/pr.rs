//! `caulk pr`

pub(in crate::cli) mod options;
mod tell;

use std::{env, fs, path::PathBuf, sync::Arc};

use anyhow::{Context as _, Result, bail};
use caulk_transforms::model::address::Address;
use clap::{Args, ValueEnum};

use self::options::PullArgs;
use super::{
    CLEAN, FOUND, format,
    github::{GithubArgs, repository_at},
    output,
    sources::SourceArgs,
};
use crate::{
    config::{self, Authority},
    git::{Network, Oid, Remote, Store, fetch, origin},
    github::{Attempt, Client, Name},
    pull::{
        self, Base, Means, Per, Place, Planned, Settings, Verdict, Why,
        render::Renderer,
        results::{Results, State},
    },
    read::Thoroughness,
    run::{Request, Run},
    sink::json,
};

/// Carry the mends to GitHub as a pull request, and keep it right: open, update or close it
///
/// What counts is the head of the base branch on the server, never the work tree. A branch that somebody else worked on is left
/// alone, and so is what was closed without merging, until it would be something else.
#[derive(Debug, Args)]
#[command(after_help = "\
Exit codes: 0 everything is as it ought to be; 1 something is left to a person, or with --dry-run would be done;
2 bad usage or configuration, or GitHub refused.")]
pub(super) struct Pr {
    /// The repository; by default the one that the remote `origin` of this checkout names
    #[arg(long, value_name = "OWNER/NAME")]
    repo: Option<Name>,
    /// The branch that the changes are for; by default the repository's default branch
    #[arg(long, value_name = "BRANCH")]
    base: Option<String>,
    /// Tell what would be done, and write nothing
    #[arg(long)]
    dry_run: bool,
    /// One pull request for each `rule`, or for each folder: `path:GLOB`
    #[arg(long, value_name = "WHAT")]
    per: Option<String>,
    /// Include fixes that are not proven to be safe
    #[arg(long)]
    unsafe_fixes: bool,
    /// Run this rule alone (may be repeated)
    #[arg(long = "rule", value_name = "RULE")]
    rules: Vec<String>,
    /// A configuration of yours; the repository's own may only narrow it
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// The DNS domain of the cluster, over that of the configuration
    #[arg(long, value_name = "DOMAIN", value_parser = crate::config::cluster_domain)]
    cluster_domain: Option<String>,
    /// How many threads work; all cores by default
    #[arg(long, value_name = "N")]
    threads: Option<std::num::NonZero<usize>>,
    /// How to report
    #[arg(long, value_enum, value_name = "FORMAT", default_value_t = Format::Text)]
    format: Format,
    /// Keep the report of what was found in FILE, for `caulk report`
    #[arg(long, value_name = "FILE", conflicts_with = "per")]
    report: Option<PathBuf>,
    #[command(flatten)]
    pull: PullArgs,
    #[command(flatten)]
    github: GithubArgs,
    #[command(flatten)]
    sources: SourceArgs,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For people
    Text,
    /// For machines; `caulk schema pull-requests` describes it
    Json,
    /// Lines for $GITHUB_OUTPUT of a GitHub workflow, about the first pull request
    GithubOutput,
}

/// How often a plan is made anew because its base moved meanwhile.
const ATTEMPTS: usize = 3;

/// No repository of manifests is larger.
const LARGEST_FETCH: u64 = 2 << 30;

impl Pr {
    pub(super) fn run(&self) -> Result<u8> {
        let per = self.per.as_deref().map_or(Ok(Per::Repository), Per::parse)?;
        let ca_bundle = self.sources.ca_bundle()?;
        let client = self.github.client(ca_bundle.clone())?;
        let (name, checkout) = self.repository(&client)?;
        let network = Network { ca_bundle, ..Network::default() };
        let session = Session { client: self.github.on(&client, &name)?, checkout, network };
        let (mut results, mut planned) = self.once(&session, &name, &per)?;
        for _ in 1..ATTEMPTS {
            let moved = |state: &pull::results::PullRequest| state.why == Some(Why::BaseMoved.name());
            if !results.pull_requests.iter().any(moved) {
                break;
            }
            (results, planned) = self.once(&session, &name, &per)?;
        }
        match self.format {
            Format::Text => output::piped_exactly(|exact| tell::text(&results, exact))?,
            Format::Json => output::raw(&json::render(&results)?)?,
            Format::GithubOutput => output::raw(tell::outputs(&results).as_bytes())?,
        }
        let code = code(&results);
        if let (Some(path), Some(first)) = (&self.report, planned.into_iter().next()) {
            format::keep(path, first.report, code)?;
        }
        Ok(code)
    }

    /// Plans and carries out once.
    fn once(&self, session: &Session, name: &Name, per: &Per) -> Result<(Results, Vec<Planned>)> {
        let client = &session.client;
        let explained = |error: crate::github::Error| self.github.explain(client, error, Attempt::Read);
        let early = Settings { fork: self.pull.fork(), ..Settings::default() };
        let mut place = pull::look_around(client, name, &early, self.pull.email()?).map_err(explained)?;
        refuse_unwritable(&place, self.dry_run)?;
        let branch = self.base.clone().unwrap_or_else(|| place.repository.default_branch.clone());
        let commit = client.branch_head(&place.name, &branch).map_err(explained)?;
        let commit = commit.with_context(|| format!("{name} has no branch `{branch}`"))?.parse::<Oid>()?;
        let base =
            Base { store: session.store(&place, commit)?, commit, branch, authority: self.authority()? };
        let config = base.config()?;
        let settings = self.pull.settings(&config.pull_request)?;
        let push = self.pull.push(&base, &session.network)?;
        let renderer = Renderer::find().filter(|_| self.pull.renders());
        let render = |run: &Run| renderer.as_ref().map(|renderer| renderer.render(run)).unwrap_or_default();
        let addresses = Address::parse(&place.repository.clone_url).into_iter().collect();
        let request = Request { addresses, ..self.request()? };
        let planned = pull::plan(&request, &base, per, &settings, &place, &render)?;
        let mut results = Results::new(&place, &base.branch, &commit.to_string(), self.dry_run);
        let means = Means {
            client,
            push: push.as_ref(),
            situation: self.github.situation(client),
            dry_run: self.dry_run,
        };
        for each in &planned {
            let outcome = pull::reconcile(means, &mut place, &each.desired)
                .with_context(|| format!("the pull request of {} in {}", each.desired.branch, place.name))?;
            results.add(each, &outcome);
            if outcome.verdict == Verdict::LeaveAlone(Why::BaseMoved) {
                break;
            }
        }
        Ok((results, planned))
    }

    /// Finds the repository that is meant, and the checkout if there is one.
    fn repository(&self, client: &Client) -> Result<(Name, Option<Arc<Store>>)> {
        let folder = env::current_dir().context("the current folder is gone")?;
        let checkout = Store::around(&folder).map(|(store, _)| Arc::new(store));
        if let Some(name) = &self.repo {
            // Its objects may spare a fetch if it happens to be the same repository; objects are what their names say.
            return Ok((name.clone(), checkout.ok()));
        }
        let store = checkout
            .context("name the repository with --repo OWNER/NAME, or run this in a checkout of it")?;
        let remote = origin::origin(&store)
            .context("this checkout has no remote `origin`; name the repository with --repo OWNER/NAME")?;
        Ok((repository_at(client, &remote)?, Some(store)))
    }

    fn request(&self) -> Result<Request> {
        Ok(Request {
            paths: vec![PathBuf::from(".")],
            config: None,
            cluster_domain: self.cluster_domain.clone(),
            rules: self.rules.clone(),
            tier: self.tier(),
            thoroughness: Thoroughness::Commands,
            threads: self.threads.map_or(0, std::num::NonZero::get),
            sources: self.sources.options()?,
            addresses: Vec::new(),
        })
    }

    const fn tier(&self) -> caulk_transforms::finding::Applicability {
        use caulk_transforms::finding::Applicability;
        if self.unsafe_fixes { Applicability::Unsafe } else { Applicability::Safe }
    }

    fn authority(&self) -> Result<Authority> {
        let Some(path) = &self.config else { return Ok(Authority::Own) };
        Ok(Authority::Trusted { text: config::read_given(path)?, name: path.display().to_string() })
    }
}

/// What stays the same while plans are made.
struct Session {
    client: Client,
    checkout: Option<Arc<Store>>,
    network: Network,
}

impl Session {
    /// Returns a repository that has the commit: the checkout, or else one that is fetched and removed in the end.
    fn store(&self, place: &Place, commit: Oid) -> Result<Arc<Store>> {
        if let Some(store) = self.checkout.as_ref().filter(|store| store.has_all_of(commit)) {
            return Ok(Arc::clone(store));
        }
        let url = &place.repository.clone_url;
        if !self.client.is_site(url) {
            bail!(
                "GitHub names {url} as the repository's address, which is not the host that the token is for"
            );
        }
        let mut remote = Remote::new(url, self.client.git_token()?.as_ref(), &self.network)?;
        let fetched = fetch::fetch(&mut remote, &fetch::Want::Commit(commit), LARGEST_FETCH, None);
        Ok(fetched.with_context(|| format!("failed to fetch {}", place.name))?.store)
    }
}

fn refuse_unwritable(place: &Place, dry_run: bool) -> Result<()> {
    let reason = match (place.repository.archived, place.repository.disabled) {
        (true, _) => "archived",
        (_, true) => "disabled",
        _ => return Ok(()),
    };
    if dry_run {
        return Ok(());
    }
    bail!("{} is {reason}; nothing can be changed in it", place.name)
}

fn code(results: &Results) -> u8 {
    let is_left = |pull: &pull::results::PullRequest| match pull.state {
        State::Unchanged | State::Nothing => false,
        State::LeftAlone => pull.why != Some(Why::Declined(0).name()),
        State::Opened | State::Updated | State::Closed => results.dry_run,
    };
    if results.pull_requests.iter().any(is_left) { FOUND } else { CLEAN }
}

/// Reads a file that the user's side names.
fn read(path: &std::path::Path) -> Result<String> {
    fs::read_to_string(path).with_context(|| format!("failed to read {}", path.display()))
}
