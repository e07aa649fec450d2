use serde_json::json;

use super::*;

const USUAL: &str = r#"{"operation":"insert","ignore_empty":true,"callback":{"url":"https://www.zoho.com/","method":"post"},
        "resource":[{"type":"data","module":{"api_name":"Leads"},"file_id":"4150868000005350001","field_mappings":[
        {"api_name":"Last_Name","index":0},{"api_name":"Mobile","index":1},{"api_name":"Owner","index":2}]}]}"#;

const FAMILY: &str = r#"{"operation":"insert","resource":[
        {"type":"data","module":{"api_name":"Leads"},"file_id":"41","file_names":["parent.csv"],"field_mappings":[{"api_name":"Last_Name","index":0}]},
        {"type":"data","module":{"api_name":"Tours"},"file_id":"41","file_names":["child.csv"],"field_mappings":[{"api_name":"Parent_Id","parent_column_index":0,"index":1}]}]}"#;

fn newest(body: &str) -> Read<CreateRequest> {
    request(body.as_bytes(), Version::V8)
}

#[test]
fn a_usual_request_is_read_in_every_version() {
    for version in Version::ALL {
        let request = request(USUAL.as_bytes(), version).unwrap();
        assert_eq!(request.operation, Operation::Insert);
        assert_eq!(request.resource[0].module, "Leads");
        assert_eq!(request.resource[0].field_mappings.len(), 3);
        assert_eq!(request.resource[0].field_mappings[2].index, Some(2));
        assert_eq!(request.callback.unwrap().url, "https://www.zoho.com/");
    }
}

/// What replaces a part of the usual body, and the error that comes of it.
fn check(from: &str, to: &str, code: ErrorCode, message: &str, details: Value) {
    assert!(USUAL.contains(from), "{from}");
    let error = newest(&USUAL.replacen(from, to, 1)).unwrap_err();
    assert_eq!((error.code, error.message.as_str()), (code, message), "{to}");
    assert_eq!(Value::Object(error.details), details, "{to}");
}

#[test]
fn missing_keys_are_told_by_their_place_alone() {
    let check = |from: &str, to: &str, key: &str, path: &str| {
        let message = format!("required key {key} is not found in request body.");
        check(from, to, ErrorCode::MissingRequiredKey, &message, json!({ "json_path": path }));
    };
    check("\"operation\":\"insert\",", "", "operation", "$.operation");
    check("\"insert\"", "null", "operation", "$.operation");
    check("\"resource\"", "\"resources\"", "resource", "$.resource");
    check("\"type\":\"data\",", "", "type", "$.resource[0].type");
    check("\"module\":{\"api_name\":\"Leads\"},", "", "module", "$.resource[0].module");
    check("{\"api_name\":\"Leads\"}", "{}", "api_name", "$.resource[0].module.api_name");
    check("\"file_id\":\"4150868000005350001\",", "", "file_id", "$.resource[0].file_id");
    check("\"api_name\":\"Mobile\",", "", "api_name", "$.resource[0].field_mappings[1].api_name");
    check("\"url\":\"https://www.zoho.com/\",", "", "url", "$.callback.url");
}

