use super::*;
use crate::{
    model::{Repository, SourceFile},
    path::RepoPath,
    syntax,
};

fn read(text: &str) -> Result<Vec<Crash>, EvidenceError> {
    super::read(text).map(|told| told.crashes)
}

fn starts(text: &str) -> Vec<(Vec<String>, String)> {
    let told = super::read(text).expect("it is evidence");
    told.starts.into_iter().map(|start| (start.command, start.state)).collect()
}

const CONTAINERD: &str = "failed to create containerd task: failed to create shim task: OCI runtime create failed: runc create failed: \
    unable to start container process: error during container init: exec: \"server\": executable file not found in $PATH: unknown";

fn cause(message: &str) -> Option<(String, CauseKind)> {
    Cause::find(message).map(|cause| (cause.program, cause.kind))
}

#[test]
fn every_runtime_names_the_executable() {
    let found = |program: &str, kind| Some((program.to_owned(), kind));
    assert_eq!(cause(CONTAINERD), found("server", CauseKind::NotOnPath));
    let crio = "container create failed: time=\"2024-05-01T10:00:00Z\" level=error msg=\"runc create failed: unable to start container process: exec: \\\"server\\\": executable file not found in $PATH\"";
    assert_eq!(cause(crio), found("server", CauseKind::NotOnPath));
    let stat = "exec: \"/usr/bin/server\": stat /usr/bin/server: no such file or directory: unknown";
    assert_eq!(cause(stat), found("/usr/bin/server", CauseKind::NoSuchFile));
    assert_eq!(cause("exec: \"/a\": permission denied: unknown"), found("/a", CauseKind::NotExecutable));
    let crun =
        "container create failed: executable file `server` not found in $PATH: No such file or directory";
    assert_eq!(cause(crun), found("server", CauseKind::NotOnPath));
    let absolute = "crun: executable file `/usr/bin/server` not found: No such file or directory: OCI runtime attempted to invoke a command that was not found";
    assert_eq!(cause(absolute), found("/usr/bin/server", CauseKind::NoSuchFile));
    assert_eq!(cause("the path `/x` exists but it is not executable"), found("/x", CauseKind::NotExecutable));
    let docker = "Error response from daemon: OCI runtime create failed: container_linux.go:345: starting container process caused \"exec: \\\"ak server\\\": executable file not found in $PATH\": unknown";
    assert_eq!(cause(docker), found("ak server", CauseKind::NotOnPath));
    assert_eq!(
        cause("[dumb-init] server: No such file or directory"),
        found("server", CauseKind::InsideInit)
    );
    assert_eq!(
        cause("[FATAL tini (6)] exec server failed: No such file or directory"),
        found("server", CauseKind::InsideInit)
    );
    for other in [
        "",
        "exec: \"",
        "exec: \"a\": something",
        "OOMKilled",
        "Back-off restarting failed container",
        "[dumb-init] x",
    ] {
        assert_eq!(cause(other), None, "{other}");
    }
}

fn pod(argv: &str) -> String {
    let message = serde_json::to_string(CONTAINERD).expect("a string is JSON");
    format!(
        r#"{{"kind":"List","items":[{{"kind":"Pod","metadata":{{"name":"authentik-server-5d4f8b6c9-x7k2p","namespace":"auth",
        "creationTimestamp":"2024-05-01T10:00:00Z","ownerReferences":[{{"kind":"ReplicaSet","name":"authentik-server-5d4f8b6c9"}}]}},
        "spec":{{"containers":[{{"name":"server","image":"ghcr.io/goauthentik/server:2024.8",{argv}}},{{"name":"ok","image":"a"}}]}},
        "status":{{"containerStatuses":[{{"name":"server","restartCount":166,"imageID":"ghcr.io/goauthentik/server@sha256:{}",
        "state":{{"waiting":{{"reason":"CrashLoopBackOff","message":"back-off 5m0s restarting failed container"}}}},
        "lastState":{{"terminated":{{"reason":"StartError","exitCode":128,"message":{message}}}}}}},
        {{"name":"ok","restartCount":0,"state":{{"running":{{}}}}}}]}}}}]}}"#,
        "a".repeat(64)
    )
}

