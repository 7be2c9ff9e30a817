//! Branches moved and removed only if they still are where they were seen. REST moves them wherever they are.

use serde_json::{Value, json};

use super::{
    Error, Result,
    client::{Again, Client},
    name::Name,
};

/// What is to become of a branch.
#[derive(Debug, Clone, Copy)]
pub struct BranchUpdate<'a> {
    /// The branch.
    pub branch: &'a str,
    /// Where it was seen.
    pub before: &'a str,
    /// Where it is to be; `None` if it is to go.
    pub after: Option<&'a str>,
}

const MUTATION: &str =
    "mutation($input: UpdateRefsInput!) { updateRefs(input: $input) { clientMutationId } }";

/// GraphQL's word for no commit.
const ZERO: &str = "0000000000000000000000000000000000000000";

impl Client {
    /// Moves or removes a branch that must still be where it was seen. Returns `false` if it was not, and then nothing happened.
    /// `node` is what names the repository to GraphQL.
    ///
    /// # Errors
    /// As for all calls.
    pub fn update_branch(&self, name: &Name, node: &str, update: BranchUpdate<'_>) -> Result<bool> {
        for last in [false, true] {
            let Err(error) = self.try_update(node, update) else { return Ok(true) };
            // GitHub does not say in one word why it refuses, and the answer may be lost: the branch tells.
            let now = self.branch_head(name, update.branch)?;
            if now.as_deref() == update.after {
                return Ok(true);
            }
            if now.as_deref() != Some(update.before) {
                return Ok(false);
            }
            if is_unknown(&error) {
                return self.update_without_guard(name, update).map(|()| true);
            }
            if last || !error.is_uncertain() {
                return Err(error);
            }
        }
        unreachable!("the second attempt returns")
    }

    fn try_update(&self, node: &str, update: BranchUpdate<'_>) -> Result<()> {
        let refs = [json!({
            "name": format!("refs/heads/{}", update.branch),
            "beforeOid": update.before,
            "afterOid": update.after.unwrap_or(ZERO),
            "force": true,
        })];
        let input = json!({ "input": { "repositoryId": node, "refUpdates": refs } });
        let _: Value = self.graphql(MUTATION, &input, Again::ByMethod)?;
        Ok(())
    }

    /// What an older GitHub Enterprise Server can do. The caller has just looked where the branch is.
    fn update_without_guard(&self, name: &Name, update: BranchUpdate<'_>) -> Result<()> {
        match update.after {
            Some(commit) => self.move_branch(name, update.branch, commit, true),
            None => self.delete_branch(name, update.branch),
        }
    }
}

/// Tells whether the server does not know the mutation.
fn is_unknown(error: &Error) -> bool {
    matches!(error, Error::Graphql(_)) && error.says("updateRefs") && error.says("doesn't exist")
}
