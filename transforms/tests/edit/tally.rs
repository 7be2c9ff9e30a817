//! Counts of edits, refusals and differences.

use std::collections::BTreeMap;

use caulk_transforms::edit::Refusal;

#[derive(Debug, Default)]
pub(crate) struct Tally {
    pub(crate) edits: BTreeMap<&'static str, usize>,
    pub(crate) refusals: BTreeMap<(&'static str, String), usize>,
    pub(crate) differences: Vec<String>,
}

impl Tally {
    pub(crate) fn add(
        &mut self,
        helper: &'static str,
        name: &str,
        outcome: Result<Result<(), Refusal>, String>,
    ) {
        match outcome {
            Ok(Ok(())) => *self.edits.entry(helper).or_default() += 1,
            Ok(Err(refusal)) => {
                let reason = match refusal {
                    Refusal::KeyExists(_) => "the mapping has the key already".to_owned(),
                    other => other.to_string(),
                };
                *self.refusals.entry((helper, reason)).or_default() += 1;
            }
            Err(difference) => self.differences.push(format!("{name}: {helper}: {difference}")),
        }
    }

    pub(crate) fn total(&self) -> usize {
        self.edits.values().sum()
    }

    /// Prints the counts and fails on a difference.
    pub(crate) fn report(&self, what: &str) {
        let refused: usize = self.refusals.values().sum();
        eprintln!(
            "{what}: {} edits, {refused} refused, {} differences",
            self.total(),
            self.differences.len()
        );
        for (helper, count) in &self.edits {
            eprintln!("  {helper}: {count}");
        }
        for ((helper, reason), count) in &self.refusals {
            eprintln!("  refused: {helper}: {reason}: {count}");
        }
        let shown: Vec<&str> = self.differences.iter().take(8).map(String::as_str).collect();
        assert!(
            self.differences.is_empty(),
            "{} differences\n{}",
            self.differences.len(),
            shown.join("\n=====\n")
        );
    }
}
