//! A call as its handler sees it.

use std::collections::BTreeMap;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use serde_json::{Value, json};

use crate::{
    http::{Request, Response},
    identity::{Access, Identity, Kind},
    refusal::Refusal,
    state::World,
};

/// What a handler returns.
pub(crate) type Outcome = Result<Response, Refusal>;

/// A call of somebody who is known.
pub(crate) struct Call<'a> {
    pub(crate) world: &'a mut World,
    pub(crate) identity: &'a Identity,
    pub(crate) request: &'a Request,
    pub(crate) query: BTreeMap<String, String>,
    pub(crate) body: Value,
}

const PLAIN: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~').remove(b'/');

/// Escapes a path or a part of one.
pub(crate) fn escape(text: &str) -> String {
    utf8_percent_encode(text, PLAIN).to_string()
}

pub(crate) fn decode(text: &str) -> String {
    percent_decode_str(text).decode_utf8_lossy().into_owned()
}

pub(crate) fn query(text: &str) -> BTreeMap<String, String> {
    let pairs = text.split('&').filter_map(|pair| pair.split_once('='));
    pairs.map(|(name, value)| (decode(name), decode(&value.replace('+', " ")))).collect()
}

impl Call<'_> {
    /// Finds a repository that the caller may see, and may do so much in.
    pub(crate) fn repository(&self, owner: &str, name: &str, wanted: Access) -> Result<String, Refusal> {
        visible(self.world, self.identity, &self.world.key(owner, name), wanted)
    }

    pub(crate) fn text(&self, name: &str) -> Option<&str> {
        self.body.get(name).and_then(Value::as_str)
    }

    pub(crate) fn flag(&self, name: &str) -> bool {
        self.body.get(name).and_then(Value::as_bool).unwrap_or_default()
    }

    pub(crate) fn texts(&self, name: &str) -> Vec<String> {
        let items = self.body.get(name).and_then(Value::as_array).into_iter().flatten();
        items.filter_map(Value::as_str).map(str::to_owned).collect()
    }

    pub(crate) fn wanted(&self, resource: &str, name: &str) -> Result<String, Refusal> {
        self.text(name).map(str::to_owned).ok_or_else(|| Refusal::invalid(resource, name, "missing_field"))
    }

    /// Answers with one page of a list, and says where the others are.
    pub(crate) fn page(&self, items: &[Value]) -> Response {
        let (part, links) = self.cut(items);
        let response = Response::json(200, &Value::Array(part));
        if links.is_empty() { response } else { response.with("link", &links) }
    }

    /// Answers with one page of a list inside an object.
    pub(crate) fn page_of(&self, name: &str, items: &[Value], mut shape: Value) -> Response {
        let (part, links) = self.cut(items);
        shape["total_count"] = json!(items.len());
        shape[name] = Value::Array(part);
        let response = Response::json(200, &shape);
        if links.is_empty() { response } else { response.with("link", &links) }
    }

    fn cut(&self, items: &[Value]) -> (Vec<Value>, String) {
        let number = |name: &str, usual: usize| {
            self.query
                .get(name)
                .and_then(|text| text.parse().ok())
                .filter(|number| *number > 0)
                .unwrap_or(usual)
        };
        let (size, page) = (number("per_page", 30).min(100), number("page", 1));
        let part = items.iter().skip((page - 1) * size).take(size).cloned().collect();
        let last = items.len().div_ceil(size).max(1);
        let link = |page: usize, rel: &str| {
            let others = self.query.iter().filter(|(name, _)| *name != "page");
            let others: String =
                others.map(|(name, value)| format!("{}={}&", escape(name), escape(value))).collect();
            format!("<{}{}?{others}page={page}>; rel=\"{rel}\"", self.world.site, self.request.path)
        };
        let links = match page < last {
            true => format!("{}, {}", link(page + 1, "next"), link(last, "last")),
            false => String::new(),
        };
        (part, links)
    }
}

/// Finds a repository that somebody may see, and may do so much in.
pub(crate) fn visible(
    world: &World,
    identity: &Identity,
    key: &str,
    wanted: Access,
) -> Result<String, Refusal> {
    let repository = world.repository(key)?;
    let access = identity.may(&repository.owner, key);
    if repository.private && access < Access::Read {
        return Err(Refusal::not_found());
    }
    if wanted > Access::Read && access < wanted {
        return Err(forbidden(identity));
    }
    if wanted > Access::Read && repository.archived {
        return Err(Refusal::new(403, "Repository was archived so is read-only."));
    }
    Ok(key.to_owned())
}

/// What GitHub says to those who see a repository and may not write to it.
pub(crate) fn forbidden(identity: &Identity) -> Refusal {
    let wants = "contents=write; pull_requests=write";
    match identity.kind {
        Kind::Nobody => Refusal::new(401, "Requires authentication"),
        Kind::Person => Refusal::new(403, "Resource not accessible by personal access token"),
        Kind::App | Kind::Actions => Refusal::new(403, "Resource not accessible by integration"),
    }
    .with("x-accepted-github-permissions", wants)
}
