//! GraphQL: documents are parsed, and each field is answered from the same state as REST's.

mod fields;
mod mutations;
mod node;

use std::collections::BTreeMap;

use graphql_parser::query::{
    Definition, Document, Field, FragmentDefinition, OperationDefinition, Selection, SelectionSet,
    TypeCondition, Value as Literal,
};
use serde_json::{Map, Value, json};

use self::node::{Fault, Node, Out};
use crate::{
    call::Call,
    http::Response,
    identity::{Identity, Kind},
    refusal::Refusal,
    state::World,
};

type Set<'d> = SelectionSet<'d, String>;

/// Tells whether a path is that of GraphQL.
pub(crate) fn is_graphql(path: &str) -> bool {
    matches!(path, "/graphql" | "/api/graphql")
}

/// Returns the names of the fields at the top of a document.
pub(crate) fn fields(query: &str) -> Vec<String> {
    let Ok(document) = graphql_parser::parse_query::<String>(query) else { return Vec::new() };
    let Some((_, set)) = operation(&document) else { return Vec::new() };
    let mut names: Vec<String> = set
        .items
        .iter()
        .filter_map(|item| match item {
            Selection::Field(field) => Some(field.name.clone()),
            _ => None,
        })
        .collect();
    names.dedup();
    names
}

/// Carries out a document.
pub(crate) fn handle(call: &mut Call<'_>) -> Response {
    if call.identity.kind == Kind::Nobody {
        return Refusal::new(401, "This endpoint requires you to be authenticated.").into();
    }
    let query = call.text("query").unwrap_or_default().to_owned();
    let answer = |data: Value, errors: Vec<Value>| {
        let mut body = json!({ "data": data });
        if !errors.is_empty() {
            body["errors"] = Value::Array(errors);
        }
        Response::json(200, &body)
    };
    let document = match graphql_parser::parse_query::<String>(&query) {
        Ok(document) => document,
        Err(error) => {
            let error = json!({ "message": error.to_string(), "locations": [{ "line": 1, "column": 1 }] });
            return Response::json(200, &json!({ "errors": [error] }));
        }
    };
    let Some((root, set)) = operation(&document) else { return answer(Value::Null, Vec::new()) };
    let fragments = document.definitions.iter().filter_map(|definition| match definition {
        Definition::Fragment(fragment) => Some((fragment.name.as_str(), fragment)),
        Definition::Operation(_) => None,
    });
    let variables = call.body["variables"].as_object().cloned().unwrap_or_default();
    let mut run = Run {
        world: call.world,
        identity: call.identity,
        fragments: fragments.collect(),
        variables,
        errors: Vec::new(),
        gave_up: false,
    };
    let data = run.object(&root, set, &mut Vec::new());
    answer(if run.gave_up { Value::Null } else { data }, run.errors)
}

fn operation<'d>(document: &'d Document<'d, String>) -> Option<(Node, &'d Set<'d>)> {
    document.definitions.iter().find_map(|definition| match definition {
        Definition::Operation(OperationDefinition::Query(query)) => Some((Node::Query, &query.selection_set)),
        Definition::Operation(OperationDefinition::Mutation(mutation)) => {
            Some((Node::Mutation, &mutation.selection_set))
        }
        Definition::Operation(OperationDefinition::SelectionSet(set)) => Some((Node::Query, set)),
        _ => None,
    })
}

struct Run<'a, 'd> {
    world: &'a mut World,
    identity: &'a Identity,
    fragments: BTreeMap<&'d str, &'d FragmentDefinition<'d, String>>,
    variables: Map<String, Value>,
    errors: Vec<Value>,
    gave_up: bool,
}

