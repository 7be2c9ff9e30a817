//! What ought to be on GitHub: a branch with one commit on its base, and a pull request that explains it.

use anyhow::{Result, bail};
use git2::{ObjectType, Oid};

use super::{
    body::{self, Rendered},
    marker::Marker,
    settings::Settings,
    words::{self, Trailer},
};
use crate::{github::CommitMessage, review::marker::name, sink::json::Report};

/// A file with the content that it is to get.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct File {
    /// Its path from the repository's root.
    pub path: String,
    /// Whether it may be executed.
    pub executable: bool,
    /// Its bytes.
    pub content: Vec<u8>,
}

/// Where the plan comes from.
#[derive(Debug, Clone, Copy)]
pub struct Origin<'a> {
    /// The branch that the changes are for.
    pub base: &'a str,
    /// The commit of it that was looked at.
    pub commit: &'a str,
    /// The branch that is to hold the changes.
    pub branch: &'a str,
    /// What the overlays render differently.
    pub rendered: &'a [Rendered],
    /// What the user's side adds to the body.
    pub note: Option<&'a str>,
}

/// What ought to be on GitHub. Without files that is nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Desired {
    /// The branch that the changes are for.
    pub base: String,
    /// The commit of it that the changes are made on.
    pub base_commit: String,
    /// The branch that holds the changes.
    pub branch: String,
    /// The changed files, by path.
    pub files: Vec<File>,
    /// Names what is changed, wherever in the files that is: it stays the same while the base moves on.
    pub fingerprint: String,
    /// Names the contents of the files.
    pub digest: String,
    /// The title of the pull request.
    pub title: String,
    /// The message of the commit.
    pub message: CommitMessage,
    /// Files that could not be looked at: a pull request that changes one of them may look needless and is not closed.
    pub unread: Vec<String>,
    /// Files with an image that could not be asked about, so that less may be known of them than before.
    pub unasked: Vec<(String, String)>,
    /// The files that other pull requests of the same plan change, each with the branch: what moves there is not needless.
    pub elsewhere: Vec<(String, String)>,
    /// How it is made.
    pub settings: Settings,
    /// The body, with a marker that names no commit yet.
    body: String,
}

impl Desired {
    /// Makes what is desired from a plan: the files with their new contents, and its report.
    ///
    /// # Errors
    /// If a template cannot be used.
    pub fn new(
        origin: &Origin<'_>,
        mut files: Vec<File>,
        report: &Report,
        settings: &Settings,
    ) -> Result<Self> {
        files.sort_by(|one, other| one.path.cmp(&other.path));
        let fingerprint = fingerprint(report);
        let digest = digest(&files)?;
        let title = words::title(report, settings, origin.base, origin.branch)?;
        let ends = (origin.base, origin.branch);
        let parent = origin.commit.to_owned();
        let trailer = Trailer { fingerprint: fingerprint.clone(), digest: digest.clone(), parent };
        let message = words::message(report, settings, ends, &title, &trailer)?;
        let unborn = Marker {
            fingerprint: Some(fingerprint.clone()),
            head: "0".repeat(40),
            base: origin.commit.to_owned(),
        };
        let context = body::Context {
            base: origin.base,
            head: origin.branch,
            marker: &unborn.render(),
            rendered: origin.rendered,
            note: origin.note,
            template: settings.body.as_deref(),
            ..body::Context::default()
        };
        Ok(Self {
            base: origin.base.to_owned(),
            base_commit: origin.commit.to_owned(),
            branch: origin.branch.to_owned(),
            body: body::render(report, &context)?.text,
            unread: unread(report),
            unasked: report.unasked.iter().map(|each| (each.path.clone(), each.image.clone())).collect(),
            elsewhere: Vec::new(),
            settings: settings.clone(),
            fingerprint,
            digest,
            title,
            message,
            files,
        })
    }

    /// Tells whether there is nothing to change.
    #[must_use]
    pub fn is_nothing(&self) -> bool {
        self.files.is_empty()
    }

    /// Returns the name of the content that a file is to get; `None` if it stays as it is.
    pub(super) fn blob(&self, path: &str) -> Option<String> {
        let file = self.files.iter().find(|file| file.path == path)?;
        Some(Oid::hash_object(ObjectType::Blob, &file.content).ok()?.to_string())
    }

