//! Texts made to hurt: none may panic, hang, take quadratic time or be misread.

use std::time::{Duration, Instant};

use caulk_transforms::syntax::{Frozen, Kind, MAX_DEPTH, Node, ParseIssue, Stream, parse};

use crate::invariants;

/// Far more than linear time needs here, even in a debug build on a busy machine; far less than quadratic time.
const PATIENCE: Duration = Duration::from_secs(20);

/// Parses a text, whatever comes of it, and checks what holds for every text.
fn survive(text: &str) -> Result<Stream, ParseIssue> {
    let start = Instant::now();
    let result = parse(text);
    assert!(start.elapsed() < PATIENCE, "{:?} for {} bytes", start.elapsed(), text.len());
    if let Ok(stream) = &result {
        let start = Instant::now();
        invariants::check(stream);
        assert!(start.elapsed() < PATIENCE, "checks: {:?} for {} bytes", start.elapsed(), text.len());
    }
    result
}

fn root(stream: &Stream) -> Node<'_> {
    stream.documents().next().and_then(|document| document.root()).expect("a root")
}

#[test]
fn deep_nesting_is_refused_at_the_limit() {
    for opening in ["[", "{", "- ", "? ", "{a: ", "[[{", "a: [", "&a [", "!t [", "- ? - : "] {
        assert!(survive(&opening.repeat(100_000)).is_err(), "{opening:?}");
    }
    let nested =
        |depth: usize| (0..depth).map(|level| format!("{}a:\n", " ".repeat(level))).collect::<String>();
    assert!(survive(&nested(MAX_DEPTH)).is_ok());
    let issue = survive(&nested(MAX_DEPTH + 1)).expect_err("too deep");
    assert!(issue.message.contains("512"), "{issue}");
    assert_eq!(issue.line, MAX_DEPTH as u32 + 1);
    assert!(survive(&"- ".repeat(20_000)).is_err());
    assert!(survive(&"? ".repeat(20_000)).is_err());
}

#[test]
fn aliases_are_never_expanded() {
    let mut bomb = String::from("a0: &a0 [x, x, x, x, x, x, x, x, x]\n");
    for level in 1..40 {
        let before = format!("*a{}", level - 1);
        bomb.push_str(&format!("a{level}: &a{level} [{}]\n", [before.as_str(); 9].join(", ")));
    }
    let stream = survive(&bomb).expect("a valid bomb");
    let aliases = root(&stream).descendants().filter(|node| node.kind() == Kind::Alias).count();
    assert_eq!(aliases, 39 * 9);
    let stream = survive("&a [*a, {b: *a}]").expect("a node that holds itself");
    assert_eq!(root(&stream).items().next().map(Node::resolve), Some(root(&stream)));
}

#[test]
fn an_alias_refers_to_the_latest_anchor_before_it() {
    let stream = survive("- &a one\n- *a\n- &a two\n- *a\n").expect("valid");
    let targets: Vec<_> = root(&stream).items().map(|node| node.resolve().as_str()).collect();
    assert_eq!(targets, [Some("one"), Some("one"), Some("two"), Some("two")]);
    let issue = survive("a: &x 1\n---\nb: *x\n").expect_err("anchors end with their document");
    assert_eq!((issue.line, issue.column), (3, 4));
    assert!(survive("a: *x\nb: &x 1\n").is_err());
}

#[test]
fn long_texts_take_linear_time() {
    let million = if cfg!(debug_assertions) { 64_000 } else { 1_000_000 };
    let texts = [
        format!("a: {}", "x".repeat(20 * million)),
        format!("a: \"{}\"", "x ".repeat(5 * million)),
        format!("a: \"{}\"", "\\n".repeat(2 * million)),
        format!("a: |\n{}", "  text\n".repeat(million)),
        format!("a: >\n{}", "  text\n\n".repeat(million / 2)),
        format!("a: |+\n{}", "\n".repeat(2 * million)),
        format!("a: x{}\n y", " ".repeat(2 * million)),
        format!("a: x\n{} y", "\n".repeat(million)),
        format!("a:{}b", " ".repeat(5 * million)),
        format!("a: b{}#c\n", " ".repeat(2 * million)),
        "# comment\n".repeat(million / 2),
        format!("a:\n{}  b: c\n", "    # comment\n".repeat(million / 4)),
        "---\n".repeat(million / 8),
        "--- a\n...\n".repeat(million / 16),
        format!("[{}]", "a, ".repeat(million / 4)),
        format!("[{}]", "\u{e9}, ".repeat(million / 4)),
        format!(
            "\u{e9}: {{{}}}",
            (0..million / 16).map(|key| format!("k{key}: \u{e9}, ")).collect::<String>()
        ),
        (0..million / 16).map(|key| format!("k{key}: v\n")).collect::<String>(),
        "- a\n".repeat(million / 8),
        format!("{}- x", " ".repeat(million)),
        (0..million / 50).map(|level| format!("- &a{level} x\n- *a{level}\n")).collect::<String>(),
        "a: b\r".repeat(million / 16).replace('a', "\u{e9}"),
        format!("a: {}", "'' ".repeat(1000)),
        format!("{}: b", "a".repeat(2 * million)),
        format!("? {}\n: b", "a".repeat(2 * million)),
        "&a ".repeat(million / 2),
        "!t ".repeat(million / 2),
        format!("{}{{}}", "[? ".repeat(200)),
        format!("[{}]", "{a: b}: c, ".repeat(million / 32)),
        format!("%TAG ! {}\n--- a", "x".repeat(million)),
        "%A b\n".repeat(million / 16),
        "\t\n".repeat(million),
        "'".repeat(million),
        "''''".repeat(million),
        "|\n".repeat(million / 2),
        "\u{feff}".repeat(million / 4),
        format!("{}{}{}", "[".repeat(250), "a, ".repeat(million / 16), "]".repeat(250)),
        format!("{}{}", "[".repeat(200), "\u{e9}]: b".repeat(200)),
        format!("{}b", "a: \n".repeat(million / 16)),
        format!("[{}]", "\u{e9}: b, ".repeat(million / 32)),
        format!("[{}]", "\u{e9}\n,".repeat(million / 32)),
    ];
    for text in &texts {
        drop(survive(text));
    }
}

