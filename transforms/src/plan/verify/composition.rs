//! The proof over overlays: what every composed container runs, before and after.

use std::collections::{BTreeMap, BTreeSet};

use super::{super::key, Key, fixes};
use crate::{
    finding::{Declaration, FileId, Finding, Fix},
    model::{
        Repository, Words,
        compose::{Composition, Run, Variant, VariantKey},
        value::{Place, TextId},
    },
};

/// Returns the fixes after which an overlay would run something else than before and than declared, with the reason.
pub(super) fn compare(before: &Repository, after: &Repository, chosen: &[&Finding]) -> BTreeMap<Key, String> {
    let (old, new) = (before.composition(), after.composition());
    let mut failed = BTreeMap::new();
    if old.variants().is_empty() && new.variants().is_empty() && old.breaks() == new.breaks() {
        return failed;
    }
    let (expected, now) = (expected(old, chosen), new.runs());
    let keys: BTreeSet<&VariantKey> = expected.keys().chain(now.keys()).collect();
    for variant in keys {
        if expected.get(variant) == now.get(variant) {
            continue;
        }
        let reason = difference(variant, expected.get(variant), now.get(variant));
        failed.extend(blamed(before, variant, chosen).into_iter().map(|key| (key, reason.clone())));
    }
    for (overlay, problem) in new.breaks().iter().filter(|broken| !old.breaks().contains(broken)) {
        let reason = format!("{overlay} would not build any more: {problem}");
        failed.extend(breakers(before, overlay, chosen).into_iter().map(|key| (key, reason.clone())));
    }
    failed
}

/// Returns the fixes that can have broken an overlay: those of containers in it, or else all. Whoever is left is compared again.
fn breakers(before: &Repository, overlay: &str, chosen: &[&Finding]) -> Vec<Key> {
    let in_it = |declaration: &Declaration| matches!(declaration, Declaration::Composed { variant, .. } if variant.0 == overlay);
    let own = fixes(chosen).filter(|(_, fix)| fix.declares.iter().any(in_it));
    let own: Vec<Key> = own.map(|(finding, _)| key(before, finding)).collect();
    if own.is_empty() { chosen.iter().map(|finding| key(before, finding)).collect() } else { own }
}

/// Returns what every variant should run: as before, but for what the fixes declare.
fn expected(old: &Composition, chosen: &[&Finding]) -> BTreeMap<VariantKey, Run> {
    let mut runs = old.runs();
    for declaration in fixes(chosen).flat_map(|(_, fix)| &fix.declares) {
        if let Declaration::Composed { variant, command, args } = declaration
            && let Some(run) = runs.get_mut(variant)
        {
            (run.1, run.2) = (list(command), list(args));
        }
    }
    for declaration in fixes(chosen).flat_map(|(_, fix)| &fix.declares) {
        if let Declaration::Value { file, scalar, value } = declaration {
            write_word(old, Place { text: TextId::of_file(*file), node: *scalar }, value, &mut runs);
        }
    }
    runs
}

/// Gives a word its new value wherever an overlay takes it.
fn write_word(old: &Composition, at: Place, value: &str, runs: &mut BTreeMap<VariantKey, Run>) {
    for variant in old.variants() {
        let places = [&variant.command, &variant.args]
            .map(|words| words.items.iter().position(|item| *item == Some(at)));
        if places == [None, None] {
            continue;
        }
        let Some(run) = runs.get_mut(&variant.key()) else { continue };
        for (words, place) in [&mut run.1, &mut run.2].into_iter().zip(places) {
            if let (Words::List(list), Some(place)) = (words, place)
                && let Some(word) = list.get_mut(place)
            {
                value.clone_into(word);
            }
        }
    }
}

fn list(words: &[String]) -> Words {
    if words.is_empty() { Words::Unset } else { Words::List(words.to_vec()) }
}

fn difference(variant: &VariantKey, expected: Option<&Run>, now: Option<&Run>) -> String {
    let (overlay, subject, path) = (&variant.0, variant.1.trim_start_matches('/'), &variant.2);
    format!("in {overlay}, {subject} {path} would have {} in place of {}", told(now), told(expected))
}

fn told(run: Option<&Run>) -> String {
    let words = |words: &Words| match words {
        Words::Unset => "unset".to_owned(),
        Words::List(words) => shortened(format!("{words:?}")),
        Words::Odd => "of an odd shape".to_owned(),
    };
    run.map_or_else(
        || "no such container".to_owned(),
        |(_, command, args)| format!("command {} and args {}", words(command), words(args)),
    )
}

/// Cuts a text that nobody reads to its end: a whole script may be one word.
fn shortened(mut text: String) -> String {
    const LONGEST: usize = 300;
    if let Some((end, _)) = text.char_indices().nth(LONGEST) {
        text.truncate(end);
        text.push_str(" ...");
    }
    text
}

/// Returns the fixes that a difference can come from: those of the variant's own containers and words, or else those that
/// edit a file which the variant is made of, or else all. Whoever is left is compared again.
fn blamed(before: &Repository, variant: &VariantKey, chosen: &[&Finding]) -> Vec<Key> {
    let texts = before.placements().texts();
    let made_of = before.composition().variants().iter().find(|each| each.key() == *variant);
    let places: BTreeSet<Place> = made_of.map(Variant::places).unwrap_or_default();
    let files: BTreeSet<FileId> =
        made_of.iter().flat_map(|each| &each.parts).map(|place| texts.in_file(*place).0).collect();
    let is_own = |declaration: &Declaration| {
        let at = declaration.place().map(|(file, node)| Place { text: TextId::of_file(file), node });
        at.is_some_and(|at| places.contains(&at))
    };
    let keys = |takes: &dyn Fn(&Fix) -> bool| -> Vec<Key> {
        fixes(chosen).filter(|(_, fix)| takes(fix)).map(|(finding, _)| key(before, finding)).collect()
    };
    let own = keys(&|fix| fix.declares.iter().any(is_own));
    if !own.is_empty() {
        return own;
    }
    let touching = keys(&|fix| fix.edits.keys().any(|file| files.contains(file)));
    if touching.is_empty() { keys(&|_| true) } else { touching }
}
