//! Runs that tell what is known about a line and what the rules think of it.

use std::{collections::BTreeSet, path::Path};

use anyhow::Result;
use caulk_transforms::{
    facts::{Facts, Question},
    finding::{Evidence, FileId, Location},
    image::ImageRef,
    model, plan, rules,
    span::Span,
};

use super::{Prepared, Request, Run, configuration, mend, policy, read_tree};
use crate::{facts, walk::Tree};

/// Plans what is to be done in a tree, and asks the rules what they think of each named file's line, also where they leave
/// it alone.
///
/// # Errors
/// As [`run`].
pub fn explain(request: &Request, folder: &Path, line: u32) -> Result<(Run, Vec<String>)> {
    let (tree, skipped) = Tree::find(&request.paths, folder);
    let tree = tree.with_context();
    let config = configuration(request, tree.root())?;
    let prepared = read_tree(request, tree, skipped, config)?;
    let mut sources = prepared.sources(request)?;
    let mut thoughts = Vec::new();
    for (file, number) in prepared.repository.files().iter().zip(0..) {
        if prepared.asks_for(&file.path) && (1..=file.stream.line_count()).contains(&line) {
            let content = file.stream.line_span(line);
            let lead = lead(content.of(file.stream.text()));
            let start = u32::try_from(lead).map_or(content.end, |lead| content.start + lead);
            let place = Location { file: FileId(number), span: Span::empty(start) };
            thoughts.extend(model::explain::place(&prepared.repository, place));
            thoughts
                .extend(known_of_images(&model::explain::images(&prepared.repository, place), &mut sources));
            thoughts.extend(think(&prepared, request, place, &mut sources));
        }
    }
    let plan = mend(&prepared.repository, request, &prepared.config, &mut sources);
    sources.close()?;
    Ok((prepared.finish(plan, request), thoughts))
}

/// Returns the length of what stands in front of a line's first key or value: blanks, and the dashes of items.
fn lead(line: &str) -> usize {
    let mut rest = line.trim_start();
    while let Some(item) = rest.strip_prefix("- ") {
        rest = item.trim_start();
    }
    line.len() - rest.len()
}

/// Returns what is known of images, a sentence each.
fn known_of_images(images: &BTreeSet<ImageRef>, sources: &mut facts::Sources) -> Vec<String> {
    let questions: Vec<Question> = images.iter().cloned().map(Question::Image).collect();
    let mut facts = Facts::default();
    sources.answer(&questions, &mut facts);
    let told = |image: &ImageRef| match facts.image(image) {
        Ok(known) => {
            let source = |evidence: &Evidence| format!("{} (source: {})", evidence.what, evidence.source);
            known.evidence.iter().map(source).collect()
        }
        Err(reason) => vec![format!("nobody knows what {image} runs: {reason}")],
    };
    images.iter().flat_map(told).collect()
}

fn think(
    prepared: &Prepared,
    request: &Request,
    place: Location,
    sources: &mut facts::Sources,
) -> Vec<String> {
    let policy = policy(request, &prepared.config);
    plan::explain(&prepared.repository, rules::ALL, &policy, place, &mut |questions, facts| {
        sources.answer(questions, facts);
    })
}
