//! Reviews of other people's pull requests, and their comments.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{
    Result,
    client::{Again, Client},
    name::Name,
    repository::Account,
};

/// A comment of a review that is to be made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct NewReviewComment {
    /// The path.
    pub path: String,
    /// The last line, in the head's file.
    pub line: u32,
    /// `RIGHT`: the head's file.
    pub side: &'static str,
    /// The first line, if there is more than one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub start_line: Option<u32>,
    /// The side of the first line.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub start_side: Option<&'static str>,
    /// The text.
    pub body: String,
}

/// A comment at lines of a pull request.
#[derive(Debug, Clone, Deserialize)]
pub struct ReviewComment {
    /// Its number.
    pub id: u64,
    /// What names it to GraphQL.
    pub node_id: String,
    /// The path.
    pub path: String,
    /// The last line; none once the lines are gone.
    #[serde(default)]
    pub line: Option<u32>,
    /// The first line, if there is more than one.
    #[serde(default)]
    pub start_line: Option<u32>,
    /// The text.
    pub body: String,
    /// Who wrote it.
    #[serde(default)]
    pub user: Option<Account>,
    /// The comment that it answers.
    #[serde(default)]
    pub in_reply_to_id: Option<u64>,
}

/// A conversation at lines of a pull request. Only GraphQL knows these.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Thread {
    /// What names it.
    pub id: String,
    /// Whether somebody has resolved it.
    pub resolved: bool,
    /// Who has, where GitHub still knows the account.
    pub resolved_by: Option<Account>,
    /// What names its first comment. Its number would do, but GraphQL's has too few bits for GitHub's newer comments.
    pub first: String,
}

const THREADS: &str = "query($owner: String!, $name: String!, $number: Int!, $after: String) { \
    repository(owner: $owner, name: $name) { pullRequest(number: $number) { reviewThreads(first: 100, after: $after) { \
    pageInfo { hasNextPage endCursor } nodes { id isResolved resolvedBy { login } comments(first: 1) { nodes { id } } } } } } }";

const RESOLVE: &str =
    "mutation($id: ID!) { resolveReviewThread(input: { threadId: $id }) { thread { id isResolved } } }";

const REOPEN: &str =
    "mutation($id: ID!) { unresolveReviewThread(input: { threadId: $id }) { thread { id isResolved } } }";

impl Client {
    /// Makes a review of comments. GitHub takes all of them or none. The caller looks for its effect if it is uncertain.
    ///
    /// # Errors
    /// As for all calls.
    pub fn create_review(
        &self,
        name: &Name,
        number: u64,
        commit: &str,
        body: &str,
        comments: &[NewReviewComment],
    ) -> Result<()> {
        let review = json!({ "commit_id": commit, "event": "COMMENT", "body": body, "comments": comments });
        let _: Value =
            self.post(&name.route(&format!("/pulls/{number}/reviews")), &review, Again::ByMethod)?;
        Ok(())
    }

    /// Returns the comments of all reviews.
    ///
    /// # Errors
    /// As for all calls.
    pub fn review_comments(&self, name: &Name, number: u64) -> Result<Vec<ReviewComment>> {
        self.list(&name.route(&format!("/pulls/{number}/comments")), 3000)
    }

    /// Changes the text of a comment.
    ///
    /// # Errors
    /// As for all calls.
    pub fn update_review_comment(&self, name: &Name, id: u64, body: &str) -> Result<()> {
        let _: ReviewComment =
            self.patch(&name.route(&format!("/pulls/comments/{id}")), &json!({ "body": body }))?;
        Ok(())
    }

    /// Returns the conversations of a pull request, at most 3,000.
    ///
    /// # Errors
    /// As for all calls.
    pub fn review_threads(&self, name: &Name, number: u64) -> Result<Vec<Thread>> {
        let mut threads = Vec::new();
        let mut after = Value::Null;
        for _ in 0..30 {
            let variables =
                json!({ "owner": name.owner(), "name": name.name(), "number": number, "after": after });
            let data: Value = self.graphql(THREADS, &variables, Again::Reads)?;
            let page = &data["repository"]["pullRequest"]["reviewThreads"];
            threads.extend(page["nodes"].as_array().into_iter().flatten().filter_map(thread));
            if page["pageInfo"]["hasNextPage"] != true {
                break;
            }
            after = page["pageInfo"]["endCursor"].clone();
        }
        Ok(threads)
    }

    /// Marks a conversation as resolved.
    ///
    /// # Errors
    /// As for all calls.
    pub fn resolve_thread(&self, id: &str) -> Result<()> {
        let _: Value = self.graphql(RESOLVE, &json!({ "id": id }), Again::Repeatable)?;
        Ok(())
    }

    /// Takes back that a conversation is resolved.
    ///
    /// # Errors
    /// As for all calls.
    pub fn reopen_thread(&self, id: &str) -> Result<()> {
        let _: Value = self.graphql(REOPEN, &json!({ "id": id }), Again::Repeatable)?;
        Ok(())
    }
}

fn thread(node: &Value) -> Option<Thread> {
    let login = node["resolvedBy"]["login"].as_str();
    Some(Thread {
        id: node["id"].as_str()?.to_owned(),
        resolved: node["isResolved"] == true,
        resolved_by: login.map(|login| Account { login: login.to_owned() }),
        first: node["comments"]["nodes"][0]["id"].as_str()?.to_owned(),
    })
}
