//! The modes that speak to GitHub, with a stand-in for it on loopback.

use serde_json::json;
use stand_in::{Access, Identity, Server};

use crate::{
    runner::{Ran, Repository},
    tools::BROKEN,
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
        let (url, payload) = (self.server.url(), json!({ "repository": { "full_name": NAME } }));
        let variables = [("GITHUB_API_URL", url), ("GITHUB_REPOSITORY", NAME)];
        self.repository.on_with(event, &payload, &self.token, &variables)
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
    assert!(errors[0].2.contains("may not do that in this repository"), "{errors:?}");
    assert!(!ran.log().contains(&stage.token), "the token is in the log");
    assert_eq!(stage.server.pulls(NAME).len(), 0);
}