#[test]
fn a_pod_shows_its_crash_with_its_history() {
    let crashes = read(&pod(r#""command":["server"]"#)).expect("it is a list of pods");
    let [crash] = crashes.as_slice() else { panic!("one container crashes: {crashes:?}") };
    assert_eq!(crash.title(), "auth/authentik-server-5d4f8b6c9-x7k2p [server]");
    assert_eq!(crash.history(), "166 restarts since 2024-05-01T10:00:00Z");
    assert_eq!(crash.reason, "CrashLoopBackOff");
    assert_eq!(crash.digest, Some(format!("sha256:{}", "a".repeat(64))));
    assert_eq!(crash.cause.as_ref().map(|cause| cause.program.as_str()), Some("server"));
}

#[test]
fn events_add_the_message_that_the_status_lost() {
    let status = pod(r#""command":["server"]"#).replace("exec: ", "ecex: ");
    let mut crashes = read(&status).expect("it is a list of pods");
    assert_eq!(crashes.first().and_then(|crash| crash.cause.clone()), None);
    let message = serde_json::to_string(&format!("Error: {CONTAINERD}")).expect("a string is JSON");
    let events = format!(
        r#"{{"kind":"List","items":[{{"kind":"Event","reason":"Failed","count":12,"firstTimestamp":"2024-05-01T09:00:00Z","message":{message},
        "involvedObject":{{"kind":"Pod","namespace":"auth","name":"authentik-server-5d4f8b6c9-x7k2p","fieldPath":"spec.containers{{server}}"}}}},
        {{"kind":"Event","reason":"Scheduled","message":"ok","involvedObject":{{"kind":"Pod","name":"a"}}}}]}}"#
    );
    crashes.extend(read(&events).expect("it is a list of events"));
    let merged = merge(crashes);
    let [crash] = merged.as_slice() else { panic!("it is one container: {merged:?}") };
    assert_eq!(crash.cause.as_ref().map(|cause| cause.kind), Some(CauseKind::NotOnPath));
    assert_eq!((crash.restarts, crash.reason.as_str()), (166, "CrashLoopBackOff"));
}

/// What `kubectl get events` tells of a pod's container.
fn event(pod: &str, reason: &str, count: &str, message: &str) -> String {
    let message = serde_json::to_string(message).expect("a string is JSON");
    format!(
        r#"{{"kind":"Event","reason":"{reason}",{count},"message":{message},"metadata":{{"creationTimestamp":"2024-05-01T08:00:00Z"}},
        "involvedObject":{{"kind":"Pod","namespace":"auth","name":"{pod}","fieldPath":"spec.containers{{server}}"}}}}"#
    )
}

