//! `token …`

use std::io::Read;

use bulkwright_client::Exit;
use bulkwright_client::api_words::administration::{
    CreateToken, CreatedToken, ListTokens, RevokeToken, Secret, TokenKind, TokenView,
};

use super::{local, show, table};
use crate::args::{Lifetime, OfOrgArgs, TokenCreateArgs, TokenRevokeArgs};
use crate::data_directory::administered;
use crate::exit::Failure;
use crate::ui::{Ui, counted, grouped};

/// Bytes of a token on stdin.
const TOKEN_BYTES_MAX: u64 = 4096;

pub(super) async fn create(args: &TokenCreateArgs, ui: &Ui) -> Result<Exit, Failure> {
    let request = CreateToken {
        org: args.of.org.clone(),
        user: args.user.clone(),
        client_id: args.client_id.clone(),
        scopes: args.scope.clone(),
        kind: if args.refresh { TokenKind::Refresh } else { TokenKind::Access },
        expires_in_seconds: match args.expires_in {
            Some(Lifetime::Seconds(seconds)) => Some(seconds),
            Some(Lifetime::Never) | None => None,
        },
        never_expires: args.expires_in == Some(Lifetime::Never),
    };
    let answer = administered(&args.of.data.data, request).await?;
    // The token alone, so that it can go into a file.
    let exit = show(&answer, |answer| vec![answer.token.reveal().to_owned()], ui);
    ui.talk(&beside(&answer));
    Ok(exit)
}

fn beside(answer: &CreatedToken) -> String {
    let TokenView { id, kind, zgid, user_id, expires_time, .. } = &answer.view;
    let end = match expires_time {
        Some(_) => format!("until {}", local(expires_time.as_ref())),
        None => "never ending".to_owned(),
    };
    let kind = kind.as_str();
    format!(
        "{kind} token {id} of organisation {zgid}, user {user_id}, {end}; keep it now: this is the only time it is shown"
    )
}

pub(super) async fn list(args: &OfOrgArgs, ui: &Ui) -> Result<Exit, Failure> {
    let answer = administered(&args.data.data, ListTokens { org: args.org.clone() }).await?;
    let header = ["ID", "KIND", "ORG", "USER", "CLIENT ID", "ISSUED", "EXPIRES", "SCOPES"];
    let exit = show(&answer, |answer| table(header, answer.tokens.iter().map(cells)), ui);
    if answer.more_tokens > 0 {
        ui.talk(&format!("and {} older ones; --org shows those of one organisation", grouped(answer.more_tokens)));
    }
    Ok(exit)
}

fn cells(token: &TokenView) -> [String; 8] {
    let expires = match &token.expires_time {
        Some(_) if token.expired => "over".to_owned(),
        Some(_) => local(token.expires_time.as_ref()),
        None => "never".to_owned(),
    };
    [
        token.id.clone(),
        token.kind.as_str().to_owned(),
        token.zgid.clone(),
        token.user_id.clone(),
        token.client_id.clone(),
        local(token.issued_time.as_ref()),
        expires,
        token.scopes.join(","),
    ]
}

pub(super) async fn revoke(args: &TokenRevokeArgs, ui: &Ui) -> Result<Exit, Failure> {
    let request = match args.id.as_str() {
        "-" => RevokeToken { id: None, token: Some(from_stdin()?) },
        id => RevokeToken { id: Some(id.to_owned()), token: None },
    };
    let answer = administered(&args.data.data, request).await?;
    let (kind, id) = (answer.token.kind.as_str(), &answer.token.id);
    let line = match answer.token.kind {
        TokenKind::Access => format!("{kind} token {id} is revoked"),
        TokenKind::Refresh => {
            let along = counted(answer.access_tokens, "access token");
            format!("{kind} token {id} is revoked, and {along} that came from it")
        }
    };
    Ok(show(&answer, |_| vec![line], ui))
}

fn from_stdin() -> Result<Secret, Failure> {
    let mut text = String::new();
    let read = std::io::stdin().lock().take(TOKEN_BYTES_MAX).read_to_string(&mut text);
    let text = text.trim();
    if read.is_err() || text.is_empty() || text.contains(char::is_whitespace) {
        let hint = "give one line, such as `bulkwright token revoke - < token.txt`";
        return Err(Failure::new(Exit::Usage, "stdin holds no token", hint));
    }
    Ok(Secret(text.to_owned()))
}
