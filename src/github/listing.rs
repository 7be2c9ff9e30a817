//! Lists of repositories with the state of each, a page a call.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Value, json};

use super::{
    Error, GraphqlError, Result,
    client::{Again, Client},
    heads::{FRAGMENT, RepositoryHead, head, unseen},
    name::Name,
    repository::Account,
};

/// Which repositories are listed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Listing {
    /// Those that belong to an organisation or a person.
    Owner(String),
    /// Those that a search finds, in the words of GitHub's own search.
    Search(String),
}

/// One page of a listing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeadPage {
    /// The repositories; where one is not to be seen, what GitHub says of it.
    pub heads: Vec<std::result::Result<RepositoryHead, GraphqlError>>,
    /// Where the next page begins; none at the end.
    pub next: Option<String>,
    /// How many repositories there are on all pages.
    pub total: u64,
}

/// An App's installation.
#[derive(Debug, Clone, Deserialize)]
pub struct Installation {
    /// Its number.
    pub id: u64,
    /// Whose repositories it is for.
    pub account: Account,
    /// What it may do: `contents` stands for `write`, for instance.
    #[serde(default)]
    pub permissions: BTreeMap<String, String>,
    /// When it was suspended, if it is.
    #[serde(default)]
    pub suspended_at: Option<String>,
}

/// A search tells of no more repositories than these, whatever it finds.
pub const SEARCH_MOST: u64 = 1000;

// Pages are cut by the time of creation, which never changes: nothing moves between pages while they are read.
const OF_OWNER: &str = "query($branch: String!, $of: String!, $first: Int!, $after: String) { repositoryOwner(login: $of) { \
    repositories(first: $first, after: $after, ownerAffiliations: [OWNER], orderBy: { field: CREATED_AT, direction: ASC }) { \
    totalCount pageInfo { hasNextPage endCursor } nodes { ...R } } } }";

const OF_SEARCH: &str = "query($branch: String!, $of: String!, $first: Int!, $after: String) { \
    search(query: $of, type: REPOSITORY, first: $first, after: $after) { repositoryCount pageInfo { hasNextPage endCursor } \
    nodes { ...R } } }";

impl Client {
    /// Returns a page of a listing, of at most `first` repositories, behind the place that `after` names.
    ///
    /// # Errors
    /// As for all calls; also if there is no such owner.
    pub fn list_heads(
        &self,
        listing: &Listing,
        branch: &str,
        after: Option<&str>,
        first: usize,
    ) -> Result<HeadPage> {
        let (query, of) = match listing {
            Listing::Owner(login) => (OF_OWNER, login),
            Listing::Search(words) => (OF_SEARCH, words),
        };
        let variables = json!({ "branch": branch, "of": of, "first": first, "after": after });
        let (data, errors) =
            self.graphql_in_part(&format!("{query} {FRAGMENT}"), &variables, Again::Reads)?;
        let page = match listing {
            Listing::Owner(_) => &data["repositoryOwner"]["repositories"],
            Listing::Search(_) => &data["search"],
        };
        match (page["nodes"].as_array(), errors.is_empty()) {
            (Some(nodes), _) => Ok(HeadPage {
                heads: nodes.iter().zip(0_u64..).map(|(node, index)| told(node, index, &errors)).collect(),
                next: next(page),
                total: page["totalCount"].as_u64().or(page["repositoryCount"].as_u64()).unwrap_or_default(),
            }),
            (None, false) => Err(Error::Graphql(errors)),
            (None, true) => Err(Error::Graphql(vec![GraphqlError {
                kind: Some("NOT_FOUND".to_owned()),
                message: format!("there is no account `{of}`, or none that the token may see"),
                path: Vec::new(),
            }])),
        }
    }

    /// Returns the installations of the App whose credentials these are.
    ///
    /// # Errors
    /// As for all calls.
    pub fn installations(&self) -> Result<Vec<Installation>> {
        self.list("/app/installations", 10_000)
    }

    /// Returns the repositories that the installation whose client this is may see, a hundred a page, counted from 1.
    ///
    /// # Errors
    /// As for all calls.
    pub fn installation_repositories(&self, page: usize) -> Result<Vec<Name>> {
        #[derive(Deserialize)]
        struct Page {
            repositories: Vec<Named>,
        }
        #[derive(Deserialize)]
        struct Named {
            full_name: String,
        }
        let route = "/installation/repositories";
        let found: Page = self.get(&format!("{route}?per_page=100&page={page}"))?;
        let names = found.repositories.iter().map(|named| {
            named.full_name.parse().map_err(|reason| Error::Malformed(format!("GET {route}"), reason))
        });
        names.collect()
    }
}

fn told(
    node: &Value,
    index: u64,
    errors: &[GraphqlError],
) -> std::result::Result<RepositoryHead, GraphqlError> {
    head(node)
        .ok_or_else(|| unseen(errors, |path| path.contains(&json!("nodes")) && path.contains(&json!(index))))
}

fn next(page: &Value) -> Option<String> {
    let info = &page["pageInfo"];
    info["endCursor"].as_str().filter(|_| info["hasNextPage"] == true).map(str::to_owned)
}
