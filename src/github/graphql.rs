//! GraphQL calls: what REST cannot do, or cannot do at once.

use serde::{Deserialize, de::DeserializeOwned};
use serde_json::{Value, json};
use ureq::http::Method;

use super::{
    Result,
    client::{Again, Client},
    error::{Error, GraphqlError},
};
use crate::net::secrets;

#[derive(Deserialize)]
struct Envelope {
    data: Option<Value>,
    #[serde(default)]
    errors: Vec<GraphqlError>,
}

impl Client {
    /// Makes a call all of which must succeed.
    pub(super) fn graphql<T: DeserializeOwned>(
        &self,
        query: &str,
        variables: &Value,
        again: Again,
    ) -> Result<T> {
        let (data, errors) = self.graphql_in_part(query, variables, again)?;
        if !errors.is_empty() {
            return Err(Error::Graphql(errors));
        }
        serde_json::from_value(data)
            .map_err(|error| Error::Malformed("a GraphQL call".to_owned(), error.to_string()))
    }

    /// Makes a call some parts of which may fail.
    pub(super) fn graphql_in_part(
        &self,
        query: &str,
        variables: &Value,
        again: Again,
    ) -> Result<(Value, Vec<GraphqlError>)> {
        let body = json!({ "query": query, "variables": variables });
        let envelope: Envelope = self.send(Method::POST, "/graphql", Some(&body), again)?.parse()?;
        let mut errors = envelope.errors;
        errors.iter_mut().for_each(|error| error.message = secrets::struck(&error.message));
        Ok((envelope.data.unwrap_or_default(), errors))
    }
}
