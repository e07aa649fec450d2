//! Codes that are taken by hand.

use bulkwright_store::model::{Code, Grant, SecretHash};
use bulkwright_wire::administration::{CreateCode, CreatedCode, SCHEMA, Secret};
use bulkwright_wire::limit::{SELF_CLIENT_CODE_SECONDS, SELF_CLIENT_CODE_SECONDS_MAX};

use super::{Administered, Administration, Failed, Mistake, utc, values};
use crate::access::new_token;

impl Administered for CreateCode {
    async fn carried_out(self, at: &Administration<'_>) -> Result<CreatedCode, Failed> {
        let (scopes, lifetime) = (values::scopes(&self.scopes)?, lifetime(self.expires_in_seconds)?);
        let org = at.living_org(self.org.as_deref()).await?;
        let user = at.user_of(&org, self.user.as_deref()).await?;
        let client = at.client_of(&org, self.client_id.as_deref()).await?;
        let (code, now) = (new_token(), at.clock.seconds());
        let grant = Grant {
            org: org.id,
            user: user.id,
            client_id: client.client_id,
            scopes,
            expires_at: Some(now + lifetime),
            issued_at: Some(now),
            parent: None,
        };
        // It was sent nowhere, so the exchange has no place to name; who takes it is not there when its tokens end.
        let stored = Code { grant, redirect_uri: None, challenge: None, offline: true };
        at.store.add_code(SecretHash::of(&code), &stored).await?;
        let Grant { client_id, scopes, .. } = stored.grant;
        tracing::info!(org = %org.id, client_id, "a code is made");
        Ok(CreatedCode {
            schema: SCHEMA,
            code: Secret(code),
            zgid: org.id.to_string(),
            user_id: user.id.to_string(),
            client_id,
            scopes,
            expires_time: utc(now + lifetime),
        })
    }
}

fn lifetime(asked: Option<u64>) -> Result<i64, Mistake> {
    match asked.map(i64::try_from) {
        None => Ok(SELF_CLIENT_CODE_SECONDS),
        Some(Ok(seconds @ 1..=SELF_CLIENT_CODE_SECONDS_MAX)) => Ok(seconds),
        Some(_) => Err(Mistake::Unusable("a code lives from 1s to 10m".to_owned())),
    }
}
