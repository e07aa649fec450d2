//! Organisations, users, OAuth clients and tokens.

use bulkwright_engine::ids::{OrgId, UserId};
use rusqlite::{OptionalExtension, Row, Transaction, params};

use super::sql::Doing;
use super::stored;
use crate::Error;
use crate::model::{Grant, OauthClient, Org, SecretHash, TokenKind, User};

/// Adds an organisation with its first user and OAuth client.
pub(super) fn add_org(tx: &Transaction<'_>, org: &Org, user: &User, client: &OauthClient) -> Result<(), Error> {
    let doing = "adding an organisation";
    tx.execute(
        "INSERT INTO org (id, company_name, time_zone) VALUES (?1, ?2, ?3)",
        params![org.id.0, org.company_name, org.time_zone],
    )
    .doing(doing)?;
    tx.execute(
        "INSERT INTO user (id, org, full_name, email, email_folded, time_zone) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        params![user.id.0, user.org.0, user.full_name, user.email, user.email.to_lowercase(), user.time_zone],
    )
    .doing(doing)?;
    tx.execute(
        "INSERT INTO oauth_client (client_id, secret, org) VALUES (?1, ?2, ?3)",
        params![client.client_id, client.secret.0, client.org.0],
    )
    .doing(doing)?;
    Ok(())
}

/// All organisations, oldest first.
pub(super) fn orgs(tx: &Transaction<'_>) -> Result<Vec<Org>, Error> {
    let doing = "reading organisations";
    let org = |row: &Row<'_>| Ok(Org { id: OrgId(row.get(0)?), company_name: row.get(1)?, time_zone: row.get(2)? });
    let mut statement = tx.prepare_cached("SELECT id, company_name, time_zone FROM org ORDER BY place").doing(doing)?;
    statement.query_map([], org).doing(doing)?.collect::<rusqlite::Result<_>>().doing(doing)
}

/// Users of an organisation, oldest first.
pub(super) fn users(tx: &Transaction<'_>, org: OrgId) -> Result<Vec<User>, Error> {
    let doing = "reading users";
    let user = |row: &Row<'_>| {
        let (full_name, email, time_zone) = (row.get(1)?, row.get(2)?, row.get(3)?);
        Ok(User { id: UserId(row.get(0)?), org, full_name, email, time_zone })
    };
    let sql = "SELECT id, full_name, email, time_zone FROM user WHERE org = ?1 ORDER BY place";
    let mut statement = tx.prepare_cached(sql).doing(doing)?;
    statement.query_map([org.0], user).doing(doing)?.collect::<rusqlite::Result<_>>().doing(doing)
}

/// The OAuth client of an id.
pub(super) fn oauth_client(tx: &Transaction<'_>, client_id: &str) -> Result<Option<OauthClient>, Error> {
    let doing = "reading an OAuth client";
    let client = |row: &Row<'_>| {
        let (secret, org) = (SecretHash(row.get(1)?), OrgId(row.get(2)?));
        Ok(OauthClient { client_id: row.get(0)?, secret, org })
    };
    let sql = "SELECT client_id, secret, org FROM oauth_client WHERE client_id = ?1";
    tx.prepare_cached(sql).doing(doing)?.query_row([client_id], client).optional().doing(doing)
}

/// Adds a token, or gives it another grant.
pub(super) fn add_token(tx: &Transaction<'_>, kind: TokenKind, hash: SecretHash, grant: &Grant) -> Result<(), Error> {
    let doing = "adding a token";
    let scopes = serde_json::to_string(&grant.scopes).map_err(|error| Error::failed(doing, error))?;
    let sql = "INSERT OR REPLACE INTO token (kind, hash, org, user, client_id, scopes, expires_at)
               VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)";
    let kind = stored::token_kind_number(kind);
    let values = params![kind, hash.0, grant.org.0, grant.user.0, grant.client_id, scopes, grant.expires_at];
    tx.prepare_cached(sql).doing(doing)?.execute(values).doing(doing)?;
    Ok(())
}

/// What a token stands for.
pub(super) fn token(tx: &Transaction<'_>, kind: TokenKind, hash: SecretHash) -> Result<Option<Grant>, Error> {
    let doing = "reading a token";
    let sql = "SELECT hash, org, user, client_id, scopes, expires_at FROM token WHERE kind = ?1 AND hash = ?2";
    let mut statement = tx.prepare_cached(sql).doing(doing)?;
    let found = statement.query_row(params![stored::token_kind_number(kind), hash.0], |row| {
        let scopes: String = row.get(4)?;
        let (org, user, client_id, expires_at) = (row.get(1)?, row.get(2)?, row.get(3)?, row.get(5)?);
        let grant = Grant { org: OrgId(org), user: UserId(user), client_id, scopes: Vec::new(), expires_at };
        Ok((SecretHash(row.get(0)?), scopes, grant))
    });
    let Some((stored_hash, scopes, grant)) = found.optional().doing(doing)? else { return Ok(None) };
    // The look-up compared byte by byte; what it found is compared again in constant time.
    if stored_hash != hash {
        return Ok(None);
    }
    let scopes = serde_json::from_str(&scopes).map_err(|_| Error::Damaged { what: "a token's scopes".to_owned() })?;
    Ok(Some(Grant { scopes, ..grant }))
}
