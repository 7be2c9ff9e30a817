use super::*;
use crate::github::error::refusal;

fn told(status: u16, accepted: Option<&str>, body: &str, attempt: Attempt, situation: Situation) -> String {
    let error = refusal("POST /repos/a/b/x", status, accepted.map(str::to_owned), body.as_bytes());
    format!("{:#}", error.explained(attempt, situation))
}

fn of(token: TokenKind) -> Situation {
    Situation { token, ..Situation::default() }
}

#[test]
fn a_bare_refusal_says_what_is_missing_by_the_kind_of_the_token() {
    let integration = r#"{"message":"Resource not accessible by integration"}"#;
    let workflow = Situation { workflow: true, ..of(TokenKind::Installation) };
    let text = told(403, None, integration, Attempt::Pull, workflow);
    assert!(text.contains("add `pull-requests: write` to `permissions:` of the job"), "{text}");
    assert!(text.ends_with("with 403: Resource not accessible by integration"), "{text}");
    let fork = told(403, None, integration, Attempt::Pull, Situation { fork: true, ..workflow });
    assert!(fork.contains("may only read"), "{fork}");
    let app = told(403, Some("checks=write"), integration, Attempt::Check, of(TokenKind::Installation));
    assert!(app.contains("give the App `checks: write` in its settings"), "{app}");
    let body = r#"{"message":"Resource not accessible by personal access token"}"#;
    let accepted = Some("contents=read; contents=read,workflows=write");
    let fine = told(403, accepted, body, Attempt::Push, of(TokenKind::FineGrained));
    assert!(fine.contains("it wants `contents: read` or `contents: read` and `workflows: write`"), "{fine}");
    let classic =
        told(403, None, r#"{"message":"Must have push access"}"#, Attempt::Push, of(TokenKind::Classic));
    assert!(classic.contains("the scope `repo`"), "{classic}");
}

#[test]
fn every_row_of_words_is_reached_by_what_github_says() {
    let said = [
        "Bad credentials",
        "Requires authentication",
        "GitHub Actions is not permitted to create or approve pull requests.",
        "Repository was archived so is read-only.",
        "Repository access blocked",
        "Resource protected by organization SAML enforcement. You must grant your OAuth token access to this organization.",
        "Although you appear to have the correct authorization credentials, the `acme` organization has an IP allow list enabled, and 192.0.2.1 is not permitted to access this resource.",
        "`acme` forbids access via a personal access token (classic). Please use a GitHub App, OAuth App, or a personal access token with fine-grained permissions.",
        "The 'acme' organization forbids access via a fine-grained personal access token if the token's lifetime is greater than 366 days.",
        "You must authenticate via a GitHub App.",
        "refusing to allow a GitHub App to create or update workflow `.github/workflows/x.yml` without `workflows` permission",
        "Commits must be signed",
        "Commits must have verified signatures.",
        "Repository rule violations found",
        "Cannot create ref due to creations being restricted.",
        "protected branch hook declined",
        "Changes must be made through a pull request.",
        "Git Repository is empty.",
        "Validation Failed; A pull request already exists for acme:caulk/mend.",
        "Reference already exists",
        "Validation Failed; No commits between main and caulk/mend",
        "Validation Failed; Fork collab can't be granted by someone without permission",
        "Validation Failed; was submitted too quickly",
        "Issues are disabled for this repo",
        "Unable to create comment because issue was locked.",
        "Unable to create comment because issue is locked.",
    ];
    let row = |text: &str| {
        let text = text.to_ascii_lowercase();
        WORDS.iter().position(|(words, ..)| text.contains(words))
    };
    let rows: Vec<Option<usize>> = said.iter().map(|text| row(text)).collect();
    assert_eq!(rows, (0..WORDS.len()).map(Some).collect::<Vec<_>>());
}

#[test]
fn what_is_not_there_may_not_be_seen() {
    let body = r#"{"message":"Not Found"}"#;
    let read = told(404, None, body, Attempt::Read, of(TokenKind::FineGrained));
    assert!(read.contains("add the repository to those that the token is for"), "{read}");
    let write = told(404, None, body, Attempt::Push, of(TokenKind::Classic));
    assert!(write.contains("may not change it"), "{write}");
    let error = refusal("GET /repos/a/b/installation", 404, None, body.as_bytes());
    let told = format!("{:#}", error.explained(Attempt::Read, of(TokenKind::App)));
    assert!(told.contains("the App is not installed"), "{told}");
    let none = refusal("GET /x", 401, None, body.as_bytes()).explained(Attempt::Read, of(TokenKind::None));
    assert!(format!("{none:#}").starts_with("there is no token; put one into GITHUB_TOKEN"), "{none:#}");
}

#[test]
fn a_web_page_is_no_api() {
    let page =
        told(404, None, "<!DOCTYPE html><title>Not found</title>", Attempt::Read, of(TokenKind::Classic));
    assert!(
        page.contains("not GitHub's API") && page.contains("--api-url") && !page.contains("DOCTYPE"),
        "{page}"
    );
}

#[test]
fn nothing_is_made_up_where_nothing_is_known() {
    let error = refusal("POST /x", 422, None, br#"{"message":"Validation Failed"}"#);
    assert_eq!(error.explain(Attempt::Comment, of(TokenKind::Classic)), None);
}
