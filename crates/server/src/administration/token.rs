//! Tokens.

use bulkwright_store::model::{
    Grant, OauthClient, Org, SecretHash, Token, TokenKind as StoredKind, TokenSelection, User,
};
use bulkwright_wire::administration::{
    CreateToken, CreatedToken, ListTokens, RevokeToken, RevokedToken, SCHEMA, Secret, TokenKind, TokenView,
    TokensAnswer,
};
use bulkwright_wire::limit::ACCESS_TOKEN_SECONDS;

use super::{Administered, Administration, Failed, Mistake, known, utc, values};
use crate::access::new_token;

/// Tokens of one list.
const TOKENS_LISTED_MAX: usize = 1000;
/// Hexadecimal digits of a token's id: 64 bits of its hash.
const ID_DIGITS: usize = 16;
/// Seconds that a token lives at most, unless it never ends: 100 years.
const LIFETIME_SECONDS_MAX: u64 = 100 * 366 * 24 * 3600;

impl Administered for CreateToken {
    async fn carried_out(self, at: &Administration<'_>) -> Result<CreatedToken, Failed> {
        let (scopes, lifetime) = (values::scopes(&self.scopes)?, lifetime(&self)?);
        let org = at.living_org(self.org.as_deref()).await?;
        let user = at.user_of(&org, self.user.as_deref()).await?;
        let client = at.client_of(&org, self.client_id.as_deref()).await?;
        let (token, now) = (new_token(), at.clock.seconds());
        let grant = Grant {
            org: org.id,
            user: user.id,
            client_id: client.client_id,
            scopes,
            expires_at: lifetime.map(|seconds| now + seconds),
            issued_at: Some(now),
            parent: None,
        };
        let stored = Token { kind: stored_kind(self.kind), hash: SecretHash::of(&token), grant };
        at.store.add_token(stored.kind, stored.hash, &stored.grant).await?;
        tracing::info!(org = %org.id, id = id_of(&stored.hash), kind = self.kind.as_str(), "a token is made");
        Ok(CreatedToken { schema: SCHEMA, token: Secret(token), view: view(stored, now) })
    }
}

/// Seconds that the new token lives; `None` for one that never ends.
fn lifetime(asked: &CreateToken) -> Result<Option<i64>, Mistake> {
    match asked.expires_in_seconds {
        Some(_) if asked.never_expires => {
            Err(Mistake::Unusable("a token either ends or never does: give one of the two".to_owned()))
        }
        Some(seconds @ 1..=LIFETIME_SECONDS_MAX) => Ok(Some(seconds as i64)),
        Some(_) => Err(Mistake::Unusable("a token lives from 1s to 100 years, or never ends".to_owned())),
        None if asked.never_expires || asked.kind == TokenKind::Refresh => Ok(None),
        None => Ok(Some(ACCESS_TOKEN_SECONDS)),
    }
}

impl Administration<'_> {
    /// The user that is meant: the one of that id, or the organisation's oldest. None who is revoked.
    pub(super) async fn user_of(&self, org: &Org, named: Option<&str>) -> Result<User, Failed> {
        let users = self.living_users(org.id).await?;
        let found = users.iter().find(|user| named.is_none_or(|named| user.id.to_string() == named));
        found.cloned().ok_or_else(|| {
            let known = known(users.iter().map(|user| format!("{} ({})", user.id, user.email)));
            let named = named.unwrap_or_default();
            let message = format!("organisation {} has no user {named} who is not revoked; {known}", org.id);
            Mistake::Unknown(message).into()
        })
    }

    /// The OAuth client that is meant: the one of that id, or the organisation's only one.
    pub(super) async fn client_of(&self, org: &Org, named: Option<&str>) -> Result<OauthClient, Failed> {
        let mut clients = self.store.oauth_clients(org.id).await?;
        let known = known(clients.iter().map(|client| format!("{} ({})", client.client_id, client.name)));
        if let Some(named) = named {
            clients.retain(|client| client.client_id == named);
        }
        let mistake = match (clients.pop(), clients.is_empty(), named) {
            (Some(client), true, _) => return Ok(client),
            (Some(_), false, _) => Mistake::Unusable(format!(
                "organisation {} has several OAuth clients: say which one with --client-id; {known}",
                org.id
            )),
            (None, _, Some(named)) => {
                Mistake::Unknown(format!("organisation {} has no OAuth client {named}; {known}", org.id))
            }
            (None, _, None) => Mistake::Unknown(format!(
                "organisation {} has no OAuth client: make one with `bulkwright oauth-client create`",
                org.id
            )),
        };
        Err(mistake.into())
    }

    async fn all_tokens(&self, org: Option<&str>) -> Result<Vec<Token>, Failed> {
        let mut tokens = Vec::new();
        for org in self.listed_orgs(org).await? {
            tokens.extend(self.store.tokens(org).await?);
        }
        Ok(tokens)
    }
}

