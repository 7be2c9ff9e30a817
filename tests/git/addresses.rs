//! The remotes of a checkout tell which deliveries are none of its own.

use std::process::Command;

use crate::harness::Work;

fn application(name: &str, url: &str) -> String {
    format!(
        "apiVersion: argoproj.io/v1alpha1\nkind: Application\nmetadata:\n  name: {name}\nspec:\n  source:\n    repoURL: \
         {url}\n    path: web\n  destination:\n    server: https://kubernetes.default.svc\n    namespace: {name}-ns\n"
    )
}

const WEB: &str = "apiVersion: v1\nkind: Service\nmetadata:\n  name: redis\n---\napiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: web\nspec:\n  template:\n    spec:\n      containers:\n        - name: main\n          image: example/app:1\n          env:\n            - name: REDIS_HOST\n              value: redis\n";

fn caulk(work: &Work, args: &[&str]) -> String {
    let mut command = Command::new(env!("CARGO_BIN_EXE_caulk"));
    command.current_dir(work.root()).args(args).env_remove("GIT_INDEX_FILE");
    let output = command.output().expect("caulk runs");
    assert!(output.status.code().is_some_and(|code| code < 2), "{args:?}");
    String::from_utf8_lossy(&output.stdout).into_owned()
}

#[test]
fn an_application_of_another_repository_gives_no_namespace() {
    let work = Work::new(&[
        ("apps/own.yaml", &application("own", "git@git.example:acme/ops.git")),
        ("apps/other.yaml", &application("other", "https://git.example/acme/apps")),
        ("web/web.yaml", WEB),
    ]);
    let fix = || caulk(&work, &["fix", "--cluster-domain", "cluster.local"]);
    let staged = || caulk(&work, &["fix", "--staged", "--or-all", "--cluster-domain", "cluster.local"]);
    let mended = "+              value: redis.own-ns.svc.cluster.local";
    assert!(!fix().contains(mended) && !staged().contains(mended), "either may be this repository");
    work.git(&["remote", "add", "origin", "https://me:hunter2@git.example/acme/ops"]);
    assert!(fix().contains(mended) && staged().contains(mended), "{}", fix());
    let told = caulk(&work, &["explain", "apps/other.yaml:4"]);
    let why = "it delivers nothing of this tree: its source git.example/acme/apps is another repository";
    assert!(told.contains(why) && !told.contains("hunter2"), "{told}");
    assert!(!caulk(&work, &["explain", "web/web.yaml:8"]).contains("not known for certain"));
    work.git(&["remote", "set-url", "origin", "https://git.example/acme/other"]);
    assert!(!fix().contains(mended), "this is neither of them");
    let told = caulk(&work, &["explain", "web/web.yaml:8"]);
    for (name, repository) in [("own", "ops"), ("other", "apps")] {
        let why = format!(
            "not known for certain: in {name}, its source git.example/acme/{repository} may be another"
        );
        assert!(told.contains(&why), "{told}");
    }
}
