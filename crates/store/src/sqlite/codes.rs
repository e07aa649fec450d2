//! Authorization codes: taken once.

use rusqlite::{Transaction, params};

use super::sql::Doing;
use super::{access, seal, stored};
use crate::Error;
use crate::model::{Code, CodeChallenge, Grant, SecretHash};

/// Adds a code.
pub(super) fn add(tx: &Transaction<'_>, hash: SecretHash, code: &Code) -> Result<(), Error> {
    let sql =
        "INSERT INTO code (hash, org, user, client_id, scopes, issued_at, expires_at, redirect_uri, challenge_method,
                   challenge, offline)
               VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)";
    let Grant { org, user, client_id, scopes, expires_at, issued_at, parent: _ } = &code.grant;
    let scopes = stored::scopes_json(scopes);
    let (method, challenge) = code.challenge.as_ref().map(|it| (&it.method, &it.challenge)).unzip();
    let values = params![
        hash.0,
        org.0,
        user.0,
        client_id,
        scopes,
        issued_at,
        expires_at,
        code.redirect_uri,
        method,
        challenge,
        code.offline
    ];
    seal::CODE.insert(tx, "adding a code", sql, values).map(|_| ())
}

/// Takes a code away, and answers it.
pub(super) fn take(tx: &Transaction<'_>, hash: SecretHash) -> Result<Option<Code>, Error> {
    let doing = "taking a code";
    let found = seal::CODE.all(tx, doing, "WHERE hash = ?1", params![hash.0], 1, |row| {
        let found = SecretHash(row.get("hash").doing(doing)?);
        let method: Option<String> = row.get("challenge_method").doing(doing)?;
        let challenge: Option<String> = row.get("challenge").doing(doing)?;
        let code = Code {
            grant: access::grant(row)?,
            redirect_uri: row.get("redirect_uri").doing(doing)?,
            challenge: method.zip(challenge).map(|(method, challenge)| CodeChallenge { method, challenge }),
            offline: row.get("offline").doing(doing)?,
        };
        // Compared again in constant time.
        Ok(Some(code).filter(|_| found == hash))
    })?;
    tx.execute("DELETE FROM code WHERE hash = ?1", [hash.0]).doing(doing)?;
    Ok(found.into_iter().next())
}
