//! Hosts of real repositories, shortened where overlays alone tell the namespace, and completed again.
//!
//! A full name `x.n.svc.cluster.local` that somebody wrote becomes `x` or `x.n`. What a person knew is the judge: the old text
//! must come back byte for byte in safe mode, or a reason is named.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
    sync::Arc,
};

use caulk_transforms::{
    finding::{Applicability, FileId, Location, RuleId},
    hosts::{ClusterName, Suffix},
    model::{Object, Repository, SourceFile, services::Knowledge},
    path::RepoPath,
    plan::{self, Policy},
    rule::{Options, Selection},
    rules,
    span::Span,
    syntax::{self, Kind, Node},
};
use rayon::prelude::*;

use crate::repository::{archives, is_full, model, top, unpack};

const RULES: [RuleId; 2] = ["short-service-host", "unknown-service-namespace"];
const DOMAIN: &str = "cluster.local";
/// Keys below which values make connections.
const PLACES: [&str; 6] = ["env", "args", "command", "data", "stringData", "values"];
/// So many hosts of the whole corpus are broken at least.
const LEAST: usize = 100;

/// A host that was shortened.
#[derive(Debug)]
struct Break {
    file: FileId,
    line: u32,
    span: Span,
    short: String,
}

/// What came of the hosts of one repository.
#[derive(Debug, Default)]
struct Tally {
    broken: usize,
    restored: usize,
    /// Hosts that were left short, by the reason.
    held: BTreeMap<String, usize>,
    /// Hosts that stand where no host is looked for.
    unread: Vec<String>,
    wrong: Vec<String>,
}

#[test]
fn hosts_whose_namespace_only_overlays_tell_come_back() {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(2).build().expect("threads");
    let done: Vec<(String, Tally)> =
        pool.install(|| archives().par_iter().filter_map(|archive| break_and_mend(archive)).collect());
    let mut total = Tally::default();
    for (name, tally) in done {
        println!(
            "{name}: {} broken, {} restored, held back: {:#?}",
            tally.broken, tally.restored, tally.held
        );
        total.broken += tally.broken;
        total.restored += tally.restored;
        for (reason, count) in tally.held {
            *total.held.entry(reason).or_default() += count;
        }
        total.unread.extend(tally.unread);
        total.wrong.extend(tally.wrong.into_iter().map(|what| format!("{name}: {what}")));
    }
    println!("in total: {} broken, {} restored", total.broken, total.restored);
    assert_eq!(total.wrong, [""; 0]);
    println!("where no host is looked for: {:#?}", total.unread);
    assert!(total.unread.len() * 20 <= total.broken, "too many places are not read");
    assert_eq!(total.restored + total.held.values().sum::<usize>() + total.unread.len(), total.broken);
    if is_full() && total.broken > 0 {
        assert!(total.broken >= LEAST, "{total:?}");
        assert!(total.restored * 2 > total.broken, "{total:?}");
    }
}

fn break_and_mend(archive: &Path) -> Option<(String, Tally)> {
    let folder = unpack(archive)?;
    let whole = model(&top(folder.path()));
    let breaks = find(&whole);
    if breaks.is_empty() {
        return None;
    }
    let broken = shorten(&whole, &breaks);
    // Other short hosts are completed on the way, in the whole repository as in the broken one.
    let (expected, mended) = (mend(&whole), mend(&broken));
    let mut tally = Tally { broken: breaks.len(), ..Tally::default() };
    for each in &breaks {
        let path = &whole.file(each.file).path;
        let line = |texts: &BTreeMap<RepoPath, String>, from: &Repository| {
            let text = texts.get(path).map_or_else(|| from.file(each.file).stream.text(), String::as_str);
            text.split('\n').nth(each.line as usize - 1).unwrap_or_default().to_owned()
        };
        let (wanted, got) = (line(&expected, &whole), line(&mended, &broken));
        let before = line(&BTreeMap::new(), &broken);
        if got == wanted {
            tally.restored += 1;
        } else if got == before {
            match reason(&broken, each) {
                Some(reason) => *tally.held.entry(reason).or_default() += 1,
                None => tally.unread.push(format!("{path}:{}: {}", each.line, each.short)),
            }
        } else {
            tally.wrong.push(format!("{path}:{}: {wanted:?} came back as {got:?}", each.line));
        }
    }
    let touched: BTreeSet<&RepoPath> = breaks.iter().map(|each| &whole.file(each.file).path).collect();
    for (path, text) in mended.iter().filter(|(path, _)| !touched.contains(path)) {
        if expected.get(path) != Some(text) {
            tally.wrong.push(format!("{path} changed, and nothing in it was broken"));
        }
    }
    let name = archive.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    Some((name, tally))
}

/// Finds the full names that can be shortened so that overlays alone tell the namespace, one a line.
fn find(repository: &Repository) -> Vec<Break> {
    let mut breaks: Vec<Break> = Vec::new();
    let mut lines: BTreeSet<(FileId, u32)> = BTreeSet::new();
    for object in repository.objects().iter().filter(|object| !object.encrypted && !object.kind.is_empty()) {
        let root = repository.node(object.file, object.root);
        let mut nodes = vec![(root, false)];
        while let Some((node, counts)) = nodes.pop() {
            match node.kind() {
                Kind::Mapping => nodes.extend(node.entries().map(|entry| {
                    (entry.value(), counts || entry.name().is_some_and(|key| PLACES.contains(&key)))
                })),
                Kind::Sequence => nodes.extend(node.items().map(|item| (item, counts))),
                Kind::Scalar if counts => {
                    for found in of_scalar(repository, object, node) {
                        if lines.insert((found.file, found.line)) {
                            breaks.push(found);
                        }
                    }
                }
                Kind::Scalar | Kind::Alias => {}
            }
        }
    }
    breaks
}

