//! What a repository says of images that it builds or starts itself: compose files, skaffold, workflows.
//!
//! A build ties an image's name to a Dockerfile. A compose service that starts an image with a `command` and
//! without an `entrypoint` shows that the words are arguments of the image's entrypoint: compose's `command` is CMD.

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use crate::{
    image::ImageRef,
    path::RepoPath,
    syntax::{Kind, Node, Stream},
};

/// An image that the repository builds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Build {
    /// The name of the image with its tag, where both are literal.
    pub image: Named,
    /// The folder of the build context.
    pub context: RepoPath,
    /// The Dockerfile.
    pub dockerfile: RepoPath,
    /// The stage that is built, if not the last one.
    pub target: Option<String>,
    /// The build arguments that are literal.
    pub args: BTreeMap<String, String>,
    /// The 1-based line that says so.
    pub line: usize,
}

/// An image that a compose file starts with words of its own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Use {
    /// The image.
    pub image: Named,
    /// The words that its entrypoint gets.
    pub words: Vec<String>,
    /// The 1-based line that says so.
    pub line: usize,
}

/// An image's name without and with its tag.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Named {
    /// Registry and repository.
    pub name: String,
    /// The tag, where it is literal.
    pub tag: Option<String>,
}

/// What one file says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Declared {
    /// The images that it builds.
    pub builds: Vec<Build>,
    /// The images that it starts without building them.
    pub uses: Vec<Use>,
}

/// Stands for what a variable without a default will be; no image's name holds it.
const UNKNOWN: char = '\u{0}';

/// Reads a compose file that lies in `folder`.
#[must_use]
pub fn compose(folder: &RepoPath, stream: &Stream) -> Declared {
    let mut declared = Declared::default();
    let services = roots(stream).filter_map(|root| root.get("services"));
    for service in services.flat_map(|services| services.resolve().entries()) {
        let service = service.value().resolve();
        let Some(image) = service.get("image").and_then(text).and_then(|image| named(&image)) else {
            continue;
        };
        let line = line_of(service);
        match service.get("build").map(Node::resolve).filter(|build| !build.is_null()) {
            Some(build) => declared.builds.extend(compose_build(folder, build, image, line)),
            None => declared.uses.extend(compose_use(service, image, line)),
        }
    }
    // A compose file that builds an image says nothing about the image of that name elsewhere.
    let built: Vec<&str> = declared.builds.iter().map(|build| build.image.name.as_str()).collect();
    declared.uses.retain(|used| !built.contains(&used.image.name.as_str()));
    declared
}

fn compose_build(folder: &RepoPath, build: Node<'_>, image: Named, line: usize) -> Option<Build> {
    let field = |key: &str| build.get(key).and_then(text);
    let context = match build.kind() {
        Kind::Mapping => field("context").unwrap_or_else(|| ".".to_owned()),
        _ => text(build)?,
    };
    if build.get("dockerfile_inline").is_some() {
        return None;
    }
    let context = literal(&context).and_then(|context| folder.join(&context).ok())?;
    let dockerfile = field("dockerfile").unwrap_or_else(|| "Dockerfile".to_owned());
    let dockerfile = literal(&dockerfile).and_then(|file| context.join(&file).ok())?;
    let target = match field("target") {
        Some(target) => Some(literal(&target)?),
        None => None,
    };
    Some(Build {
        image,
        context,
        dockerfile,
        target,
        args: build.get("args").map(pairs).unwrap_or_default(),
        line,
    })
}

fn compose_use(service: Node<'_>, image: Named, line: usize) -> Option<Use> {
    // What a service extends or merges may bring an entrypoint, or build the image.
    let elsewhere =
        ["extends", "<<"].iter().any(|key| service.get(key).is_some_and(|from| brings(from, key)));
    if elsewhere || service.get("entrypoint").is_some_and(|entrypoint| !entrypoint.resolve().is_null()) {
        return None;
    }
    let command = service.get("command")?.resolve();
    let words = match command.kind() {
        Kind::Sequence => command.items().map(text).collect::<Option<Vec<_>>>()?,
        // Compose splits a string as a shell does, and starts no shell.
        _ => shell_words::split(&text(command)?).ok()?,
    };
    let words: Vec<String> = words.iter().map(|word| literal(word)).collect::<Option<_>>()?;
    (!words.is_empty()).then_some(Use { image, words, line })
}

