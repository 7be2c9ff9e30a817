//! JSON patches (RFC 6902), as kustomize applies them.

use thiserror::Error;

use crate::model::value::{Place, Shape, Texts, Value};

/// Why a JSON patch cannot be applied. Kustomize fails then.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum PatchError {
    /// The text is no list of operations.
    #[error("it is no list of operations")]
    NotAList,
    /// An operation lacks a field or has an unknown name.
    #[error("operation {0} is malformed")]
    Malformed(usize),
    /// The path of an operation leads nowhere.
    #[error("{op} {path}: there is no such place")]
    NoSuchPlace {
        /// The operation's name.
        op: String,
        /// Its path.
        path: String,
    },
    /// A `test` found another value.
    #[error("test {0}: the value is another one")]
    TestFailed(String),
}

/// One operation of a JSON patch.
#[derive(Debug, Clone)]
pub struct Operation {
    /// `add`, `remove`, `replace`, `move`, `copy` or `test`.
    pub op: String,
    /// The JSON pointer as written.
    pub path: String,
    /// The JSON pointer that `move` and `copy` take from.
    pub from: Option<String>,
    /// The value of `add`, `replace` and `test`.
    pub value: Option<Value>,
    /// The mapping that is the operation.
    pub at: Option<Place>,
}

/// Reads the operations of a patch.
pub(crate) fn read(texts: &Texts, patch: &Value) -> Result<Vec<Operation>, PatchError> {
    if texts.shape(patch) != Shape::Sequence {
        return Err(PatchError::NotAList);
    }
    let items = texts.items(patch);
    items
        .iter()
        .enumerate()
        .map(|(number, item)| operation(texts, item).ok_or(PatchError::Malformed(number)))
        .collect()
}

fn operation(texts: &Texts, item: &Value) -> Option<Operation> {
    let op = texts.text_at(item, &["op"])?;
    let operation = Operation {
        path: texts.text_at(item, &["path"])?,
        from: texts.text_at(item, &["from"]),
        value: texts.get(item, "value"),
        at: item.places().first().copied(),
        op,
    };
    let complete = match operation.op.as_str() {
        "add" | "replace" | "test" => operation.value.is_some(),
        "move" | "copy" => operation.from.is_some(),
        "remove" => true,
        _ => false,
    };
    complete.then_some(operation)
}

/// Applies operations to an object, in their order.
pub(crate) fn apply(texts: &Texts, object: &mut Value, operations: &[Operation]) -> Result<(), PatchError> {
    for operation in operations {
        apply_one(texts, object, operation)?;
    }
    Ok(())
}

/// Applies operations as [`apply`] does where they fit but for one thing: they append to the `args` of a container that has
/// none, and whose `command` begins with a flag.
///
/// The patch was written for a container with `args`, so the words of `command` are those `args`, and the patch fits again once
/// they are called so.
pub(crate) fn apply_as_meant(texts: &Texts, object: &Value, operations: &[Operation]) -> Option<Value> {
    let mut meant = object.clone();
    for operation in operations {
        if apply_one(texts, &mut meant, operation).is_ok() {
            continue;
        }
        let (value, steps) = (operation.value.as_ref()?, steps(&operation.path)?);
        let [way @ .., list, last] = steps.as_slice() else { return None };
        if operation.op != "add" || list != "args" || last != "-" {
            return None;
        }
        let container = open(texts, &mut meant, way)?;
        let command = texts.get(container, "command").filter(|_| texts.get(container, "args").is_none())?;
        let first = texts.items(&command).first().and_then(|word| texts.text(word))?.into_owned();
        if !first.starts_with('-') {
            return None;
        }
        texts.open_mapping(container)?.set("args", Value::Sequence(std::sync::Arc::new(vec![value.clone()])));
    }
    Some(meant)
}

fn apply_one(texts: &Texts, object: &mut Value, operation: &Operation) -> Result<(), PatchError> {
    let nowhere = || PatchError::NoSuchPlace { op: operation.op.clone(), path: operation.path.clone() };
    let steps = steps(&operation.path).ok_or_else(nowhere)?;
    let taken = operation.from.as_deref().map(|from| self::steps(from).ok_or_else(nowhere)).transpose()?;
    let done = match (operation.op.as_str(), &operation.value, taken) {
        ("add", Some(value), _) => add(texts, object, &steps, value.clone()),
        ("replace", Some(value), _) => replace(texts, object, &steps, value.clone()),
        ("remove", ..) => remove(texts, object, &steps).map(drop),
        ("test", Some(value), _) => {
            let found = look_up(texts, object, &steps);
            let same = match found {
                Some(found) => equal(texts, &found, value),
                None => texts.shape(value) == Shape::Null,
            };
            return if same { Ok(()) } else { Err(PatchError::TestFailed(operation.path.clone())) };
        }
        ("move", _, Some(from)) => {
            remove(texts, object, &from).and_then(|value| add(texts, object, &steps, value))
        }
        ("copy", _, Some(from)) => {
            look_up(texts, object, &from).and_then(|value| add(texts, object, &steps, value))
        }
        _ => None,
    };
    done.ok_or_else(nowhere)
}

