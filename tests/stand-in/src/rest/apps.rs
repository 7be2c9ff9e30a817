//! Apps and their installations. The signature of an App's token is not checked: who it says that it is, it is.

use base64::Engine as _;
use serde_json::{Value, json};

use super::At;
use crate::{
    call::{Call, Outcome},
    http::Response,
    identity::{Access, Identity},
    refusal::Refusal,
    shape,
    state::App,
};

/// Reads which App a token is of.
fn asking(call: &Call<'_>) -> Result<App, Refusal> {
    let refuse = || Refusal::new(401, "A JSON web token could not be decoded");
    let header = call.request.headers.get("authorization").map(String::as_str).unwrap_or_default();
    let token = header.trim_start_matches("Bearer ").trim_start_matches("bearer ");
    let claims = token.split('.').nth(1).ok_or_else(refuse)?;
    let claims = base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(claims).map_err(|_| refuse())?;
    let claims: Value = serde_json::from_slice(&claims).map_err(|_| refuse())?;
    let issuer = match &claims["iss"] {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    let found = call.world.apps.iter().find(|app| app.id.to_string() == issuer);
    found.cloned().ok_or_else(|| Refusal::new(401, "Integration not found"))
}

/// `GET /app`
pub(super) fn app(call: &Call<'_>) -> Outcome {
    let app = asking(call)?;
    Ok(Response::json(200, &shape::check::integration(call.world, app.id, &app.slug)))
}

/// `GET /app/installations`
pub(super) fn installations(call: &Call<'_>) -> Outcome {
    let app = asking(call)?;
    let all = app.installations.iter();
    let all: Vec<Value> =
        all.map(|(owner, id)| shape::check::installation(call.world, &app, owner, *id)).collect();
    Ok(call.page(&all))
}

/// `GET /repos/{owner}/{repo}/installation`
pub(super) fn installation(call: &Call<'_>, (owner, name): At<'_>) -> Outcome {
    let app = asking(call)?;
    let repository = call.world.repository(&call.world.key(owner, name))?;
    let id = app.installations.get(&repository.owner.to_ascii_lowercase()).ok_or_else(Refusal::not_found)?;
    Ok(Response::json(200, &shape::check::installation(call.world, &app, &repository.owner, *id)))
}

/// `POST /app/installations/{id}/access_tokens`
pub(super) fn access_token(call: &mut Call<'_>, id: &str) -> Outcome {
    let app = asking(call)?;
    let found = app.installations.iter().find(|(_, number)| number.to_string() == id);
    let (owner, _) = found.ok_or_else(Refusal::not_found)?;
    let wanted = call.texts("repositories");
    let mut identity = Identity::app(&app.slug, Access::None);
    let mut granted = Vec::new();
    for repository in call.world.repositories.values() {
        let here = repository.owner.eq_ignore_ascii_case(owner);
        let asked = wanted.is_empty() || wanted.iter().any(|name| repository.name.eq_ignore_ascii_case(name));
        if here && asked {
            identity = identity.on(&repository.key(), app.access);
            granted.push(shape::repository::simple(call.world, repository, &identity));
        }
    }
    let token = format!("ghs_installation{}", call.world.next());
    call.world.account(&identity.login);
    call.world.tokens.insert(token.clone(), identity);
    let expires = in_an_hour();
    let permissions = shape::check::permissions(app.access);
    let mut body = json!({
        "token": token, "expires_at": expires, "permissions": permissions, "repository_selection": "all",
    });
    // Only where single repositories were asked for are they told.
    if !wanted.is_empty() {
        body["repository_selection"] = json!("selected");
        body["repositories"] = json!(granted);
    }
    Ok(Response::json(201, &body))
}

fn in_an_hour() -> String {
    let seconds = std::time::SystemTime::UNIX_EPOCH.elapsed().map_or(0, |time| time.as_secs()) + 3600;
    let time = chrono::DateTime::from_timestamp(seconds.cast_signed(), 0);
    time.map_or_else(String::new, |time| time.to_rfc3339_opts(chrono::SecondsFormat::Secs, true))
}
