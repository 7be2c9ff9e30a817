//! Small kustomizations that ask for the corners: caulk makes of them what kustomize makes, and what kustomize refuses it calls
//! broken. `hostile.txt` holds them: `=== name`, then `-- path --` and the file. Each is built in its first folder.

use std::{fs, path::Path};

use caulk_transforms::{
    model::{
        kustomize::{Builder, Graph, ProblemKind},
        value::{Texts, Value},
    },
    path::RepoPath,
};

use crate::{
    kubectl::{self, Built},
    rendered,
    repository::model,
};

const DEPLOYMENT: &str = "{apiVersion: apps/v1, kind: Deployment, metadata: {name: web}, spec: {template: {spec: {containers: [{name: web, image: 'nginx:0', command: [run, now], args: [a, b]}]}}}}";

/// Returns the keys of data and the variables of all objects.
fn details(texts: &Texts, objects: &[&Value]) -> Vec<String> {
    let mut lines = Vec::new();
    for object in objects {
        let kind = texts.text_at(object, &["kind"]).unwrap_or_default();
        for key in ["data", "stringData"] {
            let entries = texts.get(object, key).map(|data| texts.entries(&data)).unwrap_or_default();
            lines.extend(entries.into_iter().map(|(name, _)| format!("{kind} {key} {name}")));
        }
        env(texts, object, &mut lines);
    }
    lines.sort();
    lines
}

/// Collects the variables of every container.
fn env(texts: &Texts, value: &Value, lines: &mut Vec<String>) {
    for (key, inner) in texts.entries(value) {
        if &*key == "env" {
            let text = |item: &Value, key| texts.text_at(item, &[key]).unwrap_or_default();
            let items = texts.items(&inner);
            lines.extend(
                items.iter().map(|item| format!("env {}={}", text(item, "name"), text(item, "value"))),
            );
        }
        env(texts, &inner, lines);
    }
    for item in texts.items(value) {
        env(texts, &item, lines);
    }
}

#[test]
fn corners_come_out_as_kustomize_builds_them() {
    if !kubectl::is_there() {
        return;
    }
    let cases = include_str!("hostile.txt").split("=== ").skip(1);
    let mut wrong = Vec::new();
    let (mut built, mut refused) = (0, 0);
    for case in cases {
        let (name, files) = case.split_once('\n').expect("a name");
        let root = tempfile::tempdir().expect("a folder");
        let first = write(root.path(), files);
        match compare(root.path(), &first) {
            Ok(true) => built += 1,
            Ok(false) => refused += 1,
            Err(difference) => wrong.push(format!("{name}: {difference}")),
        }
    }
    println!("{built} come out the same, {refused} are refused by both");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Writes the files, and returns the folder of the first one.
fn write(root: &Path, files: &str) -> String {
    let mut first = None;
    for file in files.split("\n-- ").map(|file| file.trim_start_matches("-- ")) {
        let (name, text) = file.split_once(" --").expect("a path");
        let path = root.join(name);
        fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        let text = text.strip_prefix('\n').unwrap_or(text).replace("@deployment", DEPLOYMENT);
        fs::write(path, format!("{}\n", text.trim_end_matches('\n'))).expect("a file");
        first.get_or_insert_with(|| name.rsplit_once('/').map_or(".", |(folder, _)| folder).to_owned());
    }
    first.expect("a file")
}

/// Tells whether kustomize builds the folder, and caulk the same; or both refuse.
fn compare(root: &Path, folder: &str) -> Result<bool, String> {
    let repository = model(root);
    let mut texts = Texts::new(repository.files());
    let graph = Graph::read(&repository, &mut texts);
    let mut builder = Builder::new(&repository, &texts, &graph);
    let ours = builder.folder(&RepoPath::new(folder).expect("a path"));
    let broken: Vec<String> = ours
        .problems
        .iter()
        .filter(|problem| problem.breaks())
        .map(|problem| problem.kind.to_string())
        .collect();
    match kubectl::kustomize(&root.join(folder)) {
        // What leaves the repository is not there for kustomize either, and unknown here.
        Built::Failed(_) if ours.problems.iter().any(|each| matches!(each.kind, ProblemKind::Outside(_))) => {
            Ok(false)
        }
        Built::Failed(reason) if broken.is_empty() => {
            let told: Vec<String> = ours.problems.iter().map(|problem| problem.kind.to_string()).collect();
            Err(format!("only kustomize refuses: {} (caulk tells {told:?})", reason.trim()))
        }
        Built::Failed(_) => Ok(false),
        Built::Rendered(_) if !broken.is_empty() => Err(format!("only caulk refuses: {broken:?}")),
        Built::Rendered(text) => {
            // What is said not to be followed may come out otherwise.
            if ours.problems.iter().any(|problem| matches!(problem.kind, ProblemKind::Opaque(_))) {
                return if ours.resources.iter().all(|each| !each.doubts.is_empty()) {
                    Ok(true)
                } else {
                    Err("what is not followed leaves no doubt".to_owned())
                };
            }
            let lines = rendered::ours(&texts, &ours.resources);
            let theirs = rendered::theirs(&text, &lines);
            if lines != theirs {
                let only = |a: &std::collections::BTreeSet<_>, b| {
                    format!("{:?}", a.difference(b).collect::<Vec<_>>())
                };
                return Err(format!(
                    "caulk has {}, kustomize {}",
                    only(&lines, &theirs),
                    only(&theirs, &lines)
                ));
            }
            let values: Vec<&Value> = ours.resources.iter().map(|resource| &resource.value).collect();
            let mine = details(&texts, &values);
            // The lines of these files are not read.
            let lines_of_files = ours.resources.iter().any(|resource| !resource.env_files.is_empty());
            let parsed = rendered::texts(&text);
            let objects = rendered::objects(&parsed);
            let kustomize = details(&parsed, &objects.iter().collect::<Vec<_>>());
            if lines_of_files || mine == kustomize {
                Ok(true)
            } else {
                Err(format!("caulk has {mine:?}, kustomize {kustomize:?}"))
            }
        }
    }
}
