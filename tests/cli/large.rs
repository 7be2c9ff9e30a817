//! Trees in which not every file is parsed.

use std::collections::BTreeMap;

use crate::harness::{Folder, broken};

/// From this many files on, only those are parsed that may matter.
const MANY: usize = 1_000;

fn delivery(name: &str, path: &str, more: &str) -> String {
    format!(
        "apiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\nmetadata: {{name: {name}, namespace: flux-system}}\n\
         spec:\n  path: ./{path}\n  sourceRef: {{kind: GitRepository, name: flux-system}}\n{more}"
    )
}

/// A broken Deployment under an overlay whose patch does not fit, and the Flux Kustomization that delivers it.
fn tree() -> Folder {
    let patch = "patches:\n- target: {kind: Deployment}\n  patch: |\n    - op: add\n      path: /spec/template/spec/containers/0/args/-\n      value: --more\n";
    let folder = Folder::repository(&[
        ("apps/base/app.yaml", &broken()),
        ("apps/base/kustomization.yaml", "resources: [app.yaml]\n"),
        ("apps/prod/kustomization.yaml", &format!("resources: [../base]\n{patch}")),
        ("other/kustomization.yaml", "resources: []\n"),
        ("clusters/prod/apps.yaml", &delivery("apps", "apps/prod", "")),
        ("clusters/prod/other.yaml", &delivery("other", "other", "  patches: [{patch: '{}'}]\n")),
    ]);
    for number in 0..MANY {
        folder.write(&format!("filler/{}/{number}.yaml", number / 100), b"nothing: here\n");
    }
    folder
}

#[test]
fn a_delivery_without_patches_lowers_a_fix_whichever_rules_run() {
    let folder = tree();
    let told = |args: &[&str]| {
        let report = folder.caulk(&[&["check", "--format", "json"], args].concat()).exits(1).json();
        assert!(report["summary"]["files"].as_u64().is_some_and(|files| files > MANY as u64), "{report}");
        let findings = report["findings"].as_array().expect("findings").iter().map(|finding| {
            let fix = &finding["fix"];
            (finding["path"].to_string(), (fix["applicability"].clone(), fix["reasons"].clone()))
        });
        findings.collect::<BTreeMap<_, _>>()
    };
    let all = told(&[]);
    assert_eq!(all["\"apps/base/app.yaml\""].0, "unsafe", "{all:?}");
    let reasons = all["\"apps/base/app.yaml\""].1.to_string();
    assert!(reasons.contains("flux-system/apps"), "the delivery is named: {reasons}");
    assert_eq!(told(&["--rule", "entrypoint-overridden"]), all);
}
