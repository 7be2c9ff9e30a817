//! The quick reader against the parser's events: whole files, the suite, and files with slips of the hand.

use caulk_transforms::syntax::{parse, parse_by_events};

use crate::{corpus, suite};

/// Fails if the two ways of reading differ, in what they refuse as well.
fn check(name: &str, text: &str) {
    assert_eq!(parse(text), parse_by_events(text), "{name}: {text}");
}

#[test]
fn real_files_are_read_equally() {
    let mut files = 0;
    let found = corpus::for_each_file(corpus::sample(), |name, bytes| {
        if let Ok(text) = String::from_utf8(bytes) {
            check(name, &text);
            files += 1;
        }
    });
    if found.is_some() {
        assert!(files > 450, "the corpus is there");
    }
}

#[test]
fn the_suite_is_read_equally() {
    for text in suite::texts().into_iter().flatten() {
        check("suite", &text);
    }
}

#[test]
fn real_files_with_slips_are_read_equally() {
    let mut chance = Chance(1);
    let mut texts = 0;
    let found = corpus::for_each_file(corpus::sample() * 2, |name, bytes| {
        let Ok(text) = String::from_utf8(bytes) else { return };
        if text.len() > 8 << 10 {
            return;
        }
        for _ in 0..40 {
            check(name, &slip(&text, &mut chance));
            texts += 1;
        }
    });
    if found.is_some() {
        eprintln!("slips: {texts} texts");
        assert!(texts > 5000, "the corpus is there");
    }
}

/// A fixed sequence of numbers that look random.
struct Chance(u64);

impl Chance {
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % bound.max(1)
    }
}

/// Inserts, removes or doubles something small.
fn slip(text: &str, chance: &mut Chance) -> String {
    const WORDS: [&str; 24] = [
        " ", "  ", "\n", "\n  ", "\n\n", "- ", "-", ": ", ":", "#", " # x", "'", "\"", "[", "]", "{", "}",
        ",", "&a ", "*a", "|", ">", "\t", "\\",
    ];
    let mut places = text.char_indices().map(|(at, _)| at).collect::<Vec<_>>();
    places.push(text.len());
    let first = chance.below(places.len());
    let length = chance.below(6);
    let (at, after) = (places[first], places[(first + length).min(places.len() - 1)]);
    match chance.below(4) {
        0 => format!("{}{}", &text[..at], &text[after..]),
        1 => format!("{}{}", &text[..after], &text[at..]),
        2 => text[..at].to_owned(),
        _ => format!("{}{}{}", &text[..at], WORDS[chance.below(WORDS.len())], &text[at..]),
    }
}