#[test]
fn values_of_a_wrong_type_are_told_with_what_is_expected() {
    let check = |from: &str, to: &str, key: &str, expected: &str, path: &str| {
        let message = format!("invalid data for {key}: expected {expected}");
        check(from, to, ErrorCode::InvalidData, &message, json!({ "api_name": key, "json_path": path }));
    };
    check("insert", "insret", "operation", "one of insert, update and upsert", "$.operation");
    check("insert", "INSERT", "operation", "one of insert, update and upsert", "$.operation");
    check("\"insert\"", "7", "operation", "a string", "$.operation");
    check(":true", ":\"yes\"", "ignore_empty", "a boolean", "$.ignore_empty");
    check("{\"url\":\"https://www.zoho.com/\",\"method\":\"post\"}", "\"x\"", "callback", "an object", "$.callback");
    check("\"post\"", "1", "method", "a string", "$.callback.method");
    check("\"https://www.zoho.com/\"", "[]", "url", "a string", "$.callback.url");
    check("\"data\"", "\"file\"", "type", "data", "$.resource[0].type");
    check("{\"api_name\":\"Leads\"}", "7", "module", "an object with the key api_name", "$.resource[0].module");
    check("\"4150868000005350001\"", "true", "file_id", "a string", "$.resource[0].file_id");
    let mappings = "$.resource[0].field_mappings";
    check(
        "{\"api_name\":\"Mobile\",\"index\":1}",
        "\"Mobile\"",
        "field_mappings",
        "an array of objects",
        "$.resource[0].field_mappings",
    );
    for index in ["\"1\"", "1.5", "1e30", "{}"] {
        let to = format!("\"index\":{index}");
        check("\"index\":1", &to, "index", "an integer", &format!("{mappings}[1].index"));
    }
    check("\"index\":1", "\"format\":1", "format", "a string", &format!("{mappings}[1].format"));
    check("\"index\":1", "\"find_by\":{}", "find_by", "a string", &format!("{mappings}[1].find_by"));
    check("\"index\":1", "\"module\":1", "module", "a string", &format!("{mappings}[1].module"));
    check(
        "\"index\":1",
        "\"default_value\":\"x\"",
        "default_value",
        "an object",
        &format!("{mappings}[1].default_value"),
    );
    check(
        "\"index\":1",
        "\"parent_column_index\":\"0\"",
        "parent_column_index",
        "an integer",
        &format!("{mappings}[1].parent_column_index"),
    );
}

#[test]
fn what_is_over_a_bound_of_the_schema_is_told_with_the_bound() {
    let many = |count: usize, item: &str| vec![item; count].join(",");
    let check = |from: &str, to: &str, key: &str, expected: &str, path: &str| {
        let message = format!("invalid data for {key}: expected {expected}");
        check(from, to, ErrorCode::InvalidData, &message, json!({ "api_name": key, "json_path": path }));
    };
    let resources = format!("\"resource\":[{},{{", many(100, "{}"));
    check("\"resource\":[{", &resources, "resource", "an array of at most 100 objects", "$.resource");
    check("\"resource\":[", "\"resource\":[],\"x\":[", "resource", "an array with a resource in it", "$.resource");
    let mappings = format!("\"field_mappings\":[{},", many(498, "{}"));
    check(
        "\"field_mappings\":[",
        &mappings,
        "field_mappings",
        "an array of at most 500 objects",
        "$.resource[0].field_mappings",
    );
    let encoding = format!("\"character_encoding\":\"{}\",\"operation\"", "x".repeat(51));
    check(
        "\"operation\"",
        &encoding,
        "character_encoding",
        "a string of at most 50 characters",
        "$.character_encoding",
    );
    let names = format!("\"type\":\"data\",\"file_names\":[{}]", many(11, "\"a.csv\""));
    check("\"type\":\"data\"", &names, "file_names", "an array of at most 10 strings", "$.resource[0].file_names");
    let name = format!("\"type\":\"data\",\"file_names\":[\"{}\"]", "ü".repeat(256));
    check("\"type\":\"data\"", &name, "file_names", "names of at most 255 characters", "$.resource[0].file_names");
    check(
        "\"type\":\"data\"",
        "\"type\":\"data\",\"file_names\":\"a.csv\"",
        "file_names",
        "an array of strings",
        "$.resource[0].file_names",
    );
}

#[test]
fn what_is_at_a_bound_is_read() {
    let check = |from: &str, to: &str| {
        newest(&USUAL.replacen(from, to, 1)).unwrap_or_else(|error| panic!("{error:?}"));
    };
    check("\"operation\"", &format!("\"character_encoding\":\"{}\",\"operation\"", "ü".repeat(50)));
    let mappings = vec!["{\"api_name\":\"X\"}"; 497].join(",");
    check("\"field_mappings\":[", &format!("\"field_mappings\":[{mappings},"));
    check("\"type\"", &format!("\"file_names\":[{}],\"type\"", vec![format!("\"{}\"", "ü".repeat(255)); 10].join(",")));
    check("\"4150868000005350001\"", &format!("\"{}\"", "4".repeat(100)));
}

#[test]
fn a_file_id_is_digits() {
    for id in ["\"x1\"", "\"\"", "-5", "1.5", &format!("\"{}\"", "4".repeat(101)), "\"+5\""] {
        let details = json!({ "api_name": "file_id", "json_path": "$.resource[0].file_id" });
        check("\"4150868000005350001\"", id, ErrorCode::InvalidFileId, "improper file id", details);
    }
}

