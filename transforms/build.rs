//! Turns `catalog/` into tables that are compiled in: sorted, and nothing is parsed when caulk starts.

#![expect(clippy::disallowed_methods, reason = "only the library is pure; a build script reads and writes")]

use std::{
    collections::BTreeMap,
    env,
    fmt::{Debug, Write as _},
    fs,
    path::{Path, PathBuf},
};

#[path = "catalog/schema.rs"]
#[expect(dead_code, reason = "notes are for readers of the files")]
mod schema;
#[path = "src/catalog/version.rs"]
#[expect(dead_code, reason = "the lookup needs more of it than the build")]
mod version;

use schema::{Entrypoint, File, Forwards, Image, Row, Words};

type Failure = Box<dyn std::error::Error>;

fn main() -> Result<(), Failure> {
    println!("cargo::rerun-if-changed=catalog");
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed=src/catalog/version.rs");
    let out = PathBuf::from(env::var_os("OUT_DIR").ok_or("cargo sets OUT_DIR")?);
    let images = read_images(Path::new("catalog"))?;
    let mut table = String::new();
    write_images(&mut table, &images)?;
    write_programs(&mut table, &fs::read_to_string("catalog/common-programs.txt")?)?;
    fs::write(out.join("catalog.rs"), table)?;
    Ok(())
}

/// Reads every file; the images come sorted by name.
fn read_images(directory: &Path) -> Result<Vec<Image>, Failure> {
    let mut paths: Vec<PathBuf> =
        fs::read_dir(directory)?.map(|entry| entry.map(|entry| entry.path())).collect::<Result<_, _>>()?;
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "yaml"));
    paths.sort();
    let mut images = Vec::new();
    for path in paths {
        let file: File = serde_yaml::from_str(&fs::read_to_string(&path)?)
            .map_err(|error| format!("{}: {error}", path.display()))?;
        images.extend(file.images);
    }
    images.sort_by(|left, right| left.image.cmp(&right.image));
    Ok(images)
}

fn write_images(table: &mut String, images: &[Image]) -> Result<(), Failure> {
    let mut names: BTreeMap<&str, usize> = BTreeMap::new();
    writeln!(table, "pub(super) static IMAGES: &[Image] = &[")?;
    for (index, image) in images.iter().enumerate() {
        for name in std::iter::once(&image.image).chain(&image.also) {
            if names.insert(name, index).is_some() {
                return Err(format!("{name} stands twice in the catalog").into());
            }
        }
        write_image(table, image).map_err(|error| format!("{}: {error}", image.image))?;
    }
    writeln!(table, "];\npub(super) static NAMES: &[(&str, usize)] = &[")?;
    for (name, index) in names {
        writeln!(table, "({name:?}, {index}),")?;
    }
    writeln!(table, "];")?;
    Ok(())
}

fn write_image(table: &mut String, image: &Image) -> Result<(), Failure> {
    write!(table, "Image {{ name: {:?}, unplaced: {:?}, rows: &[", image.image, image.unplaced)?;
    for (index, row) in image.rows.iter().enumerate() {
        write_row(table, row).map_err(|error| format!("row {}: {error}", index + 1))?;
    }
    for (field, statements) in [
        ("arguments", &image.arguments),
        ("repeatable", &image.repeatable),
        ("programs", &image.programs),
        ("absent", &image.absent),
    ] {
        write!(table, "], {field}: &[")?;
        for (index, statement) in statements.iter().enumerate() {
            write_words(table, statement).map_err(|error| format!("{field} {}: {error}", index + 1))?;
        }
    }
    writeln!(table, "] }},")?;
    Ok(())
}

fn write_row(table: &mut String, row: &Row) -> Result<(), Failure> {
    let entrypoint = match &row.entrypoint {
        Entrypoint::Words(words) => format!("Some(&{words:?})"),
        Entrypoint::Keyword(_) => "None".to_owned(),
    };
    let forwards = match row.forwards {
        None => "Unknown",
        Some(Forwards::OwnProgram) => "OwnProgram",
        Some(Forwards::Exec) => "Exec",
        Some(Forwards::PrependIfFlag) => "PrependIfFlag",
        Some(Forwards::PrependIfUnknown) => "PrependIfUnknown",
        Some(Forwards::Ignored) => "Ignored",
    };
    writeln!(
        table,
        "Row {{ range: {}, prefix: {:?}, variants: &{:?}, tags: &{:?}, entrypoint: {entrypoint}, cmd: &{:?}, \
         path: {:?}, forwards: Forwards::{forwards}, forwards_source: {:?}, source: {:?} }},",
        range(row.from.as_deref(), row.until.as_deref())?,
        row.prefix,
        row.variants,
        row.tags,
        row.cmd,
        row.path,
        row.forwards_source,
        row.source,
    )?;
    Ok(())
}

fn write_words(table: &mut String, statement: &Words) -> Result<(), Failure> {
    // A statement without a first version holds for every version that has a row.
    let range = range(statement.from.as_deref().or(Some("0")), statement.until.as_deref())?;
    writeln!(
        table,
        "Words {{ words: &{:?}, complete: {:?}, range: {range}, source: {:?} }},",
        statement.words, statement.complete, statement.source
    )?;
    Ok(())
}

fn range(from: Option<&str>, until: Option<&str>) -> Result<String, Failure> {
    let numbers = |text: Option<&str>| match text {
        None => Ok(None),
        Some(text) => match version::Version::parse(text) {
            Some(version) => Ok(Some((version.numbers, text.to_owned()))),
            None => Err(format!("{text} is no version")),
        },
    };
    let (from, until) = (numbers(from)?, numbers(until)?);
    if let (Some((from, from_text)), Some((until, until_text))) = (&from, &until)
        && version::compare(from, until).is_gt()
    {
        return Err(format!("the range from {from_text} until {until_text} is empty").into());
    }
    Ok(format!("Range {{ from: {}, until: {} }}", border(from.as_ref()), border(until.as_ref())))
}

fn border<T: Debug>(border: Option<&(Vec<u64>, T)>) -> String {
    border.map_or_else(
        || "None".to_owned(),
        |(numbers, text)| format!("Some(Border {{ numbers: &{numbers:?}, text: {text:?} }})"),
    )
}

fn write_programs(table: &mut String, text: &str) -> Result<(), Failure> {
    let mut programs: Vec<&str> =
        text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#')).collect();
    programs.sort_unstable();
    if let Some(pair) = programs.windows(2).find(|pair| pair[0] == pair[1]) {
        return Err(format!("catalog/common-programs.txt: {} stands twice", pair[0]).into());
    }
    writeln!(table, "pub(super) static COMMON_PROGRAMS: &[&str] = &{programs:?};")?;
    Ok(())
}
