//! The modes that speak to GitHub, with a stand-in for it on loopback.

use serde_json::{Value, json};
use stand_in::{Access, Identity, Server};

use crate::{
    runner::{Ran, Repository},
    tools::{BROKEN, git},
};

const NAME: &str = "acme/manifests";

/// A repository on GitHub, and a checkout of it whose workflow opens pull requests.
struct Stage {
    server: Server,
    token: String,
    repository: Repository,
}

impl Stage {
    fn new(access: Access, inputs: &[(&str, &str)]) -> Self {
        let server = Server::start();
        server.create(NAME, &[("app.yaml", BROKEN)]);
        let token = server.sign_in(Identity::actions(access));
        Self { server, token, repository: Repository::new(&[("app.yaml", BROKEN)], inputs) }
    }

    fn on(&self, event: &str) -> Option<Ran> {
        self.on_payload(event, &json!({ "repository": { "full_name": NAME } }))
    }

    /// Lets the pull request of a repository's branch be looked at.
    fn on_pull_request(&self, head: &str) -> Option<Ran> {
        let pull = json!({ "number": 1, "head": { "repo": { "full_name": head, "fork": head != NAME } } });
        let payload = json!({ "number": 1, "repository": { "full_name": NAME }, "pull_request": pull });
        self.on_payload("pull_request", &payload)
    }

    fn on_payload(&self, event: &str, payload: &Value) -> Option<Ran> {
        let url = self.server.url();
        let variables = [("GITHUB_API_URL", url), ("GITHUB_REPOSITORY", NAME)];
        self.repository.on_with(event, payload, &self.token, &variables)
    }
}

#[test]
fn a_pull_request_is_opened_once_and_told() {
    let stage = Stage::new(Access::Write, &[("mode", "pull-request")]);
    for event in ["push", "schedule", "workflow_dispatch"] {
        let Some(ran) = stage.on(event) else { return };
        assert!(ran.green, "{}", ran.log());
        let pulls = stage.server.pulls(NAME);
        assert_eq!(pulls.len(), 1, "one, however often it runs");
        assert_eq!(ran.output("pull-request-number"), pulls[0].number.to_string(), "{}", ran.log());
        let url = ran.output("pull-request-url");
        assert!(url.ends_with(&format!("/{NAME}/pull/1")), "{url}");
        assert!(ran.summary().contains(&format!("Pull request: {url}")), "{}", ran.summary());
        assert_eq!((ran.output("findings"), ran.output("fixed")), ("1".to_owned(), "1".to_owned()));
        assert_eq!((ran.output("changed-files").as_str(), ran.left("diff").as_str()), ("[\"app.yaml\"]", ""));
    }
    let mended = stage.server.file(NAME, "caulk/mend", "app.yaml").expect("the mended file");
    assert_eq!(mended, BROKEN.replace("command:", "args:"));
    assert!(stage.server.pulls(NAME)[0].open);
}

#[test]
fn other_events_only_check() {
    let stage = Stage::new(Access::Write, &[("mode", "pull-request")]);
    for event in ["pull_request", "merge_group"] {
        let Some(ran) = stage.on(event) else { return };
        assert!(!ran.green);
        assert_eq!(ran.annotations("error").len(), 1, "{}", ran.log());
    }
    assert_eq!(stage.server.exchanges().len(), 0, "nothing is said to GitHub");
}

#[test]
fn a_token_that_only_reads_is_one_sentence() {
    let stage = Stage::new(Access::Read, &[("mode", "pull-request")]);
    let Some(ran) = stage.on("push") else { return };
    assert!(!ran.green);
    let errors = ran.annotations("error");
    assert_eq!(errors.len(), 1, "{errors:?}");
    assert!(errors[0].2.contains("add `contents: write` to `permissions:` of the job"), "{errors:?}");
    assert!(!ran.log().contains(&stage.token), "the token is in the log");
    assert_eq!(stage.server.pulls(NAME).len(), 0);
}

/// A pull request that brings a finding, from a branch of the repository or from a fork.
fn reviewed(access: Access, head: &str) -> Stage {
    let server = Server::start();
    server.create(NAME, &[("README.md", "manifests\n")]);
    if head != NAME {
        server.create_empty(head);
        server.settings(head, |fork| fork.fork_of = Some(NAME.to_owned()));
        git(&server.path(head), &["fetch", "--quiet", &server.path(NAME).to_string_lossy(), "main:main"]);
    }
    server.commit(head, "work", "ann", &[("app.yaml", Some(BROKEN))]);
    server.open(
        NAME,
        "ann",
        &if head == NAME { "work".to_owned() } else { format!("{head}:work") },
        "main",
        "A change",
    );
    let token = server.sign_in(Identity::actions(access));
    Stage { server, token, repository: Repository::new(&[("app.yaml", BROKEN)], &[("mode", "review")]) }
}

#[test]
fn a_review_suggests_once_and_fails_the_job() {
    let stage = reviewed(Access::Write, NAME);
    for _ in 0..2 {
        let Some(ran) = stage.on_pull_request(NAME) else { return };
        assert!(!ran.green, "{}", ran.log());
        assert_eq!((ran.output("findings"), ran.output("exit-code")), ("1".to_owned(), "1".to_owned()));
        let reviews = stage.server.pull(NAME, 1).reviews;
        assert_eq!(reviews.len(), 1, "one, however often it runs");
    }
}

#[test]
fn a_fork_whose_token_only_reads_is_told_by_the_job() {
    let stage = reviewed(Access::Read, "mallory/manifests");
    let Some(ran) = stage.on_pull_request("mallory/manifests") else { return };
    assert!(!ran.green, "{}", ran.log());
    let warnings = ran.annotations("warning");
    assert!(
        warnings.iter().any(|(file, line, _)| (file.as_str(), line.as_str()) == ("app.yaml", "11")),
        "{}",
        ran.log()
    );
    assert!(ran.summary().contains("+          args: [\"server\"]"), "{}", ran.summary());
    let calls = stage.server.calls();
    assert!(!calls.iter().any(|call| call.starts_with("POST /repos")), "{calls:?}");
}

#[test]
fn a_review_elsewhere_only_checks() {
    let stage = reviewed(Access::Write, NAME);
    let Some(ran) = stage.on("push") else { return };
    assert!(!ran.green);
    assert_eq!(ran.annotations("error").len(), 1, "{}", ran.log());
    assert_eq!(stage.server.exchanges().len(), 0);
}