    /// Returns the marker of a pull request whose branch is at this commit.
    #[must_use]
    pub fn marker(&self, head: &str) -> Marker {
        Marker {
            fingerprint: Some(self.fingerprint.clone()),
            head: head.to_owned(),
            base: self.base_commit.clone(),
        }
    }

    /// Returns the body of a pull request whose branch is at this commit.
    #[must_use]
    pub fn body(&self, head: &str) -> String {
        self.marker(head).put(&self.body)
    }

    /// Refuses a branch that the changes are for: commits would go straight there.
    ///
    /// # Errors
    /// If the branch, or the one that commits are made on, is the base or `default`, the repository's default branch.
    pub fn refuse_base(&self, default: &str) -> Result<()> {
        let (branch, scratch) = (self.branch.as_str(), self.scratch());
        let is_base = |name: &str| name == self.base || name == default;
        if is_base(branch) {
            bail!(
                "the branch `{branch}` is one that changes are for; choose another one to hold the changes"
            );
        }
        if is_base(&scratch) {
            bail!(
                "commits for `{branch}` are made on `{scratch}`, which changes are for; choose another branch"
            );
        }
        Ok(())
    }

    /// Returns the branch that a commit is made on before it takes its place.
    #[must_use]
    pub fn scratch(&self) -> String {
        format!("{}.scratch", self.branch)
    }
}

fn unread(report: &Report) -> Vec<String> {
    // Templates and what is excluded are left alone on purpose.
    let meant = ["too-large", "not-text", "not-yaml", "lfs-pointer"];
    let skipped = report.skipped.iter().filter(|skip| skip.failure || meant.contains(&skip.kind.as_str()));
    skipped.map(|skip| skip.path.clone()).collect()
}

/// Names what a report changes: the lines that go and come, by file, without where they stand and what is around them.
fn fingerprint(report: &Report) -> String {
    let mut parts = Vec::new();
    for change in &report.changes {
        parts.push(change.path.as_str());
        // The first two lines name the file.
        parts.extend(change.diff.split('\n').skip(2).filter(|line| line.starts_with(['-', '+'])));
    }
    name(parts)
}

fn digest(files: &[File]) -> Result<String> {
    let blobs = files.iter().map(|file| Ok(Oid::hash_object(ObjectType::Blob, &file.content)?.to_string()));
    let blobs: Vec<String> = blobs.collect::<Result<_>>()?;
    Ok(digest_of(files.iter().map(|file| file.path.as_str()).zip(blobs.iter().map(String::as_str))))
}

/// Names contents by their paths and their blobs, both in the order of the paths.
pub(super) fn digest_of<'a>(files: impl Iterator<Item = (&'a str, &'a str)>) -> String {
    name(files.flat_map(|(path, blob)| [path, blob]))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sink::json::{Change, samples::report_of};

    fn report(diff: &str) -> Report {
        let mut report = report_of("plain");
        report.changes = vec![Change { path: "a.yaml".to_owned(), diff: format!("--- a\n+++ b\n{diff}") }];
        report
    }

    #[test]
    fn a_fingerprint_stays_while_the_base_moves_and_changes_with_the_content() {
        let one = fingerprint(&report("@@ -1,2 +1,2 @@\n a\n-b\n+c\n"));
        assert_eq!(one, fingerprint(&report("@@ -7,2 +9,2 @@\n z\n-b\n+c\n y\n")));
        assert_ne!(one, fingerprint(&report("@@ -1,2 +1,2 @@\n a\n-b\n+d\n")));
        assert_ne!(one, fingerprint(&report("@@ -1,2 +1,2 @@\n a\n-x\n+c\n")));
        let mut moved = report("@@ -1,2 +1,2 @@\n a\n-b\n+c\n");
        moved.changes[0].path = "b.yaml".to_owned();
        assert_ne!(one, fingerprint(&moved));
    }

    #[test]
    fn the_body_tells_the_commit_that_it_is_about() {
        let origin =
            Origin { base: "main", commit: &"b".repeat(40), branch: "caulk/mend", rendered: &[], note: None };
        let file = File { path: "a.yaml".to_owned(), executable: false, content: b"c\n".to_vec() };
        let desired =
            Desired::new(&origin, vec![file], &report("-b\n+c\n"), &Settings::default()).expect("one");
        let body = desired.body(&"a".repeat(40));
        assert_eq!(Marker::of(&body), Some(desired.marker(&"a".repeat(40))));
        assert_eq!(body.matches("<!-- caulk:v1").count(), 1);
        assert_eq!(desired.unread, ["plain"]);
    }
}
