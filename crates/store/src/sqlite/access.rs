//! Organisations, users, OAuth clients and tokens.

use bulkwright_engine::ids::{OrgId, UserId};
use rusqlite::{OptionalExtension, Row, Transaction, params};

use super::sql::Doing;
use super::{seal, stored};
use crate::Error;
use crate::model::{Grant, OauthClient, Org, SecretHash, Token, TokenKind, TokenSelection, User, WebhookKey};

/// Adds an organisation with its first user, its first OAuth client and its first tokens.
pub(super) fn add_org(
    tx: &Transaction<'_>,
    org: &Org,
    user: &User,
    client: &OauthClient,
    tokens: &[Token],
) -> Result<(), Error> {
    let sql = "INSERT INTO org (id, company_name, time_zone, edition, webhook_keys, revoked_at)
               VALUES (?1, ?2, ?3, ?4, ?5, ?6)";
    let keys = key_bytes(&org.webhook_keys);
    let values = params![org.id.0, org.company_name, org.time_zone, org.edition, keys, org.revoked_at];
    seal::ORG.insert(tx, "adding an organisation", sql, values)?;
    add_user(tx, user)?;
    add_oauth_client(tx, client)?;
    tokens.iter().try_for_each(|token| add_token(tx, token.kind, token.hash, &token.grant))
}

/// Gives an organisation what is said of it.
pub(super) fn update_org(tx: &Transaction<'_>, org: &Org) -> Result<(), Error> {
    let doing = "changing an organisation";
    let Some(place) = place(tx, doing, "org", org.id.0)? else { return Err(Error::failed(doing, "it is not there")) };
    let set = "company_name = ?2, time_zone = ?3, edition = ?4, webhook_keys = ?5, revoked_at = ?6";
    let keys = key_bytes(&org.webhook_keys);
    let values = params![org.company_name, org.time_zone, org.edition, keys, org.revoked_at];
    seal::ORG.update(tx, doing, &[&place], set, values).map(|_| ())
}

/// All organisations, oldest first.
pub(super) fn orgs(tx: &Transaction<'_>) -> Result<Vec<Org>, Error> {
    let doing = "reading organisations";
    let org = |row: &Row<'_>| {
        Ok(Org {
            id: OrgId(row.get("id")?),
            company_name: row.get("company_name")?,
            time_zone: row.get("time_zone")?,
            edition: row.get("edition")?,
            webhook_keys: row
                .get::<_, Vec<u8>>("webhook_keys")?
                .as_chunks()
                .0
                .iter()
                .copied()
                .map(WebhookKey)
                .collect(),
            revoked_at: row.get("revoked_at")?,
        })
    };
    seal::ORG.all(tx, doing, "ORDER BY place", &[], u32::MAX, |row| org(row).doing(doing).map(Some))
}

/// Adds a user to an organisation that is there.
pub(super) fn add_user(tx: &Transaction<'_>, user: &User) -> Result<(), Error> {
    let doing = "adding a user";
    check_org(tx, doing, user.org)?;
    let sql = "INSERT INTO user (id, org, full_name, email, email_folded, time_zone, sign_in, revoked_at)
               VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)";
    let (folded, sign_in) = (user.email.to_lowercase(), user.sign_in.map(|hash| hash.0));
    let values =
        params![user.id.0, user.org.0, user.full_name, user.email, folded, user.time_zone, sign_in, user.revoked_at];
    seal::USER.insert(tx, doing, sql, values).map(|_| ())
}

/// Gives a user what is said of him.
pub(super) fn update_user(tx: &Transaction<'_>, user: &User) -> Result<(), Error> {
    let doing = "changing a user";
    let known = users(tx, user.org)?.into_iter().any(|known| known.id == user.id);
    let place = place(tx, doing, "user", user.id.0)?.filter(|_| known);
    let Some(place) = place else { return Err(Error::failed(doing, "he is not there")) };
    let set = "full_name = ?2, email = ?3, email_folded = ?4, time_zone = ?5, sign_in = ?6, revoked_at = ?7";
    let (folded, sign_in) = (user.email.to_lowercase(), user.sign_in.map(|hash| hash.0));
    let values = params![user.full_name, user.email, folded, user.time_zone, sign_in, user.revoked_at];
    seal::USER.update(tx, doing, &[&place], set, values).map(|_| ())
}