impl<'d> Run<'_, 'd> {
    fn object(&mut self, node: &Node, set: &'d Set<'d>, path: &mut Vec<Value>) -> Value {
        let mut fields = Vec::new();
        self.gather(node, set, &mut fields);
        let mut object = Map::new();
        for field in fields {
            let name = field.alias.as_ref().unwrap_or(&field.name);
            path.push(json!(name));
            let value = self.field(node, field, path);
            path.pop();
            match object.get_mut(name) {
                // The same field may be asked for in several places.
                Some(Value::Object(old)) if value.is_object() => {
                    old.extend(value.as_object().cloned().unwrap_or_default());
                }
                _ => drop(object.insert(name.clone(), value)),
            }
        }
        Value::Object(object)
    }

    fn gather(&self, node: &Node, set: &'d Set<'d>, into: &mut Vec<&'d Field<'d, String>>) {
        for item in &set.items {
            match item {
                Selection::Field(field) => into.push(field),
                Selection::FragmentSpread(spread) => {
                    let Some(fragment) = self.fragments.get(spread.fragment_name.as_str()) else { continue };
                    let TypeCondition::On(kind) = &fragment.type_condition;
                    if node.is(self.world, kind) {
                        self.gather(node, &fragment.selection_set, into);
                    }
                }
                Selection::InlineFragment(fragment) => {
                    let fits = match &fragment.type_condition {
                        Some(TypeCondition::On(kind)) => node.is(self.world, kind),
                        None => true,
                    };
                    if fits {
                        self.gather(node, &fragment.selection_set, into);
                    }
                }
            }
        }
    }

    fn field(&mut self, node: &Node, field: &'d Field<'d, String>, path: &mut Vec<Value>) -> Value {
        if field.name == "__typename" {
            return json!(node.kind(self.world));
        }
        let arguments: Map<String, Value> =
            field.arguments.iter().map(|(name, value)| (name.clone(), self.value(value))).collect();
        let set = &field.selection_set;
        let found = match node {
            Node::Mutation => mutations::carry_out(self.world, self.identity, &field.name, &arguments),
            _ => fields::resolve(self.world, self.identity, node, &field.name, &arguments),
        };
        match found {
            Ok(Out::Value(value)) => value,
            Ok(Out::Node(node)) => self.shown(&node, field, path),
            Ok(Out::Nodes(nodes)) => {
                let shown = nodes.iter().enumerate().map(|(index, node)| {
                    path.push(json!(index));
                    let shown = self.shown(node, field, path);
                    path.pop();
                    shown
                });
                shown.collect()
            }
            Ok(Out::Connection(nodes)) => {
                let page = node::Page::cut(nodes, &arguments);
                self.object(&Node::Page(Box::new(page)), set, path)
            }
            Err(fault) => self.withhold(&fault, field, path),
        }
    }

    /// Returns a node, or nothing and an error where the whole of it is withheld.
    fn shown(&mut self, node: &Node, field: &'d Field<'d, String>, path: &mut Vec<Value>) -> Value {
        match node.trouble(self.world, None) {
            Some(fault) => self.withhold(&fault, field, path),
            None => {
                let shown = self.object(node, &field.selection_set, path);
                // What is never null takes what it is part of with it.
                let is_torn = shown.get("pullRequests").is_some_and(Value::is_null);
                if is_torn { Value::Null } else { shown }
            }
        }
    }

    fn withhold(&mut self, fault: &Fault, field: &Field<'d, String>, path: &[Value]) -> Value {
        let mut error = json!({ "message": fault.message });
        if fault.kind.is_empty() {
            // What takes too long takes everything with it.
            self.gave_up = true;
        } else {
            error["type"] = json!(fault.kind);
            error["path"] = json!(path);
            error["locations"] = json!([{ "line": field.position.line, "column": field.position.column }]);
        }
        self.errors.push(error);
        Value::Null
    }

    fn value(&self, literal: &Literal<'d, String>) -> Value {
        match literal {
            Literal::Variable(name) => self.variables.get(name).cloned().unwrap_or_default(),
            Literal::Int(number) => json!(number.as_i64()),
            Literal::Float(number) => json!(number),
            Literal::String(text) | Literal::Enum(text) => json!(text),
            Literal::Boolean(flag) => json!(flag),
            Literal::Null => Value::Null,
            Literal::List(items) => items.iter().map(|item| self.value(item)).collect(),
            Literal::Object(fields) => {
                fields.iter().map(|(name, value)| (name.clone(), self.value(value))).collect()
            }
        }
    }
}
