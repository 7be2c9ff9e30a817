//! Reads what a cluster says of containers that start or do not: pods, events, descriptions, runtime errors.
//!
//! The texts come from `kubectl`; nobody is asked here. What a runtime reports is quoted, and only texts that
//! name the missing executable become a [`Cause`].

mod cause;
mod describe;
mod objects;
#[cfg(test)]
mod tests;
mod tie;

use std::collections::BTreeMap;

use thiserror::Error;

pub use cause::{Cause, CauseKind};
pub use tie::{Tie, tie};

/// A container that does not start or does not stay, as one file tells it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Crash {
    /// The pod's namespace.
    pub namespace: String,
    /// The pod's name.
    pub pod: String,
    /// The kinds and names of its owners.
    pub owners: Vec<(String, String)>,
    /// The pod's labels.
    pub labels: BTreeMap<String, String>,
    /// The container's name; empty if the text does not tell.
    pub container: String,
    /// The image of the container's specification.
    pub image: Option<String>,
    /// The digest that the cluster runs, `sha256:...`.
    pub digest: Option<String>,
    /// The container's command and args, where the specification was read.
    pub argv: Option<(Vec<String>, Vec<String>)>,
    /// Whether the container sets PATH itself, so that what it lacks says nothing of others.
    pub own_path: bool,
    /// Where volumes are mounted; they may cover programs.
    pub mounts: Vec<String>,
    /// How often it was started again, as its pod tells.
    pub restarts: u64,
    /// How often an event told of it, where no pod does.
    pub times: Option<u64>,
    /// Since when, as the cluster writes it.
    pub since: Option<String>,
    /// The reason that the cluster gives: `CrashLoopBackOff`.
    pub reason: String,
    /// The message that belongs to it.
    pub message: String,
    /// What the message proves.
    pub cause: Option<Cause>,
}

impl Crash {
    /// Returns `namespace/pod [container]`, as people write it.
    #[must_use]
    pub fn title(&self) -> String {
        let namespace = if self.namespace.is_empty() { "default" } else { &self.namespace };
        if self.container.is_empty() {
            format!("{namespace}/{}", self.pod)
        } else {
            format!("{namespace}/{} [{}]", self.pod, self.container)
        }
    }

    /// Tells whether the container looked for its program where the image alone decides: in `path`, uncovered. Where `path`
    /// is not known, any volume might cover a folder of it.
    #[must_use]
    pub fn shows_the_image(&self, path: Option<&str>) -> bool {
        let covers = |mount: &String| {
            let mount = mount.trim_end_matches('/');
            let above = |folder: &str| {
                folder == mount || folder.strip_prefix(mount).is_some_and(|rest| rest.starts_with('/'))
            };
            match path {
                Some(path) => path.split(':').any(above),
                None => !mount.starts_with("/var/run/secrets/"),
            }
        };
        self.argv.is_some() && !self.own_path && !self.mounts.iter().any(covers)
    }

    /// Tells whether it is the container's own first word that was not found, or what its init was to start. A program that
    /// started may say the like of another one, in a PATH of its own.
    #[must_use]
    pub fn names_its_word(&self) -> bool {
        let (Some(cause), Some((command, args))) = (&self.cause, &self.argv) else { return false };
        let first = command.first().or(args.first());
        cause.kind == CauseKind::InsideInit || first == Some(&cause.program)
    }

    /// Returns how long and how often it crashed: `166 restarts since 2024-05-01T10:00:00Z`, or of events alone `12 times since`.
    #[must_use]
    pub fn history(&self) -> String {
        let restarts = match (self.restarts, self.times) {
            (0, None) => "never started".to_owned(),
            (0, Some(1)) => "once".to_owned(),
            (0, Some(times)) => format!("{times} times"),
            (1, _) => "1 restart".to_owned(),
            (many, _) => format!("{many} restarts"),
        };
        match &self.since {
            Some(since) => format!("{restarts} since {since}"),
            None => restarts,
        }
    }
}

