//! What pull requests share with issues: comments, labels, assignees, events.

use serde::Deserialize;
use serde_json::json;

use super::{
    Result,
    client::{Again, Client},
    name::Name,
    pulls::Label,
    repository::Account,
};

/// A comment.
#[derive(Debug, Clone, Deserialize)]
pub struct Comment {
    /// The number.
    pub id: u64,
    /// The text.
    #[serde(default)]
    pub body: Option<String>,
    /// Who wrote it.
    #[serde(default)]
    pub user: Option<Account>,
}

/// Something that happened to a pull request.
#[derive(Debug, Clone, Deserialize)]
pub struct Event {
    /// What, such as `labeled`.
    pub event: String,
    /// The label, of events about labels.
    #[serde(default)]
    pub label: Option<Label>,
    /// The account, of events about assignees.
    #[serde(default)]
    pub assignee: Option<Account>,
    /// The account, of events about reviews.
    #[serde(default)]
    pub requested_reviewer: Option<Account>,
    /// The team, of events about reviews.
    #[serde(default)]
    pub requested_team: Option<Team>,
}

/// A team of an organisation.
#[derive(Debug, Clone, Deserialize)]
pub struct Team {
    /// Its name in addresses.
    pub slug: String,
}

impl Client {
    /// Returns the comments below a pull request, oldest first.
    ///
    /// # Errors
    /// As for all calls.
    pub fn comments(&self, name: &Name, number: u64) -> Result<Vec<Comment>> {
        self.list(&name.route(&format!("/issues/{number}/comments")), 2000)
    }

    /// Writes a comment, unless the account has written one that holds the mark.
    ///
    /// # Errors
    /// As for all calls.
    pub fn comment_once(
        &self,
        name: &Name,
        number: u64,
        author: &str,
        mark: &str,
        body: &str,
    ) -> Result<bool> {
        let is_there = || -> Result<bool> {
            let comments = self.comments(name, number)?;
            Ok(comments.iter().any(|comment| {
                comment.user.as_ref().is_some_and(|user| user.is(author))
                    && comment.body.as_deref().is_some_and(|body| body.contains(mark))
            }))
        };
        for last in [false, true] {
            if is_there()? {
                return Ok(false);
            }
            let route = name.route(&format!("/issues/{number}/comments"));
            let made: Result<Comment> = self.post(&route, &json!({ "body": body }), Again::ByMethod);
            match made {
                Ok(_) => return Ok(true),
                Err(error) if last || !error.is_uncertain() => return Err(error),
                Err(_) => {}
            }
        }
        Ok(false)
    }

    /// Changes the text of a comment.
    ///
    /// # Errors
    /// As for all calls.
    pub fn update_comment(&self, name: &Name, id: u64, body: &str) -> Result<()> {
        let route = name.route(&format!("/issues/comments/{id}"));
        let _: Comment = self.patch(&route, &json!({ "body": body }))?;
        Ok(())
    }

    /// Adds labels; those that are there stay.
    ///
    /// # Errors
    /// As for all calls.
    pub fn add_labels(&self, name: &Name, number: u64, labels: &[String]) -> Result<()> {
        let route = name.route(&format!("/issues/{number}/labels"));
        let _: Vec<Label> = self.post(&route, &json!({ "labels": labels }), Again::Repeatable)?;
        Ok(())
    }

    /// Adds assignees; those that are there stay.
    ///
    /// # Errors
    /// As for all calls.
    pub fn add_assignees(&self, name: &Name, number: u64, assignees: &[String]) -> Result<()> {
        let route = name.route(&format!("/issues/{number}/assignees"));
        let _: serde_json::Value =
            self.post(&route, &json!({ "assignees": assignees }), Again::Repeatable)?;
        Ok(())
    }

    /// Returns what happened to a pull request.
    ///
    /// # Errors
    /// As for all calls.
    pub fn events(&self, name: &Name, number: u64) -> Result<Vec<Event>> {
        self.list(&name.route(&format!("/issues/{number}/events")), 1000)
    }
}
