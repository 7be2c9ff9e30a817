//! The case folders, and what must hold for each.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write as _,
    fs,
    path::{Path, PathBuf},
    sync::Arc,
};

use caulk_transforms::{
    finding::{Applicability, Remedy},
    model::{Repository, SourceFile},
    path::RepoPath,
    plan::{self, Plan, Policy, Verdict},
    rule::{HostForm, HostScope, Options, Selection},
    rules, syntax,
};
use serde::Deserialize;

use crate::world::{self, Image};

/// Files by path.
type Files = BTreeMap<String, String>;

/// What may be applied in a case, from `policy.yaml`.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct PolicyFile {
    #[serde(default)]
    unsafe_fixes: bool,
    cluster_domain: Option<String>,
    form: Option<String>,
    scope: Option<String>,
    #[serde(default)]
    host_keys: Vec<String>,
    #[serde(default)]
    ignored_keys: Vec<String>,
    #[serde(default)]
    ignored_hosts: Vec<String>,
}

/// A repository before and after.
#[derive(Debug, Clone)]
pub(crate) struct Case {
    pub(crate) rule: String,
    pub(crate) name: String,
    folder: PathBuf,
    before: Files,
    after: Files,
    images: Vec<Image>,
    policy: PolicyFile,
}

fn rules_folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src/rules")
}

/// Reads every case folder.
pub(crate) fn all_cases() -> Vec<Case> {
    let mut cases = Vec::new();
    for rule in rules::ALL {
        let folder = rules_folder().join(rule.meta().id.replace('-', "_")).join("cases");
        for entry in sorted(&folder) {
            cases.push(Case {
                rule: rule.meta().id.to_owned(),
                name: entry.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned()),
                before: read_tree(&entry.join("before")),
                after: read_tree(&entry.join("after")),
                images: read_yaml(&entry.join("images.yaml")).unwrap_or_default(),
                policy: read_yaml(&entry.join("policy.yaml")).unwrap_or_default(),
                folder: entry,
            });
        }
    }
    assert!(!cases.is_empty(), "there is no case below {}", rules_folder().display());
    cases
}

/// Reads the fenced examples of the rules' pages: a block `yaml before` and the block `yaml after` that follows it. A block
/// `yaml images` between them says what is known of the images, as `images.yaml` does.
pub(crate) fn page_cases() -> Vec<Case> {
    let mut cases = Vec::new();
    for rule in rules::ALL {
        let meta = rule.meta();
        let mut before = None;
        let mut images = Vec::new();
        for (info, text) in fences(meta.page) {
            match info.as_str() {
                "yaml before" => before = Some(text),
                "yaml images" => images = serde_yaml::from_str(&text).expect("a list of images"),
                "yaml after" => cases.push(Case {
                    rule: meta.id.to_owned(),
                    name: format!("page-{}", cases.len()),
                    folder: PathBuf::new(),
                    before: Files::from([(
                        "manifest.yaml".to_owned(),
                        before.take().expect("a block before"),
                    )]),
                    after: Files::from([("manifest.yaml".to_owned(), text)]),
                    images: std::mem::take(&mut images),
                    policy: PolicyFile {
                        unsafe_fixes: meta.best == Applicability::Unsafe,
                        cluster_domain: Some("cluster.local".to_owned()),
                        ..PolicyFile::default()
                    },
                }),
                _ => {}
            }
        }
    }
    cases
}

fn fences(page: &str) -> Vec<(String, String)> {
    let mut fences = Vec::new();
    let mut open: Option<(String, String)> = None;
    for line in page.lines() {
        match (line.strip_prefix("```"), &mut open) {
            (Some(info), None) => open = Some((info.trim().to_owned(), String::new())),
            (Some(_), Some(_)) => fences.extend(open.take()),
            (None, Some((_, text))) => {
                text.push_str(line);
                text.push('\n');
            }
            (None, None) => {}
        }
    }
    fences
}

impl Case {
    /// Tells whether the case changes anything.
    pub(crate) fn changes(&self) -> bool {
        !self.after.is_empty()
    }

    /// Returns the case with other bytes that mean the same.
    pub(crate) fn variants(&self) -> Vec<Self> {
        let changed = |name: &str, change: fn(&str) -> String| {
            let all = |files: &Files| files.iter().map(|(path, text)| (path.clone(), change(text))).collect();
            Self {
                name: format!("{} ({name})", self.name),
                before: all(&self.before),
                after: all(&self.after),
                ..self.clone()
            }
        };
        vec![
            changed("CRLF", |text| text.replace('\n', "\r\n")),
            changed("BOM", |text| format!("\u{feff}{text}")),
            changed("no last newline", |text| text.strip_suffix('\n').unwrap_or(text).to_owned()),
        ]
    }

    fn run(&self, files: &Files) -> Plan {
        self.run_rules(files, [self.rule.clone()].into())
    }

    fn run_rules(&self, files: &Files, only: BTreeSet<String>) -> Plan {
        let sources =
            files.iter().filter(|(path, _)| path.ends_with(".yaml")).map(|(path, text)| SourceFile {
                path: RepoPath::new(path).expect("a path of a case"),
                stream: Arc::new(
                    syntax::parse(text.clone()).unwrap_or_else(|issue| panic!("{}: {issue}", self.name)),
                ),
                protection: None,
            });
        let policy = Policy {
            tier: if self.policy.unsafe_fixes { Applicability::Unsafe } else { Applicability::Safe },
            selection: Selection { only, ..Selection::default() },
            options: self.options(),
            known: Vec::new(),
        };
        let images = self.images.clone();
        plan::mend(&Repository::build(sources.collect()), rules::ALL, &policy, &mut |questions, facts| {
            world::answer(&images, questions, facts);
        })
    }

