//! Variables and quotes in the words of a Dockerfile.

/// What is known of a variable.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Lookup {
    Value(String),
    /// It is certainly not set.
    Unset,
    /// It may be set by something that the file does not show.
    Unknown,
}

/// Removes quotes and fills variables in; `None` if a variable or a form is unknown.
pub(super) fn expand(text: &str, escape: char, lookup: &dyn Fn(&str) -> Lookup) -> Option<String> {
    expand_at(text, escape, lookup, 0)
}

fn expand_at(text: &str, escape: char, lookup: &dyn Fn(&str) -> Lookup, depth: usize) -> Option<String> {
    // A default may hold variables with defaults; nobody nests them deeply.
    if depth > 8 {
        return None;
    }
    let mut out = String::new();
    let mut rest = text;
    let mut double = false;
    while let Some(character) = rest.chars().next() {
        let after = &rest[character.len_utf8()..];
        rest = match character {
            '\'' if !double => {
                let (inside, after) = after.split_once('\'')?;
                out.push_str(inside);
                after
            }
            '"' => {
                double = !double;
                after
            }
            '$' => variable(after, &mut out, escape, lookup, depth)?,
            _ if character == escape => {
                let next = after.chars().next()?;
                if double && !matches!(next, '"' | '$') && next != escape {
                    out.push(character);
                }
                out.push(next);
                &after[next.len_utf8()..]
            }
            _ => {
                out.push(character);
                after
            }
        };
    }
    (!double).then_some(out)
}

/// Fills in the variable that begins after a dollar sign, and returns what follows it.
fn variable<'a>(
    after: &'a str,
    out: &mut String,
    escape: char,
    lookup: &dyn Fn(&str) -> Lookup,
    depth: usize,
) -> Option<&'a str> {
    let Some(inside) = after.strip_prefix('{') else {
        let length = name_length(after);
        if length == 0 {
            out.push('$');
            return Some(after);
        }
        match lookup(&after[..length]) {
            Lookup::Value(value) => out.push_str(&value),
            Lookup::Unset => {}
            Lookup::Unknown => return None,
        }
        return Some(&after[length..]);
    };
    let end = closing_brace(inside)?;
    let (name, form) = inside[..end].split_at(name_length(&inside[..end]));
    if name.is_empty() {
        return None;
    }
    let found = lookup(name);
    let filled = match (&found, form) {
        (Lookup::Value(value), "") => value.clone(),
        (Lookup::Unset, "") => String::new(),
        _ => {
            let default = form.strip_prefix(":-").or_else(|| form.strip_prefix('-'));
            let colon = form.starts_with(':');
            match (default, found) {
                (Some(default), Lookup::Unset) => expand_at(default, escape, lookup, depth + 1)?,
                (Some(default), Lookup::Value(value)) if colon && value.is_empty() => {
                    expand_at(default, escape, lookup, depth + 1)?
                }
                (Some(_), Lookup::Value(value)) => value,
                // `${x:+y}`, `${x#y}` and the like are rare, so they are left unknown.
                _ => return None,
            }
        }
    };
    out.push_str(&filled);
    Some(&inside[end + 1..])
}

fn name_length(text: &str) -> usize {
    text.bytes().take_while(|byte| byte.is_ascii_alphanumeric() || *byte == b'_').count()
}

fn closing_brace(text: &str) -> Option<usize> {
    let mut depth = 0_usize;
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            b'{' => depth += 1,
            b'}' if depth == 0 => return Some(at),
            b'}' => depth -= 1,
            _ => {}
        }
    }
    None
}
