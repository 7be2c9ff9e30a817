//! Bases, overlays, patches and components around one broken container.

use std::{fs, path::PathBuf};

use super::{compare, mend, render};
use crate::kubectl::{self, Built};

const IMAGE: &str = "ghcr.io/goauthentik/server:2024.2.2";
const PATCH: &str = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\nspec: {template: {spec: {containers: [PART]}}}\n";

fn base(part: &str) -> String {
    format!(
        "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: web\nspec:\n  template:\n    spec:\n      containers:\n        - name: web\n          image: {IMAGE}\n{part}"
    )
}

fn patch(part: &str) -> String {
    PATCH.replace("PART", part)
}

/// The file `k` is a kustomization; a folder `over` includes `base`.
struct Case {
    name: &'static str,
    base: String,
    over: String,
    more: Vec<(&'static str, String)>,
    /// How many containers of all renderings are to change.
    mended: usize,
}

fn case(
    name: &'static str,
    base: String,
    over: &str,
    more: &[(&'static str, String)],
    mended: usize,
) -> Case {
    Case { name, base, over: format!("resources: [../base]\n{over}"), more: more.to_vec(), mended }
}

const BROKEN: &str = "          command: [server]\n";

fn cases() -> Vec<Case> {
    let json = |operation: &str| {
        format!("patches:\n- target: {{kind: Deployment}}\n  patch: |\n    - {{{operation}}}\n")
    };
    let with_patch = "patches: [{path: p.yaml}]\n";
    let command = "path: /spec/template/spec/containers/0/command";
    vec![
        case("nothing but a namespace", base(BROKEN), "namespace: web\n", &[], 2),
        case(
            "a prefix and a tag",
            base(BROKEN),
            "namePrefix: p-\nimages: [{name: ghcr.io/goauthentik/server, newTag: 2024.2.3}]\n",
            &[],
            2,
        ),
        case(
            "a patch beside",
            base(BROKEN),
            with_patch,
            &[("over/p.yaml", patch("{name: web, env: [{name: A, value: b}]}"))],
            2,
        ),
        case(
            "the command in a patch",
            base(""),
            with_patch,
            &[("over/p.yaml", patch("{name: web, command: [server]}"))],
            1,
        ),
        case(
            "both in a patch",
            base(""),
            with_patch,
            &[("over/p.yaml", patch("{name: web, command: [server], args: [--x]}"))],
            1,
        ),
        case(
            "the base's command would return",
            base("          command: [/bin/sh]\n"),
            with_patch,
            &[("over/p.yaml", patch("{name: web, command: [server]}"))],
            0,
        ),
        case(
            "an overlay replaces the command",
            base(BROKEN),
            &json(&format!("op: replace, {command}, value: [worker]")),
            &[],
            0,
        ),
        case(
            "an overlay replaces the first word",
            base(BROKEN),
            &json(&format!("op: replace, {command}/0, value: worker")),
            &[],
            0,
        ),
        case(
            "an overlay removes the command",
            base(BROKEN),
            &json(&format!("op: remove, {command}")),
            &[],
            0,
        ),
        case(
            "an overlay tests the command",
            base(BROKEN),
            &json(&format!("op: test, {command}/0, value: server")),
            &[],
            0,
        ),
        case(
            "the overlay's args discard the base's",
            base(&format!("{BROKEN}          args: [--a]\n")),
            with_patch,
            &[("over/p.yaml", patch("{name: web, args: [--b]}"))],
            0,
        ),
        case(
            "another image in the overlay",
            base(BROKEN),
            "images: [{name: ghcr.io/goauthentik/server, newName: docker.io/library/busybox}]\n",
            &[],
            0,
        ),
        case(
            "a component has the command",
            base(""),
            "components: [../part]\n",
            &[
                ("part/kustomization.yaml", "kind: Component\npatches: [{path: p.yaml}]\n".to_owned()),
                ("part/p.yaml", patch("{name: web, command: [server]}")),
            ],
            1,
        ),
        case(
            "a second overlay replaces the command",
            base(BROKEN),
            "",
            &[(
                "more/kustomization.yaml",
                format!(
                    "resources: [../base]\n{}",
                    json(&format!("op: replace, {command}/0, value: worker"))
                ),
            )],
            0,
        ),
        case(
            "the patch deletes the container",
            base(BROKEN),
            with_patch,
            &[("over/p.yaml", patch("{name: web, $patch: delete}"))],
            1,
        ),
    ]
}

#[test]
fn overlays_render_as_declared() {
    if !kubectl::is_there() {
        return;
    }
    let mut wrong = Vec::new();
    for case in cases() {
        let folder = tempfile::tempdir().expect("a folder");
        let root = folder.path();
        let mut files = vec![
            (".caulk.yaml", String::new()),
            ("base/kustomization.yaml", "resources: [web.yaml]\n".to_owned()),
            ("base/web.yaml", case.base.clone()),
            ("over/kustomization.yaml", case.over.clone()),
        ];
        files.extend(case.more.clone());
        let mut folders = Vec::new();
        for (name, text) in &files {
            let path = root.join(name);
            fs::create_dir_all(path.parent().expect("a parent")).expect("folders");
            fs::write(&path, text).expect("a file");
            if name.ends_with("kustomization.yaml") && !text.contains("Component") {
                folders.push(PathBuf::from(name.trim_end_matches("/kustomization.yaml")));
            }
        }
        let before = render(root, &folders);
        let fails = before.iter().find(|(_, built)| matches!(built, Built::Failed(_)));
        assert!(fails.is_none(), "{}: {fails:?}", case.name);
        mend(root);
        let difference = compare(&before, &render(root, &folders));
        if !difference.wrong.is_empty() || difference.declared != case.mended {
            wrong.push(format!("{}: {difference:?}, and {} are to be mended", case.name, case.mended));
        }
    }
    assert_eq!(wrong, [""; 0]);
}