/// Tells whether what a service takes from elsewhere may decide what its words are. What another service or file has is not
/// looked up.
fn brings(from: Node<'_>, key: &str) -> bool {
    let from = from.resolve();
    let merged = |mapping: Node<'_>| {
        mapping.kind() != Kind::Mapping
            || ["entrypoint", "build", "extends", "<<"].iter().any(|key| mapping.get(key).is_some())
    };
    match from.kind() {
        _ if key == "extends" => true,
        Kind::Sequence => from.items().map(Node::resolve).any(merged),
        _ => merged(from),
    }
}

/// Reads a skaffold configuration that lies in `folder`.
#[must_use]
pub fn skaffold(folder: &RepoPath, stream: &Stream) -> Declared {
    let mut declared = Declared::default();
    for root in roots(stream).filter(|root| is_skaffold(*root)) {
        let artifacts = root.at(&["build", "artifacts"]).map(Node::resolve);
        for artifact in artifacts.into_iter().flat_map(Node::items).map(Node::resolve) {
            declared.builds.extend(skaffold_build(folder, artifact));
        }
    }
    declared
}

fn is_skaffold(root: Node<'_>) -> bool {
    root.get("apiVersion").and_then(Node::as_str).is_some_and(|version| version.starts_with("skaffold/"))
}

fn skaffold_build(folder: &RepoPath, artifact: Node<'_>) -> Option<Build> {
    // Jib, ko, buildpacks and the like bring no Dockerfile.
    if ["jib", "ko", "buildpacks", "bazel", "custom"].iter().any(|builder| artifact.get(builder).is_some()) {
        return None;
    }
    let field = |path: &[&str]| artifact.at(path).and_then(text);
    let image = named(&field(&["image"])?)?;
    let context = folder.join(&field(&["context"]).unwrap_or_else(|| ".".to_owned())).ok()?;
    let dockerfile =
        context.join(&field(&["docker", "dockerfile"]).unwrap_or_else(|| "Dockerfile".to_owned())).ok()?;
    Some(Build {
        image,
        context,
        dockerfile,
        target: field(&["docker", "target"]),
        args: artifact.at(&["docker", "buildArgs"]).map(pairs).unwrap_or_default(),
        line: line_of(artifact),
    })
}

/// Reads a GitHub workflow: the steps that use docker/build-push-action.
#[must_use]
pub fn workflow(stream: &Stream) -> Declared {
    let mut declared = Declared::default();
    let jobs = roots(stream).filter_map(|root| root.get("jobs"));
    for job in jobs.flat_map(|jobs| jobs.resolve().entries()) {
        let steps = job.value().resolve().get("steps").map(Node::resolve);
        for step in steps.into_iter().flat_map(Node::items).map(Node::resolve) {
            let action = step.get("uses").and_then(Node::as_str).unwrap_or_default();
            if action.starts_with("docker/build-push-action@") {
                declared.builds.extend(
                    step.get("with")
                        .into_iter()
                        .flat_map(|with| action_builds(with.resolve(), line_of(step))),
                );
            }
        }
    }
    declared
}

