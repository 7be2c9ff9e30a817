//! From a commit of the base branch to what is desired on GitHub: one pull request, or one for each rule or folder.

use std::{collections::BTreeSet, path::PathBuf, sync::Arc};

use anyhow::{Result, bail};
use caulk_transforms::{path::RepoPath, rules};
use globset::{GlobBuilder, GlobMatcher};

use super::{
    body::Rendered,
    desired::{Desired, File, Origin},
    observe::Place,
    settings::Settings,
};
use crate::{
    config::{self, Authority, Config},
    git::{Mode, Oid, Snapshot, Store},
    review::marker::name,
    run::{self, Request, Run},
    sink::json::{self, Report},
    walk::Tree,
};

/// How the changes are divided among pull requests.
#[derive(Debug, Clone)]
pub enum Per {
    /// One for all.
    Repository,
    /// One for each rule.
    Rule,
    /// One for each folder that the pattern matches, and one for the rest.
    Path(GlobMatcher),
}

impl Per {
    /// Reads `rule` or `path:GLOB`.
    ///
    /// # Errors
    /// If it is neither.
    pub fn parse(text: &str) -> Result<Self> {
        if text == "rule" {
            return Ok(Self::Rule);
        }
        let Some(pattern) = text.strip_prefix("path:") else {
            bail!("`{text}` is neither `rule` nor `path:GLOB`, such as `path:apps/*`");
        };
        let pattern = pattern.trim_matches('/');
        let glob = GlobBuilder::new(pattern).literal_separator(true).build();
        Ok(Self::Path(
            glob.map_err(|error| anyhow::anyhow!("the pattern of `{text}`: {error}"))?.compile_matcher(),
        ))
    }
}

/// The commit of the base branch that is looked at.
#[derive(Debug, Clone)]
pub struct Base {
    /// A repository that has it.
    pub store: Arc<Store>,
    /// The commit.
    pub commit: Oid,
    /// The branch.
    pub branch: String,
    /// Whose configuration counts.
    pub authority: Authority,
}

impl Base {
    /// Reads the configuration that counts.
    ///
    /// # Errors
    /// If it cannot be used.
    pub fn config(&self) -> Result<Config> {
        let snapshot = Arc::new(Snapshot::of_commit(&self.store, self.commit)?);
        let (tree, _) = Tree::of_snapshot(snapshot, &[PathBuf::from(".")]);
        Ok(config::of_tree(&self.authority, &tree, &config::rule_names())?.0)
    }
}

/// One pull request as it ought to be, with what it rests on.
#[derive(Debug)]
pub struct Planned {
    /// What ought to be there.
    pub desired: Desired,
    /// What was found.
    pub report: Report,
}

/// How a pull request's run is told in its body, beyond the report.
pub type Render<'a> = &'a dyn Fn(&Run) -> Vec<Rendered>;

/// Plans all pull requests of a repository: also those that are open and have become needless.
///
/// # Errors
/// If the commit cannot be read, or a configuration or template cannot be used.
pub fn plan(
    request: &Request,
    base: &Base,
    per: &Per,
    settings: &Settings,
    place: &Place,
    render: Render<'_>,
) -> Result<Vec<Planned>> {
    let planner = Planner { request, base, settings, render, note: note(place) };
    let mut planned = Vec::new();
    let (groups, whole) = planner.groups(per)?;
    for group in groups {
        planned.push(planner.plan(&group)?);
    }
    // What could not be read matters wherever it is, so that a report of one folder will not do. And with some rules alone nobody
    // knows what becomes of the others' pull requests.
    let report = whole.or_else(|| Some(planned.first()?.report.clone()));
    let mut report = report.filter(|_| request.rules.is_empty());
    if let Some(report) = &mut report {
        // Not every rule asks about images.
        report.unasked.extend(planned.iter().flat_map(|each| each.report.unasked.clone()));
    }
    let files = planned.iter().flat_map(|each| {
        each.desired.files.iter().map(|file| (file.path.clone(), each.desired.branch.clone()))
    });
    let elsewhere: Vec<(String, String)> = files.collect();
    for branch in needless(place, settings, &base.branch, &planned) {
        let Some(report) = &report else { break };
        let mut nothing = planner.nothing(&branch, report)?;
        nothing.desired.elsewhere.clone_from(&elsewhere);
        planned.push(nothing);
    }
    Ok(planned)
}

