//! `job create`: a request body of one's own becomes a job.

use std::io::Read;
use std::path::Path;

use bulkwright_client::{Created, Exit, RepeatKey};
use serde_json::Value;

use crate::args::JobCreateArgs;
use crate::exit::Failure;
use crate::target::{NoData, Target};
use crate::ui::Ui;

/// Bytes of a request body: what a server takes.
const BODY_BYTES_MAX: u64 = 1_000_000;

pub(crate) async fn run(args: &JobCreateArgs, ui: &Ui) -> Result<Exit, Failure> {
    // The body first: one that is none needs no target.
    let body = body(args)?;
    let target = Target::resolve(&args.target, NoData::Refuse).await?;
    let ended = create(body, &target, ui).await;
    target.close().await;
    ended
}

async fn create(body: Vec<u8>, target: &Target, ui: &Ui) -> Result<Exit, Failure> {
    ui.talk_more(&format!("asking {}", target.name));
    let received = match target.api.create_from(body, &RepeatKey::random()).await? {
        Created::Job(received) => received,
        Created::Unknown { why } => {
            let message = format!("whether the job was created is not known: {why}");
            let hint = "look before it is sent again: `bulkwright job list` on a server of your own";
            return Err(Failure::new(Exit::Temporary, message, hint));
        }
    };
    let id = received.value.details.id;
    if ui.json {
        ui.answer_body(&received.body);
    } else {
        ui.answer(&id);
    }
    ui.talk(&format!("next: bulkwright job wait {id}"));
    Ok(Exit::Done)
}

/// The body as it is sent: as it is written, but for the upload that was named.
fn body(args: &JobCreateArgs) -> Result<Vec<u8>, Failure> {
    let written = read(&args.body)?;
    let name = if is_stdin(&args.body) { "stdin".to_owned() } else { args.body.display().to_string() };
    let mut body: Value = serde_json::from_slice(&written).map_err(|error| {
        Failure::new(Exit::Usage, format!("{name} is no JSON: {error}"), "`bulkwright job create --help` shows a body")
    })?;
    let Some(file_id) = &args.file_id else { return Ok(written) };
    if !is_id(file_id) {
        let message = format!("--file-id {file_id} is no id: an id is digits alone");
        return Err(Failure::new(Exit::Usage, message, "`bulkwright upload FILE` prints one"));
    }
    match put(&mut body, file_id) {
        Put::Somewhere => Ok(body.to_string().into_bytes()),
        Put::Nowhere => {
            let message = format!("--file-id is given, but every resource of {name} names an upload of its own");
            Err(Failure::new(Exit::Usage, message, "leave --file-id out, or take file_id out of the body"))
        }
        Put::NoResource => {
            let message = format!("{name} has no `resource`, a list of objects that --file-id could go into");
            Err(Failure::new(Exit::Usage, message, "`bulkwright job create --help` shows a body"))
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Put {
    Somewhere,
    Nowhere,
    NoResource,
}

/// Names the upload in every resource that names none. What is no number is a placeholder.
fn put(body: &mut Value, file_id: &str) -> Put {
    let resources = body.get_mut("resource").and_then(Value::as_array_mut).filter(|list| !list.is_empty());
    let Some(resources) = resources else { return Put::NoResource };
    let mut put = Put::Nowhere;
    for resource in resources {
        let Value::Object(resource) = resource else { return Put::NoResource };
        let named = resource.get("file_id").is_some_and(|id| id.is_number() || id.as_str().is_some_and(is_id));
        if !named {
            resource.insert("file_id".to_owned(), file_id.into());
            put = Put::Somewhere;
        }
    }
    put
}

fn is_id(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

fn read(path: &Path) -> Result<Vec<u8>, Failure> {
    let mut body = Vec::new();
    let most = BODY_BYTES_MAX + 1;
    let read = if is_stdin(path) {
        std::io::stdin().lock().take(most).read_to_end(&mut body)
    } else {
        fs_err::File::open(path).and_then(|file| file.take(most).read_to_end(&mut body))
    };
    read.map_err(|error| match error.kind() {
        std::io::ErrorKind::NotFound => {
            let message = format!("there is no file {}", path.display());
            Failure::new(Exit::NotFound, message, "check the name, or give `-` to read the body from stdin")
        }
        _ => Failure::new(Exit::Unexpected, error.to_string(), "check the disk and the rights on the file"),
    })?;
    if body.len() as u64 > BODY_BYTES_MAX {
        let message = format!("the body is over {BODY_BYTES_MAX} bytes, and no server takes that");
        return Err(Failure::new(Exit::Usage, message, "rows go into the zip of `bulkwright upload`, not here"));
    }
    Ok(body)
}

fn is_stdin(path: &Path) -> bool {
    path.as_os_str() == "-"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_upload_goes_where_none_is_named() {
        let check = |body: &str, expected: (Put, &str)| {
            let mut value: Value = serde_json::from_str(body).unwrap();
            assert_eq!((put(&mut value, "7"), value.to_string().as_str()), expected, "{body}");
        };
        check(r#"{"resource":[{"a":1}],"b":2}"#, (Put::Somewhere, r#"{"resource":[{"a":1,"file_id":"7"}],"b":2}"#));
        check(
            r#"{"resource":[{"file_id":"FILE_ID"},{"file_id":"8"},{"file_id":null}]}"#,
            (Put::Somewhere, r#"{"resource":[{"file_id":"7"},{"file_id":"8"},{"file_id":"7"}]}"#),
        );
        check(r#"{"resource":[{"file_id":"8"}]}"#, (Put::Nowhere, r#"{"resource":[{"file_id":"8"}]}"#));
        check(r#"{"resource":[]}"#, (Put::NoResource, r#"{"resource":[]}"#));
        check(r#"{"resource":["x"]}"#, (Put::NoResource, r#"{"resource":["x"]}"#));
        check("[]", (Put::NoResource, "[]"));
    }
}
