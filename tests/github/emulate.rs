//! The client against another stand-in, emulate, behind a prism proxy that holds GitHub's own description against every request
//! and answer. What emulate does not have stays out: GraphQL (commits by createCommitOnBranch, conversations, the heads of a sweep,
//! the viewer's name), assignees, events and files of a pull request, teams, bringing a fork up to date, and the repositories of an installation; and where an App wants a token for single repositories, emulate's answer lacks what the
//! description requires. The stand-in of our own has those.

use std::{
    io::{BufRead as _, BufReader, Write as _},
    path::Path,
    process::{Child, ChildStdin, Command, Stdio},
    sync::{Arc, Mutex, mpsc},
    time::Duration,
};

use caulk::github::{
    Annotation, Client, Conclusion, Credentials, Level, NewCheckRun, NewPull, PullPatch, PullState, TreeEntry,
};
use serde_json::Value;

use crate::world::{Impatient, name};

const BRANCH: &str = "caulk/mend";

/// The programs. They end with the standard input of the first.
struct Emulated {
    _child: Child,
    input: Option<ChildStdin>,
    /// Where it is and who may sign in.
    told: Value,
    exchanges: Arc<Mutex<Vec<Value>>>,
    ended: mpsc::Receiver<()>,
}

impl Emulated {
    /// Starts them, or says that they are not there.
    fn start() -> Option<Self> {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/github/emulate");
        let command = || {
            let mut command = Command::new("node");
            command.arg(folder.join("serve.mjs")).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().ok()
        };
        let child = folder.join("node_modules").is_dir().then(command).flatten();
        let Some(mut child) = child else {
            let word = "node or the packages of tests/github/emulate (npm ci) are not there";
            assert!(std::env::var_os("CAULK_REQUIRE_SERVERS").is_none(), "{word}");
            let _ = writeln!(std::io::stderr(), "SKIPPED: {word}");
            return None;
        };
        let mut lines = BufReader::new(child.stdout.take()?).lines();
        let first = lines.next().expect("a first line").expect("a first line");
        let exchanges: Arc<Mutex<Vec<Value>>> = Arc::default();
        let (keep, (sender, ended)) = (Arc::clone(&exchanges), mpsc::channel());
        std::thread::spawn(move || {
            for line in lines.map_while(Result::ok) {
                let exchange = serde_json::from_str(&line).expect("an exchange");
                keep.lock().expect("the exchanges").push(exchange);
            }
            drop(sender);
        });
        let told = serde_json::from_str(&first).expect("where it is");
        let input = child.stdin.take();
        Some(Self { _child: child, input, told, exchanges, ended })
    }

    fn client(&self, credentials: Credentials) -> Client {
        let url = self.told["url"].as_str().expect("an address");
        let mut settings = caulk::github::Settings::new(url, credentials);
        settings.clock = Arc::new(Impatient::default());
        Client::new(settings).expect("a client")
    }

    /// Ends them and returns every exchange.
    fn end(mut self) -> Vec<Value> {
        drop(self.input.take());
        // The sender goes when the last line is read.
        let _ = self.ended.recv_timeout(Duration::from_secs(20));
        self.exchanges.lock().expect("the exchanges").clone()
    }
}