#[test]
fn the_only_callback_method_is_named() {
    for method in ["get", "put", ""] {
        let details = json!({ "supported_callback_methods": ["post"] });
        let to = format!("\"{method}\"");
        check("\"post\"", &to, ErrorCode::InvalidCallbackMethod, "Invalid callback method provided", details);
    }
    let request = newest(&USUAL.replacen("\"post\"", "\"POST\"", 1)).unwrap();
    assert_eq!(request.callback.unwrap().method, "POST");
}

#[test]
fn a_parents_column_excludes_find_by() {
    let path = "$.resource[0].field_mappings[1].parent_column_index";
    let details = || json!({ "api_name": "parent_column_index", "json_path": path });
    check(
        "\"index\":1",
        "\"parent_column_index\":0,\"find_by\":\"id\"",
        ErrorCode::CoexistenceNotAllowed,
        "find_by and parent_column_index cannot be given together",
        details(),
    );
    check(
        "\"index\":1",
        "\"parent_column_index\":-1",
        ErrorCode::ColumnIndexNotFound,
        "parent_column_index is -1, and columns are counted from 0",
        details(),
    );
}

#[test]
fn a_job_of_several_files_is_read_whole_before_anything_is_said_of_it() {
    let family = newest(FAMILY).unwrap();
    assert_eq!(family.resource[0].file_names, ["parent.csv"]);
    assert_eq!(family.resource[1].field_mappings[0].parent_column_index, Some(0));
    let check = |from: &str, to: &str, code: ErrorCode, path: &str| {
        let error = newest(&FAMILY.replacen(from, to, 1)).unwrap_err();
        assert_eq!((error.code, error.details["json_path"].as_str()), (code, Some(path)), "{to}");
    };
    let missing = ErrorCode::MissingRequiredKey;
    check("\"file_names\":[\"parent.csv\"],", "", missing, "$.resource[0].file_names");
    check("\"file_names\":[\"child.csv\"],", "", missing, "$.resource[1].file_names");
    check("\"parent_column_index\":0,", "", ErrorCode::ParentColumnIndexMissing, "$.resource[1].field_mappings");
    check("\"index\":1", "\"index\":true", ErrorCode::InvalidData, "$.resource[1].field_mappings[0].index");
}

#[test]
fn keys_of_later_versions_are_passed_over() {
    let body = FAMILY.replacen("\"parent_column_index\":0", "\"parent_column_index\":\"x\"", 1);
    for version in Version::ALL {
        let read = request(body.as_bytes(), version);
        if version.has(Difference::SeveralFiles) {
            assert_eq!(read.unwrap_err().code, ErrorCode::InvalidData, "{version}");
        } else {
            let resource = &read.unwrap().resource[1];
            assert_eq!((resource.file_names.len(), resource.field_mappings[0].parent_column_index), (0, None));
        }
    }
}

#[test]
fn what_is_no_object_is_refused() {
    let check = |body: &str| assert_eq!(newest(body).unwrap_err().code, ErrorCode::InvalidRequest, "{body}");
    check("");
    check("[]");
    check("null");
    check("\"insert\"");
    check("{\"operation\":");
    check("operation=insert");
    check(&"[".repeat(100_000));
    assert_eq!(request(b"\xff\xfe{}", Version::V8).unwrap_err().code, ErrorCode::InvalidRequest);
    let error = newest(&USUAL.replacen("{\"api_name\":\"Leads\"}", "\"Leads\"x", 1)).unwrap_err();
    assert_eq!(error.message, "the request body is not valid JSON: line 2 column 52");
    assert_eq!(Value::Object(error.details), json!({ "line": 2, "column": 52 }));
}

#[test]
fn plain_modules_and_bare_ids_are_read_too() {
    let body = USUAL
        .replace("{\"api_name\":\"Leads\"}", "\"Leads\"")
        .replace("\"4150868000005350001\"", "4150868000005350001");
    let request = newest(&body).unwrap();
    assert_eq!(request.resource[0].module, "Leads");
    assert_eq!(request.resource[0].file_id, "4150868000005350001");
}
