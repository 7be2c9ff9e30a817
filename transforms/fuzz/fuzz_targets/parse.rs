//! Any bytes: reading them neither panics nor hangs, and what is read lies where it is said to lie.
#![no_main]

use caulk_transforms::syntax::{decode, parse};
use libfuzzer_sys::fuzz_target;

#[path = "../../tests/syntax/invariants.rs"]
mod invariants;
#[path = "../../tests/syntax/reread.rs"]
mod reread;

fuzz_target!(|bytes: &[u8]| {
    let Ok(text) = decode(bytes.to_vec()) else { return };
    let Ok(stream) = parse(text.as_str()) else { return };
    assert_eq!(stream.text(), text);
    invariants::check(&stream);
    // Every byte has a deepest node or none, and that node holds it.
    for offset in 0..=text.len() as u32 {
        if let Some(span) = stream.node_at(offset).and_then(|node| node.span()) {
            assert!(span.start <= offset && offset <= span.end);
        }
        let (line, column) = stream.position(offset);
        assert!(line >= 1 && line <= stream.line_count() && column >= 1);
    }
});
