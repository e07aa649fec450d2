//! The document of the API, docs/openapi.yaml, as a judge: whatever a test receives from the server has to stand there,
//! by method, path, status, headers and content type, and its body has to fit.

use std::collections::HashMap;
use std::str::FromStr;
use std::sync::{Arc, LazyLock, Mutex};

use bulkwright_wire::header::Layer;
use bulkwright_wire::path::collapse_slashes;
use bulkwright_wire::version::Version;
use jsonschema::Validator;
use serde_json::Value;

use super::Answer;

/// Headers of every answer: of HTTP itself, and of the program that answers. All others are described.
const OF_EVERY_ANSWER: [&str; 7] =
    ["server", "date", "connection", "content-type", "content-encoding", "content-length", "transfer-encoding"];
/// Not a header that is described: tells proxies what to do with events.
const FOR_PROXIES: &str = bulkwright_wire::header::PROXY_BUFFERING;
/// Faults of a body that are told.
const FAULTS_TOLD_MAX: usize = 5;

pub(crate) static DOCUMENT: LazyLock<Document> = LazyLock::new(|| {
    let text = include_str!("../../../../docs/openapi.yaml");
    let root = serde_norway::from_str(text).expect("docs/openapi.yaml is YAML");
    Document { root, validators: Mutex::default() }
});

/// The document.
pub(crate) struct Document {
    pub(crate) root: Value,
    /// Those that were asked for, by where their schemas stand.
    validators: Mutex<HashMap<String, Arc<Validator>>>,
}

/// What the document says of an answer, and where.
pub(crate) struct Described<'d> {
    pub(crate) response: &'d Value,
    pointer: String,
}

/// Fails the test whose answer does not stand in the document.
pub(crate) fn assert_described(method: &str, target: &str, answer: &Answer) {
    if let Err(why) = DOCUMENT.check(method, target, answer) {
        let (status, body) = (answer.status, String::from_utf8_lossy(&answer.body));
        panic!("docs/openapi.yaml does not describe the answer to {method} {target}: {why}\n{status}\n{body}");
    }
}

/// Fails the test whose callback does not stand in the document.
pub(crate) fn assert_described_callback(body: &[u8]) {
    let body: Value = serde_json::from_slice(body).expect("a callback is JSON");
    let schema = "/components/schemas/JobDetails";
    if let Err(why) = DOCUMENT.fits(&body, schema) {
        panic!("docs/openapi.yaml does not describe the callback: {why}");
    }
}

impl Described<'_> {
    /// The types that its content may have.
    pub(crate) fn content_types(&self) -> Vec<String> {
        let content = self.response.get("content").and_then(Value::as_object);
        content.into_iter().flat_map(|types| types.keys().cloned()).collect()
    }
}

impl Document {
    pub(crate) fn check(&self, method: &str, target: &str, answer: &Answer) -> Result<(), String> {
        // A port that speaks TLS looks at no method and no path of what comes in the clear.
        let described = match serde_json::from_slice::<Value>(&answer.body) {
            Ok(body) if body["code"] == "HTTPS_REQUIRED" => {
                self.response_of("/x-outside-of-operations/plain-http-where-tls-is-spoken".to_owned(), answer.status)
            }
            _ => self.response(method, target, answer.status),
        }?;
        self.check_headers(&described, answer)?;
        if method == "HEAD" {
            return Ok(());
        }
        self.check_body(&described, answer)
    }

