//! An answer beside the one that its exchange tells of: status, headers, length, key order, body.

use std::io::{Cursor, Read};

use bulkwright_wire::error::{ErrorCode, ReceivedError};
use bulkwright_wire::exchange::{Exchange, Zip};
use bulkwright_wire::header::{CREDITS_REMAINING, Layer};
use bulkwright_wire::time;
use serde_json::Value;
use zip::ZipArchive;

use crate::harness::Answer;

/// Headers whose values are of the moment or of the framing.
const NOT_COMPARED: [&str; 2] = ["date", "x-accesstoken-reset"];
/// Headers that come with every layer's own.
const BESIDE_THE_LAYERS: [&str; 7] =
    ["server", "date", "connection", "content-type", "content-length", "transfer-encoding", "content-encoding"];

/// What differs, if anything does.
pub(super) fn faults(exchange: &Exchange, expected: &str, answer: &Answer) -> impl Iterator<Item = String> {
    let status = (answer.status != exchange.response.status)
        .then(|| format!("status {} is not {}", answer.status, exchange.response.status));
    let headers = if exchange.response.headers.is_empty() {
        headers_of_the_layer(exchange, answer)
    } else {
        recorded_headers(exchange, answer)
    };
    let body = match &exchange.response.zip {
        Some(zip) => zip_fault(zip, &answer.body),
        None => body_fault(&exchange.response.varies, expected, answer),
    };
    status.into_iter().chain(headers).chain(body).collect::<Vec<_>>().into_iter()
}

fn recorded_headers(exchange: &Exchange, answer: &Answer) -> Vec<String> {
    let recorded = &exchange.response.headers;
    let mut faults = Vec::new();
    for (name, value) in recorded {
        let found = answer.header(name);
        let is_compared = !NOT_COMPARED.contains(&name.to_lowercase().as_str());
        if found.is_none() || (is_compared && found != Some(value.as_str())) {
            faults.push(format!("{name} is {found:?}, and {value} was recorded"));
        }
    }
    faults.extend(unknown_headers(answer, |name| recorded.iter().any(|(known, _)| known.eq_ignore_ascii_case(name))));
    faults
}

/// Where nobody recorded headers, those of the layer that answers are sent.
fn headers_of_the_layer(exchange: &Exchange, answer: &Answer) -> Vec<String> {
    let layer = layer_of(exchange);
    let is_zip = exchange.response.zip.is_some();
    // A download is not packed, and says nothing of what would be.
    let fixed = layer.fixed_headers().iter().filter(|(name, _)| !is_zip || *name != "vary");
    let mut faults = Vec::new();
    for (name, value) in fixed.clone() {
        if answer.header(name) != Some(value) {
            faults.push(format!("{name} is {:?}, and its layer has {value}", answer.header(name)));
        }
    }
    let is_application = matches!(layer, Layer::ApplicationError | Layer::ApplicationSuccess);
    let is_known = |name: &str| {
        BESIDE_THE_LAYERS.contains(&name)
            || fixed.clone().any(|(known, _)| *known == name)
            || (is_application && name == "x-accesstoken-reset")
            || (is_zip && name == "content-disposition")
            || (exchange.given.spent.is_some() && name == CREDITS_REMAINING)
    };
    faults.extend(unknown_headers(answer, is_known));
    faults
}

/// Nothing is added to the vendor's headers but our own.
fn unknown_headers(answer: &Answer, is_known: impl Fn(&str) -> bool) -> Vec<String> {
    let names = answer.headers.iter().map(|(name, _)| name.to_lowercase());
    let unknown = names.filter(|name| !is_known(name) && !name.starts_with("bulkwright-"));
    unknown.map(|name| format!("{name} is not among its headers")).collect()
}

fn layer_of(exchange: &Exchange) -> Layer {
    let error = ReceivedError::parse(exchange.response.body_text().as_bytes());
    let code = error.and_then(|error| ErrorCode::recognised(&error.code, &error.message));
    code.map_or(Layer::ApplicationSuccess, |code| code.row().layer)
}

/// Recorders print JSON anew; printed compactly, both must be the same bytes, keys in the same order.
fn body_fault(varies: &[String], expected: &str, answer: &Answer) -> Option<String> {
    let mut expected: Value = match expected {
        "" => return (!answer.body.is_empty()).then(|| format!("{} is not nothing", answer.text())),
        text => serde_json::from_str(text).expect("bodies of answers are JSON"),
    };
    let Ok(answered) = serde_json::from_slice::<Value>(&answer.body) else {
        return Some(format!("{} is no JSON", answer.text()));
    };
    for pointer in varies {
        let place = expected.pointer_mut(pointer).unwrap_or_else(|| panic!("the answer has no {pointer}"));
        match answered.pointer(pointer) {
            Some(value) if kind(value).is_some() && kind(value) == kind(place) => *place = value.clone(),
            value => return Some(format!("{pointer} is {value:?} where {place} stands")),
        }
    }
    let line_end = if answer.header("content-length").is_some() { "\n" } else { "" };
    let expected = format!("{expected}{line_end}");
    (answer.text() != expected).then(|| format!("\n  {}\nis not\n  {expected}", answer.text()))
}

/// The kinds of values that are of the moment.
fn kind(value: &Value) -> Option<&'static str> {
    let text = value.as_str()?;
    let is_id = text.parse::<i64>().is_ok_and(|id| id > 0) && text.bytes().all(|byte| byte.is_ascii_digit());
    let is_token = text.starts_with("1000.") && text.len() == "1000.".len() + 2 * 32 + 1;
    if is_token {
        return Some("token");
    }
    if is_id { Some("id") } else { time::parse(text).ok().map(|_| "time") }
}

fn zip_fault(expected: &Zip, body: &[u8]) -> Option<String> {
    let Ok(mut archive) = ZipArchive::new(Cursor::new(body)) else { return Some("the answer is no zip".to_owned()) };
    let mut found = Zip::new();
    for place in 0..archive.len() {
        let mut entry = archive.by_index(place).unwrap();
        let mut text = String::new();
        entry.read_to_string(&mut text).unwrap();
        found.insert(entry.name().unwrap().into_owned(), text.into());
    }
    let (found, expected) = (Value::Object(found).to_string(), Value::Object(expected.clone()).to_string());
    (found != expected).then(|| format!("the zip holds {found}, not {expected}"))
}
