//! Kustomizations made up at random: what real ones rarely do is done here all the time.

use std::{
    collections::BTreeSet,
    fmt::Write as _,
    fs,
    path::{Path, PathBuf},
};

use caulk_transforms::model::{
    kustomize::{Builder, Graph},
    value::Texts,
};
use rayon::prelude::*;

use crate::{
    kubectl::{self, Built},
    rendered,
    repository::{is_full, model},
};

/// A generator of numbers that are the same in every run: Marsaglia's xorshift.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % sides as u64).expect("a small number")
    }

    fn one_in(&mut self, sides: usize) -> bool {
        self.roll(sides) == 0
    }

    fn pick<'t>(&mut self, list: &[&'t str]) -> &'t str {
        list[self.roll(list.len())]
    }
}

const NAMES: &[&str] = &["one", "two", "three"];
const IMAGES: &[&str] = &["nginx", "nginx:1", "r.io:5000/a/b:c", "r.io/a/b@sha256:aa", "busybox:1@sha256:bb"];
const WORDS: &[&str] = &["[s1]", "[s1, s2]", "[]", "null", "[\"-x\"]"];
const KINDS: &[(&str, &str)] = &[
    ("apps/v1", "Deployment"),
    ("apps/v1", "StatefulSet"),
    ("extensions/v1beta1", "Deployment"),
    ("x.io/v1", "Thing"),
];

#[test]
fn generated_kustomizations_come_out_as_kustomize_builds_them() {
    if !kubectl::is_there() {
        return;
    }
    let seeds = if is_full() { 1000 } else { 60 };
    let pool = rayon::ThreadPoolBuilder::new().num_threads(2).build().expect("threads");
    let outcomes: Vec<Result<bool, String>> =
        pool.install(|| (1..=seeds).into_par_iter().map(judge).collect());
    let builds = outcomes.iter().filter(|outcome| matches!(outcome, Ok(true))).count();
    println!("{seeds} generated, {builds} of them build");
    let wrong: Vec<&String> = outcomes.iter().filter_map(|outcome| outcome.as_ref().err()).collect();
    assert!(wrong.is_empty(), "{} differ, the first one: {}", wrong.len(), wrong[0]);
    assert!(builds * 4 > seeds as usize, "too few build for a test");
}

/// Tells whether kustomize builds it; the error says how caulk differs.
fn judge(seed: u64) -> Result<bool, String> {
    let folder = tempfile::tempdir().expect("a folder");
    let top = generate(folder.path(), &mut Dice(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15)));
    let repository = model(folder.path());
    let mut texts = Texts::new(repository.files());
    let graph = Graph::read(&repository, &mut texts);
    let path = caulk_transforms::path::RepoPath::new(&top).expect("a path");
    let built = Builder::new(&repository, &texts, &graph).folder(&path);
    let fails = built.problems.iter().find(|problem| problem.breaks());
    let story = || {
        let mut story = format!("seed {seed}\n");
        for file in repository.files() {
            let _ = writeln!(story, "# {}\n{}", file.path, file.stream.text());
        }
        story
    };
    match (kubectl::kustomize(&folder.path().join(&top)), fails) {
        (Built::Failed(_), Some(_)) => Ok(false),
        (Built::Failed(reason), None) => Err(format!("{}kustomize fails: {reason}", story())),
        (Built::Rendered(_), Some(problem)) => {
            Err(format!("{}caulk thinks it fails: {}", story(), problem.kind))
        }
        (Built::Rendered(text), None) => {
            let ours = rendered::ours(&texts, &built.resources);
            let theirs = rendered::theirs(&text, &ours);
            let only = |a: &BTreeSet<_>, b| format!("{:#?}", a.difference(b).collect::<Vec<_>>());
            if ours == theirs {
                return Ok(true);
            }
            Err(format!("{}ours {}\nkustomize's {}", story(), only(&ours, &theirs), only(&theirs, &ours)))
        }
    }
}

