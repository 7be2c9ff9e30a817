//! `explain`, `completions`, `man`, and usage errors.

use crate::harness::{Folder, broken, deployment};

#[test]
fn a_rule_has_its_page_and_an_unknown_one_its_neighbour() {
    let folder = Folder::new(&[]);
    let page = folder.caulk(&["explain", "entrypoint-overridden"]).exits(0).out;
    for part in ["What it does", "Why", "Fix safety"] {
        assert!(page.contains(part), "no {part} in {page}");
    }
    folder.caulk(&["explain", "entrypoint-overriden"]).exits(2).says("did you mean `entrypoint-overridden`?");
    folder.caulk(&["check", "--rule", "entrypoint-overriden"]).exits(2).says("did you mean");
    folder.caulk(&["explain"]).exits(0).says("entrypoint-repeated: ").says("(opt-in)");
}

#[test]
fn a_place_is_explained_also_where_nothing_is_wrong() {
    let fine = deployment("ghcr.io/goauthentik/server:2024.12.1", "command: [\"bash\"]");
    let folder = Folder::new(&[("app.yaml", &broken()), ("fine.yaml", &fine)]);
    let ran = folder.caulk(&["explain", "app.yaml:11"]).exits(0);
    assert!(
        ran.out.contains("entrypoint-overridden") && ran.out.contains("+           args: [\"server\"]"),
        "{}",
        ran.out
    );
    folder.caulk(&["explain", "fine.yaml:11"]).exits(0).says("entrypoint-overridden: left alone");
    let ran = folder.caulk(&["explain", "fine.yaml:11"]);
    ran.says(r#"ghcr.io/goauthentik/server has ENTRYPOINT ["dumb-init", "--", "ak"]"#).says("(source: ");
    let ran = folder.caulk(&["explain", "app.yaml:9"]).exits(0);
    let told = ran.out.matches("has ENTRYPOINT").count();
    assert_eq!(told, 1, "the dash in front of a container's first key belongs to it: {}", ran.out);
    folder.caulk(&["explain", "app.yaml:1"]).exits(0).says("lands as app in a namespace that is not known");
    folder.caulk(&["explain", "app.yaml:1000"]).exits(0).says("no rule has anything");
    folder.caulk(&["explain", "nowhere.yaml:1"]).exits(2).says("there is no such file");
}

#[test]
fn a_kustomization_is_explained_also_where_no_marker_tells_the_repository() {
    let files = [
        (
            "base/kustomization.yaml",
            "resources:\n- app.yaml\n- gone.yaml\n- https://example.org/base?ref=v1\n- ../base\n",
        ),
        ("base/app.yaml", &*broken()),
        ("over/kustomization.yaml", "namespace: front\nresources:\n- ../base\n"),
    ];
    for folder in [Folder::new(&files), Folder::repository(&files)] {
        let told = |place: &str| folder.caulk(&["explain", place]).exits(0).out;
        assert!(
            told("over/kustomization.yaml:1")
                .contains("sets the namespace of Deployment/app in namespace front")
        );
        assert!(told("base/kustomization.yaml:2").contains("includes Deployment/app in namespace front"));
        assert!(told("base/kustomization.yaml:3").contains("gone.yaml does not exist"));
        assert!(told("base/kustomization.yaml:4").contains("is fetched from elsewhere"));
        assert!(told("base/kustomization.yaml:5").contains("base includes itself"));
        let app = told("base/app.yaml:11");
        assert!(
            app.contains("lands as app in namespace front; delivered by the kustomization over/"),
            "{app}"
        );
        folder.caulk(&["check", "base"]).exits(1);
    }
}

#[test]
fn shells_and_man_get_what_they_read() {
    let folder = Folder::new(&[]);
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        folder.caulk(&["completions", shell]).exits(0).says("unsafe-fixes");
    }
    folder.caulk(&["man"]).exits(0).says(".TH caulk 1");
    folder.caulk(&["man", "fix"]).exits(0).says("unsafe\\-fixes");
    folder.caulk(&["man", "fxi"]).exits(2).says("there is no subcommand `fxi`");
}

#[test]
fn bad_usage_exits_with_two() {
    let folder = Folder::new(&[]);
    folder.caulk(&["fix", "--unsafe-fix"]).exits(2).says("--unsafe-fixes");
    folder.caulk(&["fix", "--write", "--diff"]).exits(2);
    folder.caulk(&["fix", "--threads", "0"]).exits(2);
    folder.caulk(&["mend"]).exits(2);
}
