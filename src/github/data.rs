//! Git's own objects and references, as the API shows them.

use serde::{Deserialize, Serialize};
use serde_json::json;
use ureq::http::Method;

use super::{
    Result,
    client::{Again, Client},
    name::{Name, escape},
    repository::Account,
};

#[derive(Deserialize)]
struct Reference {
    #[serde(rename = "ref")]
    name: String,
    object: Object,
}

#[derive(Deserialize)]
struct Object {
    sha: String,
}

/// One file of a tree that is to be made.
#[derive(Debug, Clone, Serialize)]
pub struct TreeEntry<'a> {
    /// The path.
    pub path: &'a str,
    /// The mode, such as `100644`.
    pub mode: &'static str,
    /// `blob`.
    #[serde(rename = "type")]
    pub kind: &'static str,
    /// The text. GitHub makes the blob of it, which spares a request for each file.
    pub content: &'a str,
}

/// Who made a commit.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Person {
    /// The name.
    #[serde(default)]
    pub name: String,
    /// The address.
    #[serde(default)]
    pub email: String,
}

/// A commit of a comparison.
#[derive(Debug, Clone, Deserialize)]
pub struct CommitSeen {
    /// Its name.
    pub sha: String,
    /// What git knows of it.
    pub commit: CommitText,
    /// The account of the author.
    #[serde(default)]
    pub author: Option<Account>,
    /// The account of the committer; GitHub's own is `web-flow`.
    #[serde(default)]
    pub committer: Option<Account>,
    /// The commits that it follows.
    pub parents: Vec<Parent>,
}

/// What git knows of a commit.
#[derive(Debug, Clone, Deserialize)]
pub struct CommitText {
    /// The message.
    pub message: String,
    /// The author.
    #[serde(default)]
    pub author: Option<Person>,
    /// The committer.
    #[serde(default)]
    pub committer: Option<Person>,
}

/// A commit that another one follows.
#[derive(Debug, Clone, Deserialize)]
pub struct Parent {
    /// Its name.
    pub sha: String,
}

/// A file that differs.
#[derive(Debug, Clone, Deserialize)]
pub struct FileChange {
    /// The path.
    pub filename: String,
    /// The blob; absent for some kinds of changes.
    #[serde(default)]
    pub sha: Option<String>,
    /// `added`, `removed`, `modified`, `renamed` and so on.
    pub status: String,
}

/// A file, or something else, in a tree.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct TreeFile {
    /// The path.
    pub path: String,
    /// The mode, such as `100644`.
    pub mode: String,
    /// The name of the content.
    pub sha: String,
    /// `blob`, `tree` or `commit`.
    #[serde(rename = "type")]
    pub kind: String,
}

/// What lies between two commits.
#[derive(Debug, Clone, Deserialize)]
pub struct Comparison {
    /// How many commits the head has that the base has not.
    pub ahead_by: u64,
    /// How many commits the base has that the head has not.
    pub behind_by: u64,
    /// Those that only the head has, at most 250.
    pub commits: Vec<CommitSeen>,
    /// The files that differ, at most 300.
    #[serde(default)]
    pub files: Vec<FileChange>,
}

impl Client {
    /// Returns what a reference such as `heads/main` points to, `None` if there is none.
    ///
    /// # Errors
    /// As for all calls.
    pub fn get_ref(&self, name: &Name, reference: &str) -> Result<Option<String>> {
        let found: Option<Reference> =
            self.find(&name.route(&format!("/git/ref/{}", escape(reference, "/"))))?;
        Ok(found.map(|found| found.object.sha))
    }

    /// Returns the references that begin so, as full names with what they point to.
    ///
    /// # Errors
    /// As for all calls.
    pub fn matching_refs(&self, name: &Name, start: &str) -> Result<Vec<(String, String)>> {
        let route = name.route(&format!("/git/matching-refs/{}", escape(start, "/")));
        // GitHub gives all of them at once: this call has no pages.
        let found: Vec<Reference> = self.get(&route)?;
        Ok(found.into_iter().map(|found| (found.name, found.object.sha)).collect())
    }

    /// Makes a branch, or finds that it is there at that commit.
    ///
    /// # Errors
    /// As for all calls; also if the branch is there at another commit.
    pub fn create_branch(&self, name: &Name, branch: &str, commit: &str) -> Result<()> {
        let body = json!({ "ref": format!("refs/heads/{branch}"), "sha": commit });
        for last in [false, true] {
            let made: Result<Reference> = self.post(&name.route("/git/refs"), &body, Again::ByMethod);
            let error = match made {
                Ok(_) => return Ok(()),
                Err(error) => error,
            };
            // The answer may have been lost on its way, or another run was faster.
            let looks = error.is_uncertain() || error.says("already exists");
            if looks && self.branch_head(name, branch)?.as_deref() == Some(commit) {
                return Ok(());
            }
            if last || !error.is_uncertain() {
                return Err(error);
            }
        }
        Ok(())
    }

