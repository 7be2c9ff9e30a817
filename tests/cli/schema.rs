//! The schemas describe what is really written and read.

use serde_json::{Value, json};

use crate::harness::{ACME, Folder, broken, doubtful};

fn schema(of: &str) -> Value {
    Folder::new(&[]).caulk(&["schema", of]).exits(0).json()
}

#[track_caller]
fn assert_valid(schema: &Value, instance: &Value) {
    let validator = jsonschema::validator_for(schema).expect("a schema");
    let errors: Vec<String> = validator.iter_errors(instance).map(|error| error.to_string()).collect();
    assert!(errors.is_empty(), "{errors:#?}\n{instance:#}");
}

#[test]
fn the_report_is_what_its_schema_says() {
    let suppressed = broken().replace("command:", "# caulk: ignore\n          command:");
    let folder = Folder::repository(&[
        (".caulk.yaml", ACME),
        ("a.yaml", &broken()),
        ("b.yaml", &doubtful()),
        ("c.yaml", &suppressed),
        ("d.yaml", "a: [\n"),
        ("e.yaml", "# caulk: ignore\na: 1\n"),
    ]);
    let schema = schema("report");
    for args in [vec!["check", "--format", "json"], vec!["fix", "--format", "json", "nowhere", "."]] {
        let report = folder.caulk(&args).json();
        assert_valid(&schema, &report);
        assert_eq!(report["version"], 1);
        let verdict = |finding: &Value| (finding["path"].clone(), finding["verdict"].clone());
        let verdicts: Vec<_> = report["findings"].as_array().expect("findings").iter().map(verdict).collect();
        assert_eq!(
            verdicts,
            [
                (json!("a.yaml"), json!("mended")),
                (json!("b.yaml"), json!("below-tier")),
                (json!("c.yaml"), json!("suppressed"))
            ]
        );
        assert!(
            report["changes"][0]["diff"].as_str().expect("a diff").contains("+          args: [\"server\"]")
        );
        assert_eq!(report["unused_suppressions"][0]["path"], "e.yaml");
        assert_eq!(report["idle_rules"][0]["rule"], "entrypoint-repeated");
        let skipped = report["skipped"].as_array().expect("skips");
        assert!(
            skipped.iter().any(|skip| skip["path"] == "d.yaml" && skip["kind"] == "not-yaml"),
            "{skipped:?}"
        );
        assert_eq!(report["findings"][0]["line"], 11);
        assert_eq!(report["findings"][1]["fix"]["applicability"], "unsafe");
        assert!(!report["findings"][1]["fix"]["reasons"].as_array().expect("reasons").is_empty());
        assert!(!report["findings"][0]["evidence"].as_array().expect("evidence").is_empty());
    }
    // A schema that takes anything would pass all of the above.
    let validator = jsonschema::validator_for(&schema).expect("a schema");
    assert!(!validator.is_valid(&json!({"version": 1})));
}

#[test]
fn after_writing_nothing_of_a_mended_finding_remains() {
    let folder = Folder::new(&[("a.yaml", &broken())]);
    let planned = folder.caulk(&["check", "--format", "json"]).exits(1).json();
    assert_eq!(planned["findings"][0]["remaining"], "safe");
    let report = folder.caulk(&["fix", "--write", "--format", "json"]).exits(0).json();
    assert_eq!(
        report["summary"],
        json!({
            "exit_code": 0, "files": 1, "findings": 1, "known": 0, "mended": 1, "suppressed": 0, "written": true
        })
    );
    assert_eq!(report["findings"][0]["remaining"], Value::Null);
}

#[test]
fn the_configuration_is_what_its_schema_says() {
    let schema = schema("config");
    let config = |text: &str| serde_yaml::from_str::<Value>(text).expect("YAML");
    assert_valid(&schema, &config(ACME));
    assert_valid(
        &schema,
        &config("rules: { short-service-host: { form: fqdn-dot, scope: cross-namespace } }"),
    );
    let example =
        std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/examples/authentik/.caulk.yaml"));
    assert_valid(&schema, &config(&example.expect("the example")));
    let validator = jsonschema::validator_for(&schema).expect("a schema");
    for wrong in [
        "cluster-domian: a",
        "images: [{entrypoint: []}]",
        "exclude: vendor/",
        "rules: {x: {enabled: maybe}}",
    ] {
        assert!(!validator.is_valid(&config(wrong)), "{wrong}");
    }
}
