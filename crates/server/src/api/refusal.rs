//! Why the engine refuses a resource, in the wire's words: one table (contract 2.5).

use bulkwright_engine::plan::Refusal as PlanRefusal;
use bulkwright_store::Error as StoreError;
use bulkwright_wire::error::{ErrorBody, ErrorCode};

use crate::reply::Refusal;

/// The answer to a create whose resource is refused. Texts that the vendor has are the vendor's; the engine's own
/// words go with all others.
pub(crate) fn of_plan(refusal: PlanRefusal) -> Refusal {
    use PlanRefusal as P;
    let own_words = refusal.to_string();
    let (code, message) = match &refusal {
        // The text names it: the documented details are empty.
        P::UnknownModule { module, .. } => {
            let message = format!("Requested module '{module}' is not available.");
            return ErrorBody::new(ErrorCode::ModuleNotAvailable, message).into();
        }
        P::FindByMissing { .. } | P::LookupFindByMissing { .. } => {
            return located(ErrorCode::FindByMissing.into(), &refusal);
        }
        P::UnknownField { api_name, .. } => {
            (ErrorCode::InvalidField, format!("invalid mapping. invalid api_name {api_name}."))
        }
        P::NoKnownHeader { .. } => (ErrorCode::InvalidFieldName, own_words),
        // Of this error alone the documented details are the place and nothing else.
        P::IndexMissing { api_name, path } => {
            let message = format!("required key index for field {api_name} is not found in request body.");
            return ErrorBody::new(ErrorCode::MissingRequiredKey, message).with("json_path", path.as_str()).into();
        }
        P::ColumnMissing { .. } => (ErrorCode::ColumnIndexNotFound, own_words),
        P::MandatoryNotMapped { api_names, .. } => {
            let text = ErrorCode::MandatoryFieldsNotMapped.row().message;
            (ErrorCode::MandatoryFieldsNotMapped, format!("{text} [{}]", api_names.join(", ")))
        }
        P::TooManyHeaderColumns { .. } | P::TooManyMappings { .. } => (ErrorCode::HeaderLimitExceeded, own_words),
        P::FileNotSupported { reason } => {
            let error = ErrorBody::from(ErrorCode::FileNotSupported).with("reason", reason.as_str());
            return error.into();
        }
        P::FormatNotSupported { format, .. } => {
            return located(
                ErrorBody::new(ErrorCode::InvalidFormat, own_words).with("format", format.as_str()),
                &refusal,
            );
        }
        P::FindByUnusable { .. }
        | P::FindByNotMapped { .. }
        | P::MappedTwice { .. }
        | P::ReadOnly { .. }
        | P::TypeNotSupported { .. }
        | P::KeyNotSupported { .. }
        | P::LookupFindByUnusable { .. }
        | P::LookupModuleMissing { .. }
        | P::NoSuchTarget { .. }
        | P::NoSuchLayout { .. }
        | P::DefaultUnfit { .. }
        | P::UnknownCharset { .. }
        | P::CharsetContradicted { .. } => (ErrorCode::InvalidData, own_words),
        P::Unreadable(_) => {
            return StoreError::Failed { doing: "reading an upload", source: Box::new(refusal) }.into();
        }
    };
    located(ErrorBody::new(code, message), &refusal)
}

/// With the key that is at fault and where it stands.
fn located(error: ErrorBody, refusal: &PlanRefusal) -> Refusal {
    let Some(path) = refusal.path() else { return error.into() };
    let key = path.rsplit('.').next().unwrap_or(path);
    error.with("api_name", key).with("json_path", path).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refusals_have_the_vendors_codes_and_texts() {
        let check = |refusal: PlanRefusal, expected: &str| {
            let Refusal::Error(error) = of_plan(refusal) else { panic!("{expected}") };
            let body = String::from_utf8(error.to_bytes()).unwrap();
            assert!(body.contains(expected), "{body} lacks {expected}");
        };
        let path = || "$.resource[0].field_mappings[1].api_name".to_owned();
        check(
            PlanRefusal::UnknownModule { module: "asdf".into(), path: "$.resource[0].module".into() },
            r#""code":"MODULE_NOT_AVAILABLE","message":"Requested module 'asdf' is not available.","details":{}"#,
        );
        check(
            PlanRefusal::UnknownField { api_name: "ast_Name".into(), path: path() },
            r#""code":"INVALID_FIELD","message":"invalid mapping. invalid api_name ast_Name.""#,
        );
        check(
            PlanRefusal::IndexMissing { api_name: "Company".into(), path: path() },
            r#""message":"required key index for field Company is not found in request body.","details":{"json_path":"$.resource[0].field_mappings[1].api_name"}"#,
        );
        check(
            PlanRefusal::FormatNotSupported { api_name: "Day".into(), format: "yyyy/MM/dd".into(), path: path() },
            r#""code":"INVALID_FORMAT","message":"`format` is not supported for Day yet; leave it out","details":{"format":"yyyy/MM/dd","#,
        );
        check(
            PlanRefusal::MandatoryNotMapped { api_names: vec!["Last_Name".into()], path: path() },
            r#""message":"All mandatory fields are not mapped for the layout [Last_Name]""#,
        );
        check(
            PlanRefusal::FindByMissing { path: "$.resource[0].find_by".into() },
            r#""message":"Required key find_by is not available","details":{"api_name":"find_by","json_path":"$.resource[0].find_by"}"#,
        );
        check(
            PlanRefusal::MappedTwice { api_name: "Email".into(), columns: Some([0, 4]), path: path() },
            r#""code":"INVALID_DATA","message":"Email is mapped twice, by columns 1 and 5","details":{"api_name":"api_name","json_path":"$.resource[0].field_mappings[1].api_name"}"#,
        );
        check(
            PlanRefusal::FileNotSupported { reason: "two CSV files".into() },
            r#""code":"FILE_NOT_SUPPORTED","message":"File not supported for bulk write","details":{"reason":"two CSV files"}"#,
        );
    }
}
