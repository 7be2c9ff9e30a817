//! After a fix, kustomize renders what it rendered before, but for what the fix declares.
//!
//! Declared is one of two changes: `command` is gone, and its words come before those of `args`; or they were flags that an
//! overlay's `args`, flags alone as well, repeats every one of, and `args` stays as it was.

mod broken;
mod overlays;

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    process::Command,
};

use caulk_transforms::{
    model::value::{Shape, Texts, Value},
    syntax,
};

use crate::{
    kubectl::{self, Built},
    rendered,
};

/// What the folders render to.
type Rendered = BTreeMap<PathBuf, Built>;

fn render(root: &Path, folders: &[PathBuf]) -> Rendered {
    folders.iter().map(|folder| (folder.clone(), kubectl::kustomize(&root.join(folder)))).collect()
}

/// Mends everything below a folder that can be mended.
fn mend(root: &Path) {
    let output = Command::new(env!("CARGO_BIN_EXE_caulk"))
        // The declared differences are those of commands; hosts would be changes of their own.
        .args(["fix", "--unsafe-fixes", "--write", "--rule", "entrypoint-overridden", "."])
        .current_dir(root)
        .output()
        .expect("caulk runs");
    let code = output.status.code();
    assert!(matches!(code, Some(0 | 1)), "{code:?}: {}", String::from_utf8_lossy(&output.stderr));
}

/// What differs between two renderings.
#[derive(Debug, Default)]
struct Difference {
    /// Containers whose command became args.
    declared: usize,
    /// Everything else.
    wrong: Vec<String>,
}

fn compare(before: &Rendered, after: &Rendered) -> Difference {
    let mut difference = Difference::default();
    for (folder, old) in before {
        match (old, after.get(folder)) {
            (Built::Rendered(old), Some(Built::Rendered(new))) => texts_differ(old, new, &mut difference),
            (Built::Failed(_), Some(Built::Failed(_))) => {}
            (_, new) => difference.wrong.push(format!("{}: now {new:?}", folder.display())),
        }
    }
    difference
}

fn texts_differ(old: &str, new: &str, difference: &mut Difference) {
    if old == new {
        return;
    }
    let (old, new) = (rendered::texts(old), rendered::texts(new));
    let (a, b) = (rendered::objects(&old), rendered::objects(&new));
    if a.len() != b.len() {
        difference.wrong.push(format!("{} objects became {}", a.len(), b.len()));
    }
    // Kustomize sorts by kind and name, and the hash of a changed ConfigMap comes last in its name.
    let name =
        |texts: &Texts, object: &Value| texts.text_at(object, &["metadata", "name"]).unwrap_or_default();
    for (a, b) in a.iter().zip(&b) {
        let at = format!("{}/{}", old.text_at(a, &["kind"]).unwrap_or_default(), name(&old, a));
        Pair { old: &old, new: &new }.differ(a, b, &at, difference);
    }
}

struct Pair<'t> {
    old: &'t Texts,
    new: &'t Texts,
}

impl Pair<'_> {
    fn differ(&self, a: &Value, b: &Value, at: &str, difference: &mut Difference) {
        match (self.old.shape(a), self.new.shape(b)) {
            (Shape::Mapping, Shape::Mapping) => self.mappings(a, b, at, difference),
            (Shape::Sequence, Shape::Sequence) => {
                let (a, b) = (self.old.items(a), self.new.items(b));
                if a.len() != b.len() {
                    difference.wrong.push(format!("{at}: {} items became {}", a.len(), b.len()));
                }
                for (number, (a, b)) in a.iter().zip(&b).enumerate() {
                    self.differ(a, b, &format!("{at}[{number}]"), difference);
                }
            }
            (Shape::Null, Shape::Null) => {}
            (Shape::Scalar, Shape::Scalar) => {
                let (a, b) = (self.old.text(a).unwrap_or_default(), self.new.text(b).unwrap_or_default());
                if a != b && !same_but_hash(&a, &b) {
                    embedded(&a, &b, at, difference);
                }
            }
            (a, b) => difference.wrong.push(format!("{at}: {a:?} became {b:?}")),
        }
    }

    fn mappings(&self, a: &Value, b: &Value, at: &str, difference: &mut Difference) {
        let words = |texts: &Texts, value: &Value, key| -> Option<Vec<String>> {
            let list = texts.get(value, key).filter(|list| texts.shape(list) == Shape::Sequence)?;
            texts.items(&list).iter().map(|word| texts.text(word).map(std::borrow::Cow::into_owned)).collect()
        };
        let moved = words(self.old, a, "command").filter(|_| self.new.get(b, "command").is_none());
        let moved = moved.is_some_and(|command| {
            let (old, new) = (words(self.old, a, "args").unwrap_or_default(), words(self.new, b, "args"));
            let repeats = command.iter().all(|word| word.starts_with("--") && old.contains(word))
                && old
                    .iter()
                    .all(|word| word.starts_with("--") && (word.contains('=') || command.contains(word)));
            new == Some([&command[..], &old].concat()) || repeats && new.as_ref() == Some(&old)
        });
        difference.declared += usize::from(moved);
        let skips = |key: &str| moved && matches!(key, "command" | "args");
        for (key, value) in self.old.entries(a).iter().filter(|(key, _)| !skips(key)) {
            match self.new.get(b, key) {
                Some(other) => self.differ(value, &other, &format!("{at}.{key}"), difference),
                None => difference.wrong.push(format!("{at}.{key} is gone")),
            }
        }
        for (key, _) in self.new.entries(b).iter().filter(|(key, _)| !skips(key)) {
            if self.old.get(a, key).is_none() {
                difference.wrong.push(format!("{at}.{key} is new"));
            }
        }
    }
}

/// Names of ConfigMaps end with a hash of what they hold.
fn same_but_hash(a: &str, b: &str) -> bool {
    let cut = |text: &str| {
        text.rsplit_once('-').filter(|(_, hash)| hash.len() == 10).map(|(name, _)| name.to_owned())
    };
    cut(a).is_some() && cut(a) == cut(b)
}

/// Values files are texts in ConfigMaps.
fn embedded(a: &str, b: &str, at: &str, difference: &mut Difference) {
    if syntax::parse(a).is_ok() && syntax::parse(b).is_ok() && a.contains('\n') {
        texts_differ(a, b, difference);
    } else {
        difference.wrong.push(format!("{at}: {a:?} became {b:?}"));
    }
}
