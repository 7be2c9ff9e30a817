//! What fields are asked of.

use serde_json::{Map, Value};

use crate::state::World;

/// Something that has fields.
#[derive(Debug, Clone)]
pub(crate) enum Node {
    Query,
    Mutation,
    Repository(String),
    /// A pull request by repository and number.
    Pull(String, u64),
    /// A conversation by its first comment.
    Thread(String, u64, u64),
    /// A comment of a review.
    ReviewComment(String, u64, u64),
    /// A comment below a pull request.
    Comment(String, u64, u64),
    /// A branch by its name.
    Branch(String, String),
    Commit(String, String),
    /// A file's bytes, by repository, commit and path.
    File(String, String, String),
    /// A person, an App or an organisation.
    Account(String),
    Page(Box<Page>),
    Edge(Box<Node>, usize),
    /// Whatever has plain values alone, with its type.
    Plain(&'static str, Map<String, Value>),
    /// Named nodes in an object, such as the payload of a mutation.
    Payload(&'static str, Vec<(&'static str, Node)>),
}

/// One page of a connection.
#[derive(Debug, Clone)]
pub(crate) struct Page {
    pub(crate) nodes: Vec<Node>,
    pub(crate) start: usize,
    pub(crate) total: usize,
}

impl Page {
    pub(crate) fn cut(nodes: Vec<Node>, arguments: &Map<String, Value>) -> Self {
        let number =
            |name: &str| arguments.get(name).and_then(Value::as_u64).and_then(|it| usize::try_from(it).ok());
        let after = arguments.get("after").and_then(Value::as_str).and_then(|cursor| cursor.parse().ok());
        let (total, mut start) = (nodes.len(), after.unwrap_or(0_usize));
        let size = number("first").or_else(|| number("last")).unwrap_or(100).min(100);
        if let Some(last) = number("last") {
            start = total.saturating_sub(last);
        }
        let nodes = nodes.into_iter().skip(start).take(size).collect();
        Self { nodes, start, total }
    }
}

/// What a field holds.
pub(crate) enum Out {
    Value(Value),
    Node(Node),
    Nodes(Vec<Node>),
    Connection(Vec<Node>),
}

/// Why a field holds nothing.
#[derive(Debug)]
pub(crate) struct Fault {
    pub(crate) kind: &'static str,
    pub(crate) message: String,
}

impl From<crate::refusal::Refusal> for Fault {
    fn from(refusal: crate::refusal::Refusal) -> Self {
        let kind = match refusal.status() {
            404 => "NOT_FOUND",
            403 | 401 => "FORBIDDEN",
            _ => "UNPROCESSABLE",
        };
        Self { kind, message: refusal.message().to_owned() }
    }
}

impl Node {
    /// Returns what GitHub has in place of a repository, or of one of its fields, where it has trouble with it.
    pub(super) fn trouble(&self, world: &World, field: Option<&str>) -> Option<Fault> {
        let Self::Repository(key) = self else { return None };
        let trouble = world.repositories.get(key)?.trouble.as_ref()?;
        (trouble.field == field).then(|| Fault { kind: trouble.kind, message: trouble.message.to_owned() })
    }

    /// Returns the name of the type.
    pub(crate) fn kind(&self, world: &World) -> &'static str {
        match self {
            Self::Query => "Query",
            Self::Mutation => "Mutation",
            Self::Repository(_) => "Repository",
            Self::Pull(..) => "PullRequest",
            Self::Thread(..) => "PullRequestReviewThread",
            Self::ReviewComment(..) => "PullRequestReviewComment",
            Self::Comment(..) => "IssueComment",
            Self::Branch(..) => "Ref",
            Self::Commit(..) => "Commit",
            Self::File(..) => "Blob",
            Self::Account(login) if login.ends_with("[bot]") => "Bot",
            Self::Account(login) if world.organisations.contains(&login.to_ascii_lowercase()) => {
                "Organization"
            }
            Self::Account(_) => "User",
            Self::Page(_) => "Connection",
            Self::Edge(..) => "Edge",
            Self::Plain(kind, _) | Self::Payload(kind, _) => kind,
        }
    }

    /// Tells whether it is of a type, which may be an interface.
    pub(crate) fn is(&self, world: &World, kind: &str) -> bool {
        let interfaces = [
            "Node",
            "GitObject",
            "Actor",
            "RepositoryOwner",
            "Comment",
            "Closable",
            "UniformResourceLocatable",
        ];
        self.kind(world) == kind || interfaces.contains(&kind)
    }
}
