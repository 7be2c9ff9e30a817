//! What is set for a repository, as far as a token may see it. Nothing here changes anything.

use serde::Deserialize;
use serde_json::{Value, json};

use super::{
    Result,
    client::{Again, Client},
    listing::Installation,
    name::{Name, escape},
    repository::Repository,
};

/// What workflows may do in a repository.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
pub struct WorkflowSettings {
    /// Whether they may open pull requests, and approve some.
    pub can_approve_pull_request_reviews: bool,
}

/// A rule that holds for a branch.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct BranchRule {
    /// Its kind, such as `creation` or `required_signatures`.
    #[serde(rename = "type")]
    pub kind: String,
    /// The ruleset that it is part of.
    #[serde(default)]
    pub ruleset_id: Option<u64>,
}

/// A set of rules.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Ruleset {
    /// Its name.
    pub name: String,
    /// Whether whoever asks may pass it by: `always`, `pull_requests_only`, `never`; only where GitHub tells.
    #[serde(default)]
    pub current_user_can_bypass: Option<String>,
}

/// A protection of branches, in the manner before rulesets.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Protection {
    /// Which branches it is about, `release/*`.
    pub pattern: String,
    /// Whether only some may push.
    #[serde(default)]
    pub restricts_pushes: bool,
    /// Whether nobody may push.
    #[serde(default)]
    pub lock_branch: bool,
    /// Whether changes need a pull request of their own.
    #[serde(default)]
    pub requires_approving_reviews: bool,
    /// Whether commits must be signed.
    #[serde(default)]
    pub requires_commit_signatures: bool,
    /// Whether commits must have passed checks.
    #[serde(default)]
    pub requires_status_checks: bool,
    /// Whether only some may make such a branch.
    #[serde(default)]
    pub blocks_creations: bool,
    /// Whether the branch may be moved by force.
    #[serde(default)]
    pub allows_force_pushes: bool,
}

const PROTECTIONS: &str = "query($owner: String!, $name: String!) { repository(owner: $owner, name: $name) { \
    branchProtectionRules(first: 100) { nodes { pattern restrictsPushes lockBranch requiresApprovingReviews \
    requiresCommitSignatures requiresStatusChecks blocksCreations allowsForcePushes } } } }";

impl Client {
    /// Returns a repository, and the scopes of the token, which only classic ones have.
    ///
    /// # Errors
    /// As for all calls.
    pub fn repository_and_scopes(&self, name: &Name) -> Result<(Repository, Option<Vec<String>>)> {
        let answer = self.ask(&name.route(""))?;
        let scopes = answer.header("x-oauth-scopes");
        let scopes = scopes.map(|text| text.split(',').map(|scope| scope.trim().to_owned()).collect());
        Ok((answer.parse()?, scopes))
    }

    /// Tells whether the address is that of the API: there it lists its calls.
    #[must_use]
    pub fn is_api(&self) -> bool {
        self.reach().is_ok()
    }

    /// Asks the API for the list of its calls.
    ///
    /// # Errors
    /// As for all calls; also where another server answers.
    pub fn reach(&self) -> Result<()> {
        let calls: Value = self.get("/")?;
        match calls["repository_url"].is_string() {
            true => Ok(()),
            false => Err(super::Error::Malformed("GET /".to_owned(), "it lists no calls".to_owned())),
        }
    }

    /// Asks for one pull request of any, to see whether they may be read.
    ///
    /// # Errors
    /// As for all calls.
    pub fn can_read_pulls(&self, name: &Name) -> Result<()> {
        let _: Value = self.get(&name.route("/pulls?state=all&per_page=1"))?;
        Ok(())
    }

    /// Returns what workflows may do; only administrators may see it.
    ///
    /// # Errors
    /// As for all calls.
    pub fn workflow_settings(&self, name: &Name) -> Result<WorkflowSettings> {
        self.get(&name.route("/actions/permissions/workflow"))
    }

    /// Returns the installation of the App in a repository; for an App's own key alone.
    ///
    /// # Errors
    /// As for all calls.
    pub fn installation(&self, name: &Name) -> Result<Installation> {
        self.get(&name.route("/installation"))
    }

    /// Returns the rules that hold for a branch, whether it is there or not.
    ///
    /// # Errors
    /// As for all calls.
    pub fn branch_rules(&self, name: &Name, branch: &str) -> Result<Vec<BranchRule>> {
        self.list(&name.route(&format!("/rules/branches/{}", escape(branch, "/"))), 1000)
    }

    /// Returns a set of rules.
    ///
    /// # Errors
    /// As for all calls.
    pub fn ruleset(&self, name: &Name, id: u64) -> Result<Ruleset> {
        self.get(&name.route(&format!("/rulesets/{id}")))
    }

    /// Returns the protections of branches, at most 100.
    ///
    /// # Errors
    /// As for all calls; also where GitHub leaves them out of its answer.
    pub fn protections(&self, name: &Name) -> Result<Vec<Protection>> {
        let variables = json!({ "owner": name.owner(), "name": name.name() });
        let mut data: Value = self.graphql(PROTECTIONS, &variables, Again::Reads)?;
        let nodes = data["repository"]["branchProtectionRules"]["nodes"].take();
        serde_json::from_value(nodes)
            .map_err(|error| super::Error::Malformed("a GraphQL call".to_owned(), error.to_string()))
    }
}
