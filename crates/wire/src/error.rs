//! The error table: code, status, layer, text and evidence, once (contract section 2).
//!
//! Two shapes are on the wire. The gateway writes `code, details, message, status` and one line feed; the application
//! writes `status, code, message, details`. The layer says which, and which headers go with it.

mod never;
mod succession;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::header::Layer;

pub use never::{NEVER_PRODUCED, NeverProduced};
pub use succession::{SUCCESSIONS, Succession};

/// How sure an entry is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Evidence {
    /// Seen on the wire.
    Wire,
    /// The vendor's machine-readable source.
    Source,
    /// The vendor's prose.
    Docs,
    /// Nobody recorded the text: it is ours, in the vendor's tone.
    Ours,
}

/// One row of the table.
#[derive(Clone, Copy, Debug)]
pub struct ErrorRow {
    /// The code on the wire.
    pub code: &'static str,
    /// The HTTP status.
    pub http: u16,
    /// Who answers: shape and headers follow.
    pub layer: Layer,
    /// The text, where the error says nothing of its own.
    pub message: &'static str,
    /// How sure the text is.
    pub evidence: Evidence,
}

macro_rules! error_table {
    ($($(#[$doc:meta])* $name:ident = $code:literal, $http:literal, $layer:ident, $evidence:ident, $message:literal;)*) => {
        /// An error that an answer can be.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum ErrorCode {$(
            $(#[$doc])*
            $name,
        )*}

        impl ErrorCode {
            /// Every error, in the table's order.
            pub const ALL: &[ErrorCode] = &[$(ErrorCode::$name),*];

            /// Its row of the table.
            pub const fn row(self) -> ErrorRow {
                match self {$(
                    ErrorCode::$name => ErrorRow {
                        code: $code, http: $http, layer: Layer::$layer, message: $message, evidence: Evidence::$evidence,
                    },
                )*}
            }
        }
    };
}

error_table! {
    /// No such path.
    InvalidUrlPattern = "INVALID_URL_PATTERN", 404, Gateway, Wire, "Please check if the URL trying to access is a correct one";
    /// The path takes another method.
    InvalidRequestMethod = "INVALID_REQUEST_METHOD", 400, Gateway, Wire, "The http request method type is not a valid one";
    /// No token was presented.
    AuthenticationFailure = "AUTHENTICATION_FAILURE", 401, Access, Wire, "Authentication failed";
    /// The token is unknown, expired or revoked.
    InvalidToken = "INVALID_TOKEN", 401, Access, Source, "invalid oauth token";
    /// The token does not open this.
    OauthScopeMismatch = "OAUTH_SCOPE_MISMATCH", 401, Access, Wire, "invalid oauth scope to access this URL";
    /// The organisation has used its credits of 24 hours, or asks too much at the same time.
    TooManyRequests = "TOO_MANY_REQUESTS", 429, Access, Ours, "too many requests, please try again later";
    /// The client sent its request too slowly.
    RequestTimeout = "REQUEST_TIMEOUT", 408, Gateway, Ours, "The request did not arrive in time";
    /// A body that is no zip is over its bound.
    RequestTooLarge = "REQUEST_TOO_LARGE", 413, Gateway, Ours, "The request body is too large";
    /// The path and query are too long.
    UriTooLong = "URI_TOO_LONG", 414, Gateway, Ours, "The request URL is too long";
    /// Plain HTTP came to a port that speaks TLS.
    HttpsRequired = "HTTPS_REQUIRED", 400, Gateway, Ours, "This port speaks HTTPS: write https:// before the address";
    /// The server failed.
    InternalError = "INTERNAL_ERROR", 500, ApplicationError, Docs, "Internal Server Error";
    /// The server is ending or its store is not ready.
    ServiceUnavailable = "SERVICE_UNAVAILABLE", 503, ApplicationError, Ours, "The service is not available now, please try again";

    /// The upload is no zip.
    InvalidFileFormat = "INVALID_FILE_FORMAT", 400, ApplicationError, Source, "invalid file format. only zip format is supported";
    /// The upload is too large, through v7.
    FileTooLarge = "FILE_TOO_LARGE", 413, ApplicationError, Docs, "File size too large to process";
    /// The upload is too large, in v8.
    ImportFileTooLarge = "INVALID_DATA", 400, ApplicationError, Source, "Import file size should be less than 25 mb.";
    /// The X-CRM-ORG header names another organisation or none.
    InvalidOrgHeader = "INVALID_DATA", 400, ApplicationError, Source, "Invalid data - x-crm-org";
    /// There is no X-CRM-ORG header.
    OrgHeaderMissing = "MANDATORY_NOT_FOUND", 400, ApplicationError, Source, "Required key x-crm-org is not available";
    /// There is no feature header.
    FeatureHeaderMissing = "MANDATORY_NOT_FOUND", 400, ApplicationError, Source, "Required key feature is not available";
    /// The feature header names another feature.
    NotSupportedFeature = "NOT_SUPPORTED_FEATURE", 400, ApplicationError, Source, "Feature is not supported";
    /// The multipart body has no part called file.
    FilePartMissing = "MANDATORY_NOT_FOUND", 400, ApplicationError, Ours, "Required key file is not available";

    /// Mandatory fields of the layout are mapped nowhere; the list follows.
    MandatoryFieldsNotMapped = "MANDATORY_FIELDS_NOT_MAPPED", 400, ApplicationError, Wire, "All mandatory fields are not mapped for the layout";
    /// find_by is missing.
    FindByMissing = "MANDATORY_NOT_FOUND", 400, ApplicationError, Source, "Required key find_by is not available";
    /// A key of the body is missing.
    MissingRequiredKey = "MISSING_REQUIRED_KEY", 400, ApplicationError, Source, "required key is not found in request body.";
    /// No such field.
    InvalidField = "INVALID_FIELD", 400, ApplicationError, Source, "invalid mapping.";
    /// The header names no field.
    InvalidFieldName = "INVALID_FIELD_NAME", 400, ApplicationError, Source, "invalid mapping.";
    /// A pattern that cannot be read.
    InvalidFormat = "INVALID_FORMAT", 400, ApplicationError, Ours, "the format is not supported";
    /// The file_id is no id.
    InvalidFileId = "INVALID_FILE_ID", 400, ApplicationError, Source, "improper file id";
    /// No upload has that id.
    FileNotFound = "FILE_NOT_FOUND", 400, ApplicationError, Ours, "no file is available for the given file id";
    /// The zip holds nothing that can be imported.
    FileNotSupported = "FILE_NOT_SUPPORTED", 400, ApplicationError, Source, "File not supported for bulk write";
    /// Too many columns.
    HeaderLimitExceeded = "HEADER_LIMIT_EXCEEDED", 400, ApplicationError, Ours, "the number of columns exceeds the limit";
    /// The index names no column.
    ColumnIndexNotFound = "COLUMN_INDEX_NOT_FOUND", 400, ApplicationError, Ours, "the column index is not available in the file";
    /// No such module, or one that bulk write does not know.
    ModuleNotAvailable = "MODULE_NOT_AVAILABLE", 400, ApplicationError, Source, "Requested module is not available.";
    /// The callback's address is none, or one that may not be called.
    InvalidCallbackUrl = "INVALID_CALLBACK_URL", 400, ApplicationError, Source, "Invalid callback URL provided";
    /// The callback's method is not post.
    InvalidCallbackMethod = "INVALID_CALLBACK_METHOD", 400, ApplicationError, Ours, "Invalid callback method provided";
    /// Two keys that exclude each other.
    CoexistenceNotAllowed = "COEXISTENCE_NOT_ALLOWED", 400, ApplicationError, Ours, "these keys cannot be given together";
    /// parent_column_index is missing.
    ParentColumnIndexMissing = "MANDATORY_NOT_FOUND", 400, ApplicationError, Source, "Required key parent_column_index is not available";
    /// A value that does not fit its key.
    InvalidData = "INVALID_DATA", 400, ApplicationError, Ours, "invalid data";
    /// The body is no JSON object.
    InvalidRequest = "INVALID_REQUEST", 400, ApplicationError, Ours, "unable to parse the request body";
    /// A body of a type that is not read.
    RequestBodyNotSupported = "REQUEST_BODY_NOT_SUPPORTED", 400, ApplicationError, Ours, "the content type of the request body is not supported";

    /// The Idempotency-Key header is none.
    InvalidIdempotencyKey = "INVALID_IDEMPOTENCY_KEY", 400, ApplicationError, Ours, "Invalid data - idempotency-key: 1 to 255 visible ASCII characters, once";
    /// Another request was sent under the key before.
    IdempotencyKeyReused = "IDEMPOTENCY_KEY_REUSED", 400, ApplicationError, Ours, "The idempotency-key was given to a request with another content already";
    /// A request under the key is being answered.
    IdempotencyKeyInUse = "IDEMPOTENCY_KEY_IN_USE", 409, ApplicationError, Ours, "A request with this idempotency-key is still in progress, please try again";

    /// No such job, file or result.
    ResourceNotFound = "RESOURCE_NOT_FOUND", 400, ApplicationError, Wire, "The requested resource doesn't exist.";
    /// The result has outlived its time. Its shape is a third one, of three keys: the code is what `info` says.
    LinkNotValid = "FORBIDDEN", 403, ApplicationError, Source, "Link not valid";
    /// No such module when reading records or metadata.
    InvalidModule = "INVALID_MODULE", 400, ApplicationError, Docs, "the module name given seems to be invalid";
    /// No record has that id.
    RecordNotFound = "INVALID_DATA", 400, ApplicationError, Docs, "the related id given seems to be invalid";
    /// A parameter is missing.
    RequiredParamMissing = "REQUIRED_PARAM_MISSING", 400, ApplicationError, Docs, "One of the expected parameter is missing";
    /// A parameter's value does not fit.
    InvalidQuery = "INVALID_QUERY", 400, ApplicationError, Ours, "Invalid query formed";
}

impl ErrorCode {
    /// The row of the table that a received code and text belong to: of several with one code the one whose text it
    /// is, and else the one whose texts are of its own.
    pub fn recognised(code: &str, message: &str) -> Option<ErrorCode> {
        let mut of_code = ErrorCode::ALL.iter().copied().filter(|known| known.row().code == code);
        let by_text = of_code.clone().find(|known| message == known.row().message);
        let of_its_own = of_code.clone().find(|known| *known == ErrorCode::InvalidData);
        by_text.or(of_its_own).or_else(|| of_code.next())
    }
}

/// An error as it goes out.
#[derive(Clone, Debug, PartialEq)]
pub struct ErrorBody {
    /// Its row of the table.
    pub code: ErrorCode,
    /// The text; the table's unless the error says more.
    pub message: String,
    /// Always an object: SDKs take anything else for a success.
    pub details: Map<String, Value>,
    /// What the request very likely meant: for a header of ours ([`crate::header::HINT`]), never part of the body.
    pub hint: Option<Box<str>>,
}

impl From<ErrorCode> for ErrorBody {
    fn from(code: ErrorCode) -> Self {
        ErrorBody::new(code, code.row().message)
    }
}

impl ErrorBody {
    /// The error with a text of its own.
    pub fn new(code: ErrorCode, message: impl Into<String>) -> Self {
        ErrorBody { code, message: message.into(), details: Map::new(), hint: None }
    }

    /// With one more key in `details`.
    #[must_use]
    pub fn with(mut self, key: &str, value: impl Into<Value>) -> Self {
        self.details.insert(key.to_owned(), value.into());
        self
    }

    /// With what the request very likely meant, if that is known.
    #[must_use]
    pub fn with_hint(self, hint: Option<String>) -> Self {
        ErrorBody { hint: hint.map(String::into_boxed_str), ..self }
    }

    /// The bytes of the answer's body, in the layer's shape.
    pub fn to_bytes(&self) -> Vec<u8> {
        let row = self.code.row();
        if self.code == ErrorCode::LinkNotValid {
            return link_not_valid(&self.message, row.http);
        }
        let mut object = Map::new();
        let keys = match row.layer {
            Layer::Gateway | Layer::Access => ["code", "details", "message", "status"],
            Layer::ApplicationError | Layer::ApplicationSuccess => ["status", "code", "message", "details"],
        };
        for key in keys {
            object.insert(key.to_owned(), self.value_of(key, row));
        }
        let mut bytes = Value::Object(object).to_string().into_bytes();
        if matches!(row.layer, Layer::Gateway | Layer::Access) {
            bytes.push(b'\n');
        }
        bytes
    }

    fn value_of(&self, key: &str, row: ErrorRow) -> Value {
        match key {
            "code" => row.code.into(),
            "message" => self.message.clone().into(),
            "details" => self.details.clone().into(),
            _ => "error".into(),
        }
    }
}

/// What every SDK declares for a download that fails (contract 1.6).
fn link_not_valid(message: &str, http: u16) -> Vec<u8> {
    let status = http.to_string();
    let keys = [("x-info", message), ("info", "Forbidden"), ("http_status", status.as_str())];
    let object: Map<String, Value> = keys.into_iter().map(|(key, value)| (key.to_owned(), value.into())).collect();
    Value::Object(object).to_string().into_bytes()
}

/// An error as it came in: whoever sent it, in whatever order.
#[derive(Clone, Debug, PartialEq)]
pub struct ReceivedError {
    /// The code.
    pub code: String,
    /// The text; empty if there was none.
    pub message: String,
    /// The details; empty if they were missing or no object.
    pub details: Map<String, Value>,
}

impl ReceivedError {
    /// Reads an error of either shape; `None` if the body is none (a success, HTML, nothing). Two older shapes are read
    /// too, and their code is the word in capitals: that of an expired download link (`x-info`, `info`, `http_status`), and
    /// that of an upload with a wrong header (`x-error`, `ERROR_MESSAGE`, `ERROR_CODE`; the text differs by version).
    pub fn parse(body: &[u8]) -> Option<Self> {
        let Value::Object(object) = serde_json::from_slice(body).ok()? else { return None };
        let text = |key: &str| object.get(key).and_then(Value::as_str).map(str::to_owned);
        for (about, what) in [("x-info", "info"), ("x-error", "ERROR_MESSAGE")] {
            if let Some(message) = text(about) {
                let code = text(what).unwrap_or_default().to_uppercase().replace(' ', "_");
                return Some(ReceivedError { code, message, details: Map::new() });
            }
        }
        if text("status")?.eq_ignore_ascii_case("success") {
            return None;
        }
        let details = object.get("details").and_then(Value::as_object).cloned().unwrap_or_default();
        Some(ReceivedError { code: text("code")?, message: text("message").unwrap_or_default(), details })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gateway_errors_have_the_recorded_lengths() {
        let check = |code: ErrorCode, expected: usize| {
            assert_eq!(ErrorBody::from(code).to_bytes().len(), expected, "{code:?}");
        };
        check(ErrorCode::InvalidUrlPattern, 131);
        check(ErrorCode::InvalidRequestMethod, 124);
        check(ErrorCode::AuthenticationFailure, 98);
        check(ErrorCode::OauthScopeMismatch, 113);
        check(ErrorCode::InvalidToken, 87);
    }

    #[test]
    fn each_layer_has_its_key_order() {
        let text = |body: ErrorBody| String::from_utf8(body.to_bytes()).unwrap();
        assert_eq!(
            text(ErrorCode::ResourceNotFound.into()),
            r#"{"status":"error","code":"RESOURCE_NOT_FOUND","message":"The requested resource doesn't exist.","details":{}}"#
        );
        assert_eq!(
            text(ErrorCode::AuthenticationFailure.into()),
            "{\"code\":\"AUTHENTICATION_FAILURE\",\"details\":{},\"message\":\"Authentication failed\",\"status\":\"error\"}\n"
        );
    }

    #[test]
    fn what_goes_out_can_be_read_back() {
        for &code in ErrorCode::ALL {
            let sent = ErrorBody::from(code).with("json_path", "$.operation");
            let received = ReceivedError::parse(&sent.to_bytes()).unwrap();
            assert_eq!((received.code.as_str(), &received.message), (code.row().code, &sent.message));
            let has_details = code != ErrorCode::LinkNotValid;
            assert_eq!(received.details, if has_details { sent.details } else { Map::new() });
        }
    }

    #[test]
    fn what_was_received_is_found_in_the_table() {
        for &code in ErrorCode::ALL {
            assert_eq!(ErrorCode::recognised(code.row().code, code.row().message), Some(code));
        }
        let check = |code: &str, message: &str, expected| assert_eq!(ErrorCode::recognised(code, message), expected);
        check("INVALID_DATA", "Email is mapped twice", Some(ErrorCode::InvalidData));
        check("MISSING_REQUIRED_KEY", "required key operation is not found", Some(ErrorCode::MissingRequiredKey));
        check("NO_SUCH_CODE", "", None);
    }

    #[test]
    fn what_is_no_error_is_none_and_older_shapes_are_read() {
        let check = |body: &str| assert_eq!(ReceivedError::parse(body.as_bytes()), None, "{body}");
        check("");
        check("<html>502</html>");
        check(r#"{"status":"success","code":"SUCCESS","message":"success","details":{}}"#);
        check(r#"{"status":"COMPLETED","id":"1"}"#);
    }

    #[test]
    fn an_ended_link_has_the_keys_of_the_sdks() {
        let link = r#"{"x-info":"Link not valid","info":"Forbidden","http_status":"403"}"#;
        assert_eq!(ErrorBody::from(ErrorCode::LinkNotValid).to_bytes(), link.as_bytes());
        assert_eq!(ReceivedError::parse(link.as_bytes()).unwrap().code, "FORBIDDEN");
        for text in ["[feature:X-CRM-ORG]", "[feature, X-CRM-ORG]"] {
            let text = format!("check if headers {text} are present and valid");
            let body = format!(r#"{{"ERROR_CODE":400,"ERROR_MESSAGE":"Bad Request","x-error":"{text}"}}"#);
            let error = ReceivedError::parse(body.as_bytes()).unwrap();
            assert_eq!((error.code, error.message), ("BAD_REQUEST".to_owned(), text));
        }
    }
}
