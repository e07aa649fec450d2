//! The document itself: complete, true to the tables of `wire`, and a judge that refuses.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use bulkwright_wire::error::{ErrorBody, ErrorCode, ReceivedError};
use bulkwright_wire::exchange::Exchange;
use bulkwright_wire::path::{ENDPOINTS, Endpoint, OWN_ENDPOINTS, OwnAccess};
use bulkwright_wire::scope;
use bulkwright_wire::version::Version;
use serde_json::{Value, json};

use crate::harness::Answer;
use crate::harness::openapi::{DOCUMENT, Described, Document, escaped};

#[test]
fn every_path_that_is_served_is_described_and_no_other_one() {
    let of_the_api = ENDPOINTS.iter().map(|row| (row.template, row.method));
    let own = OWN_ENDPOINTS.iter().map(|row| (row.template, row.method));
    let served: BTreeSet<_> = of_the_api.chain(own).map(|(path, method)| format!("{method} {path}")).collect();
    let described: BTreeSet<_> =
        operations().map(|(path, method, _)| format!("{} {path}", method.to_uppercase())).collect();
    assert_eq!(described, served);
}

#[test]
fn versions_are_those_of_the_table() {
    let versions: Vec<_> = Version::ALL.iter().map(|version| version.as_str()).collect();
    assert_eq!(DOCUMENT.at("/components/schemas/Version/enum"), &json!(versions));
}

#[test]
fn what_opens_an_operation_is_what_the_tables_say() {
    for row in ENDPOINTS {
        let operation = operation(row.template, row.method);
        let schemes: &[&str] = match row.endpoint {
            Endpoint::Authorize | Endpoint::Consent | Endpoint::Token | Endpoint::Revoke => &[],
            _ => &["Bearer", "ZohoOauthtoken"],
        };
        assert_eq!(schemes_of(operation), schemes, "{}", row.template);
        if !schemes.is_empty() {
            let mut scopes = scope::any_of(row.endpoint).to_vec();
            scopes.sort_unstable();
            assert_eq!(operation["x-scopes"], json!(scopes), "{}", row.template);
        }
    }
    for row in OWN_ENDPOINTS {
        let schemes: &[&str] = match row.access {
            OwnAccess::Open => &[],
            OwnAccess::Organisation => &["Bearer", "ZohoOauthtoken", "Admin"],
            OwnAccess::Admin => &["Admin"],
        };
        assert_eq!(schemes_of(operation(row.template, row.method)), schemes, "{}", row.template);
    }
}

fn schemes_of(operation: &Value) -> Vec<&str> {
    let choices = operation["security"].as_array().unwrap().iter();
    choices.flat_map(|choice| choice.as_object().unwrap().keys().map(String::as_str)).collect()
}

/// Each error of the table has an example of its name and grade, its keys in the wire's order, and it stands under an
/// answer of its status and type.
#[test]
fn every_error_of_the_table_has_an_example_where_it_is_answered() {
    let shown = examples_of_answers();
    for &code in ErrorCode::ALL {
        let (name, row) = (format!("{code:?}"), code.row());
        let example = DOCUMENT.root.pointer(&format!("/components/examples/{name}"));
        let example = example.unwrap_or_else(|| panic!("components/examples has no {name}"));
        assert_eq!(example["x-evidence"], json!(row.evidence), "{name}");
        let sent: Value = serde_json::from_slice(&ErrorBody::from(code).to_bytes()).unwrap();
        assert_eq!(keys_of(&example["value"]), keys_of(&sent), "{name}");
        let code_of = |body: &Value| ReceivedError::parse(body.to_string().as_bytes()).unwrap().code;
        assert_eq!(code_of(&example["value"]), code_of(&sent), "{name}");
        let place = (row.http.to_string(), row.layer.content_type().to_owned());
        let places = shown.get(&name).unwrap_or_else(|| panic!("no answer shows {name}"));
        assert_eq!(places, &BTreeSet::from([place]), "{name}");
    }
}

fn keys_of(body: &Value) -> Vec<&str> {
    body.as_object().unwrap().keys().map(String::as_str).collect()
}

/// Names of shared examples, and under which statuses and types of answers they are shown.
fn examples_of_answers() -> BTreeMap<String, BTreeSet<(String, String)>> {
    let mut shown: BTreeMap<String, BTreeSet<_>> = BTreeMap::new();
    let outside = DOCUMENT.at("/x-outside-of-operations").as_object().unwrap().values();
    let answers = operations().map(|(_, _, operation)| &operation["responses"]).chain(outside);
    for (status, response) in answers.flat_map(|responses| responses.as_object().unwrap()) {
        let Described { response, .. } = DOCUMENT.resolved(response, String::new());
        for (content_type, media) in response.get("content").and_then(Value::as_object).into_iter().flatten() {
            let examples = media.get("examples").and_then(Value::as_object).into_iter().flatten();
            for name in examples.filter_map(|(_, example)| example["$ref"].as_str()?.rsplit('/').next()) {
                shown.entry(name.to_owned()).or_default().insert((status.clone(), content_type.clone()));
            }
        }
    }
    shown
}