#[test]
fn a_scalar_of_100_megabytes_is_read() {
    if std::env::var_os("CAULK_FULL").is_some() {
        let text =
            format!("a: |\n{}b: c\n", "  0123456789 0123456789 0123456789 0123456789\n".repeat(2_200_000));
        assert_eq!(survive(&text).expect("valid").line_count(), 2_200_003);
        let text = format!("a: {}\n", "x".repeat(100_000_000));
        assert!(survive(&text).is_ok());
    }
}

#[test]
fn small_oddities_are_read_or_refused() {
    let valid = [
        "",
        "\n",
        " ",
        "\u{feff}",
        "\r",
        "\r\n",
        "# only a comment",
        "# a\n# b\n",
        "---",
        "---\n",
        "--- \n...\n",
        "...",
        "--- a",
        "--- |\n a",
        "---\n---\n",
        "---\n...\n---\n",
        "%YAML 1.2\n---\n",
        "%YAML 1.2 # c\n---\na\n...\n",
        "a: b # c",
        "a: b\t# c",
        "a:\n\t\n",
        "a: [\n \tb\n \t]",
        "- \t- a",
        "a: |",
        "a: >-",
        "a: |\n",
        "a: |\n  ",
        "-",
        "- ",
        "? a",
        ": a",
        "a:",
        "[]",
        "{}",
        "[a,]",
        "{a,}",
        "{a: b,}",
        "[? a]",
        "{? a}",
        "!!str",
        "&a",
        "*a : b",
        "a: b\n\n\n",
        "a: \"b\n  c\"",
        "\"a\": b",
        "'a': b",
        "{\"a\":b}",
        "a: b\r\nc: d\r\n",
    ];
    for text in valid {
        match survive(text) {
            Ok(stream) => assert!(stream.documents().all(|document| !document.is_unresolved()), "{text:?}"),
            Err(issue) => assert!(["*a : b", "- \t- a", "--- \n...\n"].contains(&text), "{text:?}: {issue}"),
        }
    }
    // Valid, but the parser asks for a space before the tab: such a file is skipped, and says why.
    assert!(survive("a:\tb").is_err());
    for text in [
        "[",
        "]",
        "{",
        "}",
        "a: b: c",
        "\"",
        "'",
        "- a\nb",
        "a: \"\\q\"",
        "a: *x",
        "@a",
        "`a",
        "%",
        "a:\n\t- b",
        "a\0b",
    ] {
        assert!(survive(text).is_err(), "{text:?}");
    }
}

#[test]
fn what_edits_must_leave_alone_is_frozen() {
    let cases = [
        ("a: {<<: *x, b: c}", Frozen::MergeKey),
        ("a: {? b : c}", Frozen::ExplicitKey),
        ("a: {b: c, b: d}", Frozen::DuplicateKey),
        ("a: {b: c, 'b': d}", Frozen::DuplicateKey),
        ("a: {[b]: c}", Frozen::ComplexKey),
        ("a: [b: c]", Frozen::Pair),
        ("a: !vault {b: c}", Frozen::Tag),
        ("a: !!set {b: c}", Frozen::Tag),
        ("a: *x", Frozen::Alias),
    ];
    for (text, reason) in cases {
        let text = format!("z: &x {{y: 1}}\n{text}\n");
        let stream = survive(&text).expect("valid");
        let a = root(&stream).get("a").expect("the value");
        let node = if reason == Frozen::Pair { a.items().next().expect("an item") } else { a };
        assert_eq!(node.frozen(), Some(reason), "{text}");
        assert!(
            node.descendants().all(|inner| inner.frozen().is_some()),
            "{text}: reasons hold for all within"
        );
        assert_eq!(root(&stream).frozen(), None, "{text}");
        let aliased = root(&stream).at(&["z", "y"]).and_then(Node::frozen);
        assert_eq!(aliased, text.contains("*x").then_some(Frozen::Anchored), "{text}");
    }
    let separator = survive("a: b\u{2028}c\n").expect("valid");
    assert_eq!(root(&separator).frozen(), Some(Frozen::LineSeparator));
}

#[test]
fn what_fuzzing_found_stays_mended() {
    let header = survive("a: | # c\nb: 1\n").expect("valid");
    assert_eq!(header.comments().len(), 1, "a comment in a header without content is kept once");
    // The parser takes the `---` for content, which YAML forbids: nothing here may be edited until a `---` that it
    // marks as one.
    let swallowed = survive("|\n---\n...\n- a\n--- b\n").expect("read");
    let documents: Vec<_> = swallowed.documents().map(|document| document.is_unresolved()).collect();
    assert_eq!(documents, [true, true, false]);
    assert!(survive("|\n---\n...\n|\n...\n|\nt\n...\n0").is_ok());
    let tabs = survive("a: b\n\t # c\n  d\ne: f\n").expect("read");
    assert!(
        root(&tabs).frozen() == Some(Frozen::Unresolved),
        "a comment within a plain scalar is not understood"
    );
}
