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
        let mut results = Vec::with_capacity(items.len());
        for piece in self.pieces(items, |piece| piece.iter().map(&with).collect::<Vec<R>>()) {
            results.extend(piece);
        }
        results
    }

    /// Does two things that do not wait for each other, at the same time if somebody can. What holds for [`Self::map`] holds here.
    pub fn both(&self, one: impl Fn() + Sync, other: impl Fn() + Sync) {
        match &self.0 {
            Some(work) => work.each(2, &|number| if number == 0 { one() } else { other() }),
            None => {
                one();
                other();
            }
        }
    }

    /// Applies a function to every piece of the items and returns the results in their order. The pieces are the same
    /// whoever does the work. What holds for [`Self::map`] holds here.
    pub fn pieces<'i, T: Sync, R: Send + Sync>(
        &self,
        items: &'i [T],
        with: impl Fn(&'i [T]) -> R + Sync,
    ) -> Vec<R> {
        let pieces: Vec<&'i [T]> = items.chunks(PIECE).collect();
        let Some(work) = self.0.as_ref().filter(|_| pieces.len() > 1) else {
            return pieces.into_iter().map(with).collect();
        };
        let results: Vec<OnceLock<R>> = pieces.iter().map(|_| OnceLock::new()).collect();
        work.each(pieces.len(), &|number| {
            if let (Some(piece), Some(result)) = (pieces.get(number), results.get(number)) {
                result.get_or_init(|| with(piece));
            }
        });
        // A piece that was left out is made up for.
        let done =
            |(piece, result): (&&'i [T], OnceLock<R>)| result.into_inner().unwrap_or_else(|| with(piece));
        pieces.iter().zip(results).map(done).collect()
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
            let sum = |piece: &[usize]| (piece.len(), piece.iter().sum::<usize>());
            let lent = Workers::new(Arc::new(Odd)).pieces(&items, sum);
            assert_eq!(Workers::default().pieces(&items, sum), lent);
            assert_eq!(lent.iter().map(|(_, sum)| sum).sum::<usize>(), items.iter().sum::<usize>());
        }
    }
}
