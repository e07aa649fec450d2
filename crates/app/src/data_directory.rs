//! Looking after a data directory: by this process if nobody holds it, else by the server that does.

use std::path::Path;

use bulkwright_client::{Admin, ClientError, Exit};
use bulkwright_server::ServeError;
use bulkwright_server::administration::{self, Administered};
use serde::Serialize;
use serde_json::Value;

use crate::exit::Failure;
use crate::own_server::{failure, holder};

/// What `here` answers, which needs the directory's lock; if a server holds it, what that server answers.
pub(crate) async fn looked_after<T, E>(
    data: &Path,
    here: impl Future<Output = Result<T, ServeError>>,
    there: impl AsyncFnOnce(Admin) -> Result<T, E>,
) -> Result<T, Failure>
where
    Failure: From<E>,
{
    match here.await {
        Err(ServeError::DirectoryInUse { pid, .. }) => {
            let server = Admin::new(&holder(data, pid).await?)?;
            Ok(there(server).await?)
        }
        answered => answered.map_err(|error| failure(&error)),
    }
}

/// What the administrator asks for, carried out by this process or by the server that holds the directory.
pub(crate) async fn administered<R: Administered + Clone>(data: &Path, request: R) -> Result<R::Answer, Failure> {
    let here = administration::in_directory(data, request.clone());
    looked_after(data, here, async |server| server.administer(&request).await.map_err(mistake)).await
}

/// What a server refuses is told in the words that this process would have told it in.
fn mistake(error: ClientError) -> Failure {
    match &error {
        ClientError::Refused { refusal, .. } if is_mistake(&refusal.error.code) => {
            Failure::new(exit_of_mistake(&refusal.error.code), refusal.error.message.clone(), "")
        }
        _ => error.into(),
    }
}

fn is_mistake(code: &str) -> bool {
    matches!(code, "RESOURCE_NOT_FOUND" | "INVALID_DATA" | "INVALID_REQUEST")
}

/// How a command ends whose request cannot be carried out as it is.
pub(crate) fn exit_of_mistake(code: &str) -> Exit {
    match code {
        "RESOURCE_NOT_FOUND" => Exit::NotFound,
        "INVALID_DATA" => Exit::Usage,
        _ => Exit::Stopped,
    }
}

/// An answer as the document that is printed.
pub(crate) fn json(answer: &impl Serialize) -> Value {
    serde_json::to_value(answer).expect("answers are maps with text keys")
}