/// Writes a base and some layers over it; returns the folder of the uppermost.
fn generate(root: &Path, dice: &mut Dice) -> String {
    let mut base = String::new();
    let objects = 1 + dice.roll(2);
    for number in 0..objects {
        base.push_str(&object(dice, number));
        base.push_str("---\n{apiVersion: v1, kind: Service, metadata: {name: s");
        let _ = writeln!(base, "{number}}}}}\n---");
    }
    write(root, "base/all.yaml", base.trim_end_matches("---\n"));
    write(root, "base/kustomization.yaml", "resources: [all.yaml]\n");
    let mut below = "base".to_owned();
    for number in 0..=dice.roll(3) {
        let name = format!("layer{number}");
        let mut text = format!("resources: [../{below}]\n");
        layer(root, &name, dice, &mut text);
        if dice.one_in(4) {
            let mut part = "kind: Component\n".to_owned();
            layer(root, &format!("{name}-part"), dice, &mut part);
            let _ = writeln!(text, "components: [../{name}-part]");
            write(root, &format!("{name}-part/kustomization.yaml"), &part);
        }
        write(root, &format!("{name}/kustomization.yaml"), &text);
        below = name;
    }
    below
}

fn write(root: &Path, name: &str, text: &str) {
    let path: PathBuf = root.join(name);
    fs::create_dir_all(path.parent().expect("a parent")).expect("folders");
    fs::write(path, text).expect("a file");
}

fn object(dice: &mut Dice, number: usize) -> String {
    let (api, kind) = KINDS[dice.roll(KINDS.len())];
    let namespace = if dice.one_in(3) { ", namespace: own" } else { "" };
    let labels = if dice.one_in(2) { ", labels: {app: web}" } else { "" };
    let containers: Vec<String> =
        NAMES.iter().take(1 + dice.roll(3)).map(|name| container(dice, name, true)).collect();
    let init = if dice.one_in(3) {
        format!(", initContainers: [{}]", container(dice, "init", true))
    } else {
        String::new()
    };
    format!(
        "{{apiVersion: {api}, kind: {kind}, metadata: {{name: o{number}{namespace}{labels}}}, spec: {{template: {{spec: {{containers: [{}]{init}}}}}}}}}\n",
        containers.join(", ")
    )
}

fn container(dice: &mut Dice, name: &str, whole: bool) -> String {
    let mut text = format!("{{name: {name}");
    if whole || dice.one_in(3) {
        let _ = write!(text, ", image: \"{}\"", dice.pick(IMAGES));
    }
    for key in ["command", "args"] {
        if dice.one_in(2) {
            let _ = write!(text, ", {key}: {}", dice.pick(WORDS));
        }
    }
    if dice.one_in(3) {
        let _ = write!(text, ", env: [{{name: A, value: {}}}]", dice.pick(&["p", "q"]));
    }
    if !whole && dice.one_in(6) {
        let _ = write!(text, ", $patch: {}", dice.pick(&["delete", "replace", "merge"]));
    }
    text + "}"
}

fn layer(root: &Path, name: &str, dice: &mut Dice, text: &mut String) {
    if dice.one_in(3) {
        let _ = writeln!(text, "namespace: {}", dice.pick(&["east", "west"]));
    }
    if dice.one_in(3) {
        let _ = writeln!(text, "namePrefix: {}", dice.pick(&["p-", "q-"]));
    }
    if dice.one_in(4) {
        let _ = writeln!(text, "nameSuffix: {}", dice.pick(&["-x", "-y"]));
    }
    if dice.one_in(5) {
        let _ = writeln!(text, "labels: [{{pairs: {{tier: {}}}}}]", dice.pick(&["a", "b"]));
    }
    if dice.one_in(3) {
        let what = dice.pick(&[
            "newTag: '9'",
            "newName: other/name",
            "digest: 'sha256:cc'",
            "newName: z, newTag: '8'",
            "tagSuffix: -t",
        ]);
        let _ = writeln!(
            text,
            "images: [{{name: {}, {what}}}]",
            dice.pick(&["nginx", "r.io/a/b", "r.io:5000/a/b", "busybox", "ngin.*"])
        );
    }
    if dice.one_in(4) {
        let _ = writeln!(text, "configMapGenerator: [{{name: c-{name}, literals: [A=b]}}]");
    }
    let patches: Vec<String> = (0..dice.roll(3)).map(|number| patch(root, name, number, dice)).collect();
    if !patches.is_empty() {
        let _ = writeln!(text, "patches:\n{}", patches.concat().trim_end());
    }
}

