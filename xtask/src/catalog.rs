//! `cargo xtask catalog --check`: the catalog's files are well formed, sorted, and every statement has a source.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result, bail, ensure};

#[path = "../../transforms/catalog/schema.rs"]
#[expect(dead_code, reason = "notes and paths are for readers and for the build")]
mod schema;
#[path = "../../transforms/src/catalog/version.rs"]
#[allow(dead_code, reason = "the lookup needs more of it")]
mod version;

use schema::{Entrypoint, File, Image, Row, Words};

/// Checks every file and returns the counts, as lines for people.
///
/// # Errors
/// Names every file, image and row that breaks a rule.
pub(crate) fn check(directory: &Path) -> Result<String> {
    let mut problems = Vec::new();
    let mut images = Vec::new();
    let mut names = BTreeMap::new();
    for path in files(directory)? {
        let text = fs::read_to_string(&path).with_context(|| format!("failed to read {}", path.display()))?;
        let file: File =
            serde_yaml::from_str(&text).with_context(|| format!("failed to read {}", path.display()))?;
        let stem = path.file_stem().and_then(|stem| stem.to_str()).unwrap_or_default();
        problems.extend(check_file(stem, &file));
        for image in &file.images {
            for name in std::iter::once(&image.image).chain(&image.also) {
                if let Some(other) = names.insert(name.clone(), stem.to_owned()) {
                    problems.push(format!("{stem}: {name} stands in {other} already"));
                }
            }
        }
        images.extend(file.images);
    }
    ensure!(!images.is_empty(), "there is no image in {}", directory.display());
    if !problems.is_empty() {
        bail!("the catalog breaks its rules:\n  {}", problems.join("\n  "));
    }
    Ok(counts(&images))
}

fn files(directory: &Path) -> Result<Vec<PathBuf>> {
    let entries =
        fs::read_dir(directory).with_context(|| format!("failed to list {}", directory.display()))?;
    let mut paths = entries.map(|entry| Ok(entry?.path())).collect::<Result<Vec<_>>>()?;
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "yaml"));
    paths.sort();
    Ok(paths)
}

fn check_file(stem: &str, file: &File) -> Vec<String> {
    let mut problems = Vec::new();
    let place = format!("{}/", stem.replace('_', "/"));
    for pair in file.images.windows(2) {
        if pair[0].image >= pair[1].image {
            problems.push(format!("{stem}: {} stands before {}", pair[0].image, pair[1].image));
        }
    }
    for image in &file.images {
        if !image.image.starts_with(&place) {
            problems.push(format!("{stem}: {} belongs in another file", image.image));
        }
        let found = check_image(image);
        problems.extend(found.into_iter().map(|problem| format!("{stem}: {}: {problem}", image.image)));
    }
    problems
}

fn check_image(image: &Image) -> Vec<String> {
    let mut problems = Vec::new();
    if image.rows.is_empty() {
        problems.push("there is no row".to_owned());
    }
    for (index, row) in image.rows.iter().enumerate() {
        problems.extend(check_row(row).into_iter().map(|problem| format!("row {}: {problem}", index + 1)));
    }
    for (index, pair) in image.rows.windows(2).enumerate() {
        if order(&pair[0]) > order(&pair[1]) {
            problems.push(format!("rows {} and {} are not sorted", index + 1, index + 2));
        }
    }
    for (index, row) in image.rows.iter().enumerate() {
        for (other_index, other) in image.rows.iter().enumerate().skip(index + 1) {
            if overlap(row, other) {
                problems.push(format!("rows {} and {} overlap", index + 1, other_index + 1));
            }
        }
    }
    for (field, statements) in [
        ("arguments", &image.arguments),
        ("repeatable", &image.repeatable),
        ("programs", &image.programs),
        ("absent", &image.absent),
    ] {
        for statement in statements {
            let found = check_words(statement, field == "programs");
            problems.extend(found.into_iter().map(|problem| format!("{field}: {problem}")));
        }
    }
    let words = |statements: &[Words]| -> BTreeSet<String> {
        statements.iter().flat_map(|statement| statement.words.iter().cloned()).collect()
    };
    for word in words(&image.programs).intersection(&words(&image.absent)) {
        problems.push(format!("{word} is said to be there and to be absent"));
    }
    problems
}

fn check_row(row: &Row) -> Vec<String> {
    let mut problems = check_range(row.from.as_deref(), row.until.as_deref());
    problems.extend(check_source(&row.source));
    problems.extend(row.forwards_source.as_deref().and_then(check_source));
    if row.until.is_some() && row.from.is_none() {
        problems.push("it has an end and no beginning".to_owned());
    }
    let runs_something = matches!(&row.entrypoint, Entrypoint::Words(words) if !words.is_empty());
    if row.forwards.is_some() && !runs_something {
        problems.push("there is no entrypoint that could forward".to_owned());
    }
    if row.forwards.is_none() && row.forwards_source.is_some() {
        problems.push("forwards has a source and no value".to_owned());
    }
    if let Some(tag) = row
        .tags
        .iter()
        .find(|tag| !tag.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte)))
    {
        problems.push(format!("{tag:?} is no tag"));
    }
    for (field, words) in [("variants", &row.variants), ("tags", &row.tags)] {
        if !is_sorted_set(words) {
            problems.push(format!("{field} are not sorted, or one stands twice"));
        }
    }
    problems
}

fn check_words(statement: &Words, may_be_complete: bool) -> Vec<String> {
    let mut problems = check_range(statement.from.as_deref(), statement.until.as_deref());
    problems.extend(check_source(&statement.source));
    if statement.words.is_empty() && !statement.complete || !is_sorted_set(&statement.words) {
        problems.push(format!("{:?} are no sorted words without doubles", statement.words));
    }
    if statement.words.iter().any(|word| word.is_empty() || word.contains(char::is_whitespace)) {
        problems.push(format!("one of {:?} is no word", statement.words));
    }
    if statement.complete && !may_be_complete {
        problems.push("only programs can be complete".to_owned());
    }
    problems
}

