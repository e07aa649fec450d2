//! Reading a create-job body by hand: serde would say that something is wrong, users need to know what and where.

mod node;

use serde_json::Value;

use self::node::{Node, Read};
use super::{CreateMapping, CreateRequest, CreateResource, Operation};
use crate::details::{Callback, DefaultValue};
use crate::error::{ErrorBody, ErrorCode};
use crate::limit;
use crate::version::{Difference, Version};

pub(super) fn request(body: &[u8], version: Version) -> Read<CreateRequest> {
    let value: Value = serde_json::from_slice(body).map_err(|error| malformed(&error))?;
    let top = Node::top(&value, version)?;
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
    let message = format!("the request body is not valid JSON: line {line} column {column}");
    ErrorBody::new(ErrorCode::InvalidRequest, message).with("line", line).with("column", column)
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
    let nodes = top.nodes("resource", limit::RESOURCES_MAX)?.ok_or_else(|| top.missing("resource"))?;
    if nodes.is_empty() {
        return Err(top.wrong("resource", "an array with a resource in it"));
    }
    let resources = nodes.iter().map(resource).collect::<Read<Vec<_>>>()?;
    check_family(top.version, &nodes, &resources)?;
    Ok(resources)
}

fn resource(node: &Node<'_>) -> Read<CreateResource> {
    if node.required_text("type")? != "data" {
        return Err(node.wrong("type", "data"));
    }
    let mappings = node.nodes("field_mappings", limit::MAPPINGS_READ_MAX)?.unwrap_or_default();
    Ok(CreateResource {
        module: module(node)?,
        file_id: file_id(node)?,
        file_names: file_names(node)?,
        ignore_empty: node.boolean("ignore_empty")?,
        find_by: node.text("find_by")?,
        field_mappings: mappings.iter().map(mapping).collect::<Read<_>>()?,
    })
}

/// A job of several resources is one of a parent and its children (contract section 3): each names its CSV, and each but
/// the first says by which column its rows find their parent.
fn check_family(version: Version, nodes: &[Node<'_>], resources: &[CreateResource]) -> Read<()> {
    if resources.len() < 2 || !version.has(Difference::SeveralFiles) {
        return Ok(());
    }
    for (place, (node, resource)) in nodes.iter().zip(resources).enumerate() {
        if resource.file_names.is_empty() {
            return Err(node.missing("file_names"));
        }
        let is_child = resource.field_mappings.iter().any(|mapping| mapping.parent_column_index.is_some());
        if place > 0 && !is_child {
            let path = node.path_of("field_mappings");
            return Err(ErrorBody::from(ErrorCode::ParentColumnIndexMissing)
                .with("api_name", "parent_column_index")
                .with("json_path", path));
        }
    }
    Ok(())
}

fn file_names(node: &Node<'_>) -> Read<Vec<String>> {
    if !node.version.has(Difference::SeveralFiles) {
        return Ok(Vec::new());
    }
    let names = node.texts("file_names", limit::FILE_NAMES_MAX)?;
    let is_too_long = |name: &String| name.chars().count() > limit::FILE_NAME_CHARS_MAX;
    if names.iter().any(is_too_long) {
        return Err(node.wrong("file_names", &format!("names of at most {} characters", limit::FILE_NAME_CHARS_MAX)));
    }
    Ok(names)
}

/// A module is a string in v2 and an object later; both are read in every version.
fn module(node: &Node<'_>) -> Read<String> {
    match node.get("module") {
        Some(Value::String(name)) => Ok(name.clone()),
        Some(Value::Object(_)) => node.node("module")?.ok_or_else(|| node.missing("module"))?.required_text("api_name"),
        None => Err(node.missing("module")),
        Some(_) => Err(node.wrong("module", "an object with the key api_name")),
    }
}

/// Ids are strings on the wire; a bare number is what old SDKs send.
fn file_id(node: &Node<'_>) -> Read<String> {
    let id = match node.get("file_id") {
        Some(Value::Number(number)) => number.to_string(),
        _ => node.required_text("file_id")?,
    };
    let is_improper = id.is_empty() || id.len() > limit::FILE_ID_CHARS_MAX || !id.bytes().all(|b| b.is_ascii_digit());
    if is_improper { Err(node.located(ErrorCode::InvalidFileId.into(), "file_id")) } else { Ok(id) }
}

fn mapping(node: &Node<'_>) -> Read<CreateMapping> {
    let find_by = node.text("find_by")?;
    let parent_column_index = parent_column_index(node)?;
    if find_by.is_some() && parent_column_index.is_some() {
        let message = "find_by and parent_column_index cannot be given together";
        return Err(node.located(ErrorBody::new(ErrorCode::CoexistenceNotAllowed, message), "parent_column_index"));
    }
    Ok(CreateMapping {
        api_name: node.required_text("api_name")?,
        index: node.integer("index")?,
        format: node.text("format")?,
        find_by,
        module: mapping_module(node)?,
        default_value: node.node("default_value")?.map(|value| default_value(&value)).transpose()?,
        parent_column_index,
    })
}

/// How many columns the parent's file has is not known here; that columns are counted from 0 is.
fn parent_column_index(node: &Node<'_>) -> Read<Option<i64>> {
    if !node.version.has(Difference::SeveralFiles) {
        return Ok(None);
    }
    let index = node.integer("parent_column_index")?;
    match index.filter(|index| *index < 0) {
        None => Ok(index),
        Some(negative) => {
            let message = format!("parent_column_index is {negative}, and columns are counted from 0");
            Err(node.located(ErrorBody::new(ErrorCode::ColumnIndexNotFound, message), "parent_column_index"))
        }
    }
}

fn mapping_module(node: &Node<'_>) -> Read<Option<String>> {
    match node.get("module") {
        Some(Value::Object(_)) => module(node).map(Some),
        _ => node.text("module"),
    }
}

fn default_value(node: &Node<'_>) -> Read<DefaultValue> {
    Ok(DefaultValue { value: node.get("value").cloned(), name: node.text("name")?, module: node.text("module")? })
}

#[cfg(test)]
mod tests;
