//! Real repositories: a sample always, all 30,000 files if `CAULK_FULL` is set.

use caulk_transforms::syntax::{decode, parse};

use crate::oracle::{Comparison, compare};
use crate::{invariants, shared, variants};

/// One file in so many belongs to the sample.
const SAMPLE: usize = 59;

/// So many files of the whole corpus are refused that a lenient parser reads: brackets and quoted lines that are
/// indented less than YAML 1.2 asks for (11 files), and `[a: {b: c}]`, which the parser does not know (4 files).
const TOO_STRICT: usize = 15;

#[derive(Debug, Default)]
struct Tally {
    files: usize,
    bytes: usize,
    refused: usize,
    documents: usize,
    unresolved: usize,
    scalars: usize,
    refused_by_other: usize,
    /// Refused here, accepted there.
    too_strict: Vec<String>,
    compared: Comparison,
}

/// Calls `each` for the YAML files of the corpus, or of its sample.
pub(crate) fn for_each_file(sample: usize, mut each: impl FnMut(&str, Vec<u8>)) -> Option<()> {
    let mut index = 0;
    for path in shared::archives()? {
        for (name, bytes) in shared::archive(&path, |name| name.ends_with(".yaml") || name.ends_with(".yml"))
        {
            if index % sample == 0 {
                each(&name, bytes);
            }
            index += 1;
        }
    }
    Some(())
}

pub(crate) fn sample() -> usize {
    if std::env::var_os("CAULK_FULL").is_some() { 1 } else { SAMPLE }
}

#[test]
fn real_files_have_the_spans_of_the_other_parser() {
    let mut tally = Tally::default();
    let found = for_each_file(sample(), |name, bytes| read(name, bytes, &mut tally));
    if found.is_none() {
        return;
    }
    eprintln!(
        "corpus: {} files, {} bytes, {} refused; {} documents, {} unresolved; {} nodes ({} scalars) and {} comments \
         compared, {} differences ({} editable); {} scalars read again; the other parser refused {}",
        tally.files,
        tally.bytes,
        tally.refused,
        tally.documents,
        tally.unresolved,
        tally.compared.nodes,
        tally.compared.scalars,
        tally.compared.comments,
        tally.compared.differences.len(),
        tally.compared.editable_differences.len(),
        tally.scalars,
        tally.refused_by_other,
    );
    assert!(tally.files > 450, "the corpus is there");
    assert!(tally.compared.editable_differences.is_empty(), "{:#?}", tally.compared.editable_differences);
    assert!(tally.compared.differences.is_empty(), "{:#?}", tally.compared.differences);
    eprintln!("refused here, read there: {:#?}", tally.too_strict);
    let known = ["invalid indentation", "expected ',' or"];
    let is_known = |issue: &String| known.iter().any(|part| issue.contains(part));
    assert!(tally.too_strict.iter().all(is_known), "{:#?}", tally.too_strict);
    assert!(tally.too_strict.len() <= TOO_STRICT, "{:#?}", tally.too_strict);
    assert_eq!(tally.unresolved, 0);
}

fn read(name: &str, bytes: Vec<u8>, tally: &mut Tally) {
    tally.files += 1;
    tally.bytes += bytes.len();
    let Ok(text) = decode(bytes) else {
        tally.refused += 1;
        return;
    };
    let stream = match parse(text.as_str()) {
        Ok(stream) => stream,
        Err(issue) => {
            tally.refused += 1;
            if granit_parser::Parser::new_from_str(&text).all(|event| event.is_ok()) {
                tally.too_strict.push(format!("{name}: {issue}"));
            }
            return;
        }
    };
    tally.documents += stream.documents().len();
    tally.unresolved += stream.documents().filter(|document| document.is_unresolved()).count();
    tally.scalars += invariants::check(&stream);
    let mut found = compare(&stream);
    tally.refused_by_other += usize::from(found.refused.is_some());
    for difference in found.differences.iter_mut().chain(&mut found.editable_differences) {
        *difference = format!("{name}: {difference}");
    }
    tally.compared.add(found);
}

#[test]
fn real_files_mean_the_same_with_other_line_breaks_and_letters() {
    let mut texts = 0;
    let found = for_each_file(sample() * 3, |name, bytes| {
        let Ok(text) = decode(bytes) else { return };
        if parse(text.as_str()).is_ok() {
            variants::check(name, &text);
            texts += 1;
        }
    });
    if found.is_some() {
        eprintln!("variants: {texts} files");
        assert!(texts > 120, "the corpus is there");
    }
}