    /// Moves a branch.
    ///
    /// # Errors
    /// As for all calls.
    pub fn move_branch(&self, name: &Name, branch: &str, commit: &str, force: bool) -> Result<()> {
        let route = name.route(&format!("/git/refs/heads/{}", escape(branch, "/")));
        let _: Reference = self.patch(&route, &json!({ "sha": commit, "force": force }))?;
        Ok(())
    }

    /// Removes a branch; one that is not there is no error.
    ///
    /// # Errors
    /// As for all calls.
    pub fn delete_branch(&self, name: &Name, branch: &str) -> Result<()> {
        let route = name.route(&format!("/git/refs/heads/{}", escape(branch, "/")));
        match self.send(Method::DELETE, &route, None::<&()>, Again::ByMethod) {
            Ok(_) => Ok(()),
            Err(error) if error.is_missing() || error.says("does not exist") => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// Makes a tree from another one.
    ///
    /// # Errors
    /// As for all calls.
    pub fn create_tree(&self, name: &Name, base: &str, entries: &[TreeEntry<'_>]) -> Result<String> {
        let body = json!({ "base_tree": base, "tree": entries });
        let made: Object = self.post(&name.route("/git/trees"), &body, Again::Repeatable)?;
        Ok(made.sha)
    }

    /// Makes a commit that no branch points to yet. Without an author it is the token's own, and GitHub signs for Apps.
    ///
    /// # Errors
    /// As for all calls.
    pub fn create_commit(&self, name: &Name, message: &str, tree: &str, parent: &str) -> Result<String> {
        let body = json!({ "message": message, "tree": tree, "parents": [parent] });
        // A second one that nobody points to is thrown away in time.
        let made: Object = self.post(&name.route("/git/commits"), &body, Again::Repeatable)?;
        Ok(made.sha)
    }

    /// Returns the tree of a commit.
    ///
    /// # Errors
    /// As for all calls.
    pub fn tree_of(&self, name: &Name, commit: &str) -> Result<String> {
        #[derive(Deserialize)]
        struct Commit {
            tree: Object,
        }
        let found: Commit = self.get(&name.route(&format!("/git/commits/{}", escape(commit, ""))))?;
        Ok(found.tree.sha)
    }

    /// Returns all that is in the tree of a commit, folders left out; `None` if that is more than GitHub tells at once.
    ///
    /// # Errors
    /// As for all calls.
    pub fn files_of(&self, name: &Name, commit: &str) -> Result<Option<Vec<TreeFile>>> {
        #[derive(Deserialize)]
        struct Tree {
            tree: Vec<TreeFile>,
            #[serde(default)]
            truncated: bool,
        }
        let route = name.route(&format!("/git/trees/{}?recursive=1", escape(commit, "")));
        let mut found: Tree = self.get(&route)?;
        found.tree.retain(|file| file.kind != "tree");
        Ok((!found.truncated).then_some(found.tree))
    }

    /// Returns the message of a commit, `None` if it is not there.
    ///
    /// # Errors
    /// As for all calls.
    pub fn commit_message(&self, name: &Name, commit: &str) -> Result<Option<String>> {
        #[derive(Deserialize)]
        struct Commit {
            message: String,
        }
        let found: Option<Commit> =
            self.find(&name.route(&format!("/git/commits/{}", escape(commit, ""))))?;
        Ok(found.map(|found| found.message))
    }

    /// As [`Client::compare`], with `None` where the two have no commit in common, or one of them is not there.
    ///
    /// # Errors
    /// As for all calls.
    pub fn find_comparison(&self, name: &Name, base: &str, head: &str) -> Result<Option<Comparison>> {
        match self.compare(name, base, head) {
            Ok(found) => Ok(Some(found)),
            Err(error) if error.is_missing() => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Compares two commits or branches; one of a fork is written `owner:branch`.
    ///
    /// # Errors
    /// As for all calls.
    pub fn compare(&self, name: &Name, base: &str, head: &str) -> Result<Comparison> {
        self.get(&name.route(&format!("/compare/{}...{}", escape(base, "/:"), escape(head, "/:"))))
    }
}
