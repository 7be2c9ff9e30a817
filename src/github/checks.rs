//! Check runs with annotations.

use serde::{Deserialize, Serialize};
use serde_json::json;

use super::{
    Result,
    client::{Again, Client},
    name::{Name, escape},
};

/// How a check ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Conclusion {
    /// Nothing to do.
    Success,
    /// Something to do.
    Failure,
    /// Neither.
    Neutral,
}

/// How grave an annotation is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Level {
    /// For information.
    Notice,
    /// It may be wrong.
    Warning,
    /// It is wrong.
    Failure,
}

/// A remark at lines of a file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Annotation {
    /// The path.
    pub path: String,
    /// The first line, from 1.
    pub start_line: u32,
    /// The last line.
    pub end_line: u32,
    /// How grave it is.
    pub annotation_level: Level,
    /// The title.
    pub title: String,
    /// The text.
    pub message: String,
}

/// A check run that is to be made.
#[derive(Debug, Clone)]
pub struct NewCheckRun {
    /// The name of the check.
    pub name: String,
    /// The commit.
    pub head_sha: String,
    /// How it ended.
    pub conclusion: Conclusion,
    /// The title.
    pub title: String,
    /// The summary, in Markdown.
    pub summary: String,
    /// All annotations; they are sent in portions.
    pub annotations: Vec<Annotation>,
}

/// A check run.
#[derive(Debug, Clone, Deserialize)]
pub struct CheckRun {
    /// Its number.
    pub id: u64,
    /// The name of the check.
    pub name: String,
    /// The commit.
    pub head_sha: String,
    /// What identifies it to whoever made it.
    #[serde(default)]
    pub external_id: Option<String>,
}

/// GitHub takes that many annotations in one request.
const PORTION: usize = 50;

impl Client {
    /// Makes a check run with all its annotations. `external_id` finds it again if the answer is lost.
    ///
    /// # Errors
    /// As for all calls.
    pub fn create_check_run(&self, name: &Name, new: &NewCheckRun, external_id: &str) -> Result<CheckRun> {
        let mut portions = new.annotations.chunks(PORTION);
        let output = |annotations: &[Annotation]| json!({ "title": new.title, "summary": new.summary, "annotations": annotations });
        let body = json!({
            "name": new.name, "head_sha": new.head_sha, "external_id": external_id, "status": "completed",
            "conclusion": new.conclusion, "output": output(portions.next().unwrap_or_default()),
        });
        let made = match self.post(&name.route("/check-runs"), &body, Again::ByMethod) {
            Err(error) if super::Error::is_uncertain(&error) => {
                let found = self.check_runs(name, &new.head_sha, &new.name)?;
                match found.into_iter().find(|run| run.external_id.as_deref() == Some(external_id)) {
                    Some(run) => run,
                    None => self.post(&name.route("/check-runs"), &body, Again::ByMethod)?,
                }
            }
            other => other?,
        };
        let made: CheckRun = made;
        for portion in portions {
            let route = name.route(&format!("/check-runs/{}", made.id));
            let _: CheckRun = self.patch(&route, &json!({ "output": output(portion) }))?;
        }
        Ok(made)
    }

    /// Returns the check runs of a commit that have the name.
    ///
    /// # Errors
    /// As for all calls.
    pub fn check_runs(&self, name: &Name, commit: &str, check: &str) -> Result<Vec<CheckRun>> {
        #[derive(Deserialize)]
        struct Page {
            check_runs: Vec<CheckRun>,
        }
        let route = format!(
            "/commits/{}/check-runs?per_page=100&check_name={}",
            escape(commit, ""),
            escape(check, "")
        );
        let page: Page = self.get(&name.route(&route))?;
        Ok(page.check_runs)
    }
}
