//! A route and its description in one place, so that neither can be there without the other.

use axum::Router;
use axum::routing::MethodRouter;
use schemars::generate::SchemaSettings;
use schemars::{JsonSchema, SchemaGenerator};
use serde_json::{Map, Value, json};

use crate::Shared;
use crate::error::Problem;
use crate::guard::guard;

/// Every route with its description.
pub(crate) struct Api {
    router: Router<Shared>,
    paths: Map<String, Value>,
    schemas: SchemaGenerator,
}

/// What is said of a route.
pub(crate) struct Route {
    method: &'static str,
    path: &'static str,
    says: &'static str,
    query: Option<Value>,
    body: Option<Value>,
    answers: Vec<(u16, &'static str, Option<Value>)>,
    kind: &'static str,
}

impl Api {
    pub(crate) fn new() -> Self {
        let settings = SchemaSettings::draft2020_12()
            .with(|s| s.definitions_path = std::borrow::Cow::Borrowed("/components/schemas"))
            .for_serialize();
        Self { router: Router::new(), paths: Map::new(), schemas: settings.into_generator() }
    }

    /// The schema of a type, to be named in a route.
    pub(crate) fn schema<T: JsonSchema>(&mut self) -> Value {
        self.schemas.subschema_for::<T>().to_value()
    }

    /// Adds a route.
    pub(crate) fn add(mut self, route: &Route, handler: MethodRouter<Shared>) -> Self {
        self.router = self.router.route(route.path, handler);
        self.describe(route)
    }

    /// Describes another method of the route that was added last.
    pub(crate) fn describe(mut self, route: &Route) -> Self {
        let problem = self.schema::<Problem>();
        let mut operation = json!({ "summary": route.says, "responses": {} });
        let parameters: Vec<Value> = parameters(route.path, route.query.as_ref());
        if let Some(fields) = operation.as_object_mut() {
            if !parameters.is_empty() {
                fields.insert("parameters".to_owned(), Value::Array(parameters));
            }
            if let Some(body) = &route.body {
                let content = json!({ "required": true, "content": { "application/json": { "schema": body } } });
                fields.insert("requestBody".to_owned(), content);
            }
            let mut responses = Map::new();
            for (status, says, schema) in &route.answers {
                let mut response = json!({ "description": says });
                if let (Some(schema), Some(fields)) = (schema, response.as_object_mut()) {
                    let mut content = Map::new();
                    content.insert(route.kind.to_owned(), json!({ "schema": schema }));
                    fields.insert("content".to_owned(), Value::Object(content));
                }
                responses.insert(status.to_string(), response);
            }
            let refused = json!({
                "description": "Refused: what is wrong, and how to mend it.",
                "content": { "application/json": { "schema": problem } },
            });
            responses.insert("default".to_owned(), refused);
            fields.insert("responses".to_owned(), Value::Object(responses));
        }
        let entry = self.paths.entry(route.path.to_owned()).or_insert_with(|| json!({}));
        if let Some(methods) = entry.as_object_mut() {
            methods.insert(route.method.to_owned(), operation);
        }
        self
    }

    /// Adds a route that is for browsers and not described.
    pub(crate) fn page(mut self, path: &'static str, handler: MethodRouter<Shared>) -> Self {
        self.router = self.router.route(path, handler);
        self
    }

    pub(crate) fn into_router(self, shared: Shared) -> Router {
        let guarded = axum::middleware::from_fn_with_state(shared.clone(), guard);
        self.router.layer(guarded).with_state(shared)
    }

    pub(crate) fn description(mut self) -> Value {
        let schemas: Map<String, Value> = self.schemas.take_definitions(true);
        json!({
            "openapi": "3.1.0",
            "info": {
                "title": "Equipoise",
                "version": "v1",
                "description": "What the dashboard asks: documents, rows, computations. Every request needs the token that \
                                was printed with the address, as `Authorization: Bearer TOKEN` or as the query `token`.",
            },
            "security": [{ "token": [] }],
            "paths": self.paths,
            "components": {
                "schemas": schemas,
                "securitySchemes": { "token": { "type": "http", "scheme": "bearer" } },
            },
        })
    }
}

impl Route {
    pub(crate) fn new(method: &'static str, path: &'static str, says: &'static str) -> Self {
        Self { method, path, says, query: None, body: None, answers: Vec::new(), kind: "application/json" }
    }

    pub(crate) fn query(mut self, schema: Value) -> Self {
        self.query = Some(schema);
        self
    }

    pub(crate) fn body(mut self, schema: Value) -> Self {
        self.body = Some(schema);
        self
    }

    pub(crate) fn answers(mut self, status: u16, says: &'static str, schema: Value) -> Self {
        self.answers.push((status, says, Some(schema)));
        self
    }

    pub(crate) fn without_body(mut self, status: u16, says: &'static str) -> Self {
        self.answers.push((status, says, None));
        self
    }

    pub(crate) fn streams(mut self) -> Self {
        self.kind = "text/event-stream";
        self
    }
}

/// Those in the path, and the fields of the query.
fn parameters(path: &str, query: Option<&Value>) -> Vec<Value> {
    let in_path = path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'));
    let in_path =
        in_path.map(|name| json!({ "name": name, "in": "path", "required": true, "schema": { "type": "string" } }));
    let fields = query.and_then(|q| q.get("properties")).and_then(Value::as_object);
    let required: Vec<&str> = query
        .and_then(|q| q.get("required"))
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .collect();
    let in_query = fields.into_iter().flatten().map(|(name, schema)| {
        let says = schema.get("description").cloned().unwrap_or_default();
        json!({ "name": name, "in": "query", "required": required.contains(&name.as_str()), "description": says, "schema": schema })
    });
    in_path.chain(in_query).collect()
}
