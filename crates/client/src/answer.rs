//! An answer as it came, and what it means.

use bulkwright_wire::error::ReceivedError;
use serde::de::DeserializeOwned;

use crate::error::{ClientError, Refusal};

/// Bytes of an answer that is held in memory at most. Results are files and never pass here.
pub(crate) const ANSWER_BYTES_MAX: usize = 16 << 20;

/// An answer as it came: nothing is unpacked, nothing left out. Header names are in lower case, as HTTP compares them.
#[derive(Clone, Debug)]
pub struct Answer {
    /// `HTTP/1.1`
    pub version: String,
    /// The HTTP status.
    pub status: u16,
    /// Headers, in the order they came.
    pub headers: Vec<(String, String)>,
    /// The body, byte for byte.
    pub body: Vec<u8>,
}

impl Answer {
    /// The first header of that name, compared without case.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(found, _)| found.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }

    /// The standard's words for the status; empty for one it does not know.
    pub fn reason(&self) -> &'static str {
        reqwest::StatusCode::from_u16(self.status).ok().and_then(|status| status.canonical_reason()).unwrap_or_default()
    }

    /// The error that the body tells, whatever the HTTP status: uploads are refused under 200 by some versions.
    pub fn error(&self) -> Option<ReceivedError> {
        ReceivedError::parse(&self.body)
    }

    /// The body as the answer that was hoped for.
    ///
    /// # Errors
    /// [`ClientError::Refused`] if the body tells an error, [`ClientError::NotTheApi`] if it is neither.
    pub fn read<T: DeserializeOwned>(self, doing: &'static str, host: &str) -> Result<T, ClientError> {
        if let Some(error) = self.error() {
            return Err(Refusal::new(error, self).err(doing));
        }
        let success = (200..300).contains(&self.status);
        match serde_json::from_slice(&self.body) {
            Ok(value) if success => Ok(value),
            _ => Err(ClientError::NotTheApi { doing, host: host.to_owned(), answer: Box::new(self) }),
        }
    }
}

pub(crate) fn headers_of(response: &reqwest::Response) -> Vec<(String, String)> {
    let text = |value: &reqwest::header::HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
    response.headers().iter().map(|(name, value)| (name.as_str().to_owned(), text(value))).collect()
}

/// Takes a response whole, up to [`ANSWER_BYTES_MAX`]; the rest of a longer one is not read.
pub(crate) async fn collect(mut response: reqwest::Response) -> Result<Answer, reqwest::Error> {
    let mut answer = Answer {
        version: format!("{:?}", response.version()),
        status: response.status().as_u16(),
        headers: headers_of(&response),
        body: Vec::new(),
    };
    while let Some(chunk) = response.chunk().await? {
        let room = ANSWER_BYTES_MAX - answer.body.len();
        answer.body.extend_from_slice(&chunk[..chunk.len().min(room)]);
        if chunk.len() >= room {
            break;
        }
    }
    Ok(answer)
}

#[cfg(test)]
mod tests {
    use super::*;
    use bulkwright_wire::create::CreateAnswer;
    use bulkwright_wire::details::{JobDetails, Status};
    use bulkwright_wire::exchange::Exchange;
    use bulkwright_wire::upload::UploadAnswer;

    fn answer(status: u16, body: &str) -> Answer {
        Answer { version: "HTTP/1.1".into(), status, headers: Vec::new(), body: body.into() }
    }

    /// Every file of `contract/` by its path.
    fn exchanges() -> Vec<(String, Exchange)> {
        let contract = concat!(env!("CARGO_MANIFEST_DIR"), "/../../contract");
        let directories = fs_err::read_dir(contract).unwrap().map(|entry| entry.unwrap().path());
        let files = directories.filter(|path| path.is_dir()).flat_map(|path| fs_err::read_dir(path).unwrap());
        let read = |path: std::path::PathBuf| {
            (path.display().to_string(), Exchange::parse(&fs_err::read_to_string(path).unwrap()).unwrap())
        };
        files.map(|entry| read(entry.unwrap().path())).collect()
    }

    fn answer_of(exchange: &Exchange) -> Answer {
        let response = &exchange.response;
        Answer { headers: response.headers.clone(), ..answer(response.status, &response.body_text()) }
    }

    #[test]
    fn every_error_of_the_contract_becomes_a_typed_one() {
        let mut refused = 0;
        for (file, exchange) in exchanges() {
            let body = exchange.response.body_text();
            let Some(told) = ReceivedError::parse(body.as_bytes()) else { continue };
            let read = answer_of(&exchange).read::<JobDetails>("looking at the job", "example.org");
            let Err(ClientError::Refused { refusal, .. }) = read else { panic!("{file} was not refused") };
            assert_eq!((refusal.answer.status, &refusal.error.code), (exchange.response.status, &told.code), "{file}");
            assert_eq!(refusal.answer.headers, exchange.response.headers, "headers are kept");
            refused += 1;
        }
        assert!(refused >= 5, "the recorded ones are there at least");
    }

    #[test]
    fn every_success_of_the_contract_is_read() {
        for (file, exchange) in exchanges() {
            let (path, status) = (&exchange.request.path, exchange.response.status);
            let answer = answer_of(&exchange);
            if !(200..300).contains(&status) || answer.error().is_some() {
                continue;
            }
            let read = |answer: Answer| -> Result<(), ClientError> {
                match path {
                    path if path.ends_with("/upload") => drop(answer.read::<UploadAnswer>("uploading", "example.org")?),
                    path if path.ends_with("/write") => drop(answer.read::<CreateAnswer>("creating", "example.org")?),
                    path if path.contains("/write/") => drop(answer.read::<JobDetails>("looking", "example.org")?),
                    _ => (),
                }
                Ok(())
            };
            read(answer).unwrap_or_else(|error| panic!("{file}: {error}"));
        }
    }

    #[test]
    fn the_recorded_job_is_read() {
        let exchange = Exchange::parse(include_str!("../../../contract/job-details/success.json")).unwrap();
        let details: JobDetails = answer_of(&exchange).read("looking at the job", "example.org").unwrap();
        assert_eq!(Status::parse(&details.status), Some(Status::Completed));
        assert_eq!(details.resource[0].file.as_ref().unwrap().total_count, Some(11));
    }

    #[test]
    fn the_body_decides_and_not_the_status() {
        let refused = r#"{"code":"INVALID_FILE_FORMAT","details":{},"message":"no zip","status":"error"}"#;
        let read = answer(200, refused).read::<UploadAnswer>("uploading", "example.org");
        assert!(matches!(read, Err(ClientError::Refused { .. })), "an error under 200");
        let check = |status, body: &str| {
            let read = answer(status, body).read::<UploadAnswer>("uploading", "example.org");
            assert!(matches!(read, Err(ClientError::NotTheApi { .. })), "{status} {body}");
        };
        check(200, "<html>Sign in</html>");
        check(200, "");
        check(502, "<html>Bad gateway</html>");
        check(500, r#"{"status":"success","code":"X","message":"","details":{"file_id":"1","created_time":""}}"#);
    }
}
