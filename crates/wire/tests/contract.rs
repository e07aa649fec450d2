//! The files of `contract/` beside the tables: nothing that can be answered is without an exchange.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails where it stands")]

use std::collections::HashSet;
use std::fs;
use std::path::PathBuf;

use bulkwright_wire::error::{ErrorCode, Evidence, NEVER_PRODUCED, ReceivedError, SUCCESSIONS};
use bulkwright_wire::exchange::Exchange;
use bulkwright_wire::version::{Difference, Version};

/// Every file of `contract/` by its path.
fn exchanges() -> Vec<(String, Exchange)> {
    let contract = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../contract"));
    let directories = fs::read_dir(&contract).unwrap().map(|entry| entry.unwrap().path()).filter(|path| path.is_dir());
    let files = directories.flat_map(|path| fs::read_dir(path).unwrap()).map(|entry| entry.unwrap().path());
    let read = |path: PathBuf| {
        let name = path.strip_prefix(&contract).unwrap().display().to_string();
        (name, Exchange::parse(&fs::read_to_string(path).unwrap()).unwrap())
    };
    files.map(read).collect()
}

/// The errors that are shown, with the version of each exchange that shows it.
fn shown() -> HashSet<(ErrorCode, Version)> {
    let mut shown = HashSet::new();
    for (file, exchange) in exchanges() {
        let Some(error) = ReceivedError::parse(exchange.response.body_text().as_bytes()) else { continue };
        let Some(code) = ErrorCode::recognised(&error.code, &error.message) else { continue };
        assert_eq!(exchange.response.status, code.row().http, "{file}");
        shown.extend(exchange.versions.iter().map(|&version| (code, version)));
    }
    shown
}

/// Errors of extensions of our own, which the API has not: their own tests show them.
const OF_EXTENSIONS: [ErrorCode; 4] = [
    ErrorCode::HttpsRequired,
    ErrorCode::InvalidIdempotencyKey,
    ErrorCode::IdempotencyKeyReused,
    ErrorCode::IdempotencyKeyInUse,
];

/// Whether a version knows what is wrong at all: a key that it passes over cannot be.
fn is_asked_in(code: ErrorCode, version: Version) -> bool {
    match code {
        ErrorCode::ParentColumnIndexMissing | ErrorCode::CoexistenceNotAllowed => version.has(Difference::SeveralFiles),
        // Only ever what another one is called in earlier versions.
        ErrorCode::FileTooLarge => ErrorCode::ImportFileTooLarge.in_version(version) == code,
        ErrorCode::RequiredParamMissing => version.has(Difference::FieldsDemanded),
        _ => true,
    }
}

#[test]
fn every_error_of_the_table_is_shown_in_every_version_that_has_it() {
    let shown = shown();
    let mut missing = Vec::new();
    for &code in ErrorCode::ALL.iter().filter(|code| !OF_EXTENSIONS.contains(code)) {
        for version in Version::ALL.into_iter().filter(|version| is_asked_in(code, *version)) {
            if !shown.contains(&(code.in_version(version), version)) {
                missing.push(format!("{code:?} in {version}"));
            }
        }
    }
    assert_eq!(missing, Vec::<String>::new());
}

#[test]
fn no_exchange_shows_a_code_in_a_version_that_does_not_have_it() {
    for (code, version) in shown() {
        assert_eq!(code.in_version(version), code, "{version}");
    }
}

/// The file that shows what stands in the place of a younger code, as its name begins.
fn file_of(code: ErrorCode) -> String {
    match code {
        ErrorCode::NotSupportedFeature => "upload/feature-not-supported".to_owned(),
        ErrorCode::ImportFileTooLarge => "upload/file-too-large".to_owned(),
        code => format!("create/{}", code.row().code.to_lowercase().replace('_', "-")),
    }
}

#[test]
fn what_stands_before_a_younger_code_is_shown_with_how_sure_that_is() {
    for row in SUCCESSIONS {
        let begins = file_of(row.code);
        let shown = exchanges().into_iter().filter(|(file, _)| file.starts_with(&begins));
        let older = shown.filter(|(_, exchange)| exchange.versions.iter().all(|version| *version < row.since));
        let evidence: Vec<Evidence> = older.map(|(_, exchange)| exchange.evidence).collect();
        assert_eq!(evidence, [row.evidence_before], "{begins}");
    }
}

