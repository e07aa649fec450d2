//! Which error a version answers where the one that fits best is younger than the version (contract section 9).
//!
//! A fault is found once and told by its newest code; [`ErrorBody::in_version`] turns it into what the version knows. A code
//! that a version does not list is never sent in it: the nearest one that it lists stands there, which is INVALID_DATA
//! where none is nearer. The place in `details` stays: every SDK reads them as a map of anything.

use super::{ErrorBody, ErrorCode, Evidence};
use crate::version::Version;

/// One row of the table.
#[derive(Clone, Copy, Debug)]
pub struct Succession {
    /// The error.
    pub code: ErrorCode,
    /// The first version that has it.
    pub since: Version,
    /// How sure that is.
    pub evidence: Evidence,
    /// What earlier versions answer in its place. That is ours unless `evidence_before` says more.
    pub before: ErrorCode,
    /// How sure that is.
    pub evidence_before: Evidence,
}

/// Every error that not all versions have (contract 2.4, 2.5, section 9; 12, row 7).
pub const SUCCESSIONS: &[Succession] = &[
    row(ErrorCode::CoexistenceNotAllowed, Version::V6, Evidence::Source, ErrorCode::InvalidData, Evidence::Ours),
    row(ErrorCode::InvalidCallbackMethod, Version::V6, Evidence::Source, ErrorCode::InvalidData, Evidence::Ours),
    row(ErrorCode::InvalidCallbackUrl, Version::V8, Evidence::Source, ErrorCode::InvalidData, Evidence::Ours),
    row(ErrorCode::InvalidRequest, Version::V8, Evidence::Source, ErrorCode::InvalidData, Evidence::Ours),
    row(ErrorCode::RequestBodyNotSupported, Version::V8, Evidence::Source, ErrorCode::InvalidData, Evidence::Ours),
    row(ErrorCode::FileNotFound, Version::V8, Evidence::Source, ErrorCode::InvalidFileId, Evidence::Ours),
    row(ErrorCode::NotSupportedFeature, Version::V8, Evidence::Source, ErrorCode::InvalidData, Evidence::Ours),
    row(ErrorCode::ImportFileTooLarge, Version::V8, Evidence::Source, ErrorCode::FileTooLarge, Evidence::Docs),
];

const fn row(
    code: ErrorCode,
    since: Version,
    evidence: Evidence,
    before: ErrorCode,
    evidence_before: Evidence,
) -> Succession {
    Succession { code, since, evidence, before, evidence_before }
}

impl ErrorCode {
    /// What a version answers where this is the newest code for what is wrong.
    pub fn in_version(self, version: Version) -> ErrorCode {
        let younger = SUCCESSIONS.iter().find(|row| row.code == self && version < row.since);
        younger.map_or(self, |row| row.before)
    }
}

impl ErrorBody {
    /// The error as a version answers it. INVALID_DATA has texts of its own, so that what was wrong is still told; any other
    /// code comes with its own text.
    #[must_use]
    pub fn in_version(self, version: Version) -> ErrorBody {
        let code = self.code.in_version(version);
        match code {
            _ if code == self.code => self,
            ErrorCode::InvalidData => ErrorBody { code, ..self },
            _ => ErrorBody { code, message: code.row().message.to_owned(), ..self },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_version_answers_with_a_code_that_it_does_not_have() {
        for &code in ErrorCode::ALL {
            for version in Version::ALL {
                let answered = code.in_version(version);
                assert_eq!(answered.in_version(version), answered, "{code:?} in {version}");
            }
        }
        for row in SUCCESSIONS {
            assert_eq!(row.code.in_version(Version::V8), row.code);
            assert_eq!(row.code.in_version(Version::V5), row.before);
        }
    }

    #[test]
    fn older_codes_keep_what_is_known_of_the_fault() {
        let check = |body: ErrorBody, version, expected: &str| {
            assert_eq!(String::from_utf8(body.in_version(version).to_bytes()).unwrap(), expected);
        };
        let at = |code: ErrorCode| ErrorBody::from(code).with("json_path", "$.resource[0].file_id");
        check(
            at(ErrorCode::FileNotFound),
            Version::V7,
            r#"{"status":"error","code":"INVALID_FILE_ID","message":"improper file id","details":{"json_path":"$.resource[0].file_id"}}"#,
        );
        check(
            ErrorBody::new(ErrorCode::InvalidRequest, "line 2 column 52"),
            Version::V2,
            r#"{"status":"error","code":"INVALID_DATA","message":"line 2 column 52","details":{}}"#,
        );
        check(
            at(ErrorCode::InvalidData),
            Version::V2,
            r#"{"status":"error","code":"INVALID_DATA","message":"invalid data","details":{"json_path":"$.resource[0].file_id"}}"#,
        );
    }

    #[test]
    fn the_size_of_an_upload_has_another_status_before_v8() {
        let http = |version| ErrorCode::ImportFileTooLarge.in_version(version).row().http;
        assert_eq!((http(Version::V7), http(Version::V8)), (413, 400));
    }
}
