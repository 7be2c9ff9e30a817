use super::*;

const RULES: [&str; 2] = ["entrypoint-overridden", "entrypoint-repeated"];

fn complaint(text: &str) -> String {
    match parse(text, &RULES) {
        Ok(config) => format!("accepted: {config:?}"),
        Err(complaint) => complaint.at("c.yaml").to_string(),
    }
}

#[test]
fn the_whole_configuration_is_understood() {
    let text = "\
cluster-domain: cluster.milkyway
images:
  - image: ghcr.io/acme/server
    tags: [\">=1.2\"]
    entrypoint: [dumb-init, --, acme]
    cmd: [serve]
    forwards: own-program
    arguments: [serve, worker]
rules:
  entrypoint-repeated: { enabled: true }
  entrypoint-overridden: { at-most: unsafe }
exclude: [vendor/]
";
    let config = parse(text, &RULES).expect("a configuration");
    assert_eq!(config.options().cluster_domain.as_deref(), Some("cluster.milkyway"));
    assert_eq!(config.images[0].forwards.map(Forwards::from), Some(Forwards::OwnProgram));
    assert_eq!(config.images[0].cmd, Some(vec!["serve".to_owned()]));
    let selection = config.selection(&[]);
    assert_eq!(selection.switched.get("entrypoint-repeated"), Some(&true));
    assert_eq!(selection.at_most.get("entrypoint-overridden"), Some(&Applicability::Unsafe));
    assert_eq!(config.exclude, ["vendor/"]);
}

#[test]
fn nothing_is_a_configuration_too() {
    for text in ["", "# nothing yet\n", "---\n"] {
        assert_eq!(parse(text, &RULES), Ok(Config::default()), "{text:?}");
    }
}

#[test]
fn an_unknown_key_is_told_with_its_line_and_the_nearest_right_one() {
    assert_eq!(
        complaint("# x\ncluster-domian: a\n"),
        "c.yaml:2: unknown key or value `cluster-domian`; did you mean `cluster-domain`?"
    );
    assert_eq!(
        complaint("images:\n  - image: a/b\n    entrypont: []\n"),
        "c.yaml:3: images[0]: unknown key or value `entrypont`; did you mean `entrypoint`?"
    );
    assert_eq!(
        complaint("exclude: []\nrules:\n  entrypoint-repeated:\n    enable: true\n"),
        "c.yaml:4: rules.entrypoint-repeated: unknown key or value `enable`; did you mean `enabled`?"
    );
    assert_eq!(
        complaint("images:\n  - image: a/b\n    entrypoint: []\n    forwards: own\n"),
        "c.yaml:4: images[0].forwards: unknown key or value `own`; did you mean `own-program`?"
    );
    assert_eq!(
        complaint("rules:\n  entrypoint-overriden: {}\n"),
        "c.yaml:2: there is no rule `entrypoint-overriden`; did you mean `entrypoint-overridden`?"
    );
    assert!(
        complaint("zzz: 1\n")
            .starts_with("c.yaml:1: unknown key or value `zzz`; there are `cluster-domain`, ")
    );
}

#[test]
fn wrong_shapes_are_told_with_their_line() {
    assert!(complaint("exclude: vendor/\n").starts_with("c.yaml:1: exclude: invalid type: string"));
    assert!(complaint("images: [\n").starts_with("c.yaml:"));
    assert!(
        complaint("exclude: []\nimages:\n  - image: a:1\n    entrypoint: []\n")
            .starts_with("c.yaml:3: `image: a:1` names a tag")
    );
    assert!(complaint("images:\n  - image: a/b\n").contains("states no `entrypoint`"));
    assert!(complaint("images:\n  - entrypoint: []\n").contains("missing field `image`"));
}
