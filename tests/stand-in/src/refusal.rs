//! What GitHub says when it says no.

use serde_json::{Value, json};

use crate::http::Response;

/// A refusal of a call.
#[derive(Debug, Clone)]
pub(crate) struct Refusal {
    status: u16,
    message: String,
    errors: Vec<Value>,
    headers: Vec<(String, String)>,
}

impl Refusal {
    pub(crate) fn new(status: u16, message: &str) -> Self {
        Self { status, message: message.to_owned(), errors: Vec::new(), headers: Vec::new() }
    }

    pub(crate) fn not_found() -> Self {
        Self::new(404, "Not Found")
    }

    /// A field is not as it should be.
    pub(crate) fn invalid(resource: &str, field: &str, code: &str) -> Self {
        let error = json!({ "resource": resource, "field": field, "code": code });
        Self { errors: vec![error], ..Self::new(422, "Validation Failed") }
    }

    /// The call as a whole is not as it should be.
    pub(crate) fn custom(resource: &str, message: &str) -> Self {
        let error = json!({ "resource": resource, "code": "custom", "message": message });
        Self { errors: vec![error], ..Self::new(422, "Validation Failed") }
    }

    /// Reviews have a plainer form of it.
    pub(crate) fn review(message: &str) -> Self {
        Self { errors: vec![json!(message)], ..Self::new(422, "Unprocessable Entity") }
    }

    pub(crate) fn with(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    pub(crate) fn message(&self) -> &str {
        &self.message
    }

    pub(crate) const fn status(&self) -> u16 {
        self.status
    }
}

impl From<git2::Error> for Refusal {
    fn from(error: git2::Error) -> Self {
        match error.code() {
            git2::ErrorCode::NotFound => Self::not_found(),
            _ => Self::new(422, error.message()),
        }
    }
}

impl From<Refusal> for Response {
    fn from(refusal: Refusal) -> Self {
        let mut body = json!({
            "message": refusal.message,
            "documentation_url": "https://docs.github.com/rest",
            "status": refusal.status.to_string(),
        });
        if !refusal.errors.is_empty() {
            body["errors"] = Value::Array(refusal.errors);
        }
        let mut response = Self::json(refusal.status, &body);
        response.headers.extend(refusal.headers);
        response
    }
}
