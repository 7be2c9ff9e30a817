//! What a cluster has seen of the word, against what the table says.

use super::{Case, Decision, Move, Problem, leave};
use crate::{
    facts::ImageFacts,
    finding::{Applicability, Evidence},
};

/// Tells a crash that was seen. It does not prove that args would help, so it never makes a change more trusted; it shows
/// what the table would leave, and contradicts whoever says that the word starts.
pub(super) fn crashed(case: &Case<'_>, crash: &Evidence, decision: Decision) -> Decision {
    let told = |mut evidence: Vec<Evidence>| {
        if !evidence.contains(crash) {
            evidence.push(crash.clone());
        }
        evidence
    };
    let contradiction = || format!("the sources contradict each other: {} ({})", crash.what, crash.source);
    match decision {
        Decision::Move(mut change) => {
            if change.problem == Problem::InitSkipped {
                change.tier = Applicability::Display;
                change.reasons.push(contradiction());
            }
            Decision::Move(Move { evidence: told(change.evidence), ..change })
        }
        Decision::Show { problem, reason, evidence } => {
            Decision::Show { problem, reason, evidence: told(evidence) }
        }
        // One string with white space has a rule of its own.
        Decision::Leave(reason) if !case.command.iter().take(1).any(|word| word.contains(char::is_whitespace)) => {
            let known = case.image.map(|image| image.evidence.clone()).unwrap_or_default();
            let reason = match case.image {
                Ok(_) => format!("what else is known does not tell how to mend it: {reason}"),
                Err(why) => format!("what the image runs is not known, so whether args would help is not either: {why}"),
            };
            Decision::Show { problem: Problem::NotFound, reason, evidence: told(known) }
        }
        Decision::Leave(_) | Decision::Repeats(_) => decision,
    }
}

/// Lets a cluster speak against the table. What it has started is no mistake, and an entrypoint whose program it has not
/// found is no place for arguments: neither is changed, whoever says otherwise of the image.
pub(super) fn contradicted(image: &ImageFacts, word: &str, decision: Decision) -> Decision {
    let (started, missing) = (image.started.get(word), image.missing.values().next());
    let starts = matches!(&decision, Decision::Move(Move { problem: Problem::InitSkipped, .. }));
    let Some(witness) = started.filter(|_| !starts).or(missing) else { return decision };
    let reason = format!("the sources contradict each other: {} ({})", witness.what, witness.source);
    match decision {
        Decision::Move(Move { problem: Problem::Argument, .. }) if started.is_some() => {
            leave(format!("a cluster starts it: {}", witness.what))
        }
        Decision::Move(mut change) => {
            change.tier = Applicability::Display;
            change.reasons.push(reason);
            change.evidence.push(witness.clone());
            Decision::Move(change)
        }
        Decision::Show { problem, reason: first, mut evidence } => {
            evidence.push(witness.clone());
            Decision::Show { problem, reason: format!("{first}; {reason}"), evidence }
        }
        Decision::Leave(_) | Decision::Repeats(_) => decision,
    }
}
