//! The ways to make commits, where branches live, what is configured, and what a hostile checkout may try.

use std::{fs, path::Path, process::Command};

use stand_in::{Access, Identity};

use super::{BRANCH, Stage, broken, deployment, mended};
use crate::world::REPOSITORY;

#[test]
fn a_program_keeps_its_mode_by_gits_own_objects() {
    let stage = Stage::new(&[]);
    let folder = tempfile::tempdir().expect("a folder");
    let script = folder.path().join("a.yaml");
    fs::write(&script, broken("a")).expect("a file");
    fs::set_permissions(&script, std::os::unix::fs::PermissionsExt::from_mode(0o755)).expect("a mode");
    stage.server.create_from("acme/programs", folder.path());
    for round in 0..2 {
        stage.pr_in(folder.path(), &["--repo", "acme/programs"]).exits(0);
        let git = git2::Repository::open_bare(stage.server.path("acme/programs")).expect("a repository");
        let head = git.find_reference("refs/heads/caulk/mend").and_then(|found| found.peel_to_tree());
        let mode = head.expect("a tree").get_name("a.yaml").expect("a file").filemode();
        assert_eq!(mode, 0o100_755);
        let file = stage.server.file("acme/programs", BRANCH, "a.yaml");
        assert_eq!(file.as_deref(), Some(&*mended("a")), "round {round}");
        let pulls = stage.server.pulls("acme/programs");
        assert!(pulls.len() == 1 && pulls[0].open);
        stage.server.commit("acme/programs", "main", "ann", &[("b.txt", Some("the base moves\n"))]);
    }
    assert!(!stage.server.calls().iter().any(|call| call.contains("createCommitOnBranch")));
}

const BY_GIT: &[&str] = &["--commit-with", "git", "--author", "Caulk Bot <bot@acme.example>"];

#[test]
fn commits_by_git_have_the_author_that_the_user_names() {
    let stage = Stage::broken();
    let sign_off = [BY_GIT, &["--sign-off", "Ann <ann@acme.example>"]].concat();
    stage.pr(&sign_off).exits(0).says("opened");
    stage.holds_one_mend_of(&["a"]);
    let commit = stage.server.commits(REPOSITORY, "main", BRANCH).remove(0);
    let bot = ("Caulk Bot".to_owned(), "bot@acme.example".to_owned());
    assert_eq!((commit.author, commit.committer), (bot.clone(), bot));
    assert!(commit.message.ends_with("Signed-off-by: Ann <ann@acme.example>\n"), "{}", commit.message);
    stage.server.commit(REPOSITORY, "main", "ann", &[("b.yaml", Some(&broken("b")))]);
    stage.pr(&sign_off).exits(0).says("updated");
    stage.holds_one_mend_of(&["a", "b"]);
    assert!(stage.only().open);
    stage.pr(BY_GIT).exits(0).says("right as it is");
    stage.server.commit(REPOSITORY, BRANCH, "ann", &[("notes.txt", Some("mine\n"))]);
    stage.server.commit(REPOSITORY, "main", "ann", &[("c.yaml", Some(&broken("c")))]);
    stage.pr(BY_GIT).exits(1).says("somebody else worked on the branch");
}

#[test]
fn a_refused_push_is_told_in_the_servers_own_words() {
    let stage = Stage::broken();
    stage.server.protect(REPOSITORY, BRANCH);
    let ran = stage.pr(BY_GIT).exits(2).says("Protected branch update failed for caulk/mend");
    assert!(!ran.err.contains(&stage.token));
    assert_eq!(stage.server.branches(REPOSITORY), ["main"]);
    stage.pr(&[]).exits(2);
    assert!(stage.server.pulls(REPOSITORY).is_empty());
}