/// What one pull request is about.
struct Group {
    branch: String,
    rules: Vec<String>,
    paths: Vec<PathBuf>,
}

struct Planner<'a> {
    request: &'a Request,
    base: &'a Base,
    settings: &'a Settings,
    render: Render<'a>,
    note: Option<&'static str>,
}

impl Planner<'_> {
    /// Returns what the pull requests are about, and the report of everything if that is not any of theirs.
    fn groups(&self, per: &Per) -> Result<(Vec<Group>, Option<Report>)> {
        let (rules, paths) = (&self.request.rules, &self.request.paths);
        let group = |branch: String, rules: &[String], paths: Vec<PathBuf>| Group {
            branch,
            rules: rules.to_vec(),
            paths,
        };
        let mut whole = None;
        let groups = match per {
            Per::Repository => vec![group(self.settings.branch.clone(), rules, paths.clone())],
            Per::Rule => {
                let selection = self.base.config()?.selection(rules);
                let running = rules::ALL.iter().map(|rule| rule.meta()).filter(|meta| selection.runs(meta));
                running
                    .map(|meta| group(self.branch_of(meta.id), &[meta.id.to_owned()], paths.clone()))
                    .collect()
            }
            Per::Path(pattern) => {
                let run = self.run(&group(String::new(), rules, paths.clone()))?;
                let (mut folders, mut rest) = (BTreeSet::new(), Vec::new());
                for change in &run.plan.changes {
                    match folder_of(&change.path, pattern) {
                        Some(folder) => _ = folders.insert(folder.to_owned()),
                        None => rest.push(PathBuf::from(change.path.as_str())),
                    }
                }
                let one = |folder: &String| group(self.branch_of(&slug(folder)), rules, vec![folder.into()]);
                let mut groups: Vec<Group> = folders.iter().map(one).collect();
                // With nothing to change there is still a report of what was found.
                if !rest.is_empty() || groups.is_empty() {
                    let paths = if rest.is_empty() { paths.clone() } else { rest };
                    groups.push(group(self.settings.branch.clone(), rules, paths));
                }
                whole = Some(json::report(&run, false));
                groups
            }
        };
        Ok((groups, whole))
    }

    fn branch_of(&self, name: &str) -> String {
        format!("{}{DIVIDER}{name}", self.settings.branch)
    }

    fn run(&self, group: &Group) -> Result<Run> {
        let request =
            Request { rules: group.rules.clone(), paths: group.paths.clone(), ..self.request.clone() };
        run::run_tree(&request, &self.base.store, self.base.commit, &self.base.authority)
    }

    fn plan(&self, group: &Group) -> Result<Planned> {
        let run = self.run(group)?;
        let report = json::report(&run, false);
        let files = run.plan.changes.iter().map(|change| File {
            path: change.path.to_string(),
            executable: run.tree.mode(&change.path) == Some(Mode::Executable),
            content: change.after.clone().into_bytes(),
        });
        let rendered = if run.plan.changes.is_empty() { Vec::new() } else { (self.render)(&run) };
        let desired = self.desired(&group.branch, files.collect(), &report, &rendered)?;
        Ok(Planned { desired, report })
    }

    /// Plans that a pull request is to go.
    fn nothing(&self, branch: &str, of: &Report) -> Result<Planned> {
        let report = Report { changes: Vec::new(), rollouts: Vec::new(), ..of.clone() };
        let desired = self.desired(branch, Vec::new(), &report, &[])?;
        Ok(Planned { desired, report })
    }

    fn desired(
        &self,
        branch: &str,
        files: Vec<File>,
        report: &Report,
        rendered: &[Rendered],
    ) -> Result<Desired> {
        let origin = Origin {
            base: &self.base.branch,
            commit: &self.base.commit.to_string(),
            branch,
            rendered,
            note: self.note,
        };
        Desired::new(&origin, files, report, self.settings)
    }
}

