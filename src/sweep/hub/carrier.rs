//! Opens, updates and closes pull requests as a plan wants it, by the same rules as a single pull request.

use anyhow::{Context as _, Result, bail};
use caulk_transforms::path::RepoPath;

use super::{access::Access, failure::of_call, replan::Replanner};
use crate::{
    github::{self, Client, Name, Repository, Situation},
    pull::{self, Desired, Means, Origin, Outcome, Place, Verdict, Why},
    sink::json::Report,
    sweep::{
        carry::{Carried, Carry},
        plan::{Analysis, Entry, Failure, FailureKind, Header, Pull, PullState},
        select::OPT_OUT,
        state::Became,
    },
};

/// Carries plans to GitHub.
#[derive(Debug)]
pub struct Carrier<'a> {
    /// Who may write.
    pub access: &'a Access,
    /// How pull requests are made.
    pub settings: pull::Settings,
    /// Who asks, and from where.
    pub situation: Situation,
    /// Plans repositories anew whose base moved.
    pub replanner: &'a Replanner<'a>,
}

impl Carry for Carrier<'_> {
    fn is_there(&self, entry: &Entry) -> bool {
        let Some(analysis) = entry.analysis() else { return true };
        let Some(seen) = analysis.pull.as_ref().filter(|_| !analysis.files.is_empty()) else { return false };
        let Some(fingerprint) = &seen.fingerprint else { return false };
        let Ok(desired) = self.desired(analysis) else { return false };
        *fingerprint == desired.fingerprint
            && match seen.state {
                PullState::Open => seen.base.as_ref() == Some(&analysis.commit),
                // People did not want it.
                PullState::Closed => true,
                PullState::Merged => false,
            }
    }

    fn carry(&mut self, entry: &Entry, header: &Header) -> Option<Carried> {
        let error = match self.bring_about(entry, header) {
            Ok(carried) => return Some(carried),
            Err(error) => error,
        };
        let call = error.chain().find_map(|cause| cause.downcast_ref::<github::Error>());
        if matches!(call, Some(github::Error::Stopped)) {
            return None;
        }
        let reason = format!("{error:#}");
        let failure = match (error.chain().find_map(|cause| cause.downcast_ref::<Failure>()), call) {
            (Some(failure), _) => Failure { reason, ..failure.clone() },
            (None, Some(call)) => Failure { reason, ..of_call(call) },
            (None, None) => Failure { kind: FailureKind::Other, reason },
        };
        let pull = entry.analysis().and_then(|analysis| analysis.pull.clone());
        Some(Carried { result: Became::Failed(failure), pull, url: None, notes: Vec::new() })
    }
}

impl Carrier<'_> {
    fn bring_about(&self, entry: &Entry, header: &Header) -> Result<Carried> {
        let name: Name = entry.name.parse().map_err(anyhow::Error::msg)?;
        let client = self.access.of(name.owner())?;
        let analysis = entry.analysis().context("there is no analysis in the plan")?;
        let mut place = pull::look_around(client, &name, &self.settings, None)?;
        if let Some((why, reason)) = reason_to_leave(&place.repository, entry) {
            let (why, reason) = (why.to_owned(), reason.to_owned());
            let result = Became::LeftAlone { why, reason, settled: false };
            return Ok(Carried { result, pull: analysis.pull.clone(), url: None, notes: Vec::new() });
        }
        let outcome = self.reconcile(client, &mut place, analysis)?;
        if outcome.verdict != Verdict::LeaveAlone(Why::BaseMoved) {
            return Ok(carried(&outcome, analysis));
        }
        let Some(anew) = self.replanner.replan(client, &place.name, header)? else {
            return Ok(carried(&outcome, analysis));
        };
        let analysis = anew.analysis().context("it was planned anew and is left alone now")?;
        Ok(carried(&self.reconcile(client, &mut place, analysis)?, analysis))
    }

    fn reconcile(&self, client: &Client, place: &mut Place, analysis: &Analysis) -> Result<Outcome> {
        let means = Means { client, push: None, dry_run: false, situation: self.situation };
        let desired = self.desired(analysis)?;
        desired
            .refuse_base(&place.repository.default_branch)
            .map_err(|error| Failure { kind: FailureKind::Configuration, reason: error.to_string() })?;
        pull::reconcile(means, place, &desired)
    }

    fn desired(&self, analysis: &Analysis) -> Result<Desired> {
        let report: Report = serde_json::from_value(analysis.report.clone())
            .context("the plan's report is not of this version")?;
        let origin = Origin {
            base: &analysis.branch,
            commit: &analysis.commit,
            branch: &self.settings.branch,
            rendered: &[],
            note: None,
        };
        let files = analysis.files.iter().map(|file| {
            check(&file.path)?;
            Ok(pull::File {
                path: file.path.clone(),
                executable: file.executable,
                content: file.content.clone().into_bytes(),
            })
        });
        Desired::new(&origin, files.collect::<Result<_>>()?, &report, &self.settings)
    }
}

/// Returns why a repository is not written to, because of what it became since the plan. The next plan will see that as well.
fn reason_to_leave(now: &Repository, entry: &Entry) -> Option<(&'static str, &'static str)> {
    if format!("github:{}", now.id) != entry.id {
        Some(("replaced", "another repository has its name since the plan was made"))
    } else if now.archived || now.disabled {
        Some(("archived", "it was archived since the plan was made"))
    } else if now.topics.iter().any(|topic| topic == OPT_OUT) {
        Some(("opted-out", "its topic caulk-ignore opts out since the plan was made"))
    } else {
        None
    }
}

/// A plan may have lain anywhere before it came here.
fn check(path: &str) -> Result<()> {
    let path = RepoPath::new(path).with_context(|| format!("the plan names `{}`", path.escape_debug()))?;
    if path
        .as_str()
        .split('/')
        .any(|part| part.eq_ignore_ascii_case(".github") || part.eq_ignore_ascii_case(".git"))
    {
        bail!("the plan wants to change {path}, which caulk never does");
    }
    Ok(())
}

fn carried(outcome: &Outcome, analysis: &Analysis) -> Carried {
    let result = match &outcome.verdict {
        Verdict::Open => Became::Opened,
        Verdict::Update => Became::Updated,
        Verdict::Keep => Became::Kept,
        Verdict::Close => Became::Closed,
        Verdict::Nothing => Became::Nothing,
        Verdict::LeaveAlone(why) => {
            let settled = matches!(
                why,
                Why::Declined(_) | Why::PeoplesCommits(_) | Why::OthersPull(..) | Why::OtherBase(..)
            );
            Became::LeftAlone { why: why.name().to_owned(), reason: why.to_string(), settled }
        }
    };
    let state = match result {
        Became::Opened | Became::Updated | Became::Kept => Some(PullState::Open),
        Became::Closed => Some(PullState::Closed),
        _ => None,
    };
    let left = || {
        let (number, head) = (outcome.number?, outcome.head.clone()?);
        Some(Pull { number, state: state?, head, fingerprint: None, base: None })
    };
    // What was left alone is as the plan saw it.
    let pull = if state.is_some() { left() } else { analysis.pull.clone() };
    Carried { result, pull, url: outcome.url.clone(), notes: outcome.notes.clone() }
}
