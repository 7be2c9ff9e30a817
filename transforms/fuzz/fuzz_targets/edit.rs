//! Any text and any edit of it: the result reads as the same change of what two other parsers read, or it is refused.
#![no_main]

use caulk_transforms::syntax::{decode, parse};
use libfuzzer_sys::fuzz_target;

#[path = "../../tests/edit/before.rs"]
mod before;
#[allow(dead_code, reason = "the tests use all of it")]
#[path = "../../tests/edit/change.rs"]
mod change;
#[allow(dead_code, reason = "the tests use all of it")]
#[path = "../../tests/edit/choice.rs"]
mod choice;
#[path = "../../tests/edit/pick.rs"]
mod pick;
#[path = "../../tests/edit/seen.rs"]
mod seen;
#[path = "../../tests/edit/typed.rs"]
mod typed;

fuzz_target!(|input: (u64, &[u8])| {
    let (seed, bytes) = input;
    let Ok(text) = decode(bytes.to_vec()) else { return };
    let Ok(stream) = parse(text.as_str()) else { return };
    let Some(mut before) = before::Before::of(&stream) else { return };
    if text.contains('\t') {
        before = before.without_types();
    }
    let sites = pick::Sites::of(&stream);
    if sites.len() == 0 {
        return;
    }
    let mut choice = choice::Choice::seeded(seed);
    for _ in 0..4 {
        let Some(change) = sites.pick(&mut choice) else { continue };
        if let Err(difference) = change::check(&stream, &before, &change) {
            panic!("{text}\n{difference}");
        }
    }
});
