//! Pods and events as `kubectl get -o json` writes them.

use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer, de::IgnoredAny};
use serde_json::value::RawValue;

use super::{Cause, Crash, EvidenceError, Start, Told, ended_by_itself};

/// Reads a list of objects or a single one. Objects of other kinds, whatever they hold, are passed over.
pub(super) fn read(text: &str) -> Result<Told, EvidenceError> {
    let list: List<'_> =
        serde_json::from_str(text).map_err(|error| EvidenceError::Json(error.to_string()))?;
    let mut told = Told::default();
    let mut familiar = false;
    match list.items {
        Some(items) => {
            // An empty list is familiar: there is nothing wrong in that cluster.
            familiar |= items.is_empty();
            for item in items {
                familiar |= collect(item.get(), &mut told);
            }
        }
        None => familiar |= collect(text, &mut told),
    }
    if familiar { Ok(told) } else { Err(EvidenceError::Unfamiliar) }
}

/// Appends what an object tells, and returns whether it is a pod or an event.
fn collect(text: &str, told: &mut Told) -> bool {
    match serde_json::from_str::<Kind>(text).map(|object| object.kind) {
        Ok(kind) if kind == "Pod" || kind == "Event" => {
            if let Ok(item) = serde_json::from_str::<Item>(text) {
                item.collect(told);
            }
            true
        }
        _ => false,
    }
}

#[derive(Deserialize)]
struct List<'a> {
    #[serde(borrow)]
    items: Option<Vec<&'a RawValue>>,
}

#[derive(Deserialize)]
struct Kind {
    kind: String,
}

/// Takes null, which kubectl writes for some empty fields, for nothing.
fn null_is_empty<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    Ok(Option::deserialize(deserializer)?.unwrap_or_default())
}

/// A pod or an event; whatever else stands in the list has neither status nor message.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[derive(Default)]
struct Item {
    kind: String,
    metadata: Metadata,
    spec: Spec,
    status: Status,
    #[serde(deserialize_with = "null_is_empty")]
    reason: String,
    #[serde(alias = "note", deserialize_with = "null_is_empty")]
    message: String,
    #[serde(alias = "regarding")]
    involved_object: Involved,
    #[serde(alias = "deprecatedCount")]
    count: Option<u64>,
    #[serde(alias = "deprecatedFirstTimestamp")]
    first_timestamp: Option<String>,
    event_time: Option<String>,
    series: Option<Series>,
}

