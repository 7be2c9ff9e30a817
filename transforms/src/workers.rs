//! Independent pieces of work, done by whoever the caller provides.
//!
//! This crate has no threads. A caller that has some may lend them; what comes out is the same, in the same order.

use std::{
    fmt,
    sync::{Arc, OnceLock},
};

/// Does numbered pieces of work, in any order, at the same time if it can.
pub trait Work: Send + Sync {
    /// Calls `piece` once with each number below `count`, and returns when all are done.
    fn each(&self, count: usize, piece: &(dyn Fn(usize) + Sync));
}

/// How many items make a piece: far more work than handing it over takes.
const PIECE: usize = 64;

/// Who does pieces of work: by default the calling thread, one after the other.
#[derive(Clone, Default)]
pub struct Workers(Option<Arc<dyn Work>>);

impl Workers {
    /// Makes use of somebody.
    #[must_use]
    pub fn new(work: Arc<dyn Work>) -> Self {
        Self(Some(work))
    }

    /// Applies a function to every item and returns the results in the order of the items.
    ///
    /// Whatever the function computes lazily must not call this again: a thread that waits for pieces may take up another
    /// one that waits for the value.
    pub fn map<'i, T: Sync, R: Send + Sync>(
        &self,
        items: &'i [T],
        with: impl Fn(&'i T) -> R + Sync,
    ) -> Vec<R> {
        let Some(work) = self.0.as_ref().filter(|_| items.len() > PIECE) else {
            return items.iter().map(with).collect();
        };
        let pieces: Vec<&'i [T]> = items.chunks(PIECE).collect();
        let results: Vec<OnceLock<Vec<R>>> = pieces.iter().map(|_| OnceLock::new()).collect();
        work.each(pieces.len(), &|number| {
            if let (Some(piece), Some(result)) = (pieces.get(number), results.get(number)) {
                result.get_or_init(|| piece.iter().map(&with).collect());
            }
        });
        // A piece that was left out is made up for.
        let done = |(piece, result): (&&'i [T], OnceLock<Vec<R>>)| {
            result.into_inner().unwrap_or_else(|| piece.iter().map(&with).collect())
        };
        pieces.iter().zip(results).flat_map(done).collect()
    }
}

impl fmt::Debug for Workers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.is_some() { "Workers(lent)" } else { "Workers(none)" })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Begins at the end, and forgets every third piece.
    struct Odd;

    impl Work for Odd {
        fn each(&self, count: usize, piece: &(dyn Fn(usize) + Sync)) {
            (0..count).rev().filter(|number| number % 3 != 1).for_each(piece);
        }
    }

    #[test]
    fn the_order_is_that_of_the_items() {
        for count in [0, 1, PIECE, PIECE + 1, 10 * PIECE + 7] {
            let items: Vec<usize> = (0..count).collect();
            let plain = Workers::default().map(&items, |item| item * 2);
            let lent = Workers::new(Arc::new(Odd)).map(&items, |item| item * 2);
            assert_eq!(plain, items.iter().map(|item| item * 2).collect::<Vec<_>>());
            assert_eq!(plain, lent);
        }
    }
}
