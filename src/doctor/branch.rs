//! Rules that keep caulk from making, moving or removing the branch of its pull requests.

use globset::GlobBuilder;

use super::{Check, Patient, State, Subject, access::Seen};
use crate::github::{BranchRule, Protection};

/// The kinds of rules that are in the way, and what they forbid.
const IN_THE_WAY: &[(&str, &str)] = &[
    ("creation", "making the branch"),
    ("update", "pushing to the branch"),
    ("deletion", "removing the branch"),
    ("non_fast_forward", "rebuilding the branch on a newer base"),
    ("pull_request", "pushing to the branch without a pull request"),
    ("required_status_checks", "pushing commits that no check has seen"),
    ("required_signatures", "commits that are not signed, as all but an App's are"),
    ("branch_name_pattern", "this name of a branch, perhaps"),
    ("commit_message_pattern", "commit messages of another pattern"),
    ("commit_author_email_pattern", "authors of another pattern"),
    ("committer_email_pattern", "committers of another pattern"),
];

const FIX: &str =
    "let whoever opens the pull requests bypass it, or choose another --branch that it does not match";

pub(super) fn examine(patient: &Patient<'_>, seen: &Seen) -> Check {
    let branch = patient.branch;
    let rules = seen.client.branch_rules(patient.repository, branch);
    let protections = seen.client.protections(patient.repository).unwrap_or_default();
    let mut forbidden: Vec<String> = Vec::new();
    for rule in rules.as_deref().unwrap_or_default() {
        forbidden.extend(by_rule(patient, seen, rule));
    }
    forbidden.extend(protections.iter().filter(|each| is_about(each, branch)).filter_map(by_protection));
    forbidden.sort();
    forbidden.dedup();
    match (forbidden.is_empty(), rules) {
        (false, _) => {
            Check::missing(Subject::Branch, format!("for `{branch}` {}", forbidden.join("; ")), FIX)
        }
        (true, Ok(_)) => Check::ok(Subject::Branch, format!("no rule is in the way of `{branch}`")),
        (true, Err(error)) => Check::new(
            Subject::Branch,
            State::Unknown,
            format!("the rules for `{branch}` cannot be seen: {error}"),
            "look under Settings > Rules and Settings > Branches whether one matches it",
        ),
    }
}

fn by_rule(patient: &Patient<'_>, seen: &Seen, rule: &BranchRule) -> Option<String> {
    let (_, what) = IN_THE_WAY.iter().find(|(kind, _)| *kind == rule.kind)?;
    let set = rule.ruleset_id.and_then(|id| seen.client.ruleset(patient.repository, id).ok());
    if set.as_ref().and_then(|set| set.current_user_can_bypass.as_deref()) == Some("always") {
        return None;
    }
    let name = set.map(|set| format!(" “{}”", set.name)).unwrap_or_default();
    Some(format!("the ruleset{name} forbids {what} (`{}`)", rule.kind))
}

/// GitHub matches as Ruby's fnmatch does: a star stops at a slash.
fn is_about(protection: &Protection, branch: &str) -> bool {
    let glob = GlobBuilder::new(&protection.pattern).literal_separator(true).build();
    glob.is_ok_and(|glob| glob.compile_matcher().is_match(branch))
}

fn by_protection(protection: &Protection) -> Option<String> {
    let forbids = [
        (protection.lock_branch, "any push"),
        (protection.restricts_pushes, "pushes by others than those on its list"),
        (protection.requires_approving_reviews, "pushes without a pull request"),
        (protection.requires_commit_signatures, "commits that are not signed, as all but an App's are"),
        (!protection.allows_force_pushes, "rebuilding the branch on a newer base"),
    ];
    let forbids: Vec<&str> = forbids.iter().filter(|(on, _)| *on).map(|(_, what)| *what).collect();
    let pattern = &protection.pattern;
    (!forbids.is_empty()).then(|| format!("the protection of `{pattern}` forbids {}", forbids.join(" and ")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_are_matched_as_github_does() {
        let protection = |pattern: &str| {
            serde_json::from_value::<Protection>(serde_json::json!({ "pattern": pattern }))
                .expect("a protection")
        };
        let matches = |pattern: &str| is_about(&protection(pattern), "caulk/mend");
        assert!(matches("caulk/mend") && matches("caulk/*") && matches("*/*") && matches("**/*"));
        assert!(!matches("*") && !matches("main") && !matches("release/*") && !matches("["));
    }
}
