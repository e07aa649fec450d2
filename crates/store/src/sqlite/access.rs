//! Organisations, users, OAuth clients and tokens.

use bulkwright_engine::ids::{OrgId, UserId};
use rusqlite::{Row, Transaction, params};

use super::sql::Doing;
use super::{seal, stored};
use crate::Error;
use crate::model::{Grant, OauthClient, Org, SecretHash, TokenKind, User};

/// Adds an organisation with its first user and OAuth client.
pub(super) fn add_org(tx: &Transaction<'_>, org: &Org, user: &User, client: &OauthClient) -> Result<(), Error> {
    let doing = "adding an organisation";
    let sql = "INSERT INTO org (id, company_name, time_zone) VALUES (?1, ?2, ?3)";
    seal::ORG.insert(tx, doing, sql, params![org.id.0, org.company_name, org.time_zone])?;
    let sql = "INSERT INTO user (id, org, full_name, email, email_folded, time_zone) VALUES (?1, ?2, ?3, ?4, ?5, ?6)";
    let folded = user.email.to_lowercase();
    let values = params![user.id.0, user.org.0, user.full_name, user.email, folded, user.time_zone];
    seal::USER.insert(tx, doing, sql, values)?;
    let sql = "INSERT INTO oauth_client (client_id, secret, org) VALUES (?1, ?2, ?3)";
    seal::OAUTH_CLIENT.insert(tx, doing, sql, params![client.client_id, client.secret.0, client.org.0])?;
    Ok(())
}

/// All organisations, oldest first.
pub(super) fn orgs(tx: &Transaction<'_>) -> Result<Vec<Org>, Error> {
    let doing = "reading organisations";
    let org = |row: &Row<'_>| {
        let (company_name, time_zone) = (row.get("company_name")?, row.get("time_zone")?);
        Ok(Org { id: OrgId(row.get("id")?), company_name, time_zone })
    };
    seal::ORG.all(tx, doing, "ORDER BY place", &[], u32::MAX, |row| org(row).doing(doing).map(Some))
}

/// Users of an organisation, oldest first.
pub(super) fn users(tx: &Transaction<'_>, org: OrgId) -> Result<Vec<User>, Error> {
    let doing = "reading users";
    let user = |row: &Row<'_>| {
        let (full_name, email, time_zone) = (row.get("full_name")?, row.get("email")?, row.get("time_zone")?);
        Ok(User { id: UserId(row.get("id")?), org: OrgId(row.get("org")?), full_name, email, time_zone })
    };
    seal::USER.all(tx, doing, "ORDER BY place", &[], u32::MAX, |row| {
        Ok(Some(user(row).doing(doing)?).filter(|user| user.org == org))
    })
}

/// The OAuth client of an id.
pub(super) fn oauth_client(tx: &Transaction<'_>, client_id: &str) -> Result<Option<OauthClient>, Error> {
    let client = |row: &Row<'_>| {
        let (secret, org) = (SecretHash(row.get("secret")?), OrgId(row.get("org")?));
        Ok(OauthClient { client_id: row.get("client_id")?, secret, org })
    };
    seal::OAUTH_CLIENT.first(tx, "reading an OAuth client", "WHERE client_id = ?1", &[&client_id], client)
}

/// Adds a token, or gives it another grant.
pub(super) fn add_token(tx: &Transaction<'_>, kind: TokenKind, hash: SecretHash, grant: &Grant) -> Result<(), Error> {
    let doing = "adding a token";
    let scopes = serde_json::to_string(&grant.scopes).map_err(|error| Error::failed(doing, error))?;
    let sql = "INSERT OR REPLACE INTO token (kind, hash, org, user, client_id, scopes, expires_at)
               VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)";
    let kind = stored::token_kind_number(kind);
    let values = params![kind, hash.0, grant.org.0, grant.user.0, grant.client_id, scopes, grant.expires_at];
    seal::TOKEN.insert(tx, doing, sql, values).map(|_| ())
}

/// What a token stands for.
pub(super) fn token(tx: &Transaction<'_>, kind: TokenKind, hash: SecretHash) -> Result<Option<Grant>, Error> {
    let doing = "reading a token";
    let values = params![stored::token_kind_number(kind), hash.0];
    let found = seal::TOKEN.first(tx, doing, "WHERE kind = ?1 AND hash = ?2", values, |row| {
        let scopes: String = row.get("scopes")?;
        let (client_id, expires_at) = (row.get("client_id")?, row.get("expires_at")?);
        let (org, user) = (OrgId(row.get("org")?), UserId(row.get("user")?));
        let grant = Grant { org, user, client_id, scopes: Vec::new(), expires_at };
        Ok((SecretHash(row.get("hash")?), scopes, grant))
    });
    let Some((stored_hash, scopes, grant)) = found? else { return Ok(None) };
    // The look-up compared byte by byte; what it found is compared again in constant time.
    if stored_hash != hash {
        return Ok(None);
    }
    let scopes = serde_json::from_str(&scopes).map_err(|_| Error::Damaged { what: "a token's scopes".to_owned() })?;
    Ok(Some(Grant { scopes, ..grant }))
}
