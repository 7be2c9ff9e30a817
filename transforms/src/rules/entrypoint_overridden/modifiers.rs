//! What lowers a fix by one tier: the image, the pod and the controller may be other than they look.

use crate::{
    argv::DEFAULT_PATH,
    facts::{Caveat, ImageFacts},
    finding::{Applicability, Fix},
    image::ImageRef,
    model::{Origin, Repository},
    rules::{
        container_path::{OwnPath, brought},
        container_run::{Run, cannot_change, lower},
        releases,
    },
};

/// Lowers a fix for every reason that speaks against it.
pub(super) fn apply(repository: &Repository, run: &Run<'_>, image: (&ImageRef, &ImageFacts), fix: &mut Fix) {
    caveats(image, fix);
    if let Some(doubt) = &run.image_doubt {
        lower(fix, doubt.clone());
    }
    if let Some(reason) = covered_path(repository, run, image.1) {
        lower(fix, reason);
    }
    match &run.container.origin {
        Origin::Controller(name) => {
            lower(fix, format!("{name} looks entrypoints up itself where no command is given"));
        }
        Origin::Operator(name) => {
            // Its own command would come back, and that is not the image's entrypoint.
            fix.applicability = Applicability::Display;
            fix.reasons.push(format!("{name} gives this container a command of its own where none is written"));
        }
        Origin::ChartList | Origin::UnknownChart if fix.applicability == Applicability::Safe => {
            lower(fix, "the chart's templates decide what becomes of command and args".to_owned());
        }
        Origin::ChartList | Origin::UnknownChart => {}
        Origin::Kubernetes | Origin::KnownChart(_) => {}
    }
    if let Some(reason) = cannot_change(repository, run.object) {
        lower(fix, reason);
    }
    let known = matches!(run.container.origin, Origin::KnownChart(_));
    if let Some(reason) = releases::doubts(repository, run.object, &releases::ARGV).into_iter().next() {
        // Of a chart that is not known the values are doubtful already, and one doubt about a chart is one doubt.
        if known { lower(fix, reason) } else { fix.reasons.push(reason) }
    }
    let object = run.variant.and_then(|variant| variant.object).unwrap_or(run.container.object);
    if let Some(doubt) = repository.placements().doubts(object).first() {
        lower(fix, format!("what overlays make of it is not known for certain: {doubt}"));
    }
}

fn caveats((image, facts): (&ImageRef, &ImageFacts), fix: &mut Fix) {
    for caveat in &facts.caveats {
        match caveat {
            Caveat::TagNotCovered => {
                let tag = image.effective_tag().map_or_else(
                    || "the digest alone".to_owned(),
                    |tag| format!("the tag {tag}"),
                );
                lower(fix, format!("what is known of the image does not cover {tag}"));
            }
            Caveat::MovingTag => lower(fix, "the image's tag moves, and what is known of it may be old".to_owned()),
            Caveat::PlatformsDisagree => lower(fix, "the platforms of the image disagree".to_owned()),
            Caveat::SourcesDisagree(what) => {
                fix.applicability = fix.applicability.min(Applicability::Unsafe);
                fix.reasons.push(format!("the sources contradict each other: {what}"));
            }
        }
    }
}

/// Tells whether a volume or the pod's own PATH decides which programs there are.
fn covered_path(repository: &Repository, run: &Run<'_>, facts: &ImageFacts) -> Option<String> {
    if run.path() != OwnPath::Unset {
        return Some("the container sets PATH itself".to_owned());
    }
    if let Some(source) = brought(repository, run) {
        return Some(format!("the container takes PATH from {source}"));
    }
    let mounts = run.mounts();
    if let Some(at) = mounts.iter().find(|at| at.contains("${") || at.contains("{{")) {
        return Some(format!("a volume is mounted at {at}, which is filled in later"));
    }
    let path = facts.path.as_deref().unwrap_or(DEFAULT_PATH);
    for at in mounts.iter().map(|at| at.trim_end_matches('/')) {
        let covers = |folder: &str| {
            let folder = folder.trim_end_matches('/');
            let below = |inner: &str, outer: &str| {
                inner.strip_prefix(outer).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
            };
            // The volume holds the folder, or it is mounted inside it: a program may come with it.
            !folder.is_empty() && (below(folder, at) || below(at, folder))
        };
        if let Some(folder) = path.split(':').find(|folder| covers(folder)) {
            return Some(format!("a volume is mounted at {at}, which covers {folder} of PATH"));
        }
    }
    None
}
