//! The text of `kubectl describe pod`.

use super::{Cause, Crash, EvidenceError, Start, Told, ended_by_itself};

/// Reads one description or several, one after the other.
pub(super) fn read(text: &str) -> Result<Told, EvidenceError> {
    let mut pods = Vec::new();
    for line in text.lines() {
        // Each description begins with its name at the very left.
        if let Some(name) = line.strip_prefix("Name:") {
            pods.push(Pod { name: name.trim().to_owned(), ..Pod::default() });
        }
        if let Some(pod) = pods.last_mut() {
            pod.line(line.trim_end());
        }
    }
    if !pods.iter().any(|pod| pod.is_pod) {
        return Err(EvidenceError::Unfamiliar);
    }
    pods.retain(|pod| pod.is_pod);
    Ok(Told {
        starts: pods.iter().flat_map(Pod::starts).collect(),
        crashes: pods.into_iter().flat_map(Pod::crashes).collect(),
    })
}

#[derive(Default)]
struct Pod {
    name: String,
    namespace: String,
    start: Option<String>,
    owners: Vec<(String, String)>,
    labels: std::collections::BTreeMap<String, String>,
    containers: Vec<Container>,
    events: Vec<(String, String)>,
    /// The heading at the very left that the line stands under.
    section: String,
    is_pod: bool,
}

#[derive(Default)]
struct Container {
    name: String,
    image: Option<String>,
    digest: Option<String>,
    command: Vec<String>,
    args: Vec<String>,
    own_path: bool,
    mounts: Vec<String>,
    restarts: u64,
    /// The reasons of state and last state.
    reasons: Vec<String>,
    messages: Vec<String>,
    running: bool,
    /// The reason and the code of each end.
    ends: Vec<(String, i64)>,
    /// The heading inside the container that the line stands under, and its indentation.
    section: String,
}

impl Pod {
    fn line(&mut self, line: &str) {
        let indent = line.len() - line.trim_start().len();
        let (key, value) =
            line.trim_start().split_once(':').map_or((line.trim(), ""), |(key, value)| (key, value.trim()));
        if indent == 0 {
            self.heading(key, value);
            return;
        }
        match self.section.as_str() {
            "Containers" | "Init Containers" | "Ephemeral Containers" if indent == 2 && value.is_empty() => {
                self.containers.push(Container { name: key.to_owned(), ..Container::default() });
            }
            "Containers" | "Init Containers" | "Ephemeral Containers" => {
                if let Some(container) = self.containers.last_mut() {
                    container.line(indent, key, value, line);
                }
            }
            "Labels" => self.label(line.trim()),
            "Events" => self.events.extend(event(line)),
            _ => {}
        }
    }

    fn heading(&mut self, key: &str, value: &str) {
        self.section = key.to_owned();
        match key {
            "Namespace" => self.namespace = value.to_owned(),
            "Start Time" => self.start = Some(value.to_owned()),
            "Controlled By" => {
                self.owners
                    .extend(value.split_once('/').map(|(kind, name)| (kind.to_owned(), name.to_owned())));
            }
            "Labels" => self.label(value),
            "Containers" => self.is_pod = true,
            _ => {}
        }
    }

    fn label(&mut self, text: &str) {
        self.labels.extend(text.split_once('=').map(|(key, value)| (key.to_owned(), value.to_owned())));
    }

    fn starts(&self) -> Vec<Start> {
        let start = |container: &Container| {
            Some(Start {
                title: format!("{}/{} [{}]", self.namespace, self.name, container.name),
                image: container.image.clone()?,
                digest: container.digest.clone(),
                command: Some(container.command.clone()).filter(|command| !command.is_empty())?,
                state: container.started()?,
            })
        };
        self.containers.iter().filter_map(start).collect()
    }