#[test]
fn commits_are_signed_by_the_key_that_the_user_names() {
    let stage = Stage::broken();
    let folder = tempfile::tempdir().expect("a folder");
    let key = folder.path().join("key");
    let made = Command::new("ssh-keygen").args(["-q", "-t", "ed25519", "-N", "", "-f"]).arg(&key).status();
    if !made.is_ok_and(|status| status.success()) {
        assert!(std::env::var_os("CAULK_REQUIRE_SERVERS").is_none(), "there is no ssh-keygen");
        return;
    }
    stage.pr(&[BY_GIT, &["--sign-ssh", &key.to_string_lossy()]].concat()).exits(0).says("opened");
    let git = git2::Repository::open_bare(stage.server.path(REPOSITORY)).expect("a repository");
    let head = stage.server.branch(REPOSITORY, BRANCH).expect("a branch").parse().expect("a name");
    let (signature, _) = git.extract_signature(&head, None).expect("a signature");
    assert!(std::str::from_utf8(&signature).is_ok_and(|text| text.contains("BEGIN SSH SIGNATURE")));
}

#[test]
fn where_the_token_may_not_push_the_branch_lives_in_a_fork() {
    for how in [&[][..], BY_GIT] {
        let stage = Stage::with(&[("a.yaml", &broken("a"))], Identity::person("helper", Access::Read));
        let args = [how, &["--fork"]].concat();
        stage.pr(&[&args[..], &["--dry-run"]].concat()).exits(1).says("fork the repository");
        assert!(stage.server.repository("helper/app").is_none());
        stage.pr(&args).exits(0).says("opened");
        let pull = stage.only();
        assert_eq!((&*pull.head_repository, pull.maintainer_can_modify), ("helper/app", true));
        assert_eq!(stage.server.branches(REPOSITORY), ["main"]);
        stage.server.commit(REPOSITORY, "main", "ann", &[("b.yaml", Some(&broken("b")))]);
        stage.pr(&args).exits(0).says("updated");
        let pull = stage.only();
        assert!(pull.open);
        for name in ["a", "b"] {
            let file = stage.server.file("helper/app", BRANCH, &format!("{name}.yaml"));
            assert_eq!(file.as_deref(), Some(&*mended(name)));
        }
        stage.server.forget();
        stage.pr(&args).exits(0).says("right as it is");
        assert_eq!(stage.writes(), Vec::<String>::new());
        let fixed = [("a.yaml", Some(&*mended("a"))), ("b.yaml", Some(&*mended("b")))];
        stage.server.commit(REPOSITORY, "main", "ann", &fixed);
        stage.pr(&args).exits(0).says("closed");
        assert!(!stage.only().open);
        assert_eq!(stage.server.branches("helper/app"), ["main"]);
    }
}

const CONFIGURED: &str = "\
pull-request:
  branch: bots/caulk
  title: \"chore(k8s): {{ places }} mends\"
  message: \"chore(k8s): mend {{ rules|join(', ') }}\"
  body: \"For {{ base }}: {{ files }} file\"
  labels: [gitops]
  draft: true
";

#[test]
fn the_base_branch_configures_how_pull_requests_are_made() {
    let stage = Stage::new(&[("a.yaml", &broken("a")), (".caulk.yaml", CONFIGURED)]);
    stage.pr(&[]).exits(0);
    let pull = stage.only();
    assert_eq!((&*pull.title, &*pull.head_branch, pull.draft), ("chore(k8s): 1 mends", "bots/caulk", true));
    assert!(pull.body.starts_with("For main: 1 file\n\n<!-- caulk:v1 "), "{}", pull.body);
    assert_eq!(pull.labels, ["gitops"]);
    let commit = stage.server.commits(REPOSITORY, "main", "bots/caulk").remove(0);
    assert!(
        commit.message.starts_with("chore(k8s): mend entrypoint-overridden\n\nCaulk-Mend: "),
        "{}",
        commit.message
    );
}

#[test]
fn beside_a_configuration_of_the_user_the_repository_has_no_say() {
    let stage = Stage::new(&[("a.yaml", &broken("a")), (".caulk.yaml", CONFIGURED)]);
    let folder = tempfile::tempdir().expect("a folder");
    let config = folder.path().join("central.yaml");
    fs::write(&config, "pull-request: { labels: [central] }\n").expect("a file");
    stage.pr(&["--config", &config.to_string_lossy()]).exits(0);
    let pull = stage.only();
    assert_eq!((&*pull.title, &*pull.head_branch), ("fix: mend 1 place in 1 file", BRANCH));
    assert_eq!(pull.labels, ["central"]);
}

