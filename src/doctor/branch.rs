//! Rules that keep caulk from making, moving or removing the branch of its pull requests.

use globset::GlobBuilder;

use super::{Check, Patient, State, Subject, access::Seen, foreign};
use crate::github::{BranchRule, Error, Protection, TokenKind};

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

pub(super) fn examine(patient: &Patient<'_>, seen: &Seen<'_>) -> Check {
    let branch = patient.branch;
    let rules = seen.client.branch_rules(seen.name, branch);
    let protections = seen.client.protections(seen.name);
    let mut forbidden: Vec<String> = Vec::new();
    for rule in rules.as_deref().unwrap_or_default() {
        forbidden.extend(by_rule(patient, seen, rule));
    }
    let about = protections.iter().flatten().filter(|each| is_about(each, branch));
    forbidden.extend(about.filter_map(|protection| by_protection(protection, patient)));
    forbidden.sort();
    forbidden.dedup();
    if !forbidden.is_empty() {
        return Check::missing(Subject::Branch, format!("for `{branch}` {}", forbidden.join("; ")), FIX);
    }
    let unseen = |what: &str, error: &Error| {
        let told = format!("{what} for `{branch}` cannot be seen: {}", foreign(&error.to_string()));
        let look = "look under Settings > Rules and Settings > Branches whether one matches it";
        Check::new(Subject::Branch, State::Unknown, told, look)
    };
    match (rules, protections) {
        (Ok(_), Ok(_)) => Check::ok(Subject::Branch, format!("no rule is in the way of `{branch}`")),
        (Err(error), _) => unseen("the rules", &error),
        (Ok(_), Err(error)) => unseen("no ruleset is in the way; the protections", &error),
    }
}

/// Tells whether GitHub signs the commits: those that an App or a workflow makes by its API.
fn signs(patient: &Patient<'_>) -> bool {
    matches!(patient.situation.token, TokenKind::App | TokenKind::Installation)
}

fn by_rule(patient: &Patient<'_>, seen: &Seen<'_>, rule: &BranchRule) -> Option<String> {
    let (_, what) = IN_THE_WAY.iter().find(|(kind, _)| *kind == rule.kind)?;
    if rule.kind == "required_signatures" && signs(patient) {
        return None;
    }
    let set = rule.ruleset_id.and_then(|id| seen.client.ruleset(seen.name, id).ok());
    if set.as_ref().and_then(|set| set.current_user_can_bypass.as_deref()) == Some("always") {
        return None;
    }
    let name = set.map(|set| format!(" “{}”", foreign(&set.name))).unwrap_or_default();
    Some(format!("the ruleset{name} forbids {what} (`{}`)", rule.kind))
}

/// GitHub matches as Ruby's fnmatch does: a star stops at a slash.
fn is_about(protection: &Protection, branch: &str) -> bool {
    let glob = GlobBuilder::new(&protection.pattern).literal_separator(true).build();
    glob.is_ok_and(|glob| glob.compile_matcher().is_match(branch))
}

fn by_protection(protection: &Protection, patient: &Patient<'_>) -> Option<String> {
    let signatures = protection.requires_commit_signatures && !signs(patient);
    let forbids = [
        (protection.lock_branch, "any push"),
        (protection.blocks_creations, "making the branch"),
        (protection.restricts_pushes, "pushes by others than those on its list"),
        (protection.requires_approving_reviews, "pushes without a pull request"),
        (protection.requires_status_checks, "pushing commits that no check has seen"),
        (signatures, "commits that are not signed, as all but an App's are"),
        (!protection.allows_force_pushes, "rebuilding the branch on a newer base"),
    ];
    let forbids: Vec<&str> = forbids.iter().filter(|(on, _)| *on).map(|(_, what)| *what).collect();
    let pattern = foreign(&protection.pattern);
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
