//! The formats for other tools, from the binary, against what these tools' own descriptions say.

use std::{path::PathBuf, process::Command};

use serde_json::Value;

use crate::harness::{ACME, Folder, broken, doubtful};

/// A repository with findings of each kind, and with what cannot be read.
fn repository() -> Folder {
    let suppressed = broken().replace("command:", "# caulk: ignore known since long\n          command:");
    Folder::repository(&[
        (".caulk.yaml", ACME),
        ("a b/größe.yaml", &broken()),
        ("b.yaml", &doubtful()),
        ("c.yaml", &suppressed),
        ("d.yaml", "a: [\n"),
        ("e.yaml", "# caulk: ignore\na: 1\n"),
    ])
}

/// Returns the standard's own schema, which the crate of its types is made from.
fn sarif_schema() -> Value {
    let cargo = |args: &[&str]| {
        let output = Command::new(env!("CARGO")).args(args).current_dir(env!("CARGO_MANIFEST_DIR")).output();
        String::from_utf8(output.expect("cargo runs").stdout).expect("text")
    };
    let version = cargo(&["-vV"]);
    let host = version.lines().find_map(|line| line.strip_prefix("host: ")).expect("a host");
    // What other systems need is not at hand.
    let arguments = ["metadata", "--format-version=1", "--locked", "--offline", "--filter-platform", host];
    let metadata: Value = serde_json::from_str(&cargo(&arguments)).expect("JSON");
    let packages = metadata["packages"].as_array().expect("packages");
    let package = packages.iter().find(|package| package["name"] == "serde-sarif").expect("serde-sarif");
    let manifest = PathBuf::from(package["manifest_path"].as_str().expect("a path"));
    let path = manifest.with_file_name("src").join("schema.json");
    let mut schema: Value = serde_json::from_slice(&std::fs::read(path).expect("the schema")).expect("JSON");
    let title = schema["title"].as_str().expect("a title");
    assert!(title.contains("SARIF") && title.contains("2.1.0"), "{title}");
    // The standard's pattern for languages has a bracket too many, which strict readers refuse. We name no language.
    for part in ["run", "toolComponent"] {
        let language = schema["definitions"][part]["properties"]["language"].as_object_mut();
        assert!(language.is_some_and(|language| language.remove("pattern").is_some()), "{part}");
    }
    schema
}

#[test]
fn sarif_is_what_the_standard_says() {
    let validator = jsonschema::validator_for(&sarif_schema()).expect("a schema");
    let folder = repository();
    for args in [vec!["check", "--format", "sarif"], vec!["fix", "--write", "--format", "sarif"]] {
        let sarif = folder.caulk(&args).json();
        let errors: Vec<String> = validator.iter_errors(&sarif).map(|error| error.to_string()).collect();
        assert!(errors.is_empty(), "{errors:#?}\n{sarif:#}");
    }
    assert!(!validator.is_valid(&serde_json::json!({"version": "2.1.0", "runs": [{}]})), "all is valid");
}

#[test]
fn sarif_tells_place_level_help_and_fix() {
    let folder = repository();
    let sarif = folder.caulk(&["check", "--format", "sarif"]).exits(1).json();
    let run = &sarif["runs"][0];
    let rule = &run["tool"]["driver"]["rules"][0];
    assert_eq!(rule["id"], "entrypoint-overridden");
    assert!(rule["help"]["markdown"].as_str().expect("help").contains("Fix safety"));
    let results = run["results"].as_array().expect("results");
    let levels: Vec<&Value> = results.iter().map(|result| &result["level"]).collect();
    assert_eq!(levels, ["error", "warning", "note"]);
    let place = &results[0]["locations"][0]["physicalLocation"];
    assert_eq!(place["artifactLocation"]["uri"], "a%20b/gr%C3%B6%C3%9Fe.yaml");
    assert_eq!(place["region"]["startLine"], 11);
    let replacement = &results[0]["fixes"][0]["artifactChanges"][0]["replacements"][0];
    assert_eq!(replacement["insertedContent"]["text"], "args");
    assert_eq!(results[1]["fixes"], Value::Null, "what is not proven is not offered");
    assert_eq!(results[2]["suppressions"][0]["kind"], "inSource");
    let unread = &run["invocations"][0]["toolExecutionNotifications"][0];
    assert_eq!(unread["locations"][0]["physicalLocation"]["artifactLocation"]["uri"], "d.yaml");
}

