//! Reading a create-job body by hand: serde would say that something is wrong, users need to know what and where.

use serde_json::{Map, Value};

use super::{CreateMapping, CreateRequest, CreateResource, Operation};
use crate::details::{Callback, DefaultValue};
use crate::error::{ErrorBody, ErrorCode};
use crate::limit;

type Read<T> = Result<T, ErrorBody>;

/// An object of the body and where it stands.
struct Node<'a> {
    object: &'a Map<String, Value>,
    path: String,
}

pub(super) fn request(body: &[u8]) -> Read<CreateRequest> {
    let value: Value = serde_json::from_slice(body).map_err(|error| malformed(&error))?;
    let top = Node::of(&value, "$".to_owned())?;
    Ok(CreateRequest {
        operation: operation(&top)?,
        character_encoding: top.short_text("character_encoding", limit::ENCODING_CHARS_MAX)?,
        ignore_empty: top.boolean("ignore_empty")?,
        callback: top.node("callback")?.map(|node| callback(&node)).transpose()?,
        resource: resources(&top)?,
    })
}

fn malformed(error: &serde_json::Error) -> ErrorBody {
    let (line, column) = (error.line(), error.column());
    ErrorBody::new(
        ErrorCode::InvalidRequest,
        format!("the request body is not valid JSON: line {line} column {column}"),
    )
    .with("line", line)
    .with("column", column)
}

fn operation(top: &Node<'_>) -> Read<Operation> {
    let word = top.required_text("operation")?;
    let known = Operation::parse(&word);
    known.ok_or_else(|| top.wrong("operation", "one of insert, update and upsert"))
}

fn callback(node: &Node<'_>) -> Read<Callback> {
    let method = node.text("method")?.unwrap_or_else(|| "post".to_owned());
    if !method.eq_ignore_ascii_case("post") {
        let supported = Value::Array(vec!["post".into()]);
        return Err(ErrorBody::from(ErrorCode::InvalidCallbackMethod).with("supported_callback_methods", supported));
    }
    Ok(Callback { url: node.required_text("url")?, method })
}

fn resources(top: &Node<'_>) -> Read<Vec<CreateResource>> {
    let nodes = top.nodes("resource")?.ok_or_else(|| top.missing("resource"))?;
    if nodes.is_empty() {
        return Err(top.wrong("resource", "an array with a resource in it"));
    }
    if nodes.len() > limit::RESOURCES_MAX {
        return Err(top.wrong("resource", &format!("an array of at most {} resources", limit::RESOURCES_MAX)));
    }
    nodes.iter().map(resource).collect()
}

fn resource(node: &Node<'_>) -> Read<CreateResource> {
    if node.required_text("type")? != "data" {
        return Err(node.wrong("type", "data"));
    }
    Ok(CreateResource {
        module: module(node)?,
        file_id: file_id(node)?,
        file_names: node.texts("file_names")?,
        ignore_empty: node.boolean("ignore_empty")?,
        find_by: node.text("find_by")?,
        field_mappings: node.nodes("field_mappings")?.unwrap_or_default().iter().map(mapping).collect::<Read<_>>()?,
    })
}

/// A module is a string in v2 and an object later; both are read in every version.
fn module(node: &Node<'_>) -> Read<String> {
    match node.object.get("module") {
        Some(Value::String(name)) => Ok(name.clone()),
        Some(Value::Object(_)) => node.node("module")?.ok_or_else(|| node.missing("module"))?.required_text("api_name"),
        None | Some(Value::Null) => Err(node.missing("module")),
        Some(_) => Err(node.wrong("module", "an object with the key api_name")),
    }
}

/// Ids are strings on the wire; a bare number is what old SDKs send.
fn file_id(node: &Node<'_>) -> Read<String> {
    match node.object.get("file_id") {
        Some(Value::Number(number)) => Ok(number.to_string()),
        _ => {
            let id = node.required_text("file_id")?;
            let improper =
                id.is_empty() || id.len() > limit::FILE_ID_CHARS_MAX || !id.bytes().all(|b| b.is_ascii_digit());
            if improper { Err(node.located(ErrorCode::InvalidFileId.into(), "file_id")) } else { Ok(id) }
        }
    }
}

