//! What an organisation's callbacks are signed with: shown to whoever sets its receivers up, and changed without a gap.

use std::path::Path;

use bulkwright_store::model::Org;
use bulkwright_store::{Error as StoreError, Store};
use bulkwright_wire::callback::{WebhookSecretAnswer, WebhookSecretRequest};
use bulkwright_wire::upkeep::SCHEMA;

use crate::deliver::signature;
use crate::error::ServeError;
use crate::start::webhook_keys;
use crate::upkeep;

/// Keys that sign at the same time: the new one and the one before, until receivers know the new one.
const KEYS_MAX: usize = 2;

/// No organisation is meant.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct UnknownOrg(String);

/// Shows or changes the secret in a data directory that no server holds.
///
/// # Errors
/// [`ServeError::NoData`], [`ServeError::DirectoryInUse`], [`ServeError::UnknownOrg`], [`ServeError::Store`].
pub async fn of_directory(data: &Path, request: &WebhookSecretRequest) -> Result<WebhookSecretAnswer, ServeError> {
    let store = upkeep::open(data).await?;
    Ok(answer(&*store, request).await??)
}

/// Shows or changes the secret.
pub(crate) async fn answer(
    store: &dyn Store,
    request: &WebhookSecretRequest,
) -> Result<Result<WebhookSecretAnswer, UnknownOrg>, StoreError> {
    let mut org = match meant(store.orgs().await?, request.org.as_deref()) {
        Ok(org) => org,
        Err(unknown) => return Ok(Err(unknown)),
    };
    if request.rotate || org.webhook_keys.is_empty() {
        org.webhook_keys.insert(0, webhook_keys::new());
        org.webhook_keys.truncate(KEYS_MAX);
        store.update_org(&org).await?;
    }
    let secrets = org.webhook_keys.iter().map(signature::secret).collect();
    Ok(Ok(WebhookSecretAnswer { schema: SCHEMA, org: org.id.to_string(), secrets }))
}

fn meant(orgs: Vec<Org>, zgid: Option<&str>) -> Result<Org, UnknownOrg> {
    let known = orgs.iter().map(|org| org.id.to_string()).collect::<Vec<_>>().join(", ");
    let is_meant = |org: &Org| zgid.is_none_or(|zgid| org.id.to_string() == zgid);
    let mut meant: Vec<Org> = orgs.into_iter().filter(is_meant).collect();
    match (meant.pop(), meant.is_empty(), zgid) {
        (Some(org), true, _) => Ok(org),
        (None, _, Some(zgid)) => Err(UnknownOrg(format!("there is no organisation {zgid}; there are: {known}"))),
        (None, ..) => Err(UnknownOrg("there is no organisation yet".to_owned())),
        (Some(_), false, _) => Err(UnknownOrg(format!("say which organisation is meant; there are: {known}"))),
    }
}
