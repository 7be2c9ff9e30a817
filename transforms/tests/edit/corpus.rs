//! Real files, edited at random: 5,000 edits, or as many as `CAULK_EDITS` says (200,000 if `CAULK_FULL` is set).

use caulk_transforms::syntax::{decode, parse};

use crate::before::Before;
use crate::change::check;
use crate::choice::Choice;
use crate::pick::Sites;
use crate::shared;
use crate::tally::Tally;

/// Files beyond this length get only one edit, for each costs three parsers their whole text.
const LONG: usize = 200_000;

fn wanted() -> usize {
    let full = std::env::var_os("CAULK_FULL").is_some();
    let asked = std::env::var("CAULK_EDITS").ok().and_then(|count| count.parse().ok());
    asked.unwrap_or(if full { 200_000 } else { 5_000 })
}

#[test]
fn edits_of_real_files_change_what_they_say() {
    let Some(mut archives) = shared::archives() else { return };
    let wanted = wanted();
    // A small run looks at every sixth file of a few archives, large and small ones; a large one at all files, as often as it takes.
    let sample = if wanted < 100_000 { 6 } else { 1 };
    archives.sort_by_key(|path| {
        path.to_string_lossy().bytes().fold(7_u8, |sum, byte| sum.wrapping_mul(31) ^ byte)
    });
    let (mut tally, mut pass, mut index) = (Tally::default(), 0, 0_usize);
    while tally.total() < wanted && pass < 50 {
        for path in &archives {
            if tally.total() >= wanted {
                break;
            }
            for (name, bytes) in shared::archive(path, is_yaml) {
                index += 1;
                if index.is_multiple_of(sample) {
                    edit_at_random(&name, bytes, index as u64, &mut tally);
                }
            }
        }
        pass += 1;
    }
    tally.report("real files");
    assert!(tally.total() >= wanted, "the corpus is there");
}

fn is_yaml(name: &str) -> bool {
    name.ends_with(".yaml") || name.ends_with(".yml")
}

fn edit_at_random(name: &str, bytes: Vec<u8>, seed: u64, tally: &mut Tally) {
    let Ok(text) = decode(bytes) else { return };
    let mut choice = Choice::seeded(seed);
    let text = rewritten(text, &mut choice);
    let Ok(stream) = parse(text.as_str()) else { return };
    let Some(before) = Before::of(&stream) else { return };
    let sites = Sites::of(&stream);
    let times = if text.len() > LONG { 1 } else { (sites.len() / 8).clamp(2, 14) };
    for _ in 0..times {
        if let Some(change) = sites.pick(&mut choice) {
            tally.add(change.helper(), name, check(&stream, &before, &change));
        }
    }
}

/// Writes some of the files with other line breaks, a BOM, or without their last line break.
fn rewritten(mut text: String, choice: &mut Choice) -> String {
    if choice.once_in(8) && !text.contains('\r') {
        text = text.replace('\n', "\r\n");
    }
    if choice.once_in(8) {
        text.truncate(text.trim_end_matches(['\n', '\r']).len());
    }
    if choice.once_in(16) && !text.starts_with('\u{feff}') {
        text.insert(0, '\u{feff}');
    }
    text
}