#[test]
fn events_alone_tell_how_often_and_since_when() {
    let pod = "authentik-server-5d4f8b6c9-x7k2p";
    let back_off = "Back-off restarting failed container server in pod";
    let failed = event(pod, "Failed", r#""count":12,"firstTimestamp":"2024-05-01T09:00:00Z""#, CONTAINERD);
    let history = |events: &[&str]| {
        let list = format!(r#"{{"kind":"List","items":[{}]}}"#, events.join(","));
        let crashes = read(&list).expect("it is a list of events");
        crashes.iter().map(Crash::history).collect::<Vec<_>>()
    };
    assert_eq!(history(&[&failed]), ["12 times since 2024-05-01T09:00:00Z"]);
    let often = event(pod, "BackOff", r#""count":700,"firstTimestamp":"2024-05-01T09:01:00Z""#, back_off);
    for events in [[&*often, &*failed], [&*failed, &*often]] {
        assert_eq!(history(&events), ["12 times since 2024-05-01T09:00:00Z"], "the one that names the cause");
    }
    let series = event(pod, "Failed", r#""count":null,"series":{"count":3}"#, CONTAINERD);
    assert_eq!(history(&[&series]), ["3 times since 2024-05-01T08:00:00Z"]);
    let once = event(pod, "Failed", r#""firstTimestamp":null"#, CONTAINERD);
    assert_eq!(history(&[&once]), ["once since 2024-05-01T08:00:00Z"]);
    let status = self::pod(r#""command":["server"]"#);
    for texts in [[&*often, &*status], [&*status, &*often]] {
        let crashes = merge(texts.into_iter().flat_map(|text| read(text).expect("evidence")).collect());
        let histories: Vec<String> = crashes.iter().map(Crash::history).collect();
        assert_eq!(histories, ["166 restarts since 2024-05-01T10:00:00Z"], "the pod counts its restarts");
    }
}

#[test]
fn a_description_is_read() {
    let text = format!(
        "Name:             authentik-server-5d4f8b6c9-x7k2p\nNamespace:        auth\nStart Time:       Wed, 01 May 2024 10:00:00 +0000\n\
         Labels:           app=authentik\n                  pod-template-hash=5d4f8b6c9\nControlled By:  ReplicaSet/authentik-server-5d4f8b6c9\n\
         Containers:\n  server:\n    Image:         ghcr.io/goauthentik/server:2024.8\n    Image ID:      ghcr.io/goauthentik/server@sha256:{}\n\
         \u{20}   Command:\n      server\n      --x:y\n    State:          Waiting\n      Reason:       CrashLoopBackOff\n    Last State:     Terminated\n\
         \u{20}     Reason:       StartError\n      Message:      {CONTAINERD}\n      Exit Code:    128\n    Restart Count:  166\n\
         Events:\n  Type     Reason   Age                  From     Message\n  ----     ------   ----                 ----     -------\n\
         \u{20} Warning  BackOff  3m (x700 over 150m)  kubelet  Back-off restarting failed container server\n",
        "a".repeat(64)
    );
    let crashes = read(&text).expect("it is a description");
    let [crash] = crashes.as_slice() else { panic!("one container crashes: {crashes:?}") };
    assert_eq!(crash.argv, Some((vec!["server".to_owned(), "--x:y".to_owned()], Vec::new())));
    assert_eq!(crash.owners, [("ReplicaSet".to_owned(), "authentik-server-5d4f8b6c9".to_owned())]);
    assert_eq!(crash.history(), "166 restarts since Wed, 01 May 2024 10:00:00 +0000");
    assert_eq!(crash.labels.get("pod-template-hash").map(String::as_str), Some("5d4f8b6c9"));
    assert_eq!(crash.cause.as_ref().map(|cause| cause.program.as_str()), Some("server"));
}

#[test]
fn a_container_that_got_past_its_command_is_told() {
    let status = |state: &str| {
        starts(&format!(
            r#"{{"kind":"Pod","metadata":{{"name":"a","namespace":"b"}},"spec":{{"containers":[{{"name":"c","image":"i","command":["server"]}},
            {{"name":"d","image":"i","args":["server"]}}]}},"status":{{"containerStatuses":[{{"name":"c",{state}}},{{"name":"d",{state}}}]}}}}"#
        ))
    };
    let seen = |state: &str| vec![(vec!["server".to_owned()], state.to_owned())];
    let ended =
        |reason: &str, code: i64| format!(r#""terminated":{{"reason":"{reason}","exitCode":{code}}}"#);
    assert_eq!(status(r#""state":{"running":{}}"#), seen("runs"), "of the one with a command of its own");
    assert_eq!(status(&format!(r#""state":{{{}}}"#, ended("Completed", 0))), seen("ended with exit code 0"));
    let looping = format!(
        r#""state":{{"waiting":{{"reason":"CrashLoopBackOff"}}}},"lastState":{{{}}}"#,
        ended("Error", 1)
    );
    assert_eq!(status(&looping), seen("ended with exit code 1"));
    for (reason, code) in [("StartError", 128), ("ContainerCannotRun", 127), ("Error", 127), ("Error", 126)] {
        assert_eq!(status(&format!(r#""lastState":{{{}}}"#, ended(reason, code))), [], "{reason} {code}");
    }
    assert_eq!(status(r#""state":{"waiting":{"reason":"ContainerCreating"}}"#), []);
    assert_eq!(starts(&pod(r#""command":["server"]"#)), []);
    let described = |state: &str| {
        starts(&format!(
            "Name: a\nContainers:\n  c:\n    Image:  i\n    Command:\n      server\n    State:  {state}\n    Ready:  True\n"
        ))
    };
    assert_eq!(described("Running\n      Started:  now"), seen("runs"));
    let ended = |reason: &str, code: i64| {
        described(&format!(
            "Waiting\n      Reason:  CrashLoopBackOff\n    Last State:  Terminated\n      Reason:  {reason}\n      Exit Code:  {code}"
        ))
    };
    assert_eq!(ended("Error", 2), seen("ended with exit code 2"));
    assert_eq!(ended("StartError", 128), []);
}

#[test]
fn a_container_with_its_own_path_or_volumes_over_it_shows_nothing_of_the_image() {
    let path = "/lifecycle:/usr/bin:/bin";
    let shows = |more: &str| {
        let crashes = read(&pod(&format!(r#""command":["server"]{more}"#))).expect("it is a list of pods");
        crashes.first().is_some_and(|crash| crash.shows_the_image(Some(path)))
    };
    assert!(shows(""));
    assert!(shows(
        r#","env":[{"name":"A","value":"b"}],"volumeMounts":[{"name":"a","mountPath":"/data"},{"name":"t","mountPath":"/usr/binary"}]"#
    ));
    assert!(!shows(r#","env":[{"name":"PATH","value":"/x"}]"#));
    assert!(!shows(r#","envFrom":[{"configMapRef":{"name":"a"}}]"#));
    assert!(!shows(r#","volumeMounts":[{"name":"a","mountPath":"/usr"}]"#));
    assert!(!shows(r#","volumeMounts":[{"name":"a","mountPath":"/lifecycle/"}]"#));
    let mounted = pod(r#""command":["server"],"volumeMounts":[{"name":"a","mountPath":"/data"}]"#);
    assert!(read(&mounted).expect("it is a list of pods").iter().all(|crash| !crash.shows_the_image(None)));
    let text = "Name: a\nContainers:\n  a:\n    Image: b\n    State: Waiting\n      Reason: CrashLoopBackOff\n    Environment:\n      PATH:  /x\n    Mounts:\n      /bin from tools (ro)\n";
    let described = read(text).expect("it is a description");
    assert!(described.iter().all(|crash| crash.own_path && crash.mounts == ["/bin"]), "{described:?}");
}

#[test]
fn what_is_no_evidence_is_refused() {
    assert_eq!(read("{}"), Err(EvidenceError::Unfamiliar));
    assert!(matches!(read("{"), Err(EvidenceError::Json(_))));
    assert_eq!(read("hello"), Err(EvidenceError::Unfamiliar));
    assert_eq!(read("Name: x\nNamespace: y\n"), Err(EvidenceError::Unfamiliar));
    assert_eq!(read(r#"{"kind":"List","items":[]}"#), Ok(Vec::new()));
    assert_eq!(
        read(r#"{"kind":"PodList","items":[{"kind":"Service","metadata":{}}]}"#),
        Err(EvidenceError::Unfamiliar)
    );
}

#[test]
fn objects_of_other_kinds_and_null_fields_are_passed_over() {
    let odd = r#"{"kind":"List","items":[{"kind":"Event","reason":null,"message":null,"involvedObject":{"kind":"Pod"}},
        {"kind":"Database","spec":{"containers":7},"status":{"containerStatuses":"none"}},{"kind":"Pod","spec":{"containers":null},
        "status":{"containerStatuses":null}},{"kind":7},[]]}"#;
    assert_eq!(read(odd), Ok(Vec::new()));
}

fn repository(text: &str) -> Repository {
    let stream = syntax::parse(text).expect("the manifest parses");
    Repository::build(vec![SourceFile {
        path: RepoPath::new("a.yaml").expect("a path"),
        stream: stream.into(),
        protection: None,
    }])
}

fn manifest(name: &str, image: &str, words: &str) -> Repository {
    repository(&format!(
        "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: {name}\n  namespace: auth\nspec:\n  template:\n    spec:\n      containers:\n        - name: server\n          image: {image}\n          {words}\n"
    ))
}

#[test]
fn a_crash_is_tied_to_its_manifest_only() {
    let crashes = read(&pod(r#""command":["server"]"#)).expect("it is a list of pods");
    let crash = crashes.first().expect("one crash");
    let image = "ghcr.io/goauthentik/server:2024.8";
    let tied = |repository: &Repository| tie(crash, repository).first().map(|tie| tie.current);
    assert_eq!(tied(&manifest("authentik-server", image, "command: [server]")), Some(true));
    assert_eq!(
        tied(&manifest("authentik-server", image, "args: [server]")),
        Some(false),
        "it was mended since"
    );
    assert_eq!(
        tied(&manifest("authentik-server", "ghcr.io/goauthentik/server:2024.10", "command: [server]")),
        Some(false)
    );
    assert_eq!(
        tied(&manifest("authentik-server", "ghcr.io/goauthentik/proxy:2024.8", "command: [server]")),
        None
    );
    assert_eq!(
        tied(&manifest("authentik", image, "command: [server]")),
        None,
        "another Deployment's pods begin alike"
    );
    let elsewhere = manifest("authentik-server", image, "command: [server]");
    let other = Crash { namespace: "other".to_owned(), ..crash.clone() };
    assert_eq!(tie(&other, &elsewhere), []);
    let pinned = |digit: &str| format!("{image}@sha256:{}", digit.repeat(64));
    assert_eq!(tied(&manifest("authentik-server", &pinned("a"), "command: [server]")), Some(true));
    assert_eq!(tied(&manifest("authentik-server", &pinned("b"), "command: [server]")), Some(false));
}

/// Files of a repository by their paths.
fn repository_of(files: &[(&str, &str)]) -> Repository {
    let parsed = files.iter().map(|(path, text)| SourceFile {
        path: RepoPath::new(path).expect("a path"),
        stream: syntax::parse(*text).expect("the manifest parses").into(),
        protection: None,
    });
    Repository::build(parsed.collect())
}

/// Returns file and words of each tie, the best first.
fn ties(crash: &Crash, files: &[(&str, &str)]) -> Vec<(String, bool, String)> {
    let repository = repository_of(files);
    let path = |id: crate::model::ContainerId| {
        repository.file(repository.containers()[id.0 as usize].file).path.to_string()
    };
    tie(crash, &repository).into_iter().map(|tie| (path(tie.container), tie.current, tie.by)).collect()
}

const BARE: &str = "apiVersion: apps/v1
kind: Deployment
metadata: {name: server}
spec: {template: {spec: {containers: [{name: server, image: 'ghcr.io/goauthentik/server:1', command: [server]}]}}}
";

#[test]
fn a_crash_is_tied_by_what_overlays_make_of_the_manifest() {
    let crashes = read(&pod(r#""command":["server"]"#)).expect("it is a list of pods");
    let crash = crashes.first().expect("one crash");
    let base = [("base/a.yaml", BARE), ("base/kustomization.yaml", "resources: [a.yaml]\n")];
    let over = "resources: [../base]\nnamespace: auth\nnamePrefix: authentik-\nimages: [{name: ghcr.io/goauthentik/server, newTag: '2024.8'}]\n";
    let owner = "the owner ReplicaSet/authentik-server-5d4f8b6c9";
    let with = |path: &str, text: &str| ties(crash, &[&base[..], &[(path, text)]].concat());
    assert_eq!(ties(crash, &base), [], "it has another name there");
    assert_eq!(
        with("prod/kustomization.yaml", over),
        [("base/a.yaml".to_owned(), true, format!("{owner}, in prod/kustomization.yaml"))]
    );
    let renamed = "resources: [../base]\nnamespace: auth\nnamePrefix: authentik-\n";
    assert_eq!(
        with("prod/kustomization.yaml", renamed),
        [("base/a.yaml".to_owned(), false, format!("{owner}, in prod/kustomization.yaml"))],
        "of another tag"
    );
    assert_eq!(with("prod/kustomization.yaml", &over.replace("namespace: auth", "namespace: other")), []);
    assert_eq!(with("prod/kustomization.yaml", &over.replace("authentik-", "other-")), []);
}

#[test]
fn a_crash_is_tied_to_the_patch_that_holds_the_command() {
    let crashes = read(&pod(r#""command":["server"]"#)).expect("it is a list of pods");
    let crash = crashes.first().expect("one crash");
    let plain = BARE.replace(", command: [server]", "").replace(":1'", ":2024.8'");
    let patch = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: server}\nspec: {template: {spec: {containers: [{name: server, command: [server]}]}}}\n";
    let over =
        "resources: [../base]\nnamespace: auth\nnamePrefix: authentik-\npatches: [{path: patch.yaml}]\n";
    let found = ties(
        crash,
        &[
            ("base/a.yaml", &plain),
            ("base/kustomization.yaml", "resources: [a.yaml]\n"),
            ("prod/kustomization.yaml", over),
            ("prod/patch.yaml", patch),
        ],
    );
    let found: Vec<(&str, bool)> = found.iter().map(|(path, current, _)| (path.as_str(), *current)).collect();
    assert_eq!(found, [("prod/patch.yaml", true), ("base/a.yaml", true)]);
}

#[test]
fn events_are_tied_by_the_names_that_controllers_give_to_pods() {
    let tied = |kind: &str, pod: &str| {
        let list =
            format!(r#"{{"kind":"List","items":[{}]}}"#, event(pod, "Failed", r#""count":2"#, CONTAINERD));
        let crashes = read(&list).expect("it is a list of events");
        let text = BARE.replace("{name: server}", "{name: web, namespace: auth}").replace("Deployment", kind);
        !ties(crashes.first().expect("one crash"), &[("a.yaml", &text)]).is_empty()
    };
    for (kind, pod, is) in [
        ("Deployment", "web-5d4f8b6c9-x7k2p", true),
        ("Deployment", "web-api-5d4f8b6c9-x7k2p", false),
        ("Deployment", "web-0", false),
        ("StatefulSet", "web-0", true),
        ("StatefulSet", "web-x7k2p", false),
        ("DaemonSet", "web-x7k2p", true),
        ("DaemonSet", "web-5d4f8b6c9-x7k2p", false),
    ] {
        assert_eq!(tied(kind, pod), is, "{kind} {pod}");
    }
}
