//! Where pods look names up, in small repositories that mislead: which short names are completed, with which namespace.
//!
//! `places.txt` holds them: `=== what it is about: the names that are made safe`, then `-- path --` and the file. A name in the
//! pod's own namespace is safe although the Service may be another delivery's: it means the same in its long form.

use std::{collections::BTreeSet, sync::Arc};

use caulk_transforms::{
    finding::Applicability,
    model::{Repository, SourceFile},
    path::RepoPath,
    plan::{self, Policy},
    rule::{Options, Selection},
    rules, syntax,
};

/// Returns the names that are written in full, without what ends all of them.
fn completed(files: &str) -> BTreeSet<String> {
    let parts = files.split("\n-- ").skip(1).map(|part| part.split_once(" --\n").expect("a path and a text"));
    let sources = parts.map(|(path, text)| SourceFile {
        path: RepoPath::new(path).expect("a path"),
        stream: Arc::new(syntax::parse(text).unwrap_or_else(|issue| panic!("{path}: {issue}"))),
        protection: None,
    });
    let policy = Policy {
        tier: Applicability::Safe,
        selection: Selection { only: ["short-service-host".to_owned()].into(), ..Selection::default() },
        options: Options { cluster_domain: Some("cluster.local".to_owned()), ..Options::default() },
        known: Vec::new(),
    };
    let plan = plan::mend(&Repository::build(sources.collect()), rules::ALL, &policy, &mut |_, _| {});
    let mut found = BTreeSet::new();
    for change in &plan.changes {
        for (before, _) in change.after.match_indices(".svc.cluster.local") {
            let name = change.after[..before].rsplit([' ', '/', '"', '@']).next().unwrap_or_default();
            found.insert(name.to_owned());
        }
    }
    found
}

#[test]
fn names_are_completed_where_their_pods_are_known_to_run_and_nowhere_else() {
    let cases: Vec<&str> = include_str!("places.txt").split("=== ").skip(1).collect();
    let mut silent = 0;
    for case in &cases {
        let (title, files) = case.split_once('\n').expect("a title");
        let (about, names) = title.rsplit_once(": ").expect("what is expected");
        let expected: BTreeSet<String> =
            names.split(' ').filter(|name| *name != "nothing").map(str::to_owned).collect();
        silent += usize::from(expected.is_empty());
        assert_eq!(completed(&format!("\n{files}")), expected, "{about}");
    }
    assert!(cases.len() > 50 && silent > 30 && silent + 15 < cases.len(), "{} and {silent}", cases.len());
}