/// The text of the document that says which codes an operation answers with is true to its schema, and the other way
/// round: a code that a schema allows is shown by an example.
#[test]
fn every_code_that_a_schema_allows_is_shown() {
    for (path, method, operation) in operations() {
        for (status, response) in operation["responses"].as_object().unwrap() {
            let Described { response, .. } = DOCUMENT.resolved(response, String::new());
            for (content_type, media) in response.get("content").and_then(Value::as_object).into_iter().flatten() {
                let allowed = codes_of(&media["schema"]);
                let examples = media.get("examples").and_then(Value::as_object).into_iter().flatten();
                let shown: BTreeSet<_> = examples
                    .map(|(_, example)| DOCUMENT.resolved(example, String::new()).response)
                    .filter(|example| example["value"]["status"] == "error")
                    .map(|example| example["value"]["code"].as_str().unwrap().to_owned())
                    .collect();
                assert_eq!(shown, allowed, "{method} {path} {status} {content_type}");
            }
        }
    }
}

/// The error codes that a schema allows.
fn codes_of(schema: &Value) -> BTreeSet<String> {
    let schema = DOCUMENT.resolved(schema, String::new()).response;
    let code = |part: &Value| part.pointer("/properties/code/enum").and_then(Value::as_array).cloned();
    let parts = ["allOf", "oneOf"].iter().filter_map(|key| schema.get(key)?.as_array()).flatten();
    let codes = code(schema).into_iter().flatten().map(|code| code.as_str().unwrap().to_owned());
    codes.chain(parts.flat_map(codes_of)).collect()
}

#[test]
fn every_example_fits_the_schema_beside_it() {
    let mut seen = 0;
    each_schema(&DOCUMENT.root, String::new(), &mut |node, pointer| {
        let named = node.get("examples").and_then(Value::as_object).into_iter().flatten();
        let values = named.map(|(_, example)| DOCUMENT.resolved(example, String::new()).response.get("value"));
        for value in values.chain([node.get("example")]).flatten() {
            let fits = DOCUMENT.fits(value, &format!("{pointer}/schema"));
            fits.unwrap_or_else(|why| panic!("{pointer}: {why}"));
            seen += 1;
        }
    });
    assert!(seen > 50, "{seen}");
}

/// Calls `look` with every object that has a schema.
fn each_schema(node: &Value, pointer: String, look: &mut dyn FnMut(&Value, &str)) {
    match node {
        Value::Object(object) => {
            if object.get("schema").is_some_and(Value::is_object) {
                look(node, &pointer);
            }
            object.iter().for_each(|(key, value)| each_schema(value, format!("{pointer}/{}", escaped(key)), look));
        }
        Value::Array(items) => {
            items.iter().enumerate().for_each(|(at, item)| each_schema(item, format!("{pointer}/{at}"), look));
        }
        _ => {}
    }
}

/// What lies about unused is not held to anything.
#[test]
fn nothing_is_defined_that_nothing_refers_to() {
    let text = DOCUMENT.root.to_string();
    for (kind, parts) in DOCUMENT.at("/components").as_object().unwrap() {
        for name in parts.as_object().unwrap().keys() {
            let is_used = match kind.as_str() {
                "securitySchemes" => text.contains(&format!("{{\"{name}\":[]}}")),
                _ => text.contains(&format!("\"#/components/{kind}/{name}\"")),
            };
            assert!(is_used, "components/{kind}/{name} is used nowhere");
        }
    }
}

#[test]
fn every_recorded_exchange_is_described() {
    // Exchanges lie in folders, one an endpoint; beside those is what others made.
    let folders = fs::read_dir(contract()).unwrap().map(|entry| entry.unwrap().path()).filter(|path| path.is_dir());
    let recorded: Vec<PathBuf> = folders.flat_map(|folder| exchanges(&folder)).collect();
    assert!(recorded.len() >= 6, "{}", recorded.len());
    for file in recorded {
        // What stands for the id of a job is described as one.
        let text = fs::read_to_string(&file).unwrap().replace("{job}", "111111000000541958");
        let exchange = Exchange::parse(&text).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
        if let Err(why) = check_recorded(&exchange) {
            panic!("docs/openapi.yaml does not describe {}: {why}", file.display());
        }
    }
}

/// What others recorded has none of our own headers, and sometimes none at all: then the body has to fit some type.
fn check_recorded(exchange: &Exchange) -> Result<(), String> {
    let (request, response) = (&exchange.request, &exchange.response);
    let described = DOCUMENT.response(&request.method, &request.path, response.status)?;
    let header = |name: &str| response.headers.iter().find(|(known, _)| known.eq_ignore_ascii_case(name));
    let types: Vec<String> = match header("content-type") {
        Some((_, content_type)) => vec![content_type.clone()],
        None => described.content_types(),
    };
    let check = |content_type: String| {
        let headers = vec![("content-type".to_owned(), content_type)];
        let answer = Answer { status: response.status, headers, body: filled(exchange).into_bytes() };
        DOCUMENT.check_body(&described, &answer)
    };
    let faults: Vec<String> = types.iter().filter_map(|content_type| check(content_type.clone()).err()).collect();
    if faults.len() < types.len() || types.is_empty() { Ok(()) } else { Err(faults.join("\n")) }
}

