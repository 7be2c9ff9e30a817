//! Lists of repositories with the state of each, a page a call.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Value, json};

use super::{
    Error, GraphqlError, Result,
    client::{Again, Client},
    heads::{self, FRAGMENT, RepositoryHead, unseen},
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
pub struct Page<T> {
    /// The repositories; where one is not to be seen, what GitHub says of it.
    pub found: Vec<std::result::Result<T, GraphqlError>>,
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
const OF_OWNER: &str = "$of: String!, $first: Int!, $after: String) { repositoryOwner(login: $of) { \
    repositories(first: $first, after: $after, ownerAffiliations: [OWNER], orderBy: { field: CREATED_AT, direction: ASC }) { \
    totalCount pageInfo { hasNextPage endCursor } nodes { ...R } } } }";

const OF_SEARCH: &str = "$of: String!, $first: Int!, $after: String) { \
    search(query: $of, type: REPOSITORY, first: $first, after: $after) { repositoryCount pageInfo { hasNextPage endCursor } \
    nodes { ...R } } }";

const NAME_ALONE: &str = "fragment R on Repository { nameWithOwner }";

/// Tells whether an error is about the item at hand, by its path.
type IsIt<'p> = &'p dyn Fn(&[Value]) -> bool;

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
    ) -> Result<Page<RepositoryHead>> {
        let variables = json!({ "branch": branch, "first": first, "after": after });
        self.page(listing, ("$branch: String!, ", FRAGMENT), variables, |node, errors, is_it| {
            heads::told(heads::head(node), errors, is_it)
        })
    }

    /// Returns the same page with the names alone, which are little work for GitHub.
    ///
    /// # Errors
    /// As for [`Client::list_heads`].
    pub fn list_names(&self, listing: &Listing, after: Option<&str>, first: usize) -> Result<Page<Name>> {
        let variables = json!({ "first": first, "after": after });
        self.page(listing, ("", NAME_ALONE), variables, |node, errors, is_it| {
            let name = node["nameWithOwner"].as_str().and_then(|name| name.parse().ok());
            name.ok_or_else(|| unseen(errors, is_it))
        })
    }

    fn page<T>(
        &self,
        listing: &Listing,
        (declared, fragment): (&str, &str),
        mut variables: Value,
        tell: impl Fn(&Value, &[GraphqlError], IsIt<'_>) -> std::result::Result<T, GraphqlError>,
    ) -> Result<Page<T>> {
        let (query, of) = match listing {
            Listing::Owner(login) => (OF_OWNER, login),
            Listing::Search(words) => (OF_SEARCH, words),
        };
        variables["of"] = json!(of);
        let query = format!("query({declared}{query} {fragment}");
        let (data, errors) = self.graphql_in_part(&query, &variables, Again::Reads)?;
        if variables["first"].as_u64() > Some(1) && errors.iter().any(GraphqlError::is_too_much) {
            return Err(Error::Graphql(errors));
        }
        let page = match listing {
            Listing::Owner(_) => &data["repositoryOwner"]["repositories"],
            Listing::Search(_) => &data["search"],
        };
        match (page["nodes"].as_array(), errors.is_empty()) {
            (Some(nodes), _) => Ok(Page {
                found: nodes
                    .iter()
                    .zip(0_u64..)
                    .map(|(node, index)| tell(node, &errors, &|path| is_below(path, index)))
                    .collect(),
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

/// Tells whether a path leads into the item of a page. Items have lists of their own, so the first one counts.
fn is_below(path: &[Value], index: u64) -> bool {
    let list = path.iter().position(|part| part == "nodes");
    list.and_then(|list| path.get(list + 1)).is_some_and(|part| *part == index)
}

fn next(page: &Value) -> Option<String> {
    let info = &page["pageInfo"];
    info["endCursor"].as_str().filter(|_| info["hasNextPage"] == true).map(str::to_owned)
}
