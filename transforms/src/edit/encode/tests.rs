use super::*;
use crate::syntax::parse;

const TEXTS: [&str; 44] = [
    "a",
    "",
    " a",
    "a ",
    "a b",
    "a: b",
    "a:b",
    "a:",
    ":a",
    "- a",
    "-a",
    "--",
    "---",
    "--- a",
    "...",
    "? a",
    "?a",
    "#a",
    "a #b",
    "a#b",
    "a\tb",
    "a\n",
    "a\nb",
    "\n",
    "'a'",
    "\"a\"",
    "it's",
    "a\\b",
    "[a]",
    "a,b",
    "{a}",
    "a]",
    "&a",
    "*a",
    "!a",
    "|",
    ">",
    "%a",
    "@a",
    "`a",
    "\u{85}",
    "\u{feff}a",
    "\u{1}",
    "ä🦀",
];

const TYPED: [&str; 26] = [
    "null",
    "~",
    "Yes",
    "no",
    "ON",
    "off",
    "y",
    "N",
    "true",
    "False",
    "1",
    "-1",
    "+1",
    "0x1F",
    "0o17",
    "1_000",
    "1.5",
    ".5",
    "1e3",
    ".inf",
    "-.INF",
    ".nan",
    "1:30",
    "2001-01-01",
    "=",
    "<<",
];

#[test]
fn what_is_written_is_read() {
    let styles = [ScalarStyle::Plain, ScalarStyle::SingleQuoted, ScalarStyle::DoubleQuoted];
    for text in TEXTS.iter().chain(&TYPED) {
        for (style, flow) in styles.iter().flat_map(|style| [(*style, false), (*style, true)]) {
            let written = scalar(text, style, Place { flow, first_column: false });
            let yaml =
                if flow { format!("[{written}, {written}]") } else { format!("- {written}\n- {written}\n") };
            let stream = parse(yaml.as_str()).unwrap_or_else(|issue| panic!("{yaml:?}: {issue:?}"));
            let root = stream.documents().next().and_then(|document| document.root()).expect("a document");
            let values: Vec<_> = root.items().map(|item| item.as_str()).collect();
            assert_eq!(values, [Some(*text), Some(*text)], "{yaml:?}");
        }
    }
}

#[test]
fn what_has_a_type_is_quoted() {
    for text in TYPED {
        assert!(!plain_is_string(text, Place::default()), "{text}");
    }
    for text in ["server", "--port=80", "/bin/sh", "a.b.svc", "http://a:80/x", "$(A)", "x1", "-x", "1q-x"] {
        assert!(plain_is_string(text, Place::default()), "{text}");
    }
}

#[test]
fn what_is_possible_plain_is_read_as_it_is() {
    for text in TEXTS.iter().chain(&TYPED) {
        for flow in [false, true] {
            if !plain_is_possible(text, Place { flow, first_column: false }) || text.contains('\n') {
                continue;
            }
            let yaml = if flow { format!("[{text}, {text}]") } else { format!("- {text}\n- {text}\n") };
            let stream = parse(yaml.as_str()).unwrap_or_else(|issue| panic!("{yaml:?}: {issue:?}"));
            let root = stream.documents().next().and_then(|document| document.root()).expect("a document");
            let values: Vec<_> =
                root.items().filter_map(|item| item.scalar()).map(|scalar| scalar.value).collect();
            assert_eq!(values, [*text, *text], "{yaml:?}");
        }
    }
}