/// How often an event came that is told once.
#[derive(Deserialize, Default)]
#[serde(default)]
struct Series {
    count: u64,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct Metadata {
    name: String,
    namespace: String,
    labels: Option<BTreeMap<String, String>>,
    owner_references: Option<Vec<Owner>>,
    creation_timestamp: Option<String>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Owner {
    kind: String,
    name: String,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct Spec {
    containers: Option<Vec<ContainerSpec>>,
    init_containers: Option<Vec<ContainerSpec>>,
    ephemeral_containers: Option<Vec<ContainerSpec>>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct ContainerSpec {
    name: String,
    image: Option<String>,
    command: Option<Vec<String>>,
    args: Option<Vec<String>>,
    env: Option<Vec<Variable>>,
    #[serde(rename = "envFrom")]
    env_from: Option<Vec<IgnoredAny>>,
    #[serde(rename = "volumeMounts")]
    mounts: Option<Vec<Mount>>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Variable {
    name: String,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct Mount {
    mount_path: String,
}

impl ContainerSpec {
    /// Tells whether PATH may be another than the image's.
    fn sets_path(&self) -> bool {
        self.env.iter().flatten().any(|variable| variable.name == "PATH")
            || self.env_from.iter().flatten().next().is_some()
    }
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct Status {
    container_statuses: Option<Vec<ContainerStatus>>,
    init_container_statuses: Option<Vec<ContainerStatus>>,
    ephemeral_container_statuses: Option<Vec<ContainerStatus>>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct ContainerStatus {
    name: String,
    restart_count: u64,
    #[serde(rename = "imageID")]
    image_id: String,
    state: State,
    last_state: State,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct State {
    running: Option<IgnoredAny>,
    waiting: Option<Reason>,
    terminated: Option<Reason>,
}

#[derive(Deserialize, Default, Clone)]
#[serde(default)]
struct Reason {
    reason: Option<String>,
    message: Option<String>,
    #[serde(rename = "exitCode")]
    exit_code: i64,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct Involved {
    kind: String,
    name: String,
    namespace: String,
    field_path: String,
}

/// Reasons of waiting that mean: it does not start, or it ended again.
const WAITING: [&str; 5] =
    ["CrashLoopBackOff", "RunContainerError", "CreateContainerError", "StartError", "ContainerCannotRun"];

/// Reasons of an end that mean: it never ran.
const NEVER_RAN: [&str; 3] = ["StartError", "ContainerCannotRun", "RunContainerError"];

impl Item {
    fn collect(&self, told: &mut Told) {
        if self.kind == "Pod" {
            self.pod(told);
        } else {
            told.crashes.extend(self.event());
        }
    }

    fn pod(&self, told: &mut Told) {
        let status = &self.status;
        let lists = [
            (&status.container_statuses, &self.spec.containers),
            (&status.init_container_statuses, &self.spec.init_containers),
            (&status.ephemeral_container_statuses, &self.spec.ephemeral_containers),
        ];
        for (statuses, specs) in lists {
            for status in statuses.iter().flatten() {
                let spec = specs.iter().flatten().find(|spec| spec.name == status.name);
                told.starts.extend(spec.and_then(|spec| self.start(spec, status)));
                let Some((reason, message)) = status.crash() else { continue };
                told.crashes.push(Crash {
                    namespace: self.metadata.namespace.clone(),
                    pod: self.metadata.name.clone(),
                    owners: self.owners(),
                    labels: self.metadata.labels.clone().unwrap_or_default(),
                    container: status.name.clone(),
                    image: spec.and_then(|spec| spec.image.clone()),
                    digest: digest(&status.image_id),
                    argv: spec.map(|spec| {
                        (spec.command.clone().unwrap_or_default(), spec.args.clone().unwrap_or_default())
                    }),
                    own_path: spec.is_some_and(ContainerSpec::sets_path),
                    mounts: spec
                        .map(|spec| {
                            spec.mounts.iter().flatten().map(|mount| mount.mount_path.clone()).collect()
                        })
                        .unwrap_or_default(),
                    restarts: status.restart_count,
                    times: None,
                    since: self.metadata.creation_timestamp.clone(),
                    reason,
                    cause: Cause::find(&message),
                    message,
                });
            }
        }
    }

    fn start(&self, spec: &ContainerSpec, status: &ContainerStatus) -> Option<Start> {
        let command = spec.command.clone().filter(|command| !command.is_empty())?;
        Some(Start {
            title: format!("{}/{} [{}]", self.metadata.namespace, self.metadata.name, status.name),
            image: spec.image.clone()?,
            digest: digest(&status.image_id),
            command,
            state: status.started()?,
        })
    }

    fn owners(&self) -> Vec<(String, String)> {
        let owners = self.metadata.owner_references.iter().flatten();
        owners.map(|owner| (owner.kind.clone(), owner.name.clone())).collect()
    }

    fn event(&self) -> Option<Crash> {
        let cause = Cause::find(&self.message);
        let about_crash = cause.is_some()
            || self.reason == "BackOff" && self.message.contains("restarting failed container");
        if self.involved_object.kind != "Pod" || !about_crash {
            return None;
        }
        // `spec.containers{server}` names the container.
        let container =
            self.involved_object.field_path.split_once('{').and_then(|(_, rest)| rest.strip_suffix('}'));
        let since =
            [&self.first_timestamp, &self.event_time, &self.metadata.creation_timestamp].map(Clone::clone);
        Some(Crash {
            namespace: self.involved_object.namespace.clone(),
            pod: self.involved_object.name.clone(),
            container: container.unwrap_or_default().to_owned(),
            times: Some(self.times()),
            since: since.into_iter().flatten().next(),
            reason: self.reason.clone(),
            message: self.message.clone(),
            cause,
            ..Crash::default()
        })
    }
}

impl Item {
    /// Returns how often an event came.
    fn times(&self) -> u64 {
        let series = self.series.as_ref().map_or(0, |series| series.count);
        self.count.unwrap_or(0).max(series).max(1)
    }
}

impl ContainerStatus {
    /// Returns what became of the container, if its program was started.
    fn started(&self) -> Option<String> {
        if self.state.running.is_some() {
            return Some("runs".to_owned());
        }
        let ended = [&self.state, &self.last_state].into_iter().filter_map(|state| state.terminated.as_ref());
        let names_no_program = |reason: &&Reason| reason.message.as_deref().and_then(Cause::find).is_none();
        ended
            .filter(names_no_program)
            .find_map(|ended| ended_by_itself(ended.reason.as_deref().unwrap_or_default(), ended.exit_code))
    }

    /// Returns the reason and the message of a crash, the most telling message of both states.
    fn crash(&self) -> Option<(String, String)> {
        let reason_in = |reason: &&Reason, known: &[&str]| {
            reason.reason.as_deref().is_some_and(|text| known.contains(&text))
        };
        let waiting = self.state.waiting.as_ref().filter(|reason| reason_in(reason, &WAITING));
        let ended = [&self.state, &self.last_state].into_iter().filter_map(|state| state.terminated.as_ref());
        let never_ran = ended.clone().find(|reason| reason_in(reason, &NEVER_RAN));
        let failed_now = self.state.terminated.as_ref().filter(|reason| reason.exit_code != 0);
        let told = waiting.or(never_ran).or(failed_now)?;
        let messages = waiting.into_iter().chain(ended).filter_map(|reason| reason.message.clone());
        let mut messages: Vec<String> = messages.collect();
        let telling = messages.iter().position(|message| Cause::find(message).is_some()).unwrap_or(0);
        let message = if messages.is_empty() { String::new() } else { messages.swap_remove(telling) };
        Some((told.reason.clone().unwrap_or_default(), message))
    }
}

/// Takes the digest out of `docker.io/goauthentik/server@sha256:...`.
fn digest(image_id: &str) -> Option<String> {
    let digest = image_id.rsplit_once('@').map(|(_, digest)| digest)?;
    digest.starts_with("sha256:").then(|| digest.to_owned())
}
