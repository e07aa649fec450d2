//! What to do next, by code: for errors of the API and for rows that were not written.

use std::borrow::Cow;

use bulkwright_client::api_words::explain::explanation;
use bulkwright_client::load::RowFault;
use bulkwright_client::{ClientError, InputProblem, TlsProblem};

/// What to do about an error; empty if its own text says it.
pub(crate) fn for_client_error(error: &ClientError) -> String {
    match error {
        ClientError::Refused { refusal, .. } => return for_refusal(&refusal.error.code),
        ClientError::NoAnswer { .. } if let Some(advice) = error.tls_problem().and_then(for_tls) => advice,
        ClientError::NoAnswer { .. } => "check that the server runs and that the address is right, then try again",
        ClientError::NotTheApi { .. } => "check the address: a proxy or another program seems to answer there",
        ClientError::Throttled { .. } => "try again later",
        ClientError::NoToken { .. } => {
            "give --token-file with --base-url, --credentials or the variable BULKWRIGHT_TOKEN; `bulkwright token create` makes a \
             token of a server of your own"
        }
        ClientError::ForeignHost { .. } => "start the server with --public-url set to the address that clients use",
        ClientError::Input(problem) => for_input(problem),
        ClientError::BadAddress { .. } | ClientError::BadCredentials { .. } => "",
        ClientError::BadCaCert { .. } => "give --ca-cert a PEM file with the certificate of the authority",
        ClientError::BadResult { .. } => "look at the job with `bulkwright job show`",
        ClientError::Disk(_) => "check the disk and the rights on the file",
    }
    .to_owned()
}

/// What to do about a code; where no more is to be said in a line, where more is said.
pub(crate) fn for_refusal(code: &str) -> String {
    match for_code(code) {
        "" if explanation(code).is_some() => format!("`bulkwright explain {code}` tells what usually causes it"),
        advice => advice.to_owned(),
    }
}

fn for_tls(problem: TlsProblem) -> Option<&'static str> {
    match problem {
        TlsProblem::Untrusted => {
            Some("give --ca-cert (or SSL_CERT_FILE) the certificate of the authority that has signed the server's")
        }
        TlsProblem::OtherName => Some("use a name in the address that the server's certificate is for"),
        TlsProblem::OutOfTime => Some("check this machine's clock, or renew the server's certificate"),
        TlsProblem::NotTls => {
            Some("plain HTTP seems to be spoken there; write http:// in the address if that is meant")
        }
        TlsProblem::Other => None,
    }
}

fn for_input(problem: &InputProblem) -> &'static str {
    match problem {
        InputProblem::Missing(_) => "check the name, or give the full path",
        InputProblem::NotCsv { .. } => "save the table as CSV in UTF-8 and load that file",
        InputProblem::NoKnownHeader { .. } => {
            "name the columns by fields of the module, or say which is which with --map COLUMN=FIELD"
        }
        InputProblem::Option { .. } => "see `bulkwright load --help`; --verbose shows which column becomes which field",
        InputProblem::NoModule { .. } => "give one of them with --module",
        InputProblem::Folder(_)
        | InputProblem::Empty(_)
        | InputProblem::Charset { .. }
        | InputProblem::Key { .. }
        | InputProblem::Twice { .. }
        | InputProblem::TooManyColumns { .. } => "",
    }
}

/// What to do about an error code of the API.
fn for_code(code: &str) -> &'static str {
    match code {
        "INVALID_TOKEN" => "the token is unknown or has expired (an hour after it was made); get a new one",
        "AUTHENTICATION_FAILURE" => "no usable token was sent; give --token-file or the variable BULKWRIGHT_TOKEN",
        "OAUTH_SCOPE_MISMATCH" => {
            "the token lacks a scope; bulk work needs ZohoFiles.files.ALL, ZohoCRM.bulk.ALL, ZohoCRM.modules.ALL, \
             ZohoCRM.settings.ALL, ZohoCRM.org.READ and ZohoCRM.users.READ"
        }
        "NO_PERMISSION" | "AUTHORIZATION_FAILED" => "the user of the token may not do this; ask an administrator",
        "RESOURCE_NOT_FOUND" => "check the job's id and that the token is of the organisation the job belongs to",
        "INVALID_URL_PATTERN" => "check the base URL: it is the scheme, the host and the port alone",
        "INVALID_REQUEST_METHOD" => "the address takes another method; check the base URL",
        "INVALID_MODULE" | "MODULE_NOT_AVAILABLE" => "check the module's name",
        "HTTPS_REQUIRED" => "write https:// in the address",
        "TOO_MANY_REQUESTS" => "the organisation's requests are used up for now; try again later",
        "MANDATORY_FIELDS_NOT_MAPPED" => "add the columns that are named in brackets to the file",
        "INTERNAL_ERROR" | "SERVICE_UNAVAILABLE" => "the server failed; try again later",
        "FORBIDDEN" => "the link has expired; results are kept for 7 days",
        _ => "",
    }
}

/// What to do about a row that was not written.
pub(crate) fn for_row(fault: &RowFault) -> Cow<'_, str> {
    match &fault.format {
        Some(format) if fault.code == "INVALID_DATA" => format!("write it as {format}").into(),
        _ => by_type(fault).into(),
    }
}

fn by_type(fault: &RowFault) -> &str {
    match (fault.code.as_str(), fault.data_type.as_str()) {
        ("MANDATORY_NOT_FOUND", _) => "fill the cell",
        ("INVALID_DATA", "email") => "write an address like name@example.com",
        ("INVALID_DATA", "date") => "write a date like 2026-11-30 or 11/30/2026",
        ("INVALID_DATA", "datetime") => "write a time like 2026-11-30T12:00:00+00:00",
        ("INVALID_DATA", "integer" | "bigint") => "write a whole number like 1200",
        ("INVALID_DATA", "double" | "currency" | "percent") => "write a number like 1200.50",
        ("INVALID_DATA", "phone") => "write a number like +1 555 010 4477",
        ("INVALID_DATA", "website") => "write an address like www.example.com",
        ("INVALID_DATA", "boolean") => "write true or false",
        ("INVALID_DATA", "lookup") => {
            "no record, or more than one, has this value; load that record first, or correct it"
        }
        ("INVALID_DATA", "ownerlookup" | "userlookup") => "write a user's id or e-mail address",
        ("INVALID_DATA", "text" | "textarea") => "the text is too long; shorten it",
        ("INVALID_DATA", "") if !fault.reason.is_empty() => &fault.reason,
        ("INVALID_DATA", _) => "write a value that fits the field",
        ("DUPLICATE_DATA", _) => "a record with this value exists; drop the row, or load with --op upsert and --key",
        ("RESOURCE_NOT_FOUND", _) => "no record has this value; correct it, or load with --op upsert",
        _ => &fault.reason,
    }
}
