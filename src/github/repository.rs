//! Repositories, who may do what in them, and forks.

use serde::Deserialize;
use serde_json::json;

use super::{
    Result,
    client::{Again, Client},
    name::{Name, escape},
};

/// A repository.
#[derive(Debug, Clone, Deserialize)]
pub struct Repository {
    /// The number that stays the same whatever the name.
    pub id: u64,
    /// What names it to GraphQL.
    #[serde(default)]
    pub node_id: String,
    /// `owner/name`, as it is called now.
    pub full_name: String,
    /// The branch that pull requests are for by default.
    pub default_branch: String,
    /// The address for git.
    pub clone_url: String,
    /// Whether only some may see it.
    #[serde(default)]
    pub private: bool,
    /// Whether it is read-only.
    #[serde(default)]
    pub archived: bool,
    /// Whether it is switched off.
    #[serde(default)]
    pub disabled: bool,
    /// Whether it is a fork.
    #[serde(default)]
    pub fork: bool,
    /// Its topics.
    #[serde(default)]
    pub topics: Vec<String>,
    /// What the token may do.
    #[serde(default)]
    pub permissions: Option<Permissions>,
    /// What it is a fork of.
    #[serde(default)]
    pub parent: Option<Parent>,
    /// Whether it may be forked.
    #[serde(default)]
    pub allow_forking: Option<bool>,
    /// The size in KiB.
    #[serde(default)]
    pub size: u64,
}

/// The repository that another one is a fork of.
#[derive(Debug, Clone, Deserialize)]
pub struct Parent {
    /// `owner/name`.
    pub full_name: String,
}

/// What a token may do in a repository.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct Permissions {
    /// Read.
    pub pull: bool,
    /// Write.
    pub push: bool,
    /// Administrate.
    pub admin: bool,
}

/// Whoever does something on GitHub.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
pub struct Account {
    /// The name; that of an App ends with `[bot]`.
    pub login: String,
}

impl Account {
    /// Tells whether it is the one of that name. GraphQL calls an App's account by its name alone, REST adds `[bot]`.
    #[must_use]
    pub fn is(&self, login: &str) -> bool {
        let plain = |name: &str| name.trim_end_matches("[bot]").to_ascii_lowercase();
        plain(&self.login) == plain(login)
    }
}

impl Client {
    /// Returns a repository; a renamed one under its new name.
    ///
    /// # Errors
    /// If GitHub refuses or does not answer.
    pub fn repository(&self, name: &Name) -> Result<Repository> {
        self.get(&name.route(""))
    }

    /// As [`Client::repository`], with `None` for what is not there or not to be seen.
    ///
    /// # Errors
    /// As for all calls.
    pub fn find_repository(&self, name: &Name) -> Result<Option<Repository>> {
        self.find(&name.route(""))
    }

    /// Returns the name of the account that calls are made as; `None` without credentials.
    ///
    /// # Errors
    /// As for all calls.
    pub fn account(&self) -> Result<Option<String>> {
        if matches!(self.settings().credentials, super::Credentials::Anonymous) {
            return Ok(None);
        }
        self.viewer().map(|account| Some(account.login))
    }

    /// Returns whose token it is.
    ///
    /// # Errors
    /// As for all calls.
    pub fn viewer(&self) -> Result<Account> {
        #[derive(Deserialize)]
        struct Viewer {
            viewer: Account,
        }
        let found: Viewer = self.graphql("query { viewer { login } }", &json!({}), Again::Reads)?;
        Ok(found.viewer)
    }

    /// Returns the commit of a branch, `None` if there is no such branch.
    ///
    /// # Errors
    /// As for all calls.
    pub fn branch_head(&self, name: &Name, branch: &str) -> Result<Option<String>> {
        self.get_ref(name, &format!("heads/{branch}"))
    }

    /// Returns a file's bytes at a revision.
    ///
    /// # Errors
    /// As for all calls; also if it is larger than 1 MB.
    pub fn contents(&self, name: &Name, path: &str, revision: &str) -> Result<Option<Vec<u8>>> {
        #[derive(Deserialize)]
        struct Contents {
            #[serde(default)]
            content: String,
        }
        let route = name.route(&format!("/contents/{}?ref={}", escape(path, "/"), escape(revision, "")));
        let Some(found) = self.find::<Contents>(&route)? else { return Ok(None) };
        let packed: String = found.content.split_ascii_whitespace().collect();
        let bytes = base64::Engine::decode(&base64::engine::general_purpose::STANDARD, packed);
        bytes.map(Some).map_err(|error| super::Error::Malformed(route, error.to_string()))
    }

    /// Returns the name of an account's fork, which may be called otherwise; `None` if it is not among the newest thousand.
    ///
    /// # Errors
    /// As for all calls.
    pub fn fork_of(&self, name: &Name, account: &str) -> Result<Option<Name>> {
        #[derive(Deserialize)]
        struct Fork {
            full_name: String,
        }
        let forks: Vec<Fork> = self.list(&name.route("/forks?sort=newest"), 1000)?;
        let names = forks.iter().filter_map(|fork| fork.full_name.parse::<Name>().ok());
        Ok(names.into_iter().find(|name| name.owner().eq_ignore_ascii_case(account)))
    }

    /// Makes sure that the account has a fork, and returns it. GitHub answers a repeated request with the fork that is there.
    ///
    /// # Errors
    /// As for all calls.
    pub fn fork(&self, name: &Name) -> Result<Repository> {
        self.post(&name.route("/forks"), &json!({ "default_branch_only": true }), Again::Repeatable)
    }

    /// Waits until a branch is there: GitHub makes forks while one waits.
    ///
    /// # Errors
    /// As for all calls; also if it does not come within half a minute.
    pub fn await_branch(&self, name: &Name, branch: &str) -> Result<()> {
        for _ in 0..10 {
            if self.branch_head(name, branch)?.is_some() {
                return Ok(());
            }
            self.settings().clock.sleep(std::time::Duration::from_secs(3));
        }
        let reason = format!("{name} has no branch `{branch}` yet; GitHub is still making the fork");
        Err(super::Error::NoAnswer { reason, uncertain: false, timeout: true })
    }

    /// Brings a branch of a fork up to date with the repository that it comes from.
    ///
    /// # Errors
    /// As for all calls.
    pub fn sync_fork(&self, fork: &Name, branch: &str) -> Result<()> {
        let body = json!({ "branch": branch });
        let _: serde_json::Value = self.post(&fork.route("/merge-upstream"), &body, Again::Repeatable)?;
        Ok(())
    }
}