/// Makes a checkout of the repository on the server.
fn checkout(stage: &Stage, folder: &Path) {
    let url = format!("{}/{REPOSITORY}.git", stage.server.url());
    git(folder, &["init", "--quiet", "--initial-branch", "main"]);
    git(folder, &["remote", "add", "origin", &url]);
}

fn git(folder: &Path, args: &[&str]) {
    let status =
        Command::new("git").args(args).current_dir(folder).env("GIT_CONFIG_GLOBAL", "/dev/null").status();
    assert!(status.is_ok_and(|status| status.success()), "{args:?}");
}

#[test]
fn a_checkout_names_the_repository_and_its_work_tree_does_not_count() {
    let stage = Stage::broken();
    let folder = tempfile::tempdir().expect("a folder");
    checkout(&stage, folder.path());
    fs::write(folder.path().join("other.yaml"), broken("other")).expect("a file");
    stage.pr_in(folder.path(), &[]).exits(0).says("opened");
    stage.holds_one_mend_of(&["a"]);
    assert!(stage.server.file(REPOSITORY, BRANCH, "other.yaml").is_none());
    assert_eq!(fs::read_to_string(folder.path().join("other.yaml")).expect("a file"), broken("other"));
}

#[test]
fn a_hostile_checkout_starts_nothing() {
    let stage = Stage::broken();
    let folder = tempfile::tempdir().expect("a folder");
    checkout(&stage, folder.path());
    let trap = folder.path().join("trap");
    fs::write(&trap, format!("#!/bin/sh\ntouch {}/sprung\n", folder.path().display())).expect("a file");
    fs::set_permissions(&trap, std::os::unix::fs::PermissionsExt::from_mode(0o755)).expect("a mode");
    let program = trap.to_string_lossy();
    for key in [
        "core.fsmonitor",
        "core.sshCommand",
        "core.askPass",
        "core.editor",
        "core.pager",
        "gpg.program",
        "gpg.ssh.program",
        "filter.x.clean",
        "filter.x.smudge",
        "diff.external",
        "uploadpack.packObjectsHook",
    ] {
        git(folder.path(), &["config", key, &program]);
    }
    git(folder.path(), &["config", "credential.helper", &format!("!{program}")]);
    git(folder.path(), &["config", "commit.gpgsign", "true"]);
    git(folder.path(), &["config", "core.hooksPath", &folder.path().to_string_lossy()]);
    git(folder.path(), &["config", "http.proxy", "http://127.0.0.1:9"]);
    git(folder.path(), &["config", "url.http://127.0.0.1:9/.insteadOf", stage.server.url()]);
    git(folder.path(), &["config", "http.extraHeader", "authorization: Basic c3RvbGVu"]);
    for hook in ["pre-push", "post-checkout", "reference-transaction", "pre-commit", "post-index-change"] {
        fs::copy(&trap, folder.path().join(hook)).expect("a hook");
        fs::copy(&trap, folder.path().join(".git/hooks").join(hook)).expect("a hook");
    }
    fs::write(folder.path().join(".gitattributes"), "* filter=x diff=x\n").expect("a file");
    stage.pr_in(folder.path(), &[]).exits(0).says("opened");
    stage.server.commit(REPOSITORY, "main", "ann", &[("b.yaml", Some(&broken("b")))]);
    stage.pr_in(folder.path(), BY_GIT).exits(0);
    assert!(!folder.path().join("sprung").exists(), "something that the checkout names was started");
    assert!(stage.only().open);
}

#[test]
fn the_token_stays_away_from_hosts_that_a_checkout_names() {
    let (stage, evil) = (Stage::broken(), stand_in::Server::start());
    let folder = tempfile::tempdir().expect("a folder");
    checkout(&stage, folder.path());
    git(folder.path(), &["remote", "set-url", "origin", &format!("{}/{REPOSITORY}.git", evil.url())]);
    let ran = stage.pr_in(folder.path(), &[]).exits(2).says("--api-url");
    assert!(!ran.err.contains(&stage.token));
    assert!(evil.exchanges().is_empty() && stage.server.exchanges().is_empty());
}

