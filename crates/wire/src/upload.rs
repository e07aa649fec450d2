//! The answer to an upload (contract 1.3).

use serde::{Deserialize, Serialize};

/// `{"status":"success","code":"FILE_UPLOAD_SUCCESS","message":"file uploaded.","details":{…}}`
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct UploadAnswer {
    /// `success`
    pub status: String,
    /// `FILE_UPLOAD_SUCCESS`
    pub code: String,
    /// `file uploaded.`
    pub message: String,
    /// What was made.
    pub details: UploadDetails,
}

/// What an upload made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct UploadDetails {
    /// Digits in int64 range.
    pub file_id: String,
    /// [`crate::time`].
    pub created_time: String,
}

impl UploadAnswer {
    /// The one success there is.
    pub fn success(file_id: String, created_time: String) -> Self {
        UploadAnswer {
            status: "success".to_owned(),
            code: "FILE_UPLOAD_SUCCESS".to_owned(),
            message: "file uploaded.".to_owned(),
            details: UploadDetails { file_id, created_time },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_answer_is_the_documented_one() {
        let answer = UploadAnswer::success("111111000001492610".into(), "2018-12-31T12:00:00-12:00".into());
        assert_eq!(
            serde_json::to_string(&answer).unwrap(),
            r#"{"status":"success","code":"FILE_UPLOAD_SUCCESS","message":"file uploaded.","details":{"file_id":"111111000001492610","created_time":"2018-12-31T12:00:00-12:00"}}"#
        );
    }
}