/// Users of an organisation, oldest first.
pub(super) fn users(tx: &Transaction<'_>, org: OrgId) -> Result<Vec<User>, Error> {
    let doing = "reading users";
    let user = |row: &Row<'_>| {
        Ok(User {
            id: UserId(row.get("id")?),
            org: OrgId(row.get("org")?),
            full_name: row.get("full_name")?,
            email: row.get("email")?,
            time_zone: row.get("time_zone")?,
            sign_in: row.get::<_, Option<[u8; 32]>>("sign_in")?.map(SecretHash),
            revoked_at: row.get("revoked_at")?,
        })
    };
    seal::USER.all(tx, doing, "ORDER BY place", &[], u32::MAX, |row| {
        Ok(Some(user(row).doing(doing)?).filter(|user| user.org == org))
    })
}

/// Adds an OAuth client to an organisation that is there.
pub(super) fn add_oauth_client(tx: &Transaction<'_>, client: &OauthClient) -> Result<(), Error> {
    let doing = "adding an OAuth client";
    check_org(tx, doing, client.org)?;
    let uris = serde_json::to_string(&client.redirect_uris).map_err(|error| Error::failed(doing, error))?;
    let sql = "INSERT INTO oauth_client (client_id, secret, org, name, redirect_uris) VALUES (?1, ?2, ?3, ?4, ?5)";
    let values = params![client.client_id, client.secret.0, client.org.0, client.name, uris];
    seal::OAUTH_CLIENT.insert(tx, doing, sql, values).map(|_| ())
}

/// The OAuth client of an id.
pub(super) fn oauth_client(tx: &Transaction<'_>, client_id: &str) -> Result<Option<OauthClient>, Error> {
    let doing = "reading an OAuth client";
    let found =
        seal::OAUTH_CLIENT.all(tx, doing, "WHERE client_id = ?1", &[&client_id], 1, |row| client_of(row).map(Some));
    Ok(found?.pop())
}

/// The OAuth clients of an organisation.
pub(super) fn oauth_clients(tx: &Transaction<'_>, org: OrgId) -> Result<Vec<OauthClient>, Error> {
    let doing = "reading OAuth clients";
    seal::OAUTH_CLIENT.all(tx, doing, "ORDER BY client_id", &[], u32::MAX, |row| {
        Ok(Some(client_of(row)?).filter(|client| client.org == org))
    })
}

fn client_of(row: &Row<'_>) -> Result<OauthClient, Error> {
    let doing = "reading an OAuth client";
    let uris: String = row.get("redirect_uris").doing(doing)?;
    let redirect_uris =
        serde_json::from_str(&uris).map_err(|_| Error::Damaged { what: "a client's redirect URIs".to_owned() })?;
    Ok(OauthClient {
        client_id: row.get("client_id").doing(doing)?,
        secret: SecretHash(row.get("secret").doing(doing)?),
        org: OrgId(row.get("org").doing(doing)?),
        name: row.get("name").doing(doing)?,
        redirect_uris,
    })
}

/// Removes an OAuth client with its tokens and codes.
pub(super) fn remove_oauth_client(tx: &Transaction<'_>, client_id: &str) -> Result<bool, Error> {
    let doing = "removing an OAuth client";
    remove_tokens(tx, &TokenSelection::OfClient(client_id.to_owned()))?;
    let gone = tx.execute("DELETE FROM oauth_client WHERE client_id = ?1", [client_id]).doing(doing)?;
    Ok(gone == 1)
}

/// Adds a token, or gives it another grant.
pub(super) fn add_token(tx: &Transaction<'_>, kind: TokenKind, hash: SecretHash, grant: &Grant) -> Result<(), Error> {
    let doing = "adding a token";
    let sql = "INSERT OR REPLACE INTO token (kind, hash, org, user, client_id, scopes, expires_at, issued_at, parent)
               VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)";
    let (kind, scopes) = (stored::token_kind_number(kind), stored::scopes_json(&grant.scopes));
    let Grant { org, user, client_id, expires_at, issued_at, parent, .. } = grant;
    let parent = parent.map(|hash| hash.0);
    let values = params![kind, hash.0, org.0, user.0, client_id, scopes, expires_at, issued_at, parent];
    seal::TOKEN.insert(tx, doing, sql, values).map(|_| ())
}

