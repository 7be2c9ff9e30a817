//! A text as libyaml sees it: values with their types, aliases expanded.

use std::fmt;

use serde::de::{Deserialize, Deserializer, EnumAccess, MapAccess, SeqAccess, VariantAccess, Visitor};

/// A value. A mapping's children are key, value, key, value; a tagged value has one child.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Typed {
    pub(crate) kind: Kind,
    pub(crate) children: Vec<Typed>,
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Kind {
    Null,
    Bool(bool),
    Integer(i128),
    /// An integer beyond the others.
    Large(u128),
    /// The bits, so that a value that is no number equals itself.
    Float(u64),
    String(String),
    Sequence,
    Mapping,
    Tagged(String),
}

impl Kind {
    pub(crate) fn leaf(self) -> Typed {
        Typed { kind: self, children: Vec::new() }
    }
}

/// Reads the values of all documents; none if libyaml refuses one.
pub(crate) fn read(text: &str) -> Option<Vec<Typed>> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    serde_yaml::Deserializer::from_str(text).map(|document| Typed::deserialize(document).ok()).collect()
}

impl<'de> Deserialize<'de> for Typed {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(TypedVisitor)
    }
}

struct TypedVisitor;

impl<'de> Visitor<'de> for TypedVisitor {
    type Value = Typed;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any YAML value")
    }

    fn visit_unit<E>(self) -> Result<Typed, E> {
        Ok(Kind::Null.leaf())
    }

    fn visit_bool<E>(self, value: bool) -> Result<Typed, E> {
        Ok(Kind::Bool(value).leaf())
    }

    fn visit_i64<E>(self, value: i64) -> Result<Typed, E> {
        Ok(Kind::Integer(value.into()).leaf())
    }

    fn visit_u64<E>(self, value: u64) -> Result<Typed, E> {
        Ok(Kind::Integer(value.into()).leaf())
    }

    fn visit_i128<E>(self, value: i128) -> Result<Typed, E> {
        Ok(Kind::Integer(value).leaf())
    }

    fn visit_u128<E>(self, value: u128) -> Result<Typed, E> {
        Ok(i128::try_from(value).map_or(Kind::Large(value), Kind::Integer).leaf())
    }

    fn visit_f64<E>(self, value: f64) -> Result<Typed, E> {
        Ok(Kind::Float(value.to_bits()).leaf())
    }

    fn visit_str<E>(self, value: &str) -> Result<Typed, E> {
        Ok(Kind::String(value.to_owned()).leaf())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Typed, A::Error> {
        let mut children = Vec::new();
        while let Some(item) = items.next_element()? {
            children.push(item);
        }
        Ok(Typed { kind: Kind::Sequence, children })
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Typed, A::Error> {
        let mut children = Vec::new();
        while let Some((key, value)) = entries.next_entry()? {
            children.extend([key, value]);
        }
        Ok(Typed { kind: Kind::Mapping, children })
    }

    fn visit_enum<A: EnumAccess<'de>>(self, value: A) -> Result<Typed, A::Error> {
        let (tag, content) = value.variant::<String>()?;
        Ok(Typed { kind: Kind::Tagged(tag), children: vec![content.newtype_variant()?] })
    }
}
