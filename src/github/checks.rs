//! Check runs with annotations.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

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
    /// It was given up, and another one tells.
    Cancelled,
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
    /// How far it is: `queued`, `in_progress`, `completed` and so on.
    #[serde(default)]
    pub status: String,
    /// What it tells.
    #[serde(default)]
    pub output: Output,
}

/// What a check run tells.
#[derive(Debug, Clone, Default, Deserialize)]
pub struct Output {
    /// How many annotations it has.
    #[serde(default)]
    pub annotations_count: usize,
}

impl CheckRun {
    /// Tells whether it has ended, and so has all that belongs to it.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.status == "completed"
    }
}

/// GitHub takes that many annotations in one request.
const PORTION: usize = 50;

/// How often a portion is sent whose answer was lost.
const ATTEMPTS: usize = 3;

impl Client {
    /// Makes a check run with all its annotations. `external_id` finds it again if the answer is lost. It ends only with its last
    /// annotations, so that one whose maker died half-way is known as such: [`Client::complete_check_run`] goes on with it.
    ///
    /// # Errors
    /// As for all calls.
    pub fn create_check_run(&self, name: &Name, new: &NewCheckRun, external_id: &str) -> Result<CheckRun> {
        let told = new.annotations.len().min(PORTION);
        let mut body = portion(new, 0, told);
        (body["name"], body["head_sha"]) = (json!(new.name), json!(new.head_sha));
        body["external_id"] = json!(external_id);
        let made: CheckRun = match self.post(&name.route("/check-runs"), &body, Again::ByMethod) {
            Err(error) if super::Error::is_uncertain(&error) => {
                let found = self.check_runs(name, &new.head_sha, &new.name)?;
                match found.into_iter().find(|run| run.external_id.as_deref() == Some(external_id)) {
                    Some(run) => run,
                    None => self.post(&name.route("/check-runs"), &body, Again::ByMethod)?,
                }
            }
            other => other?,
        };
        self.send_from(name, new, made, told)
    }

    /// Goes on with a check run of the same content that was begun and not completed.
    ///
    /// # Errors
    /// As for all calls.
    pub fn complete_check_run(&self, name: &Name, new: &NewCheckRun, begun: CheckRun) -> Result<CheckRun> {
        let told = begun.output.annotations_count.min(new.annotations.len());
        match begun.is_complete() {
            true => Ok(begun),
            false => self.send_from(name, new, begun, told),
        }
    }

    /// Ends a check run that was begun and that nobody will complete.
    ///
    /// # Errors
    /// As for all calls.
    pub fn cancel_check_run(&self, name: &Name, id: u64) -> Result<()> {
        let body = json!({ "status": "completed", "conclusion": Conclusion::Cancelled });
        let _: CheckRun = self.patch(&name.route(&format!("/check-runs/{id}")), &body)?;
        Ok(())
    }

    /// Sends the annotations from a place on. Each portion adds to those before, so none may be sent twice.
    fn send_from(
        &self,
        name: &Name,
        new: &NewCheckRun,
        mut run: CheckRun,
        mut told: usize,
    ) -> Result<CheckRun> {
        let route = name.route(&format!("/check-runs/{}", run.id));
        let mut attempt = 1;
        while told < new.annotations.len() || !run.is_complete() {
            let until = new.annotations.len().min(told + PORTION);
            match self.patch_once(&route, &portion(new, told, until)) {
                Ok(changed) => (run, told, attempt) = (changed, until, 1),
                Err(error) if super::Error::is_uncertain(&error) && attempt < ATTEMPTS => {
                    run = self.get(&route)?;
                    told = run.output.annotations_count.min(new.annotations.len());
                    attempt += 1;
                }
                Err(error) => return Err(error),
            }
        }
        Ok(run)
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

/// Renders a portion of a check run's annotations. The last one ends the check.
fn portion(new: &NewCheckRun, from: usize, until: usize) -> Value {
    let annotations = new.annotations.get(from..until).unwrap_or_default();
    let output = json!({ "title": new.title, "summary": new.summary, "annotations": annotations });
    match until == new.annotations.len() {
        true => json!({ "status": "completed", "conclusion": new.conclusion, "output": output }),
        false => json!({ "status": "in_progress", "output": output }),
    }
}