/// What a token stands for.
pub(super) fn token(tx: &Transaction<'_>, kind: TokenKind, hash: SecretHash) -> Result<Option<Grant>, Error> {
    let values = params![stored::token_kind_number(kind), hash.0];
    let filter = "WHERE kind = ?1 AND hash = ?2";
    let found = seal::TOKEN.all(tx, "reading a token", filter, values, 1, |row| token_of(row).map(Some))?.pop();
    // The look-up compared byte by byte; what it found is compared again in constant time.
    Ok(found.filter(|token| token.hash == hash).map(|token| token.grant))
}

/// The tokens of an organisation.
pub(super) fn tokens(tx: &Transaction<'_>, org: OrgId) -> Result<Vec<Token>, Error> {
    seal::TOKEN.all(tx, "reading tokens", "ORDER BY kind, hash", &[], u32::MAX, |row| {
        Ok(Some(token_of(row)?).filter(|token| token.grant.org == org))
    })
}

fn token_of(row: &Row<'_>) -> Result<Token, Error> {
    let doing = "reading a token";
    let kind = stored::known(row, "kind", stored::token_kind).doing(doing)?;
    Ok(Token { kind, hash: SecretHash(row.get("hash").doing(doing)?), grant: grant(row)? })
}

/// What the row of a token or of a code stands for.
pub(super) fn grant(row: &Row<'_>) -> Result<Grant, Error> {
    let doing = "reading a token";
    let scopes: String = row.get("scopes").doing(doing)?;
    let scopes = serde_json::from_str(&scopes).map_err(|_| Error::Damaged { what: "a token's scopes".to_owned() })?;
    let parent = match row.as_ref().column_index("parent") {
        Ok(column) => row.get::<_, Option<[u8; 32]>>(column).doing(doing)?.map(SecretHash),
        // A code comes from nothing.
        Err(_) => None,
    };
    Ok(Grant {
        org: OrgId(row.get("org").doing(doing)?),
        user: UserId(row.get("user").doing(doing)?),
        client_id: row.get("client_id").doing(doing)?,
        scopes,
        expires_at: row.get("expires_at").doing(doing)?,
        issued_at: row.get("issued_at").doing(doing)?,
        parent,
    })
}

/// Removes tokens, and codes that would become such.
pub(super) fn remove_tokens(tx: &Transaction<'_>, selection: &TokenSelection) -> Result<u64, Error> {
    let doing = "removing tokens";
    let removed = match selection {
        TokenSelection::One(hash) => tx.execute("DELETE FROM token WHERE hash = ?1 OR parent = ?1", [hash.0]),
        TokenSelection::OfClient(client) => {
            tx.execute("DELETE FROM code WHERE client_id = ?1", [client]).doing(doing)?;
            tx.execute("DELETE FROM token WHERE client_id = ?1", [client])
        }
        TokenSelection::OfUser(user) => {
            tx.execute("DELETE FROM code WHERE user = ?1", [user.0]).doing(doing)?;
            tx.execute("DELETE FROM token WHERE user = ?1", [user.0])
        }
        TokenSelection::OfOrg(org) => {
            tx.execute("DELETE FROM code WHERE org = ?1", [org.0]).doing(doing)?;
            tx.execute("DELETE FROM token WHERE org = ?1", [org.0])
        }
    };
    removed.doing(doing).map(|gone| gone as u64)
}

fn key_bytes(keys: &[WebhookKey]) -> Vec<u8> {
    keys.iter().flat_map(|key| key.0).collect()
}

/// The place of a row that is known by its id.
fn place(tx: &Transaction<'_>, doing: &'static str, table: &str, id: i64) -> Result<Option<i64>, Error> {
    let sql = format!("SELECT place FROM {table} WHERE id = ?1");
    tx.query_row(&sql, [id], |row| row.get(0)).optional().doing(doing)
}

fn check_org(tx: &Transaction<'_>, doing: &'static str, org: OrgId) -> Result<(), Error> {
    let known = place(tx, doing, "org", org.0)?.is_some();
    if known { Ok(()) } else { Err(Error::failed(doing, format!("there is no organisation {org}"))) }
}
