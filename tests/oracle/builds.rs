//! The builds of real kustomizations are the same, object by object.

use std::{collections::BTreeMap, path::Path};

use caulk_transforms::model::{
    kustomize::{Builder, Graph},
    value::Texts,
};
use rayon::prelude::*;

use crate::{
    kubectl::{self, Built},
    rendered,
    repository::{archives, is_full, model, top, unpack},
};

/// Without `CAULK_FULL`, no more kustomizations of one repository are built than this.
const SAMPLE: usize = 4;

/// Less than this part of the builds must not differ.
const AT_LEAST: f64 = 0.97;

#[derive(Debug, Default)]
struct Tally {
    builds: usize,
    agree: usize,
    /// How many kustomize does not build, by reason.
    apart: BTreeMap<&'static str, usize>,
    differences: Vec<String>,
    /// Builds that work and that caulk has thought to fail.
    alarms: Vec<String>,
}

#[test]
fn real_kustomizations_come_out_as_kustomize_builds_them() {
    if !kubectl::is_there() {
        return;
    }
    let pool = rayon::ThreadPoolBuilder::new().num_threads(2).build().expect("threads");
    let tallies: Vec<(String, Tally)> =
        pool.install(|| archives().par_iter().filter_map(|path| judge(path)).collect());
    let mut whole = Tally::default();
    for (name, tally) in tallies.iter().filter(|(_, tally)| tally.builds > 0 || !tally.apart.is_empty()) {
        println!("{name}: {} build, {} agree, set apart: {:?}", tally.builds, tally.agree, tally.apart);
        whole.builds += tally.builds;
        whole.agree += tally.agree;
        for difference in tally.differences.iter().chain(&tally.alarms) {
            println!("    {difference}");
        }
    }
    println!("in total: {} build, {} agree", whole.builds, whole.agree);
    #[expect(clippy::cast_precision_loss, reason = "counts of builds are small")]
    let part = whole.agree as f64 / whole.builds.max(1) as f64;
    assert!(whole.builds == 0 || part >= AT_LEAST, "only {part:.4} of the builds agree");
    let alarms: usize = tallies.iter().map(|(_, tally)| tally.alarms.len()).sum();
    #[expect(clippy::cast_precision_loss, reason = "counts of builds are small")]
    let part = alarms as f64 / whole.builds.max(1) as f64;
    assert!(part <= 1.0 - AT_LEAST, "{alarms} builds that work are thought to fail");
}

fn judge(archive: &Path) -> Option<(String, Tally)> {
    let name = archive.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let folder = unpack(archive)?;
    let root = top(folder.path());
    let repository = model(&root);
    let mut texts = Texts::new(repository.files());
    let graph = Graph::read(&repository, &mut texts);
    let mut builder = Builder::new(&repository, &texts, &graph);
    let all: Vec<_> = graph.iter().filter(|each| !each.component).collect();
    let step = if is_full() { 1 } else { all.len().div_ceil(SAMPLE).max(1) };
    let mut tally = Tally::default();
    for kustomization in all.into_iter().step_by(step) {
        let built = builder.folder(&kustomization.folder);
        match kubectl::kustomize(&root.join(kustomization.folder.as_str())) {
            Built::Failed(reason) => *tally.apart.entry(why(&reason)).or_default() += 1,
            Built::Rendered(text) => {
                tally.builds += 1;
                let ours = rendered::ours(&texts, &built.resources);
                let theirs = rendered::theirs(&text, &ours);
                if ours == theirs {
                    tally.agree += 1;
                } else {
                    let only = |a: &std::collections::BTreeSet<_>, b| format!("{:?}", a.difference(b).next());
                    let here = format!("ours {}, kustomize's {}", only(&ours, &theirs), only(&theirs, &ours));
                    tally.differences.push(format!("{}: {here}", kustomization.folder));
                }
                let broken = built.problems.iter().find(|problem| problem.breaks());
                tally
                    .alarms
                    .extend(broken.map(|problem| format!("{}: {}", kustomization.folder, problem.kind)));
            }
        }
    }
    Some((name, tally))
}

/// Sorts the failures that say nothing about caulk.
fn why(reason: &str) -> &'static str {
    const SORTS: [(&str, &str); 8] = [
        ("--enable-helm", "Helm charts"),
        ("git", "remote bases"),
        ("http", "remote bases"),
        ("security; file", "files outside of the folder"),
        ("no such file", "missing files"),
        ("lstat", "missing files"),
        ("evalsymlink", "missing files"),
        ("plugin", "plugins"),
    ];
    SORTS.iter().find(|(mark, _)| reason.contains(mark)).map_or("other reasons", |(_, sort)| *sort)
}
