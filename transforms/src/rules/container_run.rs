//! What a container says about what it runs, as the rules look at it.

use crate::{
    finding::{Fix, Location},
    image::{ImageError, ImageRef},
    model::{Container, Object, Repository, Words, path_of},
    syntax::{Entry, Node},
};

/// A container with its words and its image read.
#[derive(Debug)]
pub(super) struct Run<'a> {
    pub(super) container: &'a Container,
    pub(super) object: &'a Object,
    pub(super) node: Node<'a>,
    pub(super) command: Words,
    pub(super) args: Words,
    pub(super) image: Option<Result<ImageRef, ImageError>>,
}

impl<'a> Run<'a> {
    /// Reads a container.
    pub(super) fn of(repository: &'a Repository, container: &'a Container) -> Self {
        let node = repository.node(container.file, container.node);
        Self {
            container,
            object: repository.object(container.object),
            node,
            command: Words::of(node.get("command")),
            args: Words::of(node.get("args")),
            image: container.image.as_ref().map(|image| ImageRef::parse(&image.text)),
        }
    }

    /// Returns the words of `command`, if there are any and they are plain words.
    pub(super) fn command_words(&self) -> Option<&[String]> {
        self.command.list().filter(|words| !words.is_empty())
    }

    /// Returns the image if it can be asked about.
    pub(super) fn image_ref(&self) -> Option<&ImageRef> {
        self.image.as_ref()?.as_ref().ok()
    }

    /// Returns the place of `command`: the key, and the value if it stands on the same line.
    pub(super) fn location(&self, entry: Entry<'_>) -> Option<Location> {
        let key = entry.key().span()?;
        let stream = self.node.stream();
        let line = |offset| stream.position(offset).0;
        let span = match entry.value().span() {
            Some(value) if line(value.end) == line(key.start) => key.cover(value),
            _ => key,
        };
        Some(Location { file: self.container.file, span })
    }

    /// Returns what names the container across edits: the document and the path.
    pub(super) fn place(&self) -> String {
        format!("{}:{}", self.object.document, path_of(self.node))
    }

    /// Returns `Deployment/web, container app`.
    pub(super) fn subject(&self) -> String {
        match &self.container.name {
            Some(name) => format!("{}, container {name}", self.object.title()),
            None => self.object.title(),
        }
    }
}

/// Lowers a fix by one tier, with the reason.
pub(super) fn lower(fix: &mut Fix, reason: String) {
    fix.applicability = fix.applicability.lowered();
    fix.reasons.push(reason);
}
