//! What GitHub's REST answers look like, with every field that its description requires.

pub(crate) mod check;
pub(crate) mod commit;
pub(crate) mod pull;
pub(crate) mod repository;
pub(crate) mod review;

use serde_json::{Map, Value, json};

use crate::state::World;

/// The account that signs commits made on the site.
pub(crate) const WEB_FLOW: &str = "web-flow";

/// Makes a node id, as GraphQL wants it.
pub(crate) fn node_id(kind: &str, id: u64) -> String {
    format!("{kind}_{id}")
}

/// Returns the number behind a node id of the kind.
pub(crate) fn number_of(kind: &str, node: &str) -> Option<u64> {
    node.strip_prefix(kind)?.strip_prefix('_')?.parse().ok()
}

/// Adds addresses: each name ends with `_url` and is at the end given.
pub(crate) fn addresses(into: &mut Map<String, Value>, front: &str, ends: &[(&str, &str)]) {
    for (name, end) in ends {
        into.insert(format!("{name}_url"), json!(format!("{front}{end}")));
    }
}

/// An account.
pub(crate) fn account(world: &World, login: &str) -> Value {
    let id = world.accounts.get(&login.to_ascii_lowercase()).copied().unwrap_or(1);
    let api = format!("{}/users/{login}", world.site);
    let kind = match login {
        bot if bot.ends_with("[bot]") => "Bot",
        owner if world.organisations.contains(&owner.to_ascii_lowercase()) => "Organization",
        _ => "User",
    };
    let mut shape = json!({
        "login": login, "id": id, "node_id": node_id("U", id), "gravatar_id": "", "url": api, "type": kind,
        "site_admin": false, "html_url": format!("{}/{}", world.site, login.trim_end_matches("[bot]")),
        "avatar_url": format!("{}/avatars/{id}", world.site), "user_view_type": "public",
    });
    if let Value::Object(shape) = &mut shape {
        let ends = [
            ("followers", "/followers"),
            ("following", "/following{/other_user}"),
            ("gists", "/gists{/gist_id}"),
            ("starred", "/starred{/owner}{/repo}"),
            ("subscriptions", "/subscriptions"),
            ("organizations", "/orgs"),
            ("repos", "/repos"),
            ("events", "/events{/privacy}"),
            ("received_events", "/received_events"),
        ];
        // Brackets have no place in an address.
        let api = api.replace('[', "%5B").replace(']', "%5D");
        shape.insert("url".to_owned(), json!(api));
        addresses(shape, &api, &ends);
    }
    shape
}

/// An account, or nothing for an empty name.
pub(crate) fn maybe_account(world: &World, login: Option<&str>) -> Value {
    login.map_or(Value::Null, |login| account(world, login))
}

/// A label.
pub(crate) fn label(api: &str, name: &str) -> Value {
    let id = name
        .bytes()
        .fold(7_u64, |sum, byte| sum.wrapping_mul(31).wrapping_add(u64::from(byte)) % 1_000_000_007);
    let url = format!("{api}/labels/{}", crate::call::escape(name));
    json!({
        "id": id, "node_id": node_id("LA", id), "url": url, "name": name, "description": "", "color": "ededed",
        "default": false,
    })
}
