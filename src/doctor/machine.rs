//! What this machine has: kubectl, and a way to the registries.

use std::collections::BTreeMap;

use caulk_transforms::image::ImageRef;

use super::{Check, State, Subject, foreign};
use crate::{
    facts::online::{Online, Settings},
    pull::render::Renderer,
};

pub(super) fn kubectl() -> Check {
    match Renderer::find() {
        Some(renderer) => Check::ok(
            Subject::Kubectl,
            format!("{} renders overlays", foreign(&renderer.program().display().to_string())),
        ),
        None => Check::new(
            Subject::Kubectl,
            State::Limited,
            "neither kubectl nor kustomize is on PATH, so pull requests do not show what overlays render differently",
            "install kubectl, version 1.21 or newer",
        ),
    }
}

/// Asks each registry for one of the images that are read from it. Without `settings` nothing is asked.
///
/// # Errors
/// If the settings are no good.
pub fn registries(
    settings: Option<Settings>,
    images: impl IntoIterator<Item = ImageRef>,
) -> Result<Check, String> {
    let Some(settings) = settings else {
        return Ok(Check::new(
            Subject::Registries,
            State::Unknown,
            "no registry was asked",
            "run `caulk doctor --online` in the repository to ask those of its images",
        ));
    };
    let online = Online::new(settings)?;
    let mut each: BTreeMap<String, ImageRef> = BTreeMap::new();
    for image in images {
        each.entry(image.registry.clone()).or_insert(image);
    }
    let refused: Vec<String> = each.values().filter_map(|image| online.reach(image).err()).collect();
    let names: Vec<&str> = each.keys().map(String::as_str).collect();
    Ok(match (names.is_empty(), refused.is_empty()) {
        (true, _) => {
            Check::ok(Subject::Registries, "no manifest here names an image, so no registry is needed")
        }
        (false, true) => Check::ok(Subject::Registries, format!("{} answer", foreign(&names.join(", ")))),
        (false, false) => Check::missing(
            Subject::Registries,
            foreign(&refused.join("; ")),
            "log in with `docker login`, or allow the registry with --registry; without it caulk knows less of its images",
        ),
    })
}
