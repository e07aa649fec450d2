//! What is for the administrator (contract 12, row 59): looking after the data of a server that runs.

use crate::reply::{Answer, Refusal};
use crate::state::App;
use crate::upkeep;

/// `POST /_bulkwright/admin/verify`
pub(crate) async fn verify(app: &App) -> Result<Answer, Refusal> {
    let verification = app.upkeep.verify().await?;
    Ok(Answer::ok(&upkeep::verify_answer(verification, &app.catalog)))
}
