//! Suggestions, made as GitHub makes them, give byte for byte what `caulk fix` gives.

mod applied;

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    io::Write as _,
    path::{Path, PathBuf},
};

use caulk::{
    facts,
    read::Thoroughness,
    review::{
        patch,
        place::{Place, Touched, Why, around, place},
        suggest::{Mend, Obstacle, mends},
    },
    run::{Request, Run, run},
    sink::diff,
};
use caulk_transforms::{finding::Applicability, path::RepoPath};

fn plan(root: &Path) -> Run {
    let request = Request {
        paths: vec![PathBuf::from(".")],
        config: None,
        cluster_domain: None,
        rules: Vec::new(),
        tier: Applicability::Unsafe,
        thoroughness: Thoroughness::All,
        threads: 1,
        sources: facts::Options::default(),
        addresses: Vec::new(),
    };
    run(&request, root).expect("a run")
}

fn mends_of(run: &Run) -> Vec<Mend> {
    mends(&run.plan, &|file| run.repository.files().get(file.0 as usize).map(|file| &file.path))
}

/// What GitHub makes of a file of the head when all these mends are applied.
fn applied(head: &str, mends: &[&Mend]) -> String {
    let suggestion = |mend: &&Mend| (mend.first as usize, mend.last as usize, mend.block());
    applied::applied(head, mends.iter().map(suggestion).collect())
}

/// Applies all suggestions of the tree; returns how many there were, and how many could be none.
fn judge(root: &Path, name: &str) -> (usize, usize) {
    let run = plan(root);
    let all = mends_of(&run);
    let mut counts = (0, 0);
    for change in &run.plan.changes {
        let (suggestions, others): (Vec<&Mend>, Vec<&Mend>) =
            all.iter().filter(|mend| mend.path == change.path).partition(|mend| mend.obstacle.is_none());
        counts = (counts.0 + suggestions.len(), counts.1 + others.len());
        let head = change.before.text();
        for mend in suggestions.iter().chain(&others) {
            let last = head.split_inclusive('\n').take(mend.last as usize);
            let lines: String = last.skip(mend.first as usize - 1).collect();
            assert_eq!(lines, mend.before, "{name}: {}", change.path);
            assert!(!mend.outcomes.is_empty(), "{name}: {}", change.path);
        }
        if others.is_empty() {
            assert_eq!(applied(head, &suggestions), change.after, "{name}: {}", change.path);
        }
    }
    counts
}

fn copy(from: &Path, to: &Path, change: &dyn Fn(String) -> String) {
    fs::create_dir_all(to).expect("a folder");
    for entry in fs::read_dir(from).expect("a folder") {
        let entry = entry.expect("an entry");
        let (path, target) = (entry.path(), to.join(entry.file_name()));
        match path.is_dir() {
            true => copy(&path, &target, change),
            false => match fs::read_to_string(&path) {
                Ok(text) => fs::write(target, change(text)).expect("a file"),
                Err(_) => drop(fs::copy(path, target).expect("a file")),
            },
        }
    }
}

fn configuration(case: &Path) -> String {
    let Ok(text) = fs::read_to_string(case.join("images.yaml")) else { return String::new() };
    let rows: Vec<BTreeMap<String, serde_yaml::Value>> = serde_yaml::from_str(&text).expect("images");
    let known = ["image", "entrypoint", "cmd", "forwards", "arguments"];
    let rows: Vec<BTreeMap<String, serde_yaml::Value>> = rows
        .into_iter()
        .map(|row| row.into_iter().filter(|(key, _)| known.contains(&key.as_str())).collect())
        .filter(|row: &BTreeMap<_, _>| row.contains_key("entrypoint"))
        .collect();
    serde_yaml::to_string(&BTreeMap::from([("images", rows)])).expect("a configuration")
}

#[test]
fn suggestions_of_all_cases_give_what_fix_gives() {
    let as_is = |text: String| text;
    let unended = |text: String| text.trim_end_matches('\n').to_owned();
    let carriage = |text: String| text.replace("\r\n", "\n").replace('\n', "\r\n");
    let variants: [(&str, &dyn Fn(String) -> String); 3] =
        [("as it is", &as_is), ("unended", &unended), ("CRLF", &carriage)];
    for (name, change) in variants {
        let mut total = (0, 0);
        for case in applied::cases() {
            let folder = tempfile::tempdir().expect("a folder");
            copy(&case.join("before"), folder.path(), change);
            if !folder.path().join(".caulk.yaml").exists() {
                fs::write(folder.path().join(".caulk.yaml"), configuration(&case)).expect("a file");
            }
            let (made, others) = judge(folder.path(), &format!("{} {name}", case.display()));
            total = (total.0 + made, total.1 + others);
        }
        let line = format!("{name}: {} suggestions, {} changes that can be none", total.0, total.1);
        let _ = writeln!(std::io::stderr(), "{line}");
        match name {
            "CRLF" => assert!(total.0 == 0 && total.1 > 30, "{total:?}"),
            _ => assert!(total.0 > 30, "{total:?}"),
        }
    }
}

fn container(name: &str) -> String {
    format!(
        "        - name: {name}\n          image: ghcr.io/goauthentik/server:2024.12.1\n          command: [\"server\"]\n"
    )
}

fn deployment(containers: usize) -> String {
    let mut text = "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: app\nspec:\n  template:\n    spec:\n      containers:\n".to_owned();
    (0..containers).for_each(|number| text.push_str(&container(&format!("c{number}"))));
    text
}