fn patch(root: &Path, layer: &str, number: usize, dice: &mut Dice) -> String {
    let is_json = dice.one_in(2);
    let body = if is_json { json(dice) } else { merge(dice) };
    let targets = [
        "{kind: Deployment}",
        "{kind: Deployment|StatefulSet|Thing}",
        "{kind: Thing}",
        "{name: .*o0.*, kind: Deployment|StatefulSet|Thing}",
        "{labelSelector: app=web}",
        "{labelSelector: 'tier in (a)', kind: StatefulSet}",
        "{group: apps, version: v1}",
        "{namespace: own, kind: Deployment}",
    ];
    let mut entry = String::new();
    if is_json || dice.one_in(2) {
        let _ = writeln!(entry, "  target: {}", dice.pick(&targets));
        if !is_json && dice.one_in(4) {
            entry.push_str("  options: {allowNameChange: true}\n");
        }
    }
    if dice.one_in(2) {
        write(root, &format!("{layer}/p{number}.yaml"), &body);
        let _ = writeln!(entry, "  path: p{number}.yaml");
    } else {
        entry.push_str("  patch: |\n");
        for line in body.lines() {
            let _ = writeln!(entry, "    {line}");
        }
    }
    format!("-{}", &entry[1..])
}

fn merge(dice: &mut Dice) -> String {
    let (api, kind) = KINDS[dice.roll(KINDS.len())];
    let containers: Vec<String> = NAMES
        .iter()
        .filter(|_| dice.one_in(2))
        .copied()
        .collect::<Vec<_>>()
        .iter()
        .map(|name| container(dice, name, false))
        .collect();
    let directive = if dice.one_in(12) { "{$patch: replace}, " } else { "" };
    let list =
        if dice.one_in(12) { "null".to_owned() } else { format!("[{directive}{}]", containers.join(", ")) };
    let labels = if dice.one_in(4) { ", labels: {app: web}" } else { "" };
    format!(
        "{{apiVersion: {api}, kind: {kind}, metadata: {{name: o{}{labels}}}, spec: {{template: {{spec: {{containers: {list}}}}}}}}}\n",
        dice.roll(2)
    )
}

fn json(dice: &mut Dice) -> String {
    let mut operations = String::new();
    for _ in 0..=dice.roll(2) {
        let place = format!("/spec/template/spec/containers/{}", dice.pick(&["0", "1", "-1"]));
        let operation = match dice.roll(9) {
            0 => format!("op: add, path: {place}/command, value: [w]"),
            1 => format!("op: replace, path: {place}/command, value: [w, v]"),
            2 => format!("op: replace, path: {place}/command/0, value: w"),
            3 => format!("op: remove, path: {place}/args"),
            4 => format!("op: add, path: {place}/command/-, value: w"),
            5 => format!("op: add, path: {place}/args/0, value: w"),
            6 => format!("op: replace, path: {place}/image, value: new"),
            7 => "op: replace, path: /metadata/name, value: renamed".to_owned(),
            _ => format!("op: move, from: {place}/command, path: {place}/args"),
        };
        let _ = writeln!(operations, "- {{{operation}}}");
    }
    operations
}
