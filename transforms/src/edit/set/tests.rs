use proptest::prelude::*;

use super::*;

fn edit(start: u32, end: u32, replacement: &str) -> Edit {
    Edit::new(Span::new(start, end), replacement)
}

fn set(edits: &[(u32, u32, &str)]) -> EditSet {
    let edits = edits.iter().map(|(start, end, new)| edit(*start, *end, new)).collect();
    EditSet::new(edits).expect("the edits are apart")
}

#[test]
fn edits_are_made_in_the_order_of_the_text() {
    assert_eq!(set(&[(4, 5, "E"), (0, 1, ""), (2, 2, "+")]).apply("abcdef").as_deref(), Ok("b+cdEf"));
    assert_eq!(EditSet::default().apply("a").as_deref(), Ok("a"));
}

#[test]
fn edits_that_touch_conflict() {
    for (one, other) in
        [((0, 2), (2, 3)), ((0, 3), (1, 2)), ((1, 1), (1, 1)), ((1, 1), (1, 2)), ((0, 1), (1, 1))]
    {
        let (one, other) = (edit(one.0, one.1, "x"), edit(other.0, other.1, "y"));
        assert!(EditSet::new(vec![other.clone(), one.clone()]).is_err(), "{one:?} {other:?}");
        let sets = [one, other].map(|edit| EditSet::new(vec![edit]).expect("one edit"));
        assert!(sets[0].conflicts(&sets[1]) && sets[1].conflicts(&sets[0]));
        assert!(sets[0].merge(&sets[1]).is_err());
    }
    assert!(!set(&[(0, 1, "x"), (6, 7, "x")]).conflicts(&set(&[(2, 3, "x"), (8, 9, "x")])));
}

#[test]
fn edits_beyond_the_text_or_inside_a_character_are_errors() {
    assert_eq!(set(&[(1, 9, "")]).apply("abc"), Err(ApplyError::OutOfRange(Span::new(1, 9))));
    assert_eq!(set(&[(1, 2, "")]).apply("ä"), Err(ApplyError::InsideCharacter(Span::new(1, 2))));
    assert_eq!(set(&[(0, 1, "")]).apply("ä"), Err(ApplyError::InsideCharacter(Span::new(0, 1))));
}

#[test]
fn edits_of_one_helper_are_joined() {
    let joined = EditSet::joined(vec![edit(3, 3, "x"), edit(1, 3, ""), edit(3, 4, "y")]).expect("they touch");
    assert_eq!(joined.edits(), [edit(1, 4, "xy")]);
    assert!(EditSet::joined(vec![edit(1, 3, ""), edit(2, 4, "")]).is_err());
}

/// A text and some spans in it, of any order, that may overlap.
fn text_and_spans() -> impl Strategy<Value = (String, Vec<Edit>)> {
    let text = prop::collection::vec(prop::sample::select(vec!['a', 'ä', '名', '🦀', '\n']), 0..24);
    let edits =
        prop::collection::vec((any::<prop::sample::Index>(), any::<prop::sample::Index>(), 0..4usize), 0..6);
    (text, edits).prop_map(|(characters, picks)| {
        let text: String = characters.into_iter().collect();
        let bounds: Vec<u32> =
            text.char_indices().map(|(at, _)| at as u32).chain([text.len() as u32]).collect();
        let edits = picks.iter().map(|(one, other, length)| {
            let (one, other) = (*one.get(&bounds), *other.get(&bounds));
            edit(one.min(other), one.max(other), &"new"[..*length.min(&3)])
        });
        let edits = edits.collect();
        (text, edits)
    })
}

proptest! {
    #[test]
    fn a_set_is_sorted_and_apart((_, edits) in text_and_spans()) {
        let Ok(set) = EditSet::new(edits) else { return Ok(()) };
        for pair in set.edits().windows(2) {
            prop_assert!(pair[0].span.end < pair[1].span.start);
        }
    }

    #[test]
    fn applying_at_once_equals_applying_from_the_last((text, edits) in text_and_spans()) {
        let Ok(set) = EditSet::new(edits) else { return Ok(()) };
        let mut expected = text.clone();
        for edit in set.edits().iter().rev() {
            expected.replace_range(edit.span.range(), &edit.replacement);
        }
        prop_assert_eq!(set.apply(&text), Ok(expected));
    }

    #[test]
    fn order_of_the_input_does_not_matter((_, edits) in text_and_spans()) {
        let mut reversed = edits.clone();
        reversed.reverse();
        prop_assert_eq!(EditSet::new(edits).ok(), EditSet::new(reversed).ok());
    }

    #[test]
    fn merging_fails_exactly_where_sets_conflict((_, one) in text_and_spans(), (_, other) in text_and_spans()) {
        let (Ok(one), Ok(other)) = (EditSet::new(one), EditSet::new(other)) else { return Ok(()) };
        prop_assert_eq!(one.merge(&other).is_err(), one.conflicts(&other));
        prop_assert_eq!(one.conflicts(&other), other.conflicts(&one));
        prop_assert_eq!(one.merge(&other).ok(), other.merge(&one).ok());
        let touches = other.edits().iter().any(|edit| one.touches(edit.span));
        prop_assert_eq!(touches, one.conflicts(&other));
    }

    #[test]
    fn joining_loses_no_edit((text, edits) in text_and_spans()) {
        let Ok(joined) = EditSet::joined(edits.clone()) else { return Ok(()) };
        let grown: usize = edits.iter().map(|edit| edit.replacement.len()).sum();
        let gone: usize = edits.iter().map(|edit| edit.span.len() as usize).sum();
        let result = joined.apply(&text).expect("the edits are within the text");
        prop_assert_eq!(result.len() + gone, text.len() + grown);
    }
}
