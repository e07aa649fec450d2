//! Stored forms of domain types: numbers for enums, JSON for nested lists. They never leave this store.

use bulkwright_engine::spec::{DefaultValue, Mapping, Operation};
use rusqlite::Row;
use rusqlite::types::Type;
use serde::{Deserialize, Serialize};

use crate::model::{AnsweredOperation, DeliveryState, JobState, TokenKind};

/// The number of an operation. Stored, so it never changes.
pub(super) fn operation_number(operation: Operation) -> i64 {
    match operation {
        Operation::Insert => 0,
        Operation::Update => 1,
        Operation::Upsert => 2,
    }
}

/// The operation of a number.
pub(super) fn operation(number: i64) -> Option<Operation> {
    [Operation::Insert, Operation::Update, Operation::Upsert].into_iter().find(|it| operation_number(*it) == number)
}

/// The number of a state. Stored, so it never changes; the index of waiting jobs holds those below 2.
pub(super) fn state_number(state: JobState) -> i64 {
    match state {
        JobState::Added => 0,
        JobState::InProgress => 1,
        JobState::Completed => 2,
        JobState::Failed => 3,
    }
}

/// The state of a number.
pub(super) fn state(number: i64) -> Option<JobState> {
    let all = [JobState::Added, JobState::InProgress, JobState::Completed, JobState::Failed];
    all.into_iter().find(|it| state_number(*it) == number)
}

/// The number of a kind of token. Stored, so it never changes.
pub(super) fn token_kind_number(kind: TokenKind) -> i64 {
    match kind {
        TokenKind::Access => 0,
        TokenKind::Refresh => 1,
    }
}

/// The kind of token of a number.
pub(super) fn token_kind(number: i64) -> Option<TokenKind> {
    [TokenKind::Access, TokenKind::Refresh].into_iter().find(|it| token_kind_number(*it) == number)
}

/// Scopes as they are stored.
pub(super) fn scopes_json(scopes: &[String]) -> String {
    serde_json::Value::from(scopes).to_string()
}

/// The number of what an answer was asked for. Stored, so it never changes.
pub(super) fn answered_number(operation: AnsweredOperation) -> i64 {
    match operation {
        AnsweredOperation::Upload => 0,
        AnsweredOperation::CreateJob => 1,
    }
}

/// The number of a delivery's state. Stored, so it never changes.
pub(super) fn delivery_state_number(state: DeliveryState) -> i64 {
    match state {
        DeliveryState::Pending => 0,
        DeliveryState::Delivered => 1,
        DeliveryState::GivenUp => 2,
    }
}

/// The state of a number.
pub(super) fn delivery_state(number: i64) -> Option<DeliveryState> {
    let all = [DeliveryState::Pending, DeliveryState::Delivered, DeliveryState::GivenUp];
    all.into_iter().find(|it| delivery_state_number(*it) == number)
}

/// What a column's number stands for.
pub(super) fn known<T>(row: &Row<'_>, column: &str, of: impl Fn(i64) -> Option<T>) -> rusqlite::Result<T> {
    let number: i64 = row.get(column)?;
    of(number)
        .ok_or_else(|| rusqlite::Error::FromSqlConversionFailure(0, Type::Integer, format!("{column} {number}").into()))
}

/// [`Mapping`] as JSON. What is not set is left out.
#[derive(Serialize, Deserialize)]
struct StoredMapping {
    field: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    index: Option<i64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    format: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    find_by: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    module: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    default: Option<StoredDefault>,
}

/// [`DefaultValue`] as JSON.
#[derive(Serialize, Deserialize)]
struct StoredDefault {
    /// Told apart from absent: `null` is a value that a request can give.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "present")]
    value: Option<serde_json::Value>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    module: Option<String>,
}

fn present<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<serde_json::Value>, D::Error> {
    serde_json::Value::deserialize(deserializer).map(Some)
}

/// The stored form of mappings.
pub(super) fn mappings_json(mappings: &[Mapping]) -> serde_json::Result<String> {
    let stored: Vec<StoredMapping> = mappings.iter().map(StoredMapping::from).collect();
    serde_json::to_string(&stored)
}

/// Mappings of their stored form.
pub(super) fn mappings(json: &str) -> serde_json::Result<Vec<Mapping>> {
    let stored: Vec<StoredMapping> = serde_json::from_str(json)?;
    Ok(stored.into_iter().map(Mapping::from).collect())
}

impl From<&Mapping> for StoredMapping {
    fn from(mapping: &Mapping) -> Self {
        let Mapping { field, index, format, find_by, module, default } = mapping.clone();
        let default = default.map(|DefaultValue { value, name, module }| StoredDefault { value, name, module });
        StoredMapping { field, index, format, find_by, module, default }
    }
}

impl From<StoredMapping> for Mapping {
    fn from(stored: StoredMapping) -> Self {
        let StoredMapping { field, index, format, find_by, module, default } = stored;
        let default = default.map(|StoredDefault { value, name, module }| DefaultValue { value, name, module });
        Mapping { field, index, format, find_by, module, default }
    }
}
