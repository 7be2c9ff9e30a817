//! Proxies, certificates, and what machines are told.

use std::{
    fs,
    io::{self, BufRead as _, BufReader, Write as _},
    net::{TcpListener, TcpStream},
    path::Path,
    process::Command,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
};

use stand_in::{Access, Identity, Tls};

use super::{BRANCH, Ran, Stage, broken};
use crate::world::REPOSITORY;

/// A proxy that counts the connections it makes.
fn proxy() -> (String, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let (address, count) = (listener.local_addr().expect("an address"), Arc::new(AtomicUsize::new(0)));
    let counted = Arc::clone(&count);
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let counted = Arc::clone(&counted);
            thread::spawn(move || relay(&stream, &counted));
        }
    });
    (format!("http://{address}"), count)
}

fn relay(stream: &TcpStream, counted: &AtomicUsize) -> io::Result<()> {
    let mut reader = BufReader::new(stream.try_clone()?);
    let mut line = String::new();
    reader.read_line(&mut line)?;
    let host = line.strip_prefix("CONNECT ").and_then(|rest| rest.split(' ').next()).unwrap_or_default();
    let there = TcpStream::connect(host)?;
    while line.trim_end() != "" {
        line.clear();
        reader.read_line(&mut line)?;
    }
    counted.fetch_add(1, Ordering::SeqCst);
    let mut back = stream.try_clone()?;
    back.write_all(b"HTTP/1.1 200 OK\r\n\r\n")?;
    let mut answers = there.try_clone()?;
    thread::spawn(move || io::copy(&mut answers, &mut back));
    let mut there = there;
    io::copy(&mut reader, &mut there)?;
    Ok(())
}

fn caulk(stage: &Stage, folder: &Path, api: &str, args: &[&str], variables: &[(&str, &str)]) -> Ran {
    let mut command = Command::new(env!("CARGO_BIN_EXE_caulk"));
    command.env_clear().env("GITHUB_TOKEN", &stage.token).envs(variables.iter().copied()).current_dir(folder);
    Ran::of(&command.args(["pr", "--api-url", api]).args(args).output().expect("caulk runs"))
}

#[test]
fn every_connection_goes_through_the_proxy_of_the_environment() {
    let stage = Stage::broken();
    let (address, count) = proxy();
    let folder = tempfile::tempdir().expect("a folder");
    let variables = [("HTTP_PROXY", &*address), ("HTTPS_PROXY", &*address)];
    let args = ["--repo", REPOSITORY, "--commit-with", "git", "--author", "Bot <bot@acme.example>"];
    caulk(&stage, folder.path(), stage.server.url(), &args, &variables).exits(0).says("opened");
    stage.holds_one_mend_of(&["a"]);
    assert!(count.load(Ordering::SeqCst) >= 3, "the API, the fetch and the push");
    let nowhere = [("HTTP_PROXY", "http://127.0.0.1:9"), ("HTTPS_PROXY", "http://127.0.0.1:9")];
    stage.server.forget();
    caulk(&stage, folder.path(), stage.server.url(), &args, &nowhere).exits(2);
    assert!(stage.server.exchanges().is_empty(), "nothing goes around it");
}

#[test]
fn a_certificate_of_ones_own_is_trusted_where_the_user_says_so() {
    let stage = Stage::broken();
    let folder = tempfile::tempdir().expect("a folder");
    let Some(tls) = Tls::before(stage.server.url()) else { return };
    // The commit is here, so that the server's own address, which has no TLS, is not needed.
    let checkout = folder.path().join("checkout");
    let url = format!("{}/{REPOSITORY}.git", stage.server.url());
    let cloned = Command::new("git").args(["clone", "--quiet", &url]).arg(&checkout).status();
    assert!(cloned.is_ok_and(|status| status.success()));
    let args = ["--repo", REPOSITORY];
    caulk(&stage, &checkout, tls.url(), &args, &[]).exits(2).says("certificate");
    let bundle = tls.certificate();
    let trusting = [&args[..], &["--ca-bundle", bundle.to_str().expect("a path")]].concat();
    caulk(&stage, &checkout, tls.url(), &trusting, &[]).exits(0).says("opened");
    stage.holds_one_mend_of(&["a"]);
}

#[test]
fn a_token_is_not_sent_without_tls_across_a_network() {
    let stage = Stage::broken();
    let folder = tempfile::tempdir().expect("a folder");
    let ran = caulk(&stage, folder.path(), "http://git.acme.example/api/v3", &["--repo", REPOSITORY], &[]);
    let ran = ran.exits(2).says("must begin with https://");
    assert!(!ran.err.contains(&stage.token));
}

#[test]
fn machines_are_told_what_the_schema_says() {
    let stage = Stage::new(&[("apps/a/a.yaml", &broken("a")), ("b.yaml", &broken("b"))]);
    let schema = Command::new(env!("CARGO_BIN_EXE_caulk")).args(["schema", "pull-requests"]).output();
    let schema: serde_json::Value =
        serde_json::from_slice(&schema.expect("caulk runs").stdout).expect("a schema in JSON");
    let validator = jsonschema::validator_for(&schema).expect("a schema");
    stage.server.commit(REPOSITORY, BRANCH, "ann", &[("notes.txt", Some("mine\n"))]);
    let states = ["opened", "left-alone"];
    for (args, code) in [(&["--dry-run"][..], 1), (&[][..], 1)] {
        let args = [args, &["--per", "path:apps/*", "--format", "json"]].concat();
        let told = stage.pr(&args).exits(code).json();
        let errors: Vec<String> = validator.iter_errors(&told).map(|error| error.to_string()).collect();
        assert!(errors.is_empty(), "{errors:#?}\n{told:#}");
        let found: Vec<&str> = told["pull_requests"]
            .as_array()
            .expect("a list")
            .iter()
            .filter_map(|pull| pull["state"].as_str())
            .collect();
        assert_eq!(found, states);
        assert_eq!(told["pull_requests"][1]["why"], "branch-taken");
        assert_eq!(told["pull_requests"][0]["body"].is_string(), told["dry_run"] == true);
    }
}

#[test]
fn the_incident_of_the_example_becomes_a_pull_request() {
    let stage = Stage::with(&[], Identity::app("caulk", Access::Write));
    let example = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/authentik");
    stage.server.create_from("acme/authentik", &example);
    let folder = tempfile::tempdir().expect("a folder");
    stage.pr_in(folder.path(), &["--repo", "acme/authentik"]).exits(0).says("opened");
    let pulls = stage.server.pulls("acme/authentik");
    assert_eq!((pulls.len(), &*pulls[0].title), (1, "fix: mend 6 places in 2 files"));
    for name in ["server", "worker"] {
        let path = format!("{name}.yaml");
        let before = fs::read_to_string(example.join(&path)).expect("a file");
        let full = |host: &str| format!("\"{host}.authentik.svc.cluster.local\"");
        let expected = before
            .replace(&format!("command: [\"{name}\"]"), &format!("args: [\"{name}\"]"))
            .replace("\"authentik-redis\"", &full("authentik-redis"))
            .replace("\"authentik-postgresql\"", &full("authentik-postgresql"));
        assert_eq!(stage.server.file("acme/authentik", BRANCH, &path).as_deref(), Some(&*expected));
        assert!(
            pulls[0].body.contains(&format!("<code>{path}</code>"))
                && pulls[0].body.contains("its pods are replaced")
        );
    }
}