    fn options(&self) -> Options {
        Options {
            cluster_domain: self.policy.cluster_domain.clone(),
            host_form: match self.policy.form.as_deref() {
                None | Some("fqdn") => HostForm::Fqdn,
                Some("fqdn-dot") => HostForm::FqdnDot,
                Some("svc") => HostForm::Svc,
                Some(other) => panic!("policy.yaml: no such form: {other}"),
            },
            host_scope: match self.policy.scope.as_deref() {
                None | Some("all") => HostScope::All,
                Some("cross-namespace") => HostScope::CrossNamespace,
                Some(other) => panic!("policy.yaml: no such scope: {other}"),
            },
            host_keys: self.policy.host_keys.clone(),
            ignored_keys: self.policy.ignored_keys.clone(),
            ignored_hosts: self.policy.ignored_hosts.clone(),
        }
    }

    /// Runs the rule and compares every file with what it should be.
    pub(crate) fn check_result(&self) {
        let plan = self.run(&self.before);
        let got: Files =
            plan.changes.iter().map(|change| (change.path.to_string(), change.after.clone())).collect();
        assert_eq!(got, self.after, "{} {}\n{}", self.rule, self.name, describe(&plan));
    }

    /// Compares what is said with `findings.snap`.
    pub(crate) fn check_snapshot(&self) {
        let mut settings = insta::Settings::new();
        settings.set_snapshot_path(&self.folder);
        settings.set_prepend_module_to_snapshot(false);
        settings.set_omit_expression(true);
        settings.bind(|| insta::assert_snapshot!("findings", describe(&self.run(&self.before))));
    }

    /// Runs the rule on its own result.
    pub(crate) fn check_second_run(&self) {
        let mut files = self.before.clone();
        files.extend(self.after.clone());
        let plan = self.run(&files);
        assert!(plan.changes.is_empty(), "{} {} changes its own result", self.rule, self.name);
    }

    /// Runs all rules together: what the rule mends alone it mends also beside the others.
    pub(crate) fn check_beside_others(&self) {
        let of_rule = |plan: &Plan| {
            let mended = plan
                .outcomes
                .iter()
                .filter(|each| each.verdict == Verdict::Mended && each.finding.rule == self.rule);
            mended.map(|each| (each.path.to_string(), each.finding.place.clone())).collect::<BTreeSet<_>>()
        };
        let all = rules::ALL.iter().map(|rule| rule.meta().id.to_owned()).collect();
        let (alone, plan) = (of_rule(&self.run(&self.before)), self.run_rules(&self.before, all));
        let lost: Vec<_> = alone.difference(&of_rule(&plan)).cloned().collect();
        assert!(lost.is_empty(), "{} {}: {lost:?} only alone\n{}", self.rule, self.name, describe(&plan));
    }

    /// Returns what the rule says of the case.
    pub(crate) fn findings_of_its_rule(&self) -> Vec<String> {
        let plan = self.run(&self.before);
        plan.outcomes.iter().map(|outcome| outcome.finding.message.clone()).collect()
    }
}

/// Writes down all that a plan says.
fn describe(plan: &Plan) -> String {
    let mut text = String::new();
    for outcome in &plan.outcomes {
        let finding = &outcome.finding;
        let (line, column) = outcome.stream.position(finding.at.span.start);
        let verdict = match &outcome.verdict {
            Verdict::Mended => "mended".to_owned(),
            Verdict::BelowTier => "below the tier".to_owned(),
            Verdict::Withheld(reason) => format!("withheld: {reason}"),
            Verdict::Suppressed(reason) => format!("suppressed: {reason}"),
        };
        let _ = writeln!(text, "{}:{line}:{column} {} [{}]", outcome.path, finding.rule, finding.subject);
        let _ = writeln!(text, "  {}", finding.message);
        if let Remedy::Fix(fix) = &finding.remedy {
            let _ = writeln!(text, "  fix ({}): {}", fix.applicability.name(), fix.title);
            for reason in &fix.reasons {
                let _ = writeln!(text, "  not trusted more: {reason}");
            }
        }
        for evidence in &finding.evidence {
            let _ = writeln!(text, "  evidence: {} ({})", evidence.what, evidence.source);
        }
        let _ = writeln!(text, "  {verdict}");
    }
    for unused in &plan.unused {
        let _ = writeln!(text, "{}:{} unused suppression of {:?}", unused.path, unused.line, unused.rules);
    }
    text
}

fn sorted(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    let mut paths: Vec<PathBuf> = entries.filter_map(Result::ok).map(|entry| entry.path()).collect();
    paths.sort();
    paths
}

fn read_tree(folder: &Path) -> Files {
    let mut files = Files::new();
    let mut todo = vec![folder.to_path_buf()];
    while let Some(here) = todo.pop() {
        for path in sorted(&here) {
            if path.is_dir() {
                todo.push(path);
                continue;
            }
            let name = path.strip_prefix(folder).expect("a path below the folder");
            let name = name.to_str().expect("a name in UTF-8").replace('\\', "/");
            files.insert(name, fs::read_to_string(&path).expect("a readable file"));
        }
    }
    files
}

fn read_yaml<T: for<'de> Deserialize<'de>>(path: &Path) -> Option<T> {
    let text = fs::read_to_string(path).ok()?;
    Some(serde_yaml::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display())))
}