/// Splits a JSON pointer into its steps, unescaped; none if it does not begin with a slash.
fn steps(pointer: &str) -> Option<Vec<String>> {
    if pointer.is_empty() {
        return Some(Vec::new());
    }
    let rest = pointer.strip_prefix('/')?;
    Some(rest.split('/').map(|step| step.replace("~1", "/").replace("~0", "~")).collect())
}

/// Returns the place of an item; negative numbers count from behind. `length` is how many places there are.
fn index(step: &str, length: usize) -> Option<usize> {
    let number: i64 = step.parse().ok()?;
    let length = i64::try_from(length).ok()?;
    let at = if number < 0 { number + length } else { number };
    (0..length).contains(&at).then(|| usize::try_from(at).ok()).flatten()
}

fn look_up(texts: &Texts, object: &Value, steps: &[String]) -> Option<Value> {
    steps.iter().try_fold(object.clone(), |value, step| match texts.shape(&value) {
        Shape::Mapping => texts.get(&value, step),
        Shape::Sequence => {
            let items = texts.items(&value);
            index(step, items.len()).and_then(|at| items.get(at).cloned())
        }
        Shape::Null | Shape::Scalar => None,
    })
}

/// Opens what holds the last step for changes.
fn open<'v>(texts: &Texts, object: &'v mut Value, steps: &[String]) -> Option<&'v mut Value> {
    let mut here = object;
    for step in steps {
        here = match texts.shape(here) {
            Shape::Mapping => {
                let map = texts.open_mapping(here)?;
                map.entries.iter_mut().find(|(key, _)| **key == **step).map(|(_, value)| value)?
            }
            Shape::Sequence => {
                let items = texts.open_sequence(here)?;
                let at = index(step, items.len())?;
                items.get_mut(at)?
            }
            Shape::Null | Shape::Scalar => return None,
        };
    }
    Some(here)
}

fn add(texts: &Texts, object: &mut Value, steps: &[String], value: Value) -> Option<()> {
    let Some((last, way)) = steps.split_last() else {
        *object = value;
        return Some(());
    };
    let holder = open(texts, object, way)?;
    match texts.shape(holder) {
        Shape::Mapping => texts.open_mapping(holder)?.set(last, value),
        Shape::Sequence => {
            let items = texts.open_sequence(holder)?;
            let at = if last == "-" { items.len() } else { index(last, items.len() + 1)? };
            items.insert(at, value);
        }
        Shape::Null | Shape::Scalar => return None,
    }
    Some(())
}

fn replace(texts: &Texts, object: &mut Value, steps: &[String], value: Value) -> Option<()> {
    let Some((last, way)) = steps.split_last() else {
        *object = value;
        return Some(());
    };
    let holder = open(texts, object, way)?;
    match texts.shape(holder) {
        // The library that kustomize uses sets a missing key here, against the RFC.
        Shape::Mapping => texts.open_mapping(holder)?.set(last, value),
        Shape::Sequence => {
            let items = texts.open_sequence(holder)?;
            let at = index(last, items.len())?;
            *items.get_mut(at)? = value;
        }
        Shape::Null | Shape::Scalar => return None,
    }
    Some(())
}

fn remove(texts: &Texts, object: &mut Value, steps: &[String]) -> Option<Value> {
    let (last, way) = steps.split_last()?;
    let holder = open(texts, object, way)?;
    match texts.shape(holder) {
        Shape::Mapping => {
            let map = texts.open_mapping(holder)?;
            let value = map.get(last).cloned()?;
            map.remove(last);
            Some(value)
        }
        Shape::Sequence => {
            let items = texts.open_sequence(holder)?;
            let at = index(last, items.len())?;
            Some(items.remove(at))
        }
        Shape::Null | Shape::Scalar => None,
    }
}

/// Tells whether two values are the same. Scalars are compared by their text.
fn equal(texts: &Texts, a: &Value, b: &Value) -> bool {
    match (texts.shape(a), texts.shape(b)) {
        (Shape::Null, Shape::Null) => true,
        (Shape::Scalar, Shape::Scalar) => texts.text(a) == texts.text(b),
        (Shape::Sequence, Shape::Sequence) => {
            let (a, b) = (texts.items(a), texts.items(b));
            a.len() == b.len() && a.iter().zip(&b).all(|(a, b)| equal(texts, a, b))
        }
        (Shape::Mapping, Shape::Mapping) => {
            let (left, right) = (texts.entries(a), texts.entries(b));
            left.len() == right.len()
                && left
                    .iter()
                    .all(|(key, value)| texts.get(b, key).is_some_and(|other| equal(texts, value, &other)))
        }
        _ => false,
    }
}