#[test]
fn the_clients_rest_calls_are_as_github_describes_them() {
    let Some(emulated) = Emulated::start() else { return };
    let token = emulated.told["token"].as_str().expect("a token").to_owned();
    let person = emulated.client(Credentials::Token(token.into()));
    write_and_open(&person);
    talk(&person);
    check(&as_app(&emulated));
    let exchanges = emulated.end();
    // Where emulate's own answers lack what the description requires, it is emulate that is wrong.
    let (ours, theirs): (Vec<String>, Vec<String>) = exchanges
        .iter()
        .filter(|exchange| exchange["violations"] != "")
        .map(Value::to_string)
        .partition(|exchange| exchange.contains(r#"location\":[\"request"#));
    let word = format!(
        "{} exchanges with emulate, {} answers of its own not as described",
        exchanges.len(),
        theirs.len()
    );
    let _ = writeln!(std::io::stderr(), "{word}");
    assert!(ours.is_empty(), "{} of {}:\n{}", ours.len(), exchanges.len(), ours.join("\n"));
    assert!(exchanges.len() >= 25, "only {} exchanges", exchanges.len());
}

/// Everything from the repository to the pull request.
fn write_and_open(client: &Client) {
    let app = name("octocat/app");
    let seen = client.repository(&app).expect("a repository");
    let head = client.branch_head(&app, &seen.default_branch).expect("a head").expect("a branch");
    assert_eq!(client.branch_head(&app, "none").expect("no head"), None);
    let tree = client.tree_of(&app, &head).expect("a tree");
    let entries = [TreeEntry { path: "a/deploy.yaml", mode: "100644", kind: "blob", content: "kind: Job\n" }];
    let tree = client.create_tree(&app, &tree, &entries).expect("a tree");
    let made = client.create_commit(&app, "Mend", &tree, &head).expect("a commit");
    client.create_branch(&app, BRANCH, &head).expect("a branch");
    client.move_branch(&app, BRANCH, &made, true).expect("a move");
    assert_eq!(client.branch_head(&app, BRANCH).expect("a head"), Some(made));
    let bytes = client.contents(&app, "a/deploy.yaml", BRANCH).expect("a file");
    assert_eq!(bytes.as_deref(), Some("kind: Job\n".as_bytes()));
    assert_eq!(client.contents(&app, "none.yaml", BRANCH).expect("no file"), None);
    assert_eq!(client.matching_refs(&app, "heads/caulk").expect("references").len(), 1);
    let new = NewPull {
        title: "Mend".to_owned(),
        body: "A body.".to_owned(),
        head: format!("octocat:{BRANCH}"),
        base: seen.default_branch,
        draft: false,
        maintainer_can_modify: None,
    };
    let pull = client.create_pull(&app, &app, &new).expect("a pull request");
    assert_eq!(client.pull(&app, pull.number).expect("it").title, "Mend");
    assert_eq!(client.pulls_of(&app, app.owner(), BRANCH, Some(&app)).expect("pull requests").len(), 1);
}

/// Everything about a pull request.
fn talk(client: &Client) {
    let app = name("octocat/app");
    let number = client.open_pulls(&app).expect("pull requests")[0].number;
    client.add_labels(&app, number, &["gitops".to_owned()]).expect("a label");
    client.request_reviewers(&app, number, &["hubot".to_owned()]).expect("a reviewer");
    assert!(
        client.comment_once(&app, number, "octocat", "<!-- m -->", "Hello <!-- m -->").expect("a comment")
    );
    assert!(
        !client.comment_once(&app, number, "octocat", "<!-- m -->", "Hello <!-- m -->").expect("no comment")
    );
    let patch = PullPatch { state: Some(PullState::Closed), ..PullPatch::default() };
    assert_eq!(client.update_pull(&app, number, &patch).expect("closed").state, PullState::Closed);
    client.delete_branch(&app, BRANCH).expect("gone");
    client.delete_branch(&app, BRANCH).expect("gone already");
}

/// Signs in as an App, by a key that emulate has made and whose signatures it checks.
fn as_app(emulated: &Emulated) -> Client {
    let folder = tempfile::tempdir().expect("a folder");
    let key = folder.path().join("key.pem");
    std::fs::write(&key, emulated.told["key"].as_str().expect("a key")).expect("a file");
    let id = emulated.told["app"].as_u64().expect("an App");
    let app = emulated.client(Credentials::app(id, &key).expect("a key"));
    let installation = app.installations().expect("installations")[0].id;
    app.for_installation(installation).expect("an installation")
}

fn check(client: &Client) {
    let app = name("octocat/app");
    let branch = client.repository(&app).expect("a repository").default_branch;
    let head = client.branch_head(&app, &branch).expect("a head").expect("a branch");
    let annotation = |line: u32| Annotation {
        path: "README.md".to_owned(),
        start_line: line,
        end_line: line,
        annotation_level: Level::Notice,
        title: "A title".to_owned(),
        message: "A message".to_owned(),
    };
    let new = NewCheckRun {
        name: "caulk".to_owned(),
        head_sha: head.clone(),
        conclusion: Conclusion::Neutral,
        title: "Findings".to_owned(),
        summary: "Many.".to_owned(),
        annotations: (1..=60).map(annotation).collect(),
    };
    client.create_check_run(&app, &new, "one").expect("a check run");
    assert_eq!(client.check_runs(&app, &head, "caulk").expect("check runs").len(), 1);
}
