//! What the configuration states of images.

use caulk_transforms::{
    facts::{Forwards, ImageFacts},
    finding::Evidence,
    image::ImageRef,
};

use crate::config;

/// Returns what the first entry that covers the image states.
pub(super) fn lookup(entries: &[config::Image], image: &ImageRef) -> Option<ImageFacts> {
    let entry = covering(entries, image)?;
    let entrypoint = entry.entrypoint.clone()?;
    let what = format!("{} has ENTRYPOINT {entrypoint:?}", entry.image);
    Some(ImageFacts {
        entrypoint,
        cmd: entry.cmd.clone().unwrap_or_default(),
        path: entry.path.clone(),
        forwards: entry.forwards.map_or(Forwards::Unknown, Forwards::from),
        arguments: entry.arguments.clone(),
        programs: entry.programs.clone(),
        absent: entry.absent.clone(),
        evidence: vec![Evidence { what, source: "`images:` of the configuration".to_owned() }],
        ..ImageFacts::default()
    })
}

/// Returns the first entry that covers the image and names the Dockerfile that builds it.
pub(super) fn dockerfile<'a>(entries: &'a [config::Image], image: &ImageRef) -> Option<&'a str> {
    covering(entries, image)?.dockerfile.as_deref()
}

fn covering<'a>(entries: &'a [config::Image], image: &ImageRef) -> Option<&'a config::Image> {
    let name = image.name();
    let names =
        |entry: &&config::Image| ImageRef::parse(&entry.image).is_ok_and(|stated| stated.name() == name);
    entries.iter().filter(names).find(|entry| covers(&entry.tags, image.effective_tag()))
}

/// Tells whether the tag is one of those listed: `1.4-alpine` itself, or a range such as `>=1.2 <2`. No list covers all.
fn covers(tags: &[String], tag: Option<&str>) -> bool {
    if tags.is_empty() {
        return true;
    }
    let Some(tag) = tag else { return false };
    let listed = |pattern: &String| match pattern.starts_with(['<', '>', '=']) {
        true => pattern.split([' ', ',']).filter(|part| !part.is_empty()).all(|part| within(part, tag)),
        false => pattern == tag,
    };
    tags.iter().any(listed)
}

/// Tells whether the version of a tag lies within one border: `>=1.2`.
fn within(border: &str, tag: &str) -> bool {
    let at = border.find(|letter: char| !matches!(letter, '<' | '>' | '=')).unwrap_or(border.len());
    let (sign, version) = border.split_at(at);
    let (Some(border), Some(version)) = (version_of(version), version_of(tag)) else { return false };
    // 1.2 and 1.2.0 are the same version.
    let length = border.len().max(version.len());
    let padded = |mut numbers: Vec<u64>| {
        numbers.resize(length, 0);
        numbers
    };
    let order = padded(version).cmp(&padded(border));
    match sign {
        ">=" => order.is_ge(),
        ">" => order.is_gt(),
        "<=" => order.is_le(),
        "<" => order.is_lt(),
        "=" | "==" => order.is_eq(),
        _ => false,
    }
}

/// Returns the numbers of a version: `v1.2.3-alpine` is 1, 2, 3.
fn version_of(text: &str) -> Option<Vec<u64>> {
    let text = text.strip_prefix('v').unwrap_or(text);
    let numbers = text.split(['-', '+', '_']).next()?;
    numbers.split('.').map(|number| number.parse().ok()).collect()
}

#[cfg(test)]
mod tests {
    use caulk_transforms::facts::Caveat;

    use super::{super::join::join as join_named, *};

    fn join(stated: ImageFacts, catalog: ImageFacts) -> ImageFacts {
        join_named(stated, catalog, "the configuration and the catalog")
    }

    fn covered(tags: &[&str], tag: &str) -> bool {
        covers(&tags.iter().map(|&tag| tag.to_owned()).collect::<Vec<_>>(), Some(tag))
    }

    #[test]
    fn tags_are_covered_by_name_or_by_range() {
        assert!(covered(&[], "latest"));
        assert!(covered(&["edge", ">=1.2"], "edge"));
        assert!(covered(&[">=1.2"], "v1.2.0"));
        assert!(covered(&[">=1.2 <2"], "1.10.3-alpine"));
        assert!(!covered(&[">=1.2 <2"], "2.0"));
        assert!(!covered(&[">=1.2"], "latest"));
        assert!(!covered(&["1.2"], "1.2.0"));
        assert!(!covers(&[">=1".to_owned()], None));
    }

    fn stated(entrypoint: &[&str], forwards: Forwards) -> ImageFacts {
        let words = entrypoint.iter().map(|&word| word.to_owned()).collect();
        ImageFacts { entrypoint: words, forwards, ..ImageFacts::default() }
    }

    #[test]
    fn the_catalog_adds_to_a_statement_and_never_overrides_it() {
        let catalog = ImageFacts { arguments: vec!["serve".into()], ..stated(&["a"], Forwards::OwnProgram) };
        let joined = join(stated(&["a"], Forwards::Unknown), catalog.clone());
        assert_eq!((joined.forwards, joined.arguments), (Forwards::OwnProgram, vec!["serve".to_owned()]));
        assert_eq!(join(stated(&["a"], Forwards::Exec), catalog.clone()).forwards, Forwards::Exec);
        let differing = join(stated(&["b"], Forwards::Exec), catalog);
        assert!(matches!(differing.caveats.as_slice(), [Caveat::SourcesDisagree(_)]));
    }

    #[test]
    fn the_first_entry_that_covers_the_tag_counts() {
        let entry = |tags: &[&str], program: &str| config::Image {
            image: "acme/server".into(),
            tags: tags.iter().map(|&tag| tag.to_owned()).collect(),
            entrypoint: Some(vec![program.into()]),
            ..config::Image::default()
        };
        let entries = [entry(&["<2"], "old"), entry(&[], "new")];
        let program = |text: &str| {
            let image = ImageRef::parse(text).expect("an image");
            lookup(&entries, &image).map(|facts| facts.entrypoint[0].clone())
        };
        assert_eq!(program("acme/server:1.9").as_deref(), Some("old"));
        assert_eq!(program("docker.io/acme/server:2.1").as_deref(), Some("new"));
        assert_eq!(program("acme/other:1"), None);
    }
}