fn action_builds(with: Node<'_>, line: usize) -> Vec<Build> {
    let field = |key: &str| with.get(key).and_then(Node::as_str).map(str::to_owned);
    let root = RepoPath::new("").ok();
    let context = field("context").unwrap_or_else(|| ".".to_owned());
    // Expressions are filled in by the forge; what they stand for is not known here.
    let folder = root.as_ref().filter(|_| !context.contains("${{")).and_then(|root| root.join(&context).ok());
    let Some((context, root)) = folder.zip(root) else { return Vec::new() };
    let dockerfile = match field("file") {
        Some(file) if file.contains("${{") => return Vec::new(),
        // The action takes it relative to the checkout, not to the context.
        Some(file) => root.join(&file).ok(),
        None => context.join("Dockerfile").ok(),
    };
    let Some(dockerfile) = dockerfile else { return Vec::new() };
    let args = field("build-args").unwrap_or_default();
    let args: BTreeMap<String, String> = args
        .lines()
        .filter_map(|line| line.trim().split_once('='))
        .filter(|(_, value)| !value.contains("${{"))
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect();
    let target = field("target");
    if target.as_ref().is_some_and(|target| target.contains("${{")) {
        return Vec::new();
    }
    let tags = field("tags").unwrap_or_default();
    let mut names: Vec<Named> =
        tags.split(['\n', ',']).filter_map(|tag| named(&without_expressions(tag.trim()))).collect();
    names.sort();
    names.dedup();
    let build = |image| Build {
        image,
        context: context.clone(),
        dockerfile: dockerfile.clone(),
        target: target.clone(),
        args: args.clone(),
        line,
    };
    names.into_iter().map(build).collect()
}

fn without_expressions(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("${{") {
        out.push_str(before);
        out.push(UNKNOWN);
        rest = after.split_once("}}").map_or("", |(_, after)| after);
    }
    out.push_str(rest);
    out
}

/// Parses an image's name, leaving a tag with a variable out.
fn named(image: &str) -> Option<Named> {
    let image = interpolated(image);
    let image = image.split('@').next()?;
    let last = image.rfind('/').map_or(0, |slash| slash + 1);
    let (name, tag) = match image[last..].split_once(':') {
        Some((_, tag)) => (&image[..image.len() - tag.len() - 1], Some(tag)),
        None => (image, None),
    };
    let name = ImageRef::parse(name).ok()?.name();
    let tag = tag.filter(|tag| !tag.contains(UNKNOWN) && !tag.is_empty()).map(str::to_owned);
    Some(Named { name, tag })
}

/// Fills in the defaults of variables; one without a default becomes [`UNKNOWN`]. Source: the Compose specification.
fn interpolated(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('$') {
        out.push_str(before);
        if let Some(after) = after.strip_prefix('$') {
            out.push('$');
            rest = after;
        } else if let Some(inside) = after.strip_prefix('{') {
            let (variable, after) = inside.split_once('}').unwrap_or((inside, ""));
            // Behind the name; a dash further on belongs to a message or to another value: `${NAME:?not-set}`.
            let end = variable.find(|letter: char| !letter.is_ascii_alphanumeric() && letter != '_');
            let form = &variable[end.unwrap_or(variable.len())..];
            let default = form.strip_prefix(":-").or_else(|| form.strip_prefix('-'));
            match default.filter(|default| !default.contains('$')) {
                Some(default) => out.push_str(default),
                None => out.push(UNKNOWN),
            }
            rest = after;
        } else {
            out.push(UNKNOWN);
            rest = after
                .trim_start_matches(|character: char| character.is_ascii_alphanumeric() || character == '_');
        }
    }
    out.push_str(rest);
    out
}

/// Returns a text whose variables all have defaults.
fn literal(text: &str) -> Option<String> {
    Some(interpolated(text)).filter(|text| !text.contains(UNKNOWN))
}

/// Reads build arguments: a mapping, or a list of `NAME=value`. Those without a literal value are left out.
fn pairs(node: Node<'_>) -> BTreeMap<String, String> {
    let node = node.resolve();
    let mapped =
        node.entries().filter_map(|entry| Some((entry.name()?.to_owned(), literal(&text(entry.value())?)?)));
    let listed = node.items().filter_map(text).filter_map(|item| {
        let (name, value) = item.split_once('=')?;
        Some((name.to_owned(), literal(value)?))
    });
    mapped.chain(listed).collect()
}

fn text(node: Node<'_>) -> Option<String> {
    node.resolve().as_str().map(str::to_owned)
}

fn roots(stream: &Stream) -> impl Iterator<Item = Node<'_>> {
    stream.documents().filter_map(|document| document.root())
}

fn line_of(node: Node<'_>) -> usize {
    node.span().map_or(1, |span| node.stream().position(span.start).0 as usize)
}