/// The errors that the API's sources name, by code and the beginning of the text where one is known (contract 1.6 and
/// section 2, in its order).
const NAMED: &[(&str, &str)] = &[
    ("INVALID_URL_PATTERN", "Please check if the URL trying to access is a correct one"),
    ("INVALID_REQUEST_METHOD", "The http request method type is not a valid one"),
    ("AUTHENTICATION_FAILURE", "Authentication failed"),
    ("INVALID_TOKEN", "invalid oauth token"),
    ("OAUTH_SCOPE_MISMATCH", "invalid oauth scope to access this URL"),
    ("NO_PERMISSION", ""),
    ("AUTHORIZATION_FAILED", ""),
    ("INTERNAL_ERROR", "Internal Server Error"),
    ("TOO_MANY_REQUESTS", ""),
    ("BAD_REQUEST", ""),
    ("LIMIT_REACHED", ""),
    ("NOT_ALLOWED", ""),
    ("ALREADY_USED", ""),
    ("Not Modified", ""),
    ("INTERNAL_SERVER_ERROR", ""),
    ("INVALID_FILE_FORMAT", "invalid file format. only zip format is supported"),
    ("FILE_TOO_LARGE", "File size too large to process"),
    ("INVALID_DATA", "Import file size should be less than 25 mb."),
    ("INVALID_DATA", "Invalid data - x-crm-org"),
    ("MANDATORY_NOT_FOUND", "Required key x-crm-org is not available"),
    ("MANDATORY_NOT_FOUND", "Required key feature is not available"),
    ("NOT_SUPPORTED_FEATURE", "Feature is not supported"),
    ("FORBIDDEN", "Link not valid"),
    ("MANDATORY_FIELDS_NOT_MAPPED", "All mandatory fields are not mapped for the layout"),
    ("MANDATORY_NOT_FOUND", "Required key find_by is not available"),
    ("MANDATORY_NOT_FOUND", "Required key parent_column_index is not available"),
    ("MISSING_REQUIRED_KEY", "required key operation is not found in request body."),
    ("MISSING_REQUIRED_KEY", "required key index for field Company is not found in request body."),
    ("INVALID_FIELD", "invalid mapping. invalid api_name ast_Name."),
    ("INVALID_FIELD_NAME", ""),
    ("INVALID_FORMAT", ""),
    ("INVALID_FILE_ID", "improper file id"),
    ("FILE_NOT_FOUND", ""),
    ("FILE_NOT_SUPPORTED", "File not supported for bulk write"),
    ("HEADER_LIMIT_EXCEEDED", ""),
    ("COLUMN_INDEX_NOT_FOUND", ""),
    ("MODULE_NOT_AVAILABLE", "Requested module 'asdf' is not available."),
    ("INVALID_CALLBACK_URL", "Invalid callback URL provided"),
    ("INVALID_CALLBACK_METHOD", ""),
    ("COEXISTENCE_NOT_ALLOWED", ""),
    ("INVALID_DATA", ""),
    ("INVALID_REQUEST", ""),
    ("REQUEST_BODY_NOT_SUPPORTED", ""),
    ("RESOURCE_NOT_FOUND", "The requested resource doesn't exist."),
    ("NOT_APPROVED", ""),
    ("BLOCKED_RECORD", ""),
    ("CANNOT_PROCESS", ""),
];

#[test]
fn every_error_that_the_sources_name_is_shown_or_never_produced() {
    let errors: Vec<ReceivedError> = exchanges()
        .iter()
        .filter_map(|(_, exchange)| ReceivedError::parse(exchange.response.body_text().as_bytes()))
        .collect();
    for (code, text) in NAMED {
        let is_shown = errors.iter().any(|error| error.code == *code && error.message.starts_with(text));
        let is_never = NEVER_PRODUCED.iter().any(|never| never.code == *code);
        assert!(is_shown != is_never, "{code} {text}: shown {is_shown}, never produced {is_never}");
    }
}

#[test]
fn exchanges_name_the_versions_of_their_paths_and_who_shows_them() {
    for (file, exchange) in exchanges() {
        let own = exchange.request.path.split('/').find_map(|segment| segment.parse::<Version>().ok());
        let is_held_to_it = own.is_none_or(|own| exchange.versions.is_empty() || exchange.versions.contains(&own));
        assert!(is_held_to_it, "{file}: {}", exchange.request.path);
        assert!(exchange.versions.is_sorted() && !exchange.source.is_empty() && !exchange.name.is_empty(), "{file}");
        // Headers are what only a recording has.
        assert!(exchange.response.headers.is_empty() || exchange.evidence == Evidence::Wire, "{file}");
    }
}

#[test]
fn texts_that_nobody_recorded_are_marked_as_ours() {
    for (file, exchange) in exchanges() {
        let Some(error) = ReceivedError::parse(exchange.response.body_text().as_bytes()) else { continue };
        let Some(code) = ErrorCode::recognised(&error.code, &error.message) else { continue };
        let is_ours = code.row().evidence == Evidence::Ours;
        let is_marked = exchange.evidence == Evidence::Ours || exchange.source.contains("ours");
        assert!(is_marked || !is_ours, "{file}: {}", exchange.source);
    }
}

/// But for a link that is not valid, whose body is of three other keys.
#[test]
fn every_error_of_an_exchange_has_details_that_are_an_object() {
    for (file, exchange) in exchanges() {
        let text = exchange.response.body_text();
        let Some(error) = ReceivedError::parse(text.as_bytes()) else { continue };
        if ErrorCode::recognised(&error.code, &error.message) == Some(ErrorCode::LinkNotValid) {
            continue;
        }
        let body: serde_json::Value = serde_json::from_str(&text).unwrap();
        assert!(body["details"].is_object(), "{file}");
    }
}
