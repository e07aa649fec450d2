//! An object of a body: its values by their types, and where they stand.

use serde_json::{Map, Value};

use crate::error::{ErrorBody, ErrorCode};
use crate::version::Version;

pub(super) type Read<T> = Result<T, ErrorBody>;

/// An object of the body and where it stands. `null` is the same as absent.
pub(super) struct Node<'a> {
    object: &'a Map<String, Value>,
    path: String,
    /// Whose keys are read.
    pub(super) version: Version,
}

impl<'a> Node<'a> {
    pub(super) fn top(value: &'a Value, version: Version) -> Read<Self> {
        let path = "$".to_owned();
        let Value::Object(object) = value else {
            let message = "the request body is not a JSON object";
            return Err(ErrorBody::new(ErrorCode::InvalidRequest, message).with("json_path", path));
        };
        Ok(Node { object, path, version })
    }

    pub(super) fn get(&self, key: &str) -> Option<&'a Value> {
        self.object.get(key).filter(|value| !value.is_null())
    }

    pub(super) fn text(&self, key: &str) -> Read<Option<String>> {
        match self.get(key) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text.clone())),
            Some(_) => Err(self.wrong(key, "a string")),
        }
    }

    pub(super) fn short_text(&self, key: &str, chars_max: usize) -> Read<Option<String>> {
        let text = self.text(key)?;
        let too_long = text.as_ref().is_some_and(|text| text.chars().count() > chars_max);
        if too_long { Err(self.wrong(key, &format!("a string of at most {chars_max} characters"))) } else { Ok(text) }
    }

    pub(super) fn required_text(&self, key: &str) -> Read<String> {
        self.text(key)?.ok_or_else(|| self.missing(key))
    }

    pub(super) fn boolean(&self, key: &str) -> Read<Option<bool>> {
        match self.get(key) {
            None => Ok(None),
            Some(Value::Bool(value)) => Ok(Some(*value)),
            Some(_) => Err(self.wrong(key, "a boolean")),
        }
    }

    pub(super) fn integer(&self, key: &str) -> Read<Option<i64>> {
        match self.get(key) {
            None => Ok(None),
            Some(value) => value.as_i64().map(Some).ok_or_else(|| self.wrong(key, "an integer")),
        }
    }

    pub(super) fn node(&self, key: &str) -> Read<Option<Node<'a>>> {
        match self.get(key) {
            None => Ok(None),
            Some(Value::Object(object)) => Ok(Some(self.child(object, self.path_of(key)))),
            Some(_) => Err(self.wrong(key, "an object")),
        }
    }

    pub(super) fn nodes(&self, key: &str, count_max: usize) -> Read<Option<Vec<Node<'a>>>> {
        let Some(value) = self.get(key) else { return Ok(None) };
        let items = self.items(key, value, "objects", count_max)?;
        let node = |(index, item): (usize, &'a Value)| match item {
            Value::Object(object) => Ok(self.child(object, format!("{}[{index}]", self.path_of(key)))),
            _ => Err(self.wrong(key, "an array of objects")),
        };
        items.iter().enumerate().map(node).collect::<Read<_>>().map(Some)
    }

    pub(super) fn texts(&self, key: &str, count_max: usize) -> Read<Vec<String>> {
        let Some(value) = self.get(key) else { return Ok(Vec::new()) };
        let text =
            |item: &Value| item.as_str().map(str::to_owned).ok_or_else(|| self.wrong(key, "an array of strings"));
        self.items(key, value, "strings", count_max)?.iter().map(text).collect()
    }

    pub(super) fn path_of(&self, key: &str) -> String {
        format!("{}.{key}", self.path)
    }

    /// Of this error alone the documented details are the place and nothing else.
    pub(super) fn missing(&self, key: &str) -> ErrorBody {
        let message = format!("required key {key} is not found in request body.");
        ErrorBody::new(ErrorCode::MissingRequiredKey, message).with("json_path", self.path_of(key))
    }

    pub(super) fn wrong(&self, key: &str, expected: &str) -> ErrorBody {
        let message = format!("invalid data for {key}: expected {expected}");
        self.located(ErrorBody::new(ErrorCode::InvalidData, message), key)
    }

    pub(super) fn located(&self, error: ErrorBody, key: &str) -> ErrorBody {
        error.with("api_name", key).with("json_path", self.path_of(key))
    }

    fn child(&self, object: &'a Map<String, Value>, path: String) -> Node<'a> {
        Node { object, path, version: self.version }
    }

    fn items(&self, key: &str, value: &'a Value, of: &str, count_max: usize) -> Read<&'a [Value]> {
        let Value::Array(items) = value else { return Err(self.wrong(key, &format!("an array of {of}"))) };
        let too_many = items.len() > count_max;
        if too_many { Err(self.wrong(key, &format!("an array of at most {count_max} {of}"))) } else { Ok(items) }
    }
}
