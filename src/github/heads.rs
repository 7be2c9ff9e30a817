//! The state of many repositories at once, so that what did not change costs next to nothing.

use std::fmt::Write as _;

use serde_json::{Value, json};

use super::{
    Error, GraphqlError, Result,
    client::{Again, Client},
    name::Name,
};

/// What a sweep must know before it decides whether to look.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RepositoryHead {
    /// The number that stays the same whatever the name.
    pub id: u64,
    /// `owner/name`, as it is called now.
    pub full_name: String,
    /// Its page; the address for git is the same.
    pub url: String,
    /// The default branch and its commit; none in an empty repository.
    pub default: Option<(String, String)>,
    /// Whether it is read-only.
    pub archived: bool,
    /// Whether it is switched off.
    pub disabled: bool,
    /// Whether it is a fork.
    pub fork: bool,
    /// Its topics.
    pub topics: Vec<String>,
    /// The newest pull requests of our branch.
    pub pulls: Vec<HeadPull>,
}

/// A pull request of our branch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeadPull {
    /// The number.
    pub number: u64,
    /// `OPEN`, `CLOSED` or `MERGED`.
    pub state: String,
    /// The commit of the branch.
    pub head: String,
    /// The branch that it is for.
    pub base: String,
    /// Whether it comes from a fork.
    pub from_fork: bool,
    /// Its text. Anybody may have written that.
    pub body: String,
}

/// GitHub answers for that many repositories in one call.
pub const BATCH: usize = 100;

/// What is asked of each repository. The variable `$branch` names the branch of our pull requests.
pub(super) const FRAGMENT: &str = "fragment R on Repository { databaseId nameWithOwner url isArchived isDisabled isFork \
    defaultBranchRef { name target { oid } } repositoryTopics(first: 20) { nodes { topic { name } } } \
    pullRequests(headRefName: $branch, first: 3, orderBy: { field: CREATED_AT, direction: DESC }) { \
    nodes { number state headRefOid baseRefName isCrossRepository body } } }";

impl Client {
    /// Returns the state of up to [`BATCH`] repositories by one call, in their order; where one is not there or not to be
    /// seen, what GitHub says of it.
    ///
    /// # Errors
    /// As for all calls.
    pub fn heads(
        &self,
        names: &[Name],
        branch: &str,
    ) -> Result<Vec<std::result::Result<RepositoryHead, GraphqlError>>> {
        let mut query = String::from("query($branch: String!) {");
        for (number, name) in names.iter().enumerate() {
            // A name holds letters, digits, dots, dashes and underscores alone.
            let _ = write!(
                query,
                " r{number}: repository(owner: \"{}\", name: \"{}\", followRenames: true) {{ ...R }}",
                name.owner(),
                name.name()
            );
        }
        let _ = write!(query, " }} {FRAGMENT}");
        let (data, errors) = self.graphql_in_part(&query, &json!({ "branch": branch }), Again::Reads)?;
        let too_much = names.len() > 1 && errors.iter().any(GraphqlError::is_too_much);
        if too_much || data.is_null() && !errors.is_empty() {
            return Err(Error::Graphql(errors));
        }
        let alias = |number: usize| format!("r{number}");
        let told = |number: usize| {
            told(head(&data[alias(number)]), &errors, |path| path.first() == Some(&json!(alias(number))))
        };
        Ok((0..names.len()).map(told).collect())
    }
}

/// Returns a repository as GitHub tells of it, or what it says in its place.
pub(super) fn told(
    found: Option<RepositoryHead>,
    errors: &[GraphqlError],
    is_it: impl Fn(&[Value]) -> bool,
) -> std::result::Result<RepositoryHead, GraphqlError> {
    // Without its branch it would pass for an empty one, and without its pull requests for one that has none.
    let is_whole = !errors.iter().any(|error| is_it(&error.path));
    found.filter(|_| is_whole).ok_or_else(|| unseen(errors, is_it))
}

/// Returns what GitHub says of a part of a query that it left out.
pub(super) fn unseen(errors: &[GraphqlError], is_it: impl Fn(&[Value]) -> bool) -> GraphqlError {
    let found = errors.iter().find(|error| is_it(&error.path)).cloned();
    found.unwrap_or_else(|| GraphqlError {
        kind: None,
        message: "GitHub does not show it".to_owned(),
        path: Vec::new(),
    })
}

pub(super) fn head(node: &Value) -> Option<RepositoryHead> {
    let text = |value: &Value| value.as_str().map(str::to_owned);
    let branch = &node["defaultBranchRef"];
    let topics = node["repositoryTopics"]["nodes"].as_array().into_iter().flatten();
    let pulls = node["pullRequests"]["nodes"].as_array().into_iter().flatten();
    Some(RepositoryHead {
        id: node["databaseId"].as_u64()?,
        full_name: text(&node["nameWithOwner"])?,
        url: text(&node["url"])?,
        default: text(&branch["name"]).zip(text(&branch["target"]["oid"])),
        archived: node["isArchived"] == true,
        disabled: node["isDisabled"] == true,
        fork: node["isFork"] == true,
        topics: topics.filter_map(|node| text(&node["topic"]["name"])).collect(),
        pulls: pulls.filter_map(pull).collect(),
    })
}

fn pull(node: &Value) -> Option<HeadPull> {
    let text = |value: &Value| value.as_str().map(str::to_owned);
    Some(HeadPull {
        number: node["number"].as_u64()?,
        state: text(&node["state"])?,
        head: text(&node["headRefOid"])?,
        base: text(&node["baseRefName"])?,
        from_fork: node["isCrossRepository"] == true,
        body: text(&node["body"]).unwrap_or_default(),
    })
}