#[test]
fn two_thousand_files_make_a_body_that_fits() {
    let files: Vec<(String, String)> = (0..2_000)
        .map(|number| {
            (
                format!("clusters/production/apps/app-{number}/deployment.yaml"),
                broken(&format!("app-{number}")),
            )
        })
        .collect();
    let files: Vec<(&str, &str)> = files.iter().map(|(path, text)| (&**path, &**text)).collect();
    let stage = Stage::new(&files);
    stage.pr(&[]).exits(0).says("opened");
    let pull = stage.only();
    let length = pull.body.encode_utf16().count();
    assert!((50_000..=58_000).contains(&length), "{length}");
    assert!(pull.body.contains("of 2000 files fit here; the rest is under “Files changed”"));
    assert_eq!(stage.server.commits(REPOSITORY, "main", BRANCH).len(), 1);
    stage.server.forget();
    stage.pr(&[]).exits(0).says("right as it is");
    assert_eq!(stage.writes(), Vec::<String>::new());
}

#[test]
fn hostile_names_and_contents_stay_in_their_place() {
    let name = "a\n@octocat #1 ```\n<!-- caulk:v1 fingerprint=00 head=00 base=00 -->.yaml";
    let text = deployment(
        "x",
        "command: [\"server\"] # ```` @octocat </details> <!-- caulk:v1 fingerprint=00 head=00 base=00 -->",
    );
    let stage = Stage::new(&[(name, &text), ("b @octocat`.yaml", &broken("b"))]);
    stage.pr(&[]).exits(0).says("opened");
    let pull = stage.only();
    let outside: Vec<&str> = pull.body.split("`````").step_by(2).collect();
    assert!(outside.iter().all(|part| !part.contains("@octocat <")), "{}", pull.body);
    let head = stage.server.branch(REPOSITORY, BRANCH).expect("a branch");
    let markers: Vec<&str> = pull.body.lines().filter(|line| line.starts_with("<!-- caulk")).collect();
    assert!(markers.len() == 1 && markers[0].contains(&head), "{markers:?}");
    stage.server.forget();
    stage.pr(&[]).exits(0).says("right as it is");
    assert_eq!(stage.writes(), Vec::<String>::new());
}

const OVERLAY: &str = "namePrefix: prod-\nresources: [../base]\n";

#[test]
fn the_body_shows_what_overlays_render_differently() {
    let files: &[(&str, &str)] = &[
        ("base/kustomization.yaml", "resources: [a.yaml]\n"),
        ("base/a.yaml", &broken("a")),
        ("prod/kustomization.yaml", OVERLAY),
        ("far/kustomization.yaml", "resources: [../base, \"http://127.0.0.1:1/x.yaml\"]\n"),
    ];
    let stage = Stage::new(files);
    stage.pr(&["--no-render", "--branch", "plain"]).exits(0);
    stage.pr(&[]).exits(0).says("opened");
    let bodies: Vec<String> = stage.server.pulls(REPOSITORY).into_iter().map(|pull| pull.body).collect();
    let rendered = |body: &str| body.contains("What the overlays render differently");
    assert!(!rendered(&bodies[0]));
    if Command::new("kubectl").arg("version").arg("--client").output().is_err() {
        assert!(std::env::var_os("CAULK_REQUIRE_SERVERS").is_none(), "there is no kubectl");
        return;
    }
    assert!(rendered(&bodies[1]), "{}", bodies[1]);
    assert!(
        bodies[1].contains("<code>prod</code>") && !bodies[1].contains("<code>far</code>"),
        "{}",
        bodies[1]
    );
}

