//! What a refused request very likely meant: the nearest valid form, for the log and for a header of ours.
//!
//! Hints are made of these tables and of names that were sent (of headers, keys and parts). They never repeat a value, so
//! that no token and no row gets into one.

mod body_keys;
mod content;
mod header;
mod names;
mod path;

use bulkwright_engine::catalog::Catalog;
use bulkwright_wire::error::{ErrorBody, ErrorCode};
use http::request::Parts;
use serde_json::Value;

pub(crate) use body_keys::of_body;
pub(crate) use content::{HEAD_BYTES, of_body_without_parts, of_file, of_parts, of_taken_file};
pub(crate) use header::of_foreign_org;
pub(crate) use names::of_plan;

/// Characters of a name that was sent which a hint repeats.
const NAME_CHARS_MAX: usize = 40;
/// How alike two names are from which one is taken for a slip of the other, from 0 to 1.
const ALIKE: f64 = 0.7;

/// The hint for an error that has none of its own yet, as far as the head of the request tells.
pub(crate) fn of_refusal(catalog: &Catalog, head: &Parts, error: &ErrorBody) -> Option<String> {
    let (method, path) = (head.method.as_str(), head.uri.path());
    match error.code {
        ErrorCode::InvalidUrlPattern => path::of_unknown(path),
        ErrorCode::InvalidRequestMethod => path::of_method(method, path),
        ErrorCode::InvalidModule => path::of_module(catalog, path),
        ErrorCode::AuthenticationFailure => Some(header::of_no_token(head)),
        ErrorCode::InvalidToken => Some(header::of_bad_token()),
        ErrorCode::OauthScopeMismatch => path::of_scope(path),
        ErrorCode::FeatureHeaderMissing | ErrorCode::NotSupportedFeature => Some(header::of_feature(&head.headers)),
        ErrorCode::OrgHeaderMissing => Some(header::of_org(&head.headers)),
        ErrorCode::InvalidFieldName => {
            Some("the first line of the CSV names fields, or field_mappings does".to_owned())
        }
        ErrorCode::RequestBodyNotSupported => Some("send JSON, with Content-Type: application/json".to_owned()),
        ErrorCode::FileNotSupported => error.details.get("reason").and_then(Value::as_str).and_then(content::of_reason),
        _ => None,
    }
}

/// The candidate that a name is very likely a slip of.
fn nearest<'n>(name: &str, candidates: impl IntoIterator<Item = &'n str>) -> Option<&'n str> {
    if name.chars().count() > NAME_CHARS_MAX {
        return None;
    }
    let plain = plain(name);
    let alike = |candidate| (strsim::normalized_damerau_levenshtein(&plain, &self::plain(candidate)), candidate);
    let best = candidates.into_iter().map(alike).max_by(|one, other| one.0.total_cmp(&other.0));
    best.filter(|(likeness, _)| *likeness >= ALIKE).map(|(_, candidate)| candidate)
}

/// A name without what people write differently: case, and what stands between words.
fn plain(name: &str) -> String {
    name.chars().filter(|c| !matches!(c, '_' | '-' | ' ' | '.')).map(|c| c.to_ascii_lowercase()).collect()
}

/// A name that was sent, as far as it is repeated.
fn told(name: &str) -> String {
    name.chars().take(NAME_CHARS_MAX).collect()
}