    fn crashes(self) -> Vec<Crash> {
        let Self { name, namespace, start, owners, labels, containers, events, .. } = self;
        let single = containers.len() == 1;
        let crash = |container: Container| {
            // Events of a description name their container only in their texts, if at all.
            let about = |text: &str| single || text.contains(&container.name);
            let told = events.iter().filter(|(_, text)| about(text)).map(|(_, text)| text.clone());
            let messages: Vec<String> = container.messages.iter().cloned().chain(told).collect();
            let cause = messages.iter().find_map(|message| Cause::find(message));
            let known = [
                "CrashLoopBackOff",
                "RunContainerError",
                "CreateContainerError",
                "StartError",
                "ContainerCannotRun",
            ];
            let reason = container.reasons.iter().find(|reason| known.contains(&reason.as_str())).cloned();
            if reason.is_none() && cause.is_none() {
                return None;
            }
            let message = messages.iter().find(|message| Cause::find(message).is_some()).or(messages.first());
            Some(Crash {
                namespace: namespace.clone(),
                pod: name.clone(),
                owners: owners.clone(),
                labels: labels.clone(),
                image: container.image,
                digest: container.digest,
                argv: Some((container.command, container.args)),
                own_path: container.own_path,
                mounts: container.mounts,
                restarts: container.restarts,
                times: None,
                since: start.clone(),
                reason: reason.unwrap_or_else(|| "Failed".to_owned()),
                message: message.cloned().unwrap_or_default(),
                cause,
                container: container.name,
            })
        };
        containers.into_iter().filter_map(crash).collect()
    }
}

impl Container {
    fn line(&mut self, indent: usize, key: &str, value: &str, line: &str) {
        if indent > 4 && matches!(self.section.as_str(), "Command" | "Args") {
            // One word a line; a word may hold a colon, so the line counts and not its parts.
            let words = if self.section == "Command" { &mut self.command } else { &mut self.args };
            words.push(line.trim().to_owned());
            return;
        }
        if indent > 4 && self.section == "Mounts" {
            // `/data from data (rw)`
            self.mounts.extend(line.trim().split_once(" from ").map(|(path, _)| path.to_owned()));
            return;
        }
        if indent > 4 && self.section.starts_with("Environment") {
            self.own_path |= key == "PATH" || self.section == "Environment Variables from";
            return;
        }
        if indent <= 4 {
            self.section = key.to_owned();
        }
        match key {
            "Image" if indent <= 4 => self.image = Some(value.to_owned()),
            "Image ID" => {
                self.digest = value.rsplit_once('@').map(|(_, digest)| digest.to_owned());
            }
            "Restart Count" => self.restarts = value.parse().unwrap_or(0),
            "State" if value == "Running" => self.running = true,
            "Exit Code" if self.in_state() => {
                let reason = self.reasons.last().cloned().unwrap_or_default();
                self.ends.extend(value.parse().ok().map(|code| (reason, code)));
            }
            "Reason" if self.in_state() => self.reasons.push(value.to_owned()),
            "Message" if self.in_state() => self.messages.push(value.to_owned()),
            _ => {}
        }
    }

    /// Returns what became of the container, if its program was started.
    fn started(&self) -> Option<String> {
        if self.running {
            return Some("runs".to_owned());
        }
        if self.messages.iter().any(|message| Cause::find(message).is_some()) {
            return None;
        }
        self.ends.iter().find_map(|(reason, code)| ended_by_itself(reason, *code))
    }

    fn in_state(&self) -> bool {
        matches!(self.section.as_str(), "State" | "Last State")
    }
}

/// Takes reason and message out of a line of events: `Warning  Failed  5m (x3 over 6m)  kubelet  Error: ...`.
fn event(line: &str) -> Option<(String, String)> {
    let mut columns = line.trim().split("  ").map(str::trim).filter(|column| !column.is_empty());
    let (kind, reason) = (columns.next()?, columns.next()?);
    if kind != "Warning" {
        return None;
    }
    let rest: Vec<&str> = columns.skip(2).collect();
    Some((reason.to_owned(), rest.join("  ")))
}