#[test]
fn nothing_outside_of_the_repository_is_rendered() {
    let outside = tempfile::tempdir().expect("a folder");
    fs::write(outside.path().join("kustomization.yaml"), "resources: [secret.yaml]\n").expect("a file");
    fs::write(outside.path().join("secret.yaml"), deployment("hunter2", "args: []")).expect("a file");
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    listener.set_nonblocking(true).expect("a port that does not wait");
    let url = format!("http://{}/x.yaml", listener.local_addr().expect("an address"));
    let path = outside.path().to_string_lossy();
    let up = format!("../../../../../../../..{path}");
    for entry in [
        format!("resources: [a.yaml, \"{path}\"]"),
        format!("resources: [a.yaml, \"{up}\"]"),
        format!("resources: [a.yaml]\npatches:\n  - path: {url}"),
        format!("resources: [a.yaml]\npatches:\n  - path: \"{}\"", url.replace("://", "\\x3a//")),
        format!("resources: [a.yaml]\nconfigMapGenerator:\n  - name: x\n    files: [\"{url}\"]"),
        format!("resources: [a.yaml]\ncrds: [\"{url}\"]"),
    ] {
        let stage = Stage::new(&[("a.yaml", &broken("a")), ("kustomization.yaml", &entry)]);
        stage.pr(&["--unsafe-fixes"]).exits(0);
        for pull in stage.server.pulls(REPOSITORY) {
            assert!(!pull.body.contains("render differently"), "{entry}: {}", pull.body);
        }
        assert!(listener.accept().is_err(), "{entry}");
    }
}

#[test]
fn an_app_speaks_for_its_installation() {
    let stage = Stage::broken();
    stage.server.install(7, "fixer", "acme", Access::Write);
    let folder = tempfile::tempdir().expect("a folder");
    let key = folder.path().join("key.pem");
    let made =
        Command::new("ssh-keygen").args(["-q", "-t", "rsa", "-m", "PEM", "-N", "", "-f"]).arg(&key).status();
    if !made.is_ok_and(|status| status.success()) {
        assert!(std::env::var_os("CAULK_REQUIRE_SERVERS").is_none(), "there is no ssh-keygen");
        return;
    }
    let app = ["--app-id", "7", "--app-key", &key.to_string_lossy()];
    stage.pr(&app).exits(0).says("opened");
    assert_eq!(stage.only().author, "fixer[bot]");
    stage.server.commit(REPOSITORY, "main", "ann", &[("b.yaml", Some(&broken("b")))]);
    stage.pr(&app).exits(0).says("updated");
    stage.pr(&[&app[..], BY_GIT].concat()).exits(0).says("right as it is");
    stage.holds_one_mend_of(&["a", "b"]);
}

#[test]
fn the_token_of_gh_is_used_and_an_enterprise_server_has_its_paths() {
    let stage = Stage::broken();
    let folder = tempfile::tempdir().expect("a folder");
    let gh = folder.path().join("gh");
    let script =
        format!("#!/bin/sh\necho \"$@\" > {}/asked\necho {}\n", folder.path().display(), stage.token);
    fs::write(&gh, script).expect("a file");
    fs::set_permissions(&gh, std::os::unix::fs::PermissionsExt::from_mode(0o755)).expect("a mode");
    let url = format!("{}/api/v3", stage.server.url());
    let output = Command::new(env!("CARGO_BIN_EXE_caulk"))
        .env_clear()
        .env("PATH", format!("{}:/usr/bin:/bin", folder.path().display()))
        .current_dir(folder.path())
        .args(["pr", "--repo", REPOSITORY, "--api-url", &url])
        .output()
        .expect("caulk runs");
    super::Ran::of(&output).exits(0).says("opened");
    let asked = fs::read_to_string(folder.path().join("asked")).expect("gh was asked");
    assert_eq!(
        asked.trim(),
        format!("auth token --hostname {}", stage.server.url().trim_start_matches("http://"))
    );
    assert!(stage.server.exchanges().iter().any(|exchange| exchange.path == "/api/graphql"));
    stage.holds_one_mend_of(&["a"]);
}

#[test]
fn some_rules_alone_close_nobody_elses_pull_request() {
    let stage = Stage::broken();
    stage.pr(&["--per", "rule"]).exits(0).says("opened");
    stage.pr(&["--per", "rule", "--rule", "short-service-host"]).exits(0);
    assert!(stage.only().open);
    stage.pr(&[]).exits(0).says("closed").says("opened");
    let open: Vec<bool> = stage.server.pulls(REPOSITORY).iter().map(|pull| pull.open).collect();
    assert_eq!(open, [false, true]);
}
