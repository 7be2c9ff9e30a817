//! `caulk review` on findings that a pull request brings in without writing their lines.

use stand_in::Server;

use crate::{
    command::Machine,
    review::{AT, app, deployment, opened},
};

/// A Deployment of one container whose command is a list with these items.
fn listed(items: &[&str]) -> String {
    let items: String = items.iter().map(|item| format!("            - {item}\n")).collect();
    deployment(1).replace("command: [\"server\"]\n", &format!("command:\n{items}"))
}

/// The places of the comments, and the conclusion of the check.
fn told(server: &Server) -> (Vec<(u32, u32)>, String) {
    let comments = server.pull(AT, 1).review_comments;
    let places = comments.iter().filter_map(|comment| {
        let last = comment.line?;
        Some((comment.start_line.unwrap_or(last), last))
    });
    let checks = server.checks(AT);
    let conclusion = checks.last().expect("a check").given["conclusion"].as_str().expect("text").to_owned();
    (places.collect(), conclusion)
}

#[test]
fn what_breaks_because_lines_are_removed_is_told() {
    let server = Server::start();
    let (base, head) = (listed(&["dumb-init", "--", "ak", "server"]), listed(&["server"]));
    opened(&server, &[("app.yaml", &base)], &[("app.yaml", Some(&head))]);
    let machine = Machine::new(&server, app());
    let ran = machine.caulk(&["review", "--repo", AT, "--pr", "1"]).exits(1);
    assert!(ran.out.contains("comments: 1 made"), "{}", ran.out);
    let (places, conclusion) = told(&server);
    assert_eq!((places.len(), conclusion.as_str()), (1, "failure"));
    assert!(places[0].0 >= 11 && places[0].1 <= 12, "{places:?}");
    machine.caulk(&["review", "--repo", AT, "--pr", "1"]).exits(1).says("comments: 1 unchanged");
}

#[test]
fn what_was_broken_before_is_not_told_beside_a_removed_line() {
    let server = Server::start();
    let base =
        deployment(2).replace("command: [\"server\"]\n", "command: [\"server\"]\n          tty: true\n");
    // The file is renamed besides, and another container comes to stand before both.
    let head = deployment(2).replacen(
        "        - name: c0",
        "        - name: web\n          image: nginx\n        - name: c0",
        1,
    );
    opened(&server, &[("old.yaml", &base)], &[("old.yaml", None), ("app.yaml", Some(&head))]);
    let machine = Machine::new(&server, app());
    machine.caulk(&["review", "--repo", AT, "--pr", "1"]).exits(0).says("2 findings elsewhere");
    assert_eq!(told(&server), (Vec::new(), "success".to_owned()));
}

#[test]
fn another_image_breaks_the_command_beside_it() {
    let server = Server::start();
    let base = deployment(2).replacen("ghcr.io/goauthentik/server:2024.12.1", "busybox:1.36", 1);
    opened(&server, &[("app.yaml", &base)], &[("app.yaml", Some(&deployment(2)))]);
    let machine = Machine::new(&server, app());
    machine.caulk(&["review", "--repo", AT, "--pr", "1"]).exits(1).says("1 finding elsewhere");
    assert_eq!(told(&server), (vec![(11, 11)], "failure".to_owned()));
}

#[test]
fn a_comment_that_silenced_a_finding_is_missed() {
    let server = Server::start();
    let base = deployment(1).replace("          command:", "          # caulk: ignore\n          command:");
    opened(&server, &[("app.yaml", &base)], &[("app.yaml", Some(&deployment(1)))]);
    let machine = Machine::new(&server, app());
    machine.caulk(&["review", "--repo", AT, "--pr", "1"]).exits(1).says("comments: 1 made");
}
