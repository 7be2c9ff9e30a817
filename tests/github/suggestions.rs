//! What `caulk review` sends, applied as GitHub applies it, gives byte for byte what `caulk fix` gives.

use std::{collections::BTreeMap, fs, io::Write as _, path::Path};

use stand_in::{ReviewComment, Server};

#[path = "../review/applied.rs"]
mod applied;

use crate::{
    command::Machine,
    review::{AT, app, opened},
};

/// The texts below a folder, by path.
fn texts(folder: &Path) -> BTreeMap<String, String> {
    let (mut texts, mut open) = (BTreeMap::new(), vec![folder.to_owned()]);
    while let Some(inner) = open.pop() {
        for entry in fs::read_dir(inner).expect("a folder").flatten() {
            let path = entry.path();
            match path.is_dir() {
                true => open.push(path),
                false => {
                    let name =
                        path.strip_prefix(folder).expect("a path below").to_string_lossy().into_owned();
                    if let Ok(text) = fs::read_to_string(&path) {
                        texts.insert(name, text);
                    }
                }
            }
        }
    }
    texts
}

/// The configuration of a case: its own, or what it states of images.
fn configuration(case: &Path) -> String {
    let Ok(text) = fs::read_to_string(case.join("images.yaml")) else { return String::new() };
    let rows: Vec<BTreeMap<String, serde_yaml::Value>> = serde_yaml::from_str(&text).expect("images");
    let known = ["image", "entrypoint", "cmd", "forwards", "arguments", "programs", "absent"];
    let rows: Vec<BTreeMap<String, serde_yaml::Value>> = rows
        .into_iter()
        .map(|row| row.into_iter().filter(|(key, _)| known.contains(&key.as_str())).collect())
        .filter(|row: &BTreeMap<_, _>| row.contains_key("entrypoint"))
        .collect();
    serde_yaml::to_string(&BTreeMap::from([("images", rows)])).expect("a configuration")
}

/// What GitHub makes of a file of the head when all these comments are applied.
fn applied(head: &str, comments: &[&ReviewComment]) -> String {
    let suggestion = |comment: &&ReviewComment| {
        let last = comment.line.expect("a line") as usize;
        (comment.start_line.map_or(last, |first| first as usize), last, comment.body.clone())
    };
    applied::applied(head, comments.iter().map(suggestion).collect())
}

/// What `caulk fix` makes of the files.
fn fixed(machine: &Machine, files: &BTreeMap<String, String>) -> BTreeMap<String, String> {
    let folder = machine.folder().join("work");
    for (path, text) in files {
        let path = folder.join(path);
        fs::create_dir_all(path.parent().expect("a parent")).expect("folders");
        fs::write(path, text).expect("a file");
    }
    let output = std::process::Command::new(env!("CARGO_BIN_EXE_caulk"))
        .args(["fix", "--write", "--unsafe-fixes", "--exit-zero"])
        .current_dir(&folder)
        .output()
        .expect("caulk runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let fixed = texts(&folder);
    fs::remove_dir_all(folder).expect("gone");
    fixed
}

#[test]
fn suggestions_as_they_are_sent_give_what_fix_gives() {
    let (mut made, mut files) = (0, 0);
    // Only cases in which something is mended have suggestions.
    for case in applied::cases().into_iter().filter(|case| case.join("after").is_dir()) {
        let server = Server::start();
        let machine = Machine::new(&server, app());
        let mut head = texts(&case.join("before"));
        head.entry(".caulk.yaml".to_owned()).or_insert_with(|| configuration(&case));
        let changes: Vec<(&str, Option<&str>)> =
            head.iter().map(|(path, text)| (path.as_str(), Some(text.as_str()))).collect();
        opened(&server, &[("README.md", "ops\n")], &changes);
        let args =
            ["review", "--repo", AT, "--pr", "1", "--unsafe-fixes", "--max-comments", "1000", "--exit-zero"];
        machine.caulk(&args).exits(0);
        let comments = server.pull(AT, 1).review_comments;
        let told = server.checks(AT).last().expect("a check").annotations.clone();
        for (path, after) in fixed(&machine, &head) {
            let here: Vec<&ReviewComment> = comments.iter().filter(|comment| comment.path == path).collect();
            // What cannot be suggested is in the list, with the change.
            let elsewhere = told.iter().any(|each| {
                let message = each["message"].as_str().unwrap_or_default();
                each["path"] == path.as_str() && message.contains("No suggestion beside the line")
            });
            if !elsewhere {
                (made, files) = (made + here.len(), files + usize::from(!here.is_empty()));
                assert_eq!(applied(&head[&path], &here), after, "{}: {path}", case.display());
            }
        }
    }
    let _ = writeln!(std::io::stderr(), "{made} suggestions in {files} files");
    assert!(made > 60, "{made}");
}