impl Administered for ListTokens {
    async fn carried_out(self, at: &Administration<'_>) -> Result<TokensAnswer, Failed> {
        let mut tokens = at.all_tokens(self.org.as_deref()).await?;
        tokens.sort_by_key(|token| std::cmp::Reverse(token.grant.issued_at));
        let more_tokens = tokens.len().saturating_sub(TOKENS_LISTED_MAX) as u64;
        tokens.truncate(TOKENS_LISTED_MAX);
        let now = at.clock.seconds();
        let tokens = tokens.into_iter().map(|token| view(token, now)).collect();
        Ok(TokensAnswer { schema: SCHEMA, tokens, more_tokens })
    }
}

fn view(token: Token, now: i64) -> TokenView {
    let Token { kind, hash, grant } = token;
    TokenView {
        id: id_of(&hash),
        kind: match kind {
            StoredKind::Access => TokenKind::Access,
            StoredKind::Refresh => TokenKind::Refresh,
        },
        zgid: grant.org.to_string(),
        user_id: grant.user.to_string(),
        client_id: grant.client_id,
        scopes: grant.scopes,
        issued_time: grant.issued_at.map(utc),
        expires_time: grant.expires_at.map(utc),
        expired: grant.expires_at.is_some_and(|end| end <= now),
        refresh_token_id: grant.parent.as_ref().map(id_of),
    }
}

fn stored_kind(kind: TokenKind) -> StoredKind {
    match kind {
        TokenKind::Access => StoredKind::Access,
        TokenKind::Refresh => StoredKind::Refresh,
    }
}

fn id_of(hash: &SecretHash) -> String {
    hex::encode(hash.0)[..ID_DIGITS].to_owned()
}

impl Administered for RevokeToken {
    async fn carried_out(self, at: &Administration<'_>) -> Result<RevokedToken, Failed> {
        let id = match (&self.id, &self.token) {
            (Some(id), None) => given_id(id)?,
            (None, Some(token)) => id_of(&SecretHash::of(token.reveal().trim())),
            _ => return Err(Mistake::Unusable("give the id of a token, or the token itself".to_owned()).into()),
        };
        let tokens = at.all_tokens(None).await?;
        let Some(token) = tokens.into_iter().find(|token| id_of(&token.hash) == id) else {
            let message = format!(
                "there is no token {id}, or it is revoked already; `bulkwright token list` shows which there are"
            );
            return Err(Mistake::Unknown(message).into());
        };
        let gone = at.store.remove_tokens(&TokenSelection::One(token.hash)).await?;
        tracing::info!(org = %token.grant.org, id, "a token is revoked");
        let token = view(token, at.clock.seconds());
        Ok(RevokedToken { schema: SCHEMA, token, access_tokens: gone.saturating_sub(1) })
    }
}

/// An id as lists show it. What is given in its place may be a token: it is not repeated.
fn given_id(text: &str) -> Result<String, Mistake> {
    if text.len() == ID_DIGITS && text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return Ok(text.to_ascii_lowercase());
    }
    let message = format!(
        "a token's id is the {ID_DIGITS} hexadecimal digits that `bulkwright token list` shows; the token itself is read from \
         stdin by `bulkwright token revoke -`"
    );
    Err(Mistake::Unusable(message))
}