fn check_range(from: Option<&str>, until: Option<&str>) -> Vec<String> {
    let bad = |text: &&str| version::Version::parse(text).is_none();
    let mut problems: Vec<String> = from
        .iter()
        .chain(until.iter())
        .filter(|text| bad(text))
        .map(|text| format!("{text} is no version"))
        .collect();
    if let (Some(from), Some(until)) = (from, until)
        && version::compare(&numbers(from), &numbers(until)).is_ge()
    {
        problems.push(format!("nothing lies from {from} until {until}"));
    }
    problems
}

/// A source is `repository:path@commit`, or a page of the project's own documentation, by repository and path.
fn check_source(source: &str) -> Option<String> {
    let names_a_repository =
        source.split_once('/').is_some_and(|(owner, rest)| !owner.is_empty() && !rest.is_empty());
    (!names_a_repository || source.contains("://")).then(|| format!("{source:?} is no source"))
}

fn is_sorted_set(words: &[String]) -> bool {
    words.windows(2).all(|pair| pair[0] < pair[1])
}

type Order<'a> = (&'a str, &'a [String], bool, Vec<u64>, &'a [String]);

fn order(row: &Row) -> Order<'_> {
    let from = row.from.as_deref().map(numbers).unwrap_or_default();
    (&row.prefix, &row.variants, row.from.is_none(), from, &row.tags)
}

fn overlap(left: &Row, right: &Row) -> bool {
    let same_tags = left.tags.iter().any(|tag| right.tags.contains(tag));
    let (Some(left_from), Some(right_from)) = (&left.from, &right.from) else { return same_tags };
    let same_kind =
        left.prefix == right.prefix && left.variants.iter().any(|word| right.variants.contains(word));
    let ends_before = |until: &Option<String>, from: &str| {
        until.as_deref().is_some_and(|until| version::compare(&numbers(until), &numbers(from)).is_le())
    };
    same_tags || same_kind && !ends_before(&left.until, right_from) && !ends_before(&right.until, left_from)
}

fn numbers(text: &str) -> Vec<u64> {
    version::Version::parse(text).map(|version| version.numbers).unwrap_or_default()
}

fn counts(images: &[Image]) -> String {
    let rows: Vec<&Row> = images.iter().flat_map(|image| &image.rows).collect();
    let mut by_forwards: BTreeMap<String, usize> = BTreeMap::new();
    for row in &rows {
        let name = match (&row.entrypoint, row.forwards) {
            (Entrypoint::Keyword(_), _) => "inherited".to_owned(),
            (Entrypoint::Words(words), _) if words.is_empty() => "no entrypoint".to_owned(),
            (_, None) => "unknown".to_owned(),
            (_, Some(forwards)) => format!("{forwards:?}"),
        };
        *by_forwards.entry(name).or_default() += 1;
    }
    let with = |test: &dyn Fn(&Image) -> bool| images.iter().filter(|image| test(image)).count();
    let mut lines = vec![
        format!(
            "{} images, {} names, {} rows",
            images.len(),
            images.iter().map(|i| 1 + i.also.len()).sum::<usize>(),
            rows.len()
        ),
        format!(
            "{} images with versions, {} with several states",
            with(&|i| i.rows.iter().any(|r| r.from.is_some())),
            with(&|i| i.rows.iter().filter(|r| r.from.is_some()).count() > 1)
        ),
        format!(
            "{} images with arguments, {} with absent names, {} with all programs",
            with(&|i| !i.arguments.is_empty()),
            with(&|i| !i.absent.is_empty()),
            with(&|i| i.programs.iter().any(|p| p.complete))
        ),
    ];
    lines.extend(by_forwards.into_iter().map(|(name, count)| format!("  {name}: {count} rows")));
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problems(text: &str) -> Vec<String> {
        check_file("example.org", &serde_yaml::from_str(text).expect("well formed"))
    }

    const GOOD: &str = "
images:
  - image: example.org/a
    rows:
      - { from: '1.0', until: '2.0', entrypoint: [a], forwards: own-program, source: 'a/a:Dockerfile@0' }
      - { from: '2.0', entrypoint: inherited, source: 'a/a:Dockerfile@1' }
    arguments:
      - { words: [run, serve], source: 'a/a:main.go@1' }
";

    #[test]
    fn a_good_file_has_no_problem() {
        assert_eq!(problems(GOOD), Vec::<String>::new());
    }

    #[test]
    fn each_broken_rule_is_found() {
        let cases = [
            ("until: '2.0'", "until: '2.1'", "rows 1 and 2 overlap"),
            ("until: '2.0'", "until: '0.9'", "nothing lies from 1.0 until 0.9"),
            ("from: '1.0'", "from: one", "one is no version"),
            ("a/a:main.go@1", "somebody said so", "is no source"),
            ("[run, serve]", "[serve, run]", "sorted words"),
            ("[run, serve]", "[run, 'serve all']", "is no word"),
            ("entrypoint: [a]", "entrypoint: []", "no entrypoint that could forward"),
            ("example.org/a", "example.com/a", "belongs in another file"),
            ("from: '1.0', until: '2.0'", "from: '3.0'", "not sorted"),
        ];
        for (good, bad, problem) in cases {
            let found = problems(&GOOD.replace(good, bad)).join("\n");
            assert!(found.contains(problem), "{good} -> {bad}: {found:?}");
        }
    }

    #[test]
    fn the_catalog_keeps_its_rules() -> Result<()> {
        check(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../transforms/catalog")).map(|_| ())
    }
}