/// The body with something in the places that are filled when it is played.
fn filled(exchange: &Exchange) -> String {
    let uploads = exchange.given.uploads.keys().map(String::as_str);
    let body = exchange.response.body_text().replace("{base}", "http://127.0.0.1:8080");
    uploads.chain(["job"]).fold(body, |body, name| body.replace(&format!("{{{name}}}"), "1"))
}

fn contract() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../contract")
}

fn exchanges(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(exchanges(&path));
        } else if path.extension().is_some_and(|extension| extension == "json") {
            found.push(path);
        }
    }
    found
}

#[test]
fn what_is_not_described_is_refused_and_told() {
    let refused = |method: &str, path: &str, answer: Answer, why: &str| {
        let told = DOCUMENT.check(method, path, &answer).unwrap_err();
        assert!(told.contains(why), "{method} {path}: {told}");
    };
    let org =
        json!({ "org": [{ "zgid": "1", "id": "1", "company_name": "x", "time_zone": "UTC", "type": "production" }] });
    assert_eq!(DOCUMENT.check("GET", "//crm/v8/org?x=1", &answer(200, &org)), Ok(()));
    refused(
        "GET",
        "/crm/v8/org",
        answer(418, &org),
        "it answered 418, and /paths/~1crm~1{version}~1org/get/responses knows 200, 401",
    );
    refused("PUT", "/crm/v8/org", answer(200, &org), "/x-outside-of-operations/other-method knows 400 only");
    refused("GET", "/crm/v9/org", answer(200, &org), "/x-outside-of-operations/unknown-path knows 404 only");
    let mut wrong = org.clone();
    wrong["org"][0]["zgid"] = 1.into();
    refused("GET", "/crm/v8/org", answer(200, &wrong), "at `/org/0/zgid`: 1 is not of type \"string\"");
    wrong = org.clone();
    wrong["org"][0]["colour"] = "red".into();
    refused(
        "GET",
        "/crm/v8/org",
        answer(200, &wrong),
        "at `/org/0`: Additional properties are not allowed ('colour' was unexpected)",
    );
    let mut other_type = answer(200, &org);
    other_type.headers[0].1 = "text/html".to_owned();
    refused("GET", "/crm/v8/org", other_type, "knows no text/html");
    let mut other_header = answer(200, &org);
    other_header.headers.push(("X-Powered-By".to_owned(), "x".to_owned()));
    refused("GET", "/crm/v8/org", other_header, "knows no header X-Powered-By");
    let mut without_id = answer(200, &org);
    without_id.headers.truncate(1);
    refused("GET", "/crm/v8/org", without_id, "/components/headers/RequestId is missing");
    let error = json!({ "status": "error", "code": "INVALID_FILE_ID", "message": "", "details": {} });
    refused(
        "GET",
        "/crm/bulk/v8/write/1",
        answer(400, &error),
        "at `/code`: \"INVALID_FILE_ID\" is not one of \"RESOURCE_NOT_FOUND\"",
    );
}

fn answer(status: u16, body: &Value) -> Answer {
    let header = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    let headers = vec![header("Content-Type", "application/json"), header("Bulkwright-Request-Id", "d933ef83-7")];
    Answer { status, headers, body: body.to_string().into_bytes() }
}

#[test]
fn paths_lead_where_the_server_leads_them() {
    let check = |target: &str, expected: Option<&str>| assert_eq!(DOCUMENT.template(target), expected, "{target}");
    check("/crm/v8/Leads/41", Some("/crm/{version}/{module}/{record_id}"));
    check("/crm/v8/Leads/search?email=x", Some("/crm/{version}/{module}/search"));
    check("/crm/v3/settings/colours", None);
    check("/crm/bulk/v2.1/writ", None);
    check("http://example.com/crm//v8/org", Some("/crm/{version}/org"));
    check("/v2/crm/org1/bulk-write/1/1.zip", Some("/{version}/crm/{org}/bulk-write/{job_id}/{file}"));
    check("/_bulkwright/jobs/1/wait", Some("/_bulkwright/jobs/{job_id}/wait"));
    check("/", None);
}

fn operation(path: &str, method: &str) -> &'static Value {
    DOCUMENT.at(&format!("/paths/{}/{}", escaped(path), method.to_lowercase()))
}

/// Path, method and operation of each.
fn operations() -> impl Iterator<Item = (&'static str, &'static str, &'static Value)> {
    let document: &'static Document = &DOCUMENT;
    let paths = document.at("/paths").as_object().unwrap().iter();
    paths.flat_map(|(path, item)| {
        let methods = item.as_object().unwrap().iter().filter(|(key, _)| *key != "parameters");
        methods.map(move |(method, operation)| (path.as_str(), method.as_str(), operation))
    })
}
