//! Commits by createCommitOnBranch, which GitHub signs.

use serde::{Deserialize, Serialize};
use serde_json::json;

use super::{
    Result,
    client::{Again, Client},
    name::Name,
};

/// The message of a commit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CommitMessage {
    /// The first line.
    pub headline: String,
    /// The rest.
    pub body: String,
}

impl std::fmt::Display for CommitMessage {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.body.is_empty() {
            true => f.write_str(&self.headline),
            false => write!(f, "{}\n\n{}", self.headline, self.body),
        }
    }
}

/// A file that a commit adds or changes. Its mode stays, and a new one is no program.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Addition {
    /// The path.
    pub path: String,
    /// The bytes.
    pub bytes: Vec<u8>,
}

const MUTATION: &str =
    "mutation($input: CreateCommitOnBranchInput!) { createCommitOnBranch(input: $input) { commit { oid } } }";

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Made {
    create_commit_on_branch: Payload,
}

#[derive(Deserialize)]
struct Payload {
    commit: Commit,
}

#[derive(Deserialize)]
struct Commit {
    oid: String,
}

impl Client {
    /// Appends a commit to a branch that must still be at `head`, and returns the new commit.
    ///
    /// # Errors
    /// As for all calls; also if the branch is elsewhere.
    pub fn commit_on_branch(
        &self,
        name: &Name,
        branch: &str,
        head: &str,
        message: &CommitMessage,
        additions: &[Addition],
    ) -> Result<String> {
        let engine = base64::engine::general_purpose::STANDARD;
        let files: Vec<_> = additions
            .iter()
            .map(
                |file| json!({ "path": file.path, "contents": base64::Engine::encode(&engine, &file.bytes) }),
            )
            .collect();
        let input = json!({ "input": {
            "branch": { "repositoryNameWithOwner": name.to_string(), "branchName": branch },
            "expectedHeadOid": head,
            "message": message,
            "fileChanges": { "additions": files },
        }});
        for last in [false, true] {
            let made: Result<Made> = self.graphql(MUTATION, &input, Again::ByMethod);
            let error = match made {
                Ok(made) => return Ok(made.create_commit_on_branch.commit.oid),
                Err(error) => error,
            };
            if !error.is_uncertain() {
                return Err(error);
            }
            // It may have been carried out, and then the branch tells.
            match self.appended(name, branch, head, message)? {
                Some(commit) => return Ok(commit),
                None if last => return Err(error),
                None => {}
            }
        }
        unreachable!("the second attempt returns")
    }

    fn appended(
        &self,
        name: &Name,
        branch: &str,
        head: &str,
        message: &CommitMessage,
    ) -> Result<Option<String>> {
        let Some(now) = self.branch_head(name, branch)?.filter(|now| now != head) else { return Ok(None) };
        let comparison = self.compare(name, head, &now)?;
        let [commit] = comparison.commits.as_slice() else { return Ok(None) };
        let same = commit.commit.message.trim() == message.to_string().trim();
        Ok((same && comparison.behind_by == 0).then_some(now))
    }
}