#[test]
fn fingerprints_stay_when_lines_documents_and_items_come_above() {
    let print = |text: &str| {
        let folder = Folder::repository(&[("app.yaml", text)]);
        let sarif = folder.caulk(&["check", "--format", "sarif"]).exits(1).json();
        sarif["runs"][0]["results"][0]["partialFingerprints"].clone()
    };
    let before = print(&broken());
    let item = "      containers:\n        - name: first\n          image: busybox\n";
    let moved = format!("# a line\n---\na: 1\n---\n{}", broken().replace("      containers:\n", item));
    assert_eq!(print(&moved), before);
    assert_ne!(print(&broken().replace("name: app", "name: other")), before);
}

#[test]
fn one_report_feeds_every_format() {
    let folder = repository();
    let report = folder.caulk(&["check", "--format", "json"]).exits(1);
    assert_eq!(report.json()["summary"]["exit_code"], 1);
    folder.write("report.json", report.out.as_bytes());
    for format in ["json", "github", "sarif", "markdown", "junit", "rdjson"] {
        let direct = folder.caulk(&["check", "--format", format]).exits(1).out;
        let told = folder.caulk(&["report", "--from", "report.json", "--format", format]).exits(0).out;
        assert_eq!(told, direct, "{format}");
        let piped = ["report", "--from", "-", "--format", format];
        assert_eq!(folder.caulk_with(&piped, report.out.as_bytes()).exits(0).out, direct, "{format}");
    }
    let patch = folder.caulk(&["report", "--from", "report.json", "--format", "patch"]).exits(0).out;
    assert_eq!(patch, folder.caulk(&["fix"]).exits(1).out);
    let outputs =
        folder.caulk(&["report", "--from", "report.json", "--format", "github-output"]).exits(0).out;
    assert_eq!(outputs, "findings=2\nfixed=0\nchanged-files=[\"a b/größe.yaml\"]\nexit-code=1\n");
}

#[test]
fn the_report_tells_the_exit_code() {
    let folder = repository();
    let code = |args: &[&str]| {
        let ran = folder.caulk(args);
        let told = ran.json()["summary"]["exit_code"].clone();
        assert_eq!(told, ran.code, "{args:?}");
        ran.code
    };
    assert_eq!(code(&["check", "--format", "json", "--exit-zero"]), 0);
    assert_eq!(code(&["check", "--format", "json", "--strict"]), 2);
    assert_eq!(code(&["check", "--format", "json", "nowhere"]), 2);
    assert_eq!(code(&["fix", "--write", "--unsafe-fixes", "--format", "json"]), 0);
}

#[test]
fn what_is_no_report_is_refused_in_a_sentence() {
    let folder = Folder::new(&[("a.json", "{}"), ("b.json", "{\"version\": 9}")]);
    for (file, words) in [
        ("a.json", "failed to use a.json: this is no report of caulk"),
        ("b.json", "the report has version 9, and this caulk reads version 1"),
        ("c.json", "failed to read the report c.json"),
    ] {
        folder.caulk(&["report", "--from", file, "--format", "sarif"]).exits(2).says(words);
    }
}

#[test]
fn annotations_name_file_and_line() {
    let out = repository().caulk(&["check", "--format", "github"]).exits(1).out;
    let first = "::error file=a b/größe.yaml,line=11,endLine=11,col=11,endColumn=";
    assert!(out.starts_with(first), "{out}");
    assert!(
        out.contains("::warning file=d.yaml,line=2,endLine=2,title=caulk%3A not read::not valid YAML"),
        "{out}"
    );
    assert!(out.contains("::notice file=e.yaml,line=1"), "{out}");
}

#[test]
fn reviewdogs_columns_count_bytes() {
    // A flow mapping, so that letters of several bytes stand before the finding.
    let flow = "- {name: app, x-größe: ü, image: ghcr.io/goauthentik/server:2024.12.1, command: [server]}";
    let text = broken().lines().take(8).map(|line| format!("{line}\n")).collect::<String>();
    let folder = Folder::new(&[("app.yaml", &format!("{text}        {flow}\n"))]);
    let result = folder.caulk(&["check", "--format", "rdjson"]).exits(1).json();
    let diagnostic = &result["diagnostics"][0];
    assert_eq!(diagnostic["severity"], "ERROR");
    assert_eq!(diagnostic["location"]["path"], "app.yaml");
    let range = &diagnostic["suggestions"][0]["range"];
    assert_eq!(range["start"]["line"], 9);
    let line = folder.read("app.yaml").lines().nth(8).expect("a line").to_owned();
    let column = |place: &str| range[place]["column"].as_u64().expect("a column") as usize - 1;
    let mended = format!(
        "{}{}{}",
        &line[..column("start")],
        diagnostic["suggestions"][0]["text"].as_str().expect("a text"),
        &line[column("end")..]
    );
    folder.caulk(&["fix", "--write"]).exits(0);
    assert_eq!(folder.read("app.yaml").lines().nth(8), Some(mended.as_str()));
}
