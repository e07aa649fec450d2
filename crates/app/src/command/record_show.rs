//! `record show`: one record, field by field.

use std::collections::BTreeMap;

use bulkwright_client::{ClientError, Exit};
use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;

use crate::args::RecordShowArgs;
use crate::exit::Failure;
use crate::target::{NoData, Target};
use crate::ui::{Ui, counted};

/// A record with its numbers as they are written: decimals are exact.
#[derive(Deserialize)]
struct Written<'a> {
    #[serde(borrow)]
    data: Vec<BTreeMap<String, &'a RawValue>>,
}

pub(crate) async fn run(args: &RecordShowArgs, ui: &Ui) -> Result<Exit, Failure> {
    let target = Target::resolve(&args.target, NoData::Refuse).await?;
    let ended = show(args, &target, ui).await;
    target.close().await;
    ended
}

async fn show(args: &RecordShowArgs, target: &Target, ui: &Ui) -> Result<Exit, Failure> {
    let RecordShowArgs { module, id, .. } = args;
    let found = match target.api.record(module, id).await {
        Ok(found) => found,
        // That is what the API calls an id that no record has.
        Err(error) if error.code() == Some("INVALID_DATA") => None,
        Err(ClientError::Refused { doing, refusal }) if refusal.error.code == "INVALID_MODULE" => {
            let failure = Failure::from(ClientError::Refused { doing, refusal });
            return Err(Failure {
                hint: "check the module's name: the API's own, such as Leads".to_owned(),
                ..failure
            });
        }
        Err(error) => return Err(error.into()),
    };
    let Some(received) = found.filter(|received| !received.value.data.is_empty()) else {
        let message = format!("{module} has no record {id}");
        return Err(Failure::new(
            Exit::NotFound,
            message,
            "check the id: NAME.results.csv of a load names the records",
        ));
    };
    if ui.json {
        ui.answer_body(&received.body);
        return Ok(Exit::Done);
    }
    let record = &received.value.data[0];
    let written: Option<Written<'_>> = serde_json::from_slice(&received.body).ok();
    let written = written.and_then(|mut written| written.data.pop()).unwrap_or_default();
    let filled: Vec<_> = record.iter().filter(|(_, value)| !value.is_null()).collect();
    let width = filled.iter().map(|(name, _)| name.len()).max().unwrap_or(0);
    for (name, value) in &filled {
        let text = match value {
            Value::Number(_) => written.get(*name).map_or_else(|| value.to_string(), |raw| raw.get().to_owned()),
            _ => in_words(value),
        };
        // What has several lines stays in its column.
        let text = text.replace('\n', &format!("\n{:width$}  ", ""));
        ui.answer(&format!("{name:<width$}  {text}"));
    }
    let empty = record.len() - filled.len();
    if empty > 0 {
        ui.talk(&format!("{} without a value", counted(empty as u64, "field")));
    }
    Ok(Exit::Done)
}

fn in_words(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Array(values) => values.iter().map(in_words).collect::<Vec<_>>().join("; "),
        Value::Object(fields) => match (fields.get("name").and_then(Value::as_str), fields.get("id")) {
            (Some(name), Some(id)) => format!("{name} ({})", in_words(id)),
            _ => value.to_string(),
        },
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn values_are_told_in_words() {
        let check = |value: Value, expected: &str| assert_eq!(in_words(&value), expected);
        check(json!("Ng"), "Ng");
        check(json!(true), "true");
        check(json!(["a", "b"]), "a; b");
        check(json!({ "name": "Patricia Boyle", "id": "5", "email": "p@example.com" }), "Patricia Boyle (5)");
        check(json!({ "id": "5" }), r#"{"id":"5"}"#);
    }
}