fn one_file(text: &str) -> (tempfile::TempDir, Run) {
    let folder = tempfile::tempdir().expect("a folder");
    fs::write(folder.path().join(".caulk.yaml"), "").expect("a file");
    fs::write(folder.path().join("a.yaml"), text).expect("a file");
    let run = plan(folder.path());
    (folder, run)
}

fn touched(before: &str, after: &str) -> BTreeMap<RepoPath, Touched> {
    let text = diff::unified("a.yaml", before, after);
    let hunks = text.find("@@").map_or("", |at| &text[at..]);
    let touched = Touched::shown(patch::parse(hunks).expect("a patch"));
    BTreeMap::from([(RepoPath::new("a.yaml").expect("a path"), touched)])
}

#[test]
fn only_what_is_touched_is_told() {
    let head = deployment(4);
    let base = head.replacen(
        "command: [\"server\"]\n        - name: c1",
        "args: [\"server\"]\n        - name: c1",
        1,
    );
    let (_folder, run) = one_file(&head);
    let placed = place(&run, &touched(&base, &head), &BTreeSet::new(), 50);
    let places: Vec<(u32, u32, &Place)> =
        placed.items.iter().map(|item| (item.first, item.last, &item.place)).collect();
    assert_eq!(places, [(11, 11, &Place::Comment)]);
    assert_eq!(placed.outside, 3);
    let mend = placed.items[0].mend.as_ref().expect("a mend");
    assert_eq!(mend.block(), "```suggestion\n          args: [\"server\"]\n```\n");
    assert_eq!(place(&run, &BTreeMap::new(), &BTreeSet::new(), 50).outside, 4);
}

#[test]
fn what_stands_around_a_removed_line_waits_for_the_state_before() {
    let head = deployment(2);
    let base = head.replacen(
        "          command: [\"server\"]\n",
        "          command: [\"server\"]\n          tty: true\n",
        1,
    );
    let (_folder, run) = one_file(&head);
    let path = RepoPath::new("a.yaml").expect("a path");
    let shown = touched(&base, &head);
    let hidden = BTreeMap::from([(path.clone(), Touched::compared(&base, &head))]);
    let far = base.replace("spec:\n  template:", "spec:\n  replicas: 2\n  template:");
    for touched in [shown, hidden, BTreeMap::from([(path, Touched::compared(&far, &head))])] {
        let around = around(&run, &touched);
        // Both containers stand within three lines, and the third case's other removal is further away.
        assert_eq!(around, BTreeSet::from([0, 1]));
        assert_eq!(place(&run, &touched, &BTreeSet::new(), 50).outside, 2);
        let placed = place(&run, &touched, &BTreeSet::from([1]), 50);
        assert_eq!((placed.items.len(), placed.items[0].first, placed.outside), (1, 14, 1));
    }
    assert_eq!(around(&run, &touched("", &head)), BTreeSet::new());
}

#[test]
fn what_cannot_be_a_comment_is_an_annotation() {
    let head = deployment(300);
    let (_folder, run) = one_file(&head);
    let path = RepoPath::new("a.yaml").expect("a path");
    let whys = |touched: &BTreeMap<RepoPath, Touched>, most: usize| -> Vec<Option<Why>> {
        let placed = place(&run, touched, &BTreeSet::new(), most);
        assert_eq!((placed.items.len(), placed.outside), (300, 0));
        let why = |place: Place| match place {
            Place::Comment => None,
            Place::Annotation(why) => Some(why),
        };
        placed.items.into_iter().map(|item| why(item.place)).collect()
    };
    let new = touched("", &head);
    assert!(whys(&new, 1000).iter().all(Option::is_none));
    let bounded = whys(&new, 50);
    assert!(bounded[..50].iter().all(Option::is_none));
    assert!(bounded[50..].iter().all(|why| *why == Some(Why::Many)));
    // A very large file, whose patch GitHub leaves out.
    let hidden = BTreeMap::from([(path, Touched::compared("", &head))]);
    assert!(whys(&hidden, 50).iter().all(|why| *why == Some(Why::NotShown)));
    // The page is about another head by now.
    let stale = touched("", &head.replace("2024.12.1", "2024.12.2"));
    assert!(whys(&stale, 50).iter().all(|why| *why == Some(Why::Stale)));
}

#[test]
fn doubts_about_bytes_are_obstacles() {
    let obstacle = |text: &str| {
        let (_folder, run) = one_file(text);
        mends_of(&run).into_iter().map(|mend| mend.obstacle).collect::<Vec<_>>()
    };
    assert_eq!(obstacle(&deployment(1)), [None]);
    assert_eq!(obstacle(deployment(1).trim_end()), [None]);
    assert_eq!(obstacle(&deployment(1).replace('\n', "\r\n")), [Some(Obstacle::LineEndings)]);
}

#[test]
fn a_fence_in_the_lines_does_not_end_the_suggestion() {
    let text = deployment(1).replace("[\"server\"]\n", "[\"server\"] # ```` not the end\n");
    let (_folder, run) = one_file(&text);
    let mends = mends_of(&run);
    assert!(mends[0].block().starts_with("`````suggestion\n"));
    assert_eq!(applied(&text, &mends.iter().collect::<Vec<_>>()), run.plan.changes[0].after);
}