/// A container whose command a cluster has started: its first word is a program there, whatever else is said of the image.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Start {
    /// `namespace/pod [container]`.
    pub title: String,
    /// The image of the container's specification.
    pub image: String,
    /// The digest that the cluster runs, `sha256:...`.
    pub digest: Option<String>,
    /// The words of its command.
    pub command: Vec<String>,
    /// What became of it: `runs`, `ended with exit code 1`.
    pub state: String,
}

/// What one text tells.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Told {
    /// Containers that do not start or do not stay.
    pub crashes: Vec<Crash>,
    /// Containers whose own command was started.
    pub starts: Vec<Start>,
}

/// Returns what became of a container by its exit code, if its program must have run for that. Runtimes and shells use the
/// codes from 126 to 128 for programs that they could not start.
fn ended_by_itself(reason: &str, exit_code: i64) -> Option<String> {
    let ran = matches!(reason, "Completed" | "Error" | "OOMKilled") && !(126..=128).contains(&exit_code);
    ran.then(|| format!("ended with exit code {exit_code}"))
}

/// Why a text is no evidence.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum EvidenceError {
    /// It looks like JSON and is not.
    #[error("it is no valid JSON: {0}")]
    Json(String),
    /// It is neither a list of pods or events nor a description of a pod.
    #[error("it holds neither pods nor events nor the description of a pod")]
    Unfamiliar,
}

/// Reads `kubectl get pods -o json`, `kubectl get events -o json` or `kubectl describe pod`.
///
/// Crashes of one container that several objects tell are one crash, in the order of the text.
///
/// # Errors
/// [`EvidenceError`] if the text is none of these.
pub fn read(text: &str) -> Result<Told, EvidenceError> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let told = if text.trim_start().starts_with('{') { objects::read(text)? } else { describe::read(text)? };
    Ok(Told { crashes: merge(told.crashes), ..told })
}

/// Joins what several texts tell of one container: an event often has the message that the pod's status lost.
#[must_use]
pub fn merge(crashes: Vec<Crash>) -> Vec<Crash> {
    let mut merged: Vec<Crash> = Vec::new();
    let mut places: BTreeMap<(String, String, String), usize> = BTreeMap::new();
    for crash in crashes {
        let key = (crash.namespace.clone(), crash.pod.clone(), crash.container.clone());
        match places.get(&key).and_then(|place| merged.get_mut(*place)) {
            Some(known) => known.learn(crash),
            None => {
                places.insert(key, merged.len());
                merged.push(crash);
            }
        }
    }
    merged
}

impl Crash {
    fn learn(&mut self, other: Self) {
        let is_event = |crash: &Self| crash.times.is_some();
        // How often and since when a pod tells better than its events; of these the one that names the cause counts.
        let tells_better = match (is_event(self), is_event(&other)) {
            (true, true) => self.cause.is_none() && other.cause.is_some(),
            (known, new) => known && !new,
        };
        if tells_better {
            (self.restarts, self.times) = (other.restarts, other.times);
            self.since = other.since.or_else(|| self.since.take());
        } else {
            self.restarts = if is_event(&other) { self.restarts } else { self.restarts.max(other.restarts) };
            self.since = self.since.take().or(other.since);
        }
        if self.cause.is_none() && (other.cause.is_some() || self.message.is_empty()) {
            self.message = other.message;
            self.cause = other.cause;
        }
        if self.owners.is_empty() {
            self.owners = other.owners;
        }
        if self.labels.is_empty() {
            self.labels = other.labels;
        }
        self.image = self.image.take().or(other.image);
        self.digest = self.digest.take().or(other.digest);
        self.argv = self.argv.take().or(other.argv);
        self.own_path |= other.own_path;
        self.mounts.extend(other.mounts);
        // The state of a container says more than the reason of an event, which is mostly `Failed`.
        if self.reason.is_empty() || self.reason == "Failed" || self.reason == "BackOff" {
            self.reason = other.reason;
        }
    }
}