fn mapping(node: &Node<'_>) -> Read<CreateMapping> {
    Ok(CreateMapping {
        api_name: node.required_text("api_name")?,
        index: node.integer("index")?,
        format: node.text("format")?,
        find_by: node.text("find_by")?,
        module: mapping_module(node)?,
        default_value: node.node("default_value")?.map(|value| default_value(&value)).transpose()?,
        parent_column_index: node.integer("parent_column_index")?,
    })
}

fn mapping_module(node: &Node<'_>) -> Read<Option<String>> {
    match node.object.get("module") {
        Some(Value::Object(_)) => module(node).map(Some),
        _ => node.text("module"),
    }
}

fn default_value(node: &Node<'_>) -> Read<DefaultValue> {
    let value = node.object.get("value").filter(|value| !value.is_null()).cloned();
    Ok(DefaultValue { value, name: node.text("name")?, module: node.text("module")? })
}

impl<'a> Node<'a> {
    fn of(value: &'a Value, path: String) -> Read<Self> {
        let Value::Object(object) = value else {
            let message = "the request body is not a JSON object";
            return Err(ErrorBody::new(ErrorCode::InvalidRequest, message).with("json_path", path));
        };
        Ok(Node { object, path })
    }

    fn get(&self, key: &str) -> Option<&'a Value> {
        self.object.get(key).filter(|value| !value.is_null())
    }

    fn text(&self, key: &str) -> Read<Option<String>> {
        match self.get(key) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text.clone())),
            Some(_) => Err(self.wrong(key, "a string")),
        }
    }

    fn short_text(&self, key: &str, chars_max: usize) -> Read<Option<String>> {
        let text = self.text(key)?;
        let too_long = text.as_ref().is_some_and(|text| text.chars().count() > chars_max);
        if too_long { Err(self.wrong(key, &format!("a string of at most {chars_max} characters"))) } else { Ok(text) }
    }

    fn required_text(&self, key: &str) -> Read<String> {
        self.text(key)?.ok_or_else(|| self.missing(key))
    }

    fn boolean(&self, key: &str) -> Read<Option<bool>> {
        match self.get(key) {
            None => Ok(None),
            Some(Value::Bool(value)) => Ok(Some(*value)),
            Some(_) => Err(self.wrong(key, "a boolean")),
        }
    }

    fn integer(&self, key: &str) -> Read<Option<i64>> {
        match self.get(key) {
            None => Ok(None),
            Some(value) => value.as_i64().map(Some).ok_or_else(|| self.wrong(key, "an integer")),
        }
    }

    fn node(&self, key: &str) -> Read<Option<Node<'a>>> {
        match self.get(key) {
            None => Ok(None),
            Some(Value::Object(object)) => Ok(Some(Node { object, path: self.path_of(key) })),
            Some(_) => Err(self.wrong(key, "an object")),
        }
    }

    fn nodes(&self, key: &str) -> Read<Option<Vec<Node<'a>>>> {
        let Some(value) = self.get(key) else { return Ok(None) };
        let Value::Array(items) = value else { return Err(self.wrong(key, "an array of objects")) };
        let node = |(index, item): (usize, &'a Value)| match item {
            Value::Object(object) => Ok(Node { object, path: format!("{}[{index}]", self.path_of(key)) }),
            _ => Err(self.wrong(key, "an array of objects")),
        };
        items.iter().enumerate().map(node).collect::<Read<_>>().map(Some)
    }

    fn texts(&self, key: &str) -> Read<Vec<String>> {
        let Some(value) = self.get(key) else { return Ok(Vec::new()) };
        let Value::Array(items) = value else { return Err(self.wrong(key, "an array of strings")) };
        let text =
            |item: &Value| item.as_str().map(str::to_owned).ok_or_else(|| self.wrong(key, "an array of strings"));
        items.iter().map(text).collect()
    }

    fn path_of(&self, key: &str) -> String {
        format!("{}.{key}", self.path)
    }

    fn missing(&self, key: &str) -> ErrorBody {
        let message = format!("required key {key} is not found in request body.");
        self.located(ErrorBody::new(ErrorCode::MissingRequiredKey, message), key)
    }

    fn wrong(&self, key: &str, expected: &str) -> ErrorBody {
        let message = format!("invalid data for {key}: expected {expected}");
        self.located(ErrorBody::new(ErrorCode::InvalidData, message), key)
    }

    fn located(&self, error: ErrorBody, key: &str) -> ErrorBody {
        error.with("api_name", key).with("json_path", self.path_of(key))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RECORDED: &str = r#"{"operation":"insert","ignore_empty":true,"callback":{"url":"https://www.zoho.com/","method":"post"},
        "resource":[{"type":"data","module":{"api_name":"Leads"},"file_id":"4150868000005350001","field_mappings":[
        {"api_name":"Last_Name","index":0},{"api_name":"Mobile","index":1},{"api_name":"Owner","index":2}]}]}"#;

    #[test]
    fn a_usual_request_is_read() {
        let request = request(RECORDED.as_bytes()).unwrap();
        assert_eq!(request.operation, Operation::Insert);
        assert_eq!(request.resource[0].module, "Leads");
        assert_eq!(request.resource[0].field_mappings.len(), 3);
        assert_eq!(request.resource[0].field_mappings[2].index, Some(2));
        assert_eq!(request.callback.unwrap().url, "https://www.zoho.com/");
    }

    #[test]
    fn each_fault_has_its_code_and_place() {
        let check = |from: &str, to: &str, code: &str, message: &str, path: &str| {
            let body = RECORDED.replacen(from, to, 1);
            let error = request(body.as_bytes()).unwrap_err();
            assert_eq!(error.code.row().code, code, "{to}");
            assert_eq!(error.message, message, "{to}");
            assert_eq!(error.details.get("json_path").and_then(Value::as_str).unwrap_or_default(), path, "{to}");
        };
        let missing = "MISSING_REQUIRED_KEY";
        check(
            "\"operation\":\"insert\",",
            "",
            missing,
            "required key operation is not found in request body.",
            "$.operation",
        );
        check(
            "insert",
            "insret",
            "INVALID_DATA",
            "invalid data for operation: expected one of insert, update and upsert",
            "$.operation",
        );
        check("\"insert\"", "7", "INVALID_DATA", "invalid data for operation: expected a string", "$.operation");
        check(
            ":true",
            ":\"yes\"",
            "INVALID_DATA",
            "invalid data for ignore_empty: expected a boolean",
            "$.ignore_empty",
        );
        check("\"post\"", "\"get\"", "INVALID_CALLBACK_METHOD", "Invalid callback method provided", "");
        check("\"data\"", "\"file\"", "INVALID_DATA", "invalid data for type: expected data", "$.resource[0].type");
        check(
            "{\"api_name\":\"Leads\"}",
            "\"Leads\"x",
            "INVALID_REQUEST",
            "the request body is not valid JSON: line 2 column 52",
            "",
        );
        check(
            "{\"api_name\":\"Leads\"}",
            "{}",
            missing,
            "required key api_name is not found in request body.",
            "$.resource[0].module.api_name",
        );
        check("\"4150868000005350001\"", "\"x1\"", "INVALID_FILE_ID", "improper file id", "$.resource[0].file_id");
        check(
            "\"index\":1",
            "\"index\":\"1\"",
            "INVALID_DATA",
            "invalid data for index: expected an integer",
            "$.resource[0].field_mappings[1].index",
        );
        check(
            "\"api_name\":\"Mobile\",",
            "",
            missing,
            "required key api_name is not found in request body.",
            "$.resource[0].field_mappings[1].api_name",
        );
    }

    #[test]
    fn what_is_no_object_is_refused() {
        let check =
            |body: &str| assert_eq!(request(body.as_bytes()).unwrap_err().code, ErrorCode::InvalidRequest, "{body}");
        check("");
        check("[]");
        check("null");
        check("\"insert\"");
        check("{\"operation\":");
        check(&"[".repeat(100_000));
    }

    #[test]
    fn plain_modules_and_bare_ids_are_read_too() {
        let body = RECORDED
            .replace("{\"api_name\":\"Leads\"}", "\"Leads\"")
            .replace("\"4150868000005350001\"", "4150868000005350001");
        let request = request(body.as_bytes()).unwrap();
        assert_eq!(request.resource[0].module, "Leads");
        assert_eq!(request.resource[0].file_id, "4150868000005350001");
    }
}
