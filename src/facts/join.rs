//! What two sources say of one image.

use caulk_transforms::facts::{Caveat, Forwards, ImageFacts};

/// Joins what two sources say, the first one being the more trusted: together they say more, and where they differ nothing is
/// certain, unless the second one was not certain itself. `names` says which two they are.
pub(super) fn join(mut first: ImageFacts, second: ImageFacts, names: &str) -> ImageFacts {
    if first.entrypoint != second.entrypoint {
        if second.caveats.is_empty() {
            let other = format!(
                "{names} differ: one has ENTRYPOINT {:?}, the other {:?}",
                first.entrypoint, second.entrypoint
            );
            first.caveats.push(Caveat::SourcesDisagree(other));
            first.evidence.extend(second.evidence);
        }
        return first;
    }
    if first.forwards == Forwards::Unknown {
        first.forwards = second.forwards;
    }
    first.path = first.path.or(second.path);
    // The same entrypoint confirms what was known of it for other tags; it does not confirm what else lies in the image.
    let (programs, absent) =
        if second.caveats.is_empty() { (second.programs, second.absent) } else { (Vec::new(), Vec::new()) };
    for (ours, theirs) in [
        (&mut first.arguments, second.arguments),
        (&mut first.repeatable, second.repeatable),
        (&mut first.programs, programs),
        (&mut first.absent, absent),
    ] {
        ours.extend(theirs);
        ours.sort_unstable();
        ours.dedup();
    }
    first.evidence.extend(second.evidence);
    first
}