fn of_scalar(repository: &Repository, object: &Object, node: Node<'_>) -> Vec<Break> {
    let Some(span) = node.span() else { return Vec::new() };
    let stream = node.stream();
    let text = span.of(stream.text());
    let mut found = Vec::new();
    for (at, end) in stretches(text) {
        let host = &text[at..end];
        let Some(name) = ClusterName::parse(host).filter(|name| name.suffix == Suffix::Domain(DOMAIN)) else {
            continue;
        };
        let (Some(namespace), None, false) = (name.namespace, name.pod, name.dot) else { continue };
        let Some(short) = shortened(repository, object, name.service, namespace) else { continue };
        let start = span.start + u32::try_from(at).expect("a small file");
        let span = Span::new(start, start + u32::try_from(host.len()).expect("a name"));
        found.push(Break { file: object.file, line: stream.position(start).0, span, short });
    }
    found
}

/// Returns the stretches of letters that a host may be made of, where no variable touches them.
fn stretches(text: &str) -> Vec<(usize, usize)> {
    let is_host = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.');
    let touches = |byte: Option<&u8>| byte.is_some_and(|byte| b"_$%{}()<>".contains(byte));
    let bytes = text.as_bytes();
    let mut found = Vec::new();
    let mut at = 0;
    while at < bytes.len() {
        let len = bytes[at..].iter().take_while(|byte| is_host(byte)).count();
        if len > 0
            && !touches(at.checked_sub(1).and_then(|at| bytes.get(at)))
            && !touches(bytes.get(at + len))
        {
            found.push((at, at + len));
        }
        at += len.max(1);
    }
    found
}

/// Returns the short name, if the Service is known and no `metadata.namespace` tells what the short name leaves out.
fn shortened(repository: &Repository, object: &Object, service: &str, namespace: &str) -> Option<String> {
    let placements = repository.placements();
    if placements.pod_namespace(object.id) == Some(namespace)
        && object.namespace.as_deref() != Some(namespace)
    {
        let known = repository
            .services()
            .lookup(None, namespace, service)
            .any(|each| each.knowledge > Knowledge::Convention);
        return known.then(|| service.to_owned());
    }
    let written = |service: &caulk_transforms::model::services::Service| {
        let (file, node) = placements.texts().in_file(service.at);
        let mut owners = repository.objects().iter().filter(|each| each.file == file);
        let root = std::iter::successors(Some(repository.node(file, node)), |node| node.parent()).last();
        let owner = owners.find(|each| root.is_some_and(|root| root.id() == each.root));
        owner.is_none_or(|owner| owner.namespace.as_deref() == Some(namespace))
    };
    let mut known = repository.services().lookup(None, namespace, service).peekable();
    let overlays_alone =
        known.peek().is_some() && known.all(|each| each.knowledge > Knowledge::Convention && !written(each));
    overlays_alone.then(|| format!("{service}.{namespace}"))
}

/// Writes the short names.
fn shorten(repository: &Repository, breaks: &[Break]) -> Repository {
    let mut texts: BTreeMap<FileId, String> = BTreeMap::new();
    let mut sorted: Vec<&Break> = breaks.iter().collect();
    sorted.sort_by_key(|each| std::cmp::Reverse((each.file, each.span.start)));
    for each in sorted {
        let stream = &repository.file(each.file).stream;
        let text = texts.entry(each.file).or_insert_with(|| stream.text().to_owned());
        text.replace_range(each.span.start as usize..each.span.end as usize, &each.short);
    }
    let files =
        repository.files().iter().zip(0..).map(|(file, number)| match texts.remove(&FileId(number)) {
            None => file.clone(),
            Some(text) => SourceFile { stream: Arc::new(syntax::parse(text).expect("YAML")), ..file.clone() },
        });
    Repository::build(files.collect()).with_others(repository.others().to_vec())
}

fn policy() -> Policy {
    Policy {
        tier: Applicability::Safe,
        selection: Selection { only: RULES.map(str::to_owned).into(), ..Selection::default() },
        options: Options { cluster_domain: Some(DOMAIN.to_owned()), ..Options::default() },
        known: Vec::new(),
    }
}

/// Returns the new texts.
fn mend(repository: &Repository) -> BTreeMap<RepoPath, String> {
    let plan = plan::mend(repository, rules::ALL, &policy(), &mut |_, _| {});
    plan.changes.into_iter().map(|change| (change.path, change.after)).collect()
}

/// Returns why a short host stays, without the names in it; none if nothing is said.
fn reason(repository: &Repository, each: &Break) -> Option<String> {
    let stream = &repository.file(each.file).stream;
    let line = stream.line_span(each.line);
    let blank = line.of(stream.text()).bytes().take_while(u8::is_ascii_whitespace).count();
    let start = line.start + u32::try_from(blank).ok()?;
    let place = Location { file: each.file, span: Span::empty(start) };
    let told = plan::explain(repository, rules::ALL, &policy(), place, &mut |_, _| {});
    let mark = format!("host `{}`: ", each.short);
    let unread = || told.iter().find(|line| line.contains("is read as no connection")).map(String::as_str);
    let told = told.iter().find_map(|line| Some(line.split_once(&mark)?.1)).or_else(unread);
    told.map(|told| format!("{}:{}: {told}", repository.file(each.file).path, each.line))
}