/// Stands between the branch and the name of a group. A slash could not: git has no branch below another one.
const DIVIDER: &str = "--";

/// Returns the open pull requests of ours that nothing asks for any more, such as that of a folder that is right now.
fn needless(place: &Place, settings: &Settings, base: &str, planned: &[Planned]) -> Vec<String> {
    let we = place.ourselves(settings);
    let home = place.home().to_string();
    let of_group = format!("{}{DIVIDER}", settings.branch);
    let ours = place.open.iter().filter(|pull| {
        let repository = pull.head.repo.as_ref().map(|repository| &repository.full_name);
        let branch = &pull.head.branch;
        we.are(pull.user.as_ref())
            && repository.is_some_and(|name| name.eq_ignore_ascii_case(&home))
            && pull.base.branch == base
            && (*branch == settings.branch || branch.starts_with(&of_group))
            && !planned.iter().any(|each| each.desired.branch == *branch)
    });
    ours.map(|pull| pull.head.branch.clone()).collect()
}

/// What must be said of pull requests that a workflow's own token opens.
fn note(place: &Place) -> Option<&'static str> {
    let of_workflow = place.account.trim_end_matches("[bot]") == "github-actions";
    of_workflow.then_some(
        "A workflow's own token opened this, so checks may not start by themselves. Close and reopen it to start them, or let \
         caulk use the token of an App.",
    )
}

/// Returns the nearest folder to the root that the pattern matches and that holds the file.
fn folder_of<'a>(path: &'a RepoPath, pattern: &GlobMatcher) -> Option<&'a str> {
    let text = path.as_str();
    let mut folders = text.match_indices('/').map(|(end, _)| &text[..end]);
    folders.find(|folder| pattern.is_match(folder))
}

/// Names a folder so that it may stand in a branch; folders that differ have names that differ.
fn slug(folder: &str) -> String {
    let plain = |letter: char| if letter.is_ascii_alphanumeric() { letter.to_ascii_lowercase() } else { '-' };
    let text: String = folder.chars().take(40).map(plain).collect();
    let text = text.split('-').filter(|part| !part.is_empty()).collect::<Vec<_>>().join("-");
    let hash = name([folder]);
    format!("{text}-{}", hash.get(..8).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_belong_to_the_nearest_matching_folder_to_the_root() {
        let Per::Path(pattern) = Per::parse("path:apps/*").expect("a pattern") else { panic!("a pattern") };
        let folder =
            |path: &str| folder_of(&RepoPath::new(path).expect("a path"), &pattern).map(str::to_owned);
        assert_eq!(folder("apps/a/b/c.yaml").as_deref(), Some("apps/a"));
        assert_eq!(folder("apps/c.yaml"), None);
        assert_eq!(folder("base/apps/a/c.yaml"), None);
        assert!(Per::parse("folder").is_err() && Per::parse("path:[").is_err());
        assert!(matches!(Per::parse("rule"), Ok(Per::Rule)));
    }

    #[test]
    fn every_folder_has_a_branch_of_its_own() {
        let (one, other) = (slug("apps/a b"), slug("apps/a-b"));
        assert_ne!(one, other);
        assert!(one.starts_with("apps-a-b-"), "{one}");
        for folder in ["é/..", "-", "a".repeat(300).as_str(), ".lock"] {
            let branch = format!("refs/heads/caulk/mend--{}", slug(folder));
            assert!(git2::Reference::is_valid_name(&branch), "{branch}");
        }
    }
}