    /// What stands under the operation for that status; for what is in no operation, what stands for all such.
    pub(crate) fn response(&self, method: &str, target: &str, status: u16) -> Result<Described<'_>, String> {
        self.response_of(self.responses(method, target), status)
    }

    fn response_of(&self, responses: String, status: u16) -> Result<Described<'_>, String> {
        let known = self.at(&responses).as_object().expect("responses are objects");
        let Some(response) = known.get(&status.to_string()) else {
            let known: Vec<_> = known.keys().map(String::as_str).collect();
            return Err(format!("it answered {status}, and {responses} knows {} only", known.join(", ")));
        };
        let pointer = format!("{responses}/{status}");
        Ok(self.resolved(response, pointer))
    }

    fn responses(&self, method: &str, target: &str) -> String {
        match self.template(target) {
            None => "/x-outside-of-operations/unknown-path".to_owned(),
            Some(template) => {
                let operation = format!("/paths/{}/{}", escaped(template), method.to_lowercase());
                match self.root.pointer(&operation) {
                    Some(_) => format!("{operation}/responses"),
                    None => "/x-outside-of-operations/other-method".to_owned(),
                }
            }
        }
    }

    /// The path of the document that a target leads to. As in the server, a literal wins over a parameter at each
    /// segment, for good, and a version is a literal.
    pub(crate) fn template(&self, target: &str) -> Option<&str> {
        let path = path_of(target);
        let parts: Vec<&str> = path.split('/').collect();
        let mut candidates: Vec<&str> = self.paths().filter(|path| path.split('/').count() >= parts.len()).collect();
        for (place, part) in parts.iter().enumerate() {
            let segment = |template: &str| template.split('/').nth(place).unwrap_or_default().to_owned();
            let is_literal = |template: &&str| match segment(template).as_str() {
                "{version}" => Version::from_str(part).is_ok(),
                literal => literal == *part,
            };
            let is_parameter = |template: &&str| {
                let segment = segment(template);
                !part.is_empty() && segment.starts_with('{') && segment != "{version}"
            };
            let literal: Vec<&str> = candidates.iter().copied().filter(is_literal).collect();
            candidates = match literal.is_empty() {
                true => candidates.into_iter().filter(is_parameter).collect(),
                false => literal,
            };
        }
        candidates.into_iter().find(|template| template.split('/').count() == parts.len())
    }

    fn paths(&self) -> impl Iterator<Item = &str> {
        self.at("/paths").as_object().expect("paths are an object").keys().map(String::as_str)
    }

    fn check_headers(&self, described: &Described<'_>, answer: &Answer) -> Result<(), String> {
        let none = serde_json::Map::new();
        let known = described.response.get("headers").and_then(Value::as_object).unwrap_or(&none);
        for (name, header) in known {
            let header = self.resolved(header, format!("{}/headers/{}", described.pointer, escaped(name)));
            let is_required = header.response["required"] == true;
            match answer.header(name) {
                None if is_required => return Err(format!("{} is missing", header.pointer)),
                None => {}
                Some(value) => self
                    .fits(&value.into(), &format!("{}/schema", header.pointer))
                    .map_err(|why| format!("the header {name}: {why}"))?,
            }
        }
        let is_known = |name: &str| {
            OF_EVERY_ANSWER.contains(&name)
                || name == FOR_PROXIES
                || is_of_a_layer(name)
                || known.keys().any(|known| known.eq_ignore_ascii_case(name))
        };
        match answer.headers.iter().find(|(name, _)| !is_known(&name.to_lowercase())) {
            Some((name, _)) => Err(format!("{} knows no header {name}", described.pointer)),
            None => Ok(()),
        }
    }

    pub(crate) fn check_body(&self, described: &Described<'_>, answer: &Answer) -> Result<(), String> {
        let pointer = format!("{}/content", described.pointer);
        let Some(content) = self.root.pointer(&pointer) else {
            let is_empty = answer.body.is_empty();
            return if is_empty { Ok(()) } else { Err(format!("{} has no content", described.pointer)) };
        };
        let content_type = answer.header("content-type").ok_or("it has no Content-Type")?;
        if content.get(content_type).is_none() {
            return Err(format!("{pointer} knows no {content_type}"));
        }
        if !content_type.starts_with("application/json") {
            return Ok(());
        }
        let body: Value = serde_json::from_slice(&answer.body).map_err(|error| format!("its body: {error}"))?;
        self.fits(&body, &format!("{pointer}/{}/schema", escaped(content_type)))
    }

    /// Whether a value fits the schema that stands there.
    pub(crate) fn fits(&self, value: &Value, schema: &str) -> Result<(), String> {
        let validator = self.validator(schema);
        let told = |error: jsonschema::ValidationError<'_>| format!("at `{}`: {error}", error.instance_path());
        let faults: Vec<String> = validator.iter_errors(value).take(FAULTS_TOLD_MAX).map(told).collect();
        if faults.is_empty() { Ok(()) } else { Err(format!("{schema} does not fit\n  {}", faults.join("\n  "))) }
    }

    /// The schema that stands there, with the whole document around it for what it refers to.
    fn validator(&self, schema: &str) -> Arc<Validator> {
        let mut known = self.validators.lock().unwrap();
        known.entry(schema.to_owned()).or_insert_with(|| Arc::new(self.compiled(schema))).clone()
    }

    fn compiled(&self, schema: &str) -> Validator {
        let mut root = self.root.as_object().expect("the document is an object").clone();
        root.insert("$ref".to_owned(), format!("#{}", percent_encoded(schema)).into());
        jsonschema::draft202012::new(&Value::Object(root)).unwrap_or_else(|error| panic!("{schema}: {error}"))
    }

    pub(crate) fn at(&self, pointer: &str) -> &Value {
        self.root.pointer(pointer).unwrap_or_else(|| panic!("docs/openapi.yaml has nothing at {pointer}"))
    }

    /// Where a `$ref` leads, if that is what stands there.
    pub(crate) fn resolved<'d>(&'d self, node: &'d Value, pointer: String) -> Described<'d> {
        match node.get("$ref").and_then(Value::as_str) {
            Some(reference) => {
                let pointer = reference.strip_prefix('#').expect("references stay in the document").to_owned();
                Described { response: self.at(&pointer), pointer }
            }
            None => Described { response: node, pointer },
        }
    }
}

/// The path of a request's target, its slashes single: of `/a//b?c` and of `http://host/a/b` it is `/a/b`.
fn path_of(target: &str) -> String {
    let path = target.split('?').next().unwrap_or_default();
    let path = match path.split_once("://") {
        Some((_, rest)) => rest.find('/').map_or("/", |at| &rest[at..]),
        None => path,
    };
    collapse_slashes(path).unwrap_or_else(|| path.to_owned())
}

fn is_of_a_layer(name: &str) -> bool {
    let layers = [Layer::Gateway, Layer::Access, Layer::ApplicationError, Layer::ApplicationSuccess];
    layers.iter().flat_map(|layer| layer.fixed_headers()).any(|(fixed, _)| *fixed == name)
}

/// A key as a JSON pointer spells it.
pub(crate) fn escaped(key: &str) -> String {
    key.replace('~', "~0").replace('/', "~1")
}

/// A pointer as the fragment of a reference spells it.
fn percent_encoded(pointer: &str) -> String {
    percent_encoding::utf8_percent_encode(pointer, percent_encoding::NON_ALPHANUMERIC).to_string().replace("%2F", "/")
}
