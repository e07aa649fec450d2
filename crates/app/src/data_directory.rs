//! Looking after a data directory: by this process if nobody holds it, else by the server that does.

use std::path::Path;

use bulkwright_client::{Admin, ClientError};
use bulkwright_server::ServeError;
use serde::Serialize;
use serde_json::Value;

use crate::exit::Failure;
use crate::own_server::{failure, holder};

/// What `here` answers, which needs the directory's lock; if a server holds it, what that server answers.
pub(crate) async fn looked_after<T>(
    data: &Path,
    here: impl Future<Output = Result<T, ServeError>>,
    there: impl AsyncFnOnce(Admin) -> Result<T, ClientError>,
) -> Result<T, Failure> {
    match here.await {
        Err(ServeError::DirectoryInUse { pid, .. }) => {
            let server = Admin::new(&holder(data, pid).await?)?;
            Ok(there(server).await?)
        }
        answered => answered.map_err(|error| failure(&error)),
    }
}

/// An answer as the document that is printed.
pub(crate) fn json(answer: &impl Serialize) -> Value {
    serde_json::to_value(answer).expect("answers are maps with text keys")
}
