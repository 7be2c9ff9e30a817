//! GitHub's own words, and what they mean.

/// What GitHub says, in lower case, with the cause and the fix. The first that fits counts.
pub(super) const WORDS: &[(&str, &str, &str)] = &[
    (
        "bad credentials",
        "the token is wrong, expired or revoked",
        "make a new one and put it into GITHUB_TOKEN, or name its file with --token-file",
    ),
    (
        "requires authentication",
        "there is no token",
        "put one into GITHUB_TOKEN, name its file with --token-file, or log in with `gh auth login`",
    ),
    (
        "not permitted to create or approve pull requests",
        "workflows of this repository may not open pull requests",
        "turn on “Allow GitHub Actions to create and approve pull requests” under Settings > Actions > General, in the organization first if it is greyed out; or use the token of an App",
    ),
    (
        "archived",
        "the repository is archived, and nothing in it can be changed",
        "unarchive it, or leave it out",
    ),
    (
        "repository access blocked",
        "GitHub has switched the repository off",
        "ask its owner; GitHub's support knows the reason",
    ),
    (
        "saml",
        "the organization wants single sign-on for this token",
        "authorise the token for the organization: Settings > Developer settings > the token > Configure SSO",
    ),
    (
        "ip allow list",
        "the organization admits only addresses on its list",
        "run caulk from such an address, or let its owner add this one",
    ),
    (
        "forbids access via a personal access token (classic)",
        "the organization admits no classic tokens",
        "use a fine-grained token or an App",
    ),
    (
        "forbids access via a fine-grained personal access token",
        "the organization admits no fine-grained token of this kind, or none that lives so long",
        "make one that its policy allows, or use an App",
    ),
    (
        "must authenticate via a github app",
        "only Apps and workflows can make check runs",
        "use the token of a workflow or an App",
    ),
    (
        "without `workflow",
        "the token may not change workflows",
        "give it the scope `workflow`, or the permission to write workflows",
    ),
    (
        "must be signed",
        "a rule of the branch wants signed commits",
        "use the token of an App or a workflow, whose commits GitHub signs; or --sign",
    ),
    (
        "verified signature",
        "a rule of the branch wants signed commits",
        "use the token of an App or a workflow, whose commits GitHub signs; or --sign",
    ),
    (
        "rule violation",
        "a ruleset forbids this for the branch",
        "let whoever makes the pull requests bypass the ruleset, or choose another --branch that it does not match",
    ),
    (
        "cannot create ref due to creations being restricted",
        "a ruleset forbids new branches of this name",
        "let whoever makes the pull requests bypass the ruleset, or choose another --branch that it does not match",
    ),
    (
        "protected branch",
        "a protection rule of the branch forbids this",
        "choose another --branch that no rule matches, or let whoever makes the pull requests bypass the rule",
    ),
    (
        "changes must be made through a pull request",
        "a rule lets this branch change by pull requests alone",
        "choose another --branch that no rule matches",
    ),
    ("git repository is empty", "the repository has no commit yet", "push a first one, or leave it out"),
    (
        "a pull request already exists",
        "another run, or somebody, has just opened a pull request of this branch",
        "run caulk again: it goes on with that one",
    ),
    (
        "reference already exists",
        "another run, or somebody, has just made this branch",
        "run caulk again: it looks at what is there now",
    ),
    (
        "no commits between",
        "the branch holds nothing that its base does not have",
        "run caulk again: there may be nothing to do",
    ),
    (
        "fork collab",
        "maintainers cannot be let into a fork that belongs to an organization",
        "use a fork that belongs to an account",
    ),
    ("was submitted too quickly", "GitHub limits how fast content is made", "run it again in some minutes"),
    (
        "issues are disabled",
        "the repository has comments switched off",
        "switch Issues on, or leave comments out",
    ),
    ("was locked", "the conversation is locked", "unlock it"),
    ("is locked", "the conversation is locked", "unlock it"),
];
