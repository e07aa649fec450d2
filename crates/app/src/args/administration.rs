//! The command line of those who say who may use a server: organisations, users, OAuth clients and tokens.

use std::time::Duration;

use clap::builder::BoolishValueParser;
use clap::{Args, Subcommand};

use super::DataArgs;
use crate::settings::duration;

/// `org …`
#[derive(Debug, Subcommand)]
pub(crate) enum OrgCommand {
    /// Make an organisation with its first user, its first OAuth client and a refresh token
    Create(OrgCreateArgs),
    /// List organisations, oldest first
    List(OrgListArgs),
    /// Change the name, the time zone or the edition of an organisation
    Update(OrgUpdateArgs),
    /// Close an organisation: its tokens, codes and OAuth clients go at once, its data stay
    Revoke(OrgRevokeArgs),
}

/// `org create`
#[derive(Clone, Debug, Args)]
#[command(before_help = "\
Examples:
  bulkwright org create --name Acme
  bulkwright org create --name Acme --time-zone Europe/Berlin --edition Professional --email ann@acme.example
  bulkwright org create --name Acme --json > acme.json     (with its server running: for --credentials acme.json)")]
pub(crate) struct OrgCreateArgs {
    /// What it is called
    #[arg(long, env = "BULKWRIGHT_NAME", value_name = "NAME")]
    pub(crate) name: String,
    /// Its time zone, such as Europe/Berlin or +05:30; the machine's if it is not said
    #[arg(long, env = "BULKWRIGHT_TIME_ZONE", value_name = "ZONE", allow_hyphen_values = true)]
    pub(crate) time_zone: Option<String>,
    /// The vendor's edition whose limits are to hold: Free, Standard, Professional, Enterprise or Ultimate; none hold without
    #[arg(long, env = "BULKWRIGHT_EDITION", value_name = "EDITION")]
    pub(crate) edition: Option<String>,
    /// Its id, digits; a free one is drawn if it is not said
    #[arg(long, env = "BULKWRIGHT_ZGID", value_name = "ZGID")]
    pub(crate) zgid: Option<String>,
    /// What its first user is called
    #[arg(long, env = "BULKWRIGHT_USER_NAME", value_name = "NAME")]
    pub(crate) user_name: Option<String>,
    /// The e-mail address of its first user
    #[arg(long, env = "BULKWRIGHT_EMAIL", value_name = "ADDRESS")]
    pub(crate) email: Option<String>,
    #[command(flatten)]
    pub(crate) data: DataArgs,
}

/// `org list`
#[derive(Clone, Debug, Args)]
pub(crate) struct OrgListArgs {
    #[command(flatten)]
    pub(crate) data: DataArgs,
}

/// `org update`
#[derive(Clone, Debug, Args)]
#[command(before_help = "\
Examples:
  bulkwright org update --edition Enterprise
  bulkwright org update 694902309 --name 'Acme Ltd' --edition none")]
#[group(required = true, multiple = true, args = ["name", "time_zone", "edition"])]
pub(crate) struct OrgUpdateArgs {
    /// The organisation; may be left out where there is only one
    #[arg(value_name = "ZGID")]
    pub(crate) org: Option<String>,
    /// What it is called from now on
    #[arg(long, env = "BULKWRIGHT_NAME", value_name = "NAME")]
    pub(crate) name: Option<String>,
    /// Its time zone from now on
    #[arg(long, env = "BULKWRIGHT_TIME_ZONE", value_name = "ZONE", allow_hyphen_values = true)]
    pub(crate) time_zone: Option<String>,
    /// The edition whose limits hold from now on; `none` for no limits
    #[arg(long, env = "BULKWRIGHT_EDITION", value_name = "EDITION")]
    pub(crate) edition: Option<String>,
    #[command(flatten)]
    pub(crate) data: DataArgs,
}

/// `org revoke`
#[derive(Clone, Debug, Args)]
pub(crate) struct OrgRevokeArgs {
    /// The organisation
    #[arg(value_name = "ZGID")]
    pub(crate) org: String,
    #[command(flatten)]
    pub(crate) data: DataArgs,
}

/// `user …`
#[derive(Debug, Subcommand)]
pub(crate) enum UserCommand {
    /// Make a user, with a secret that he consents with
    Create(UserCreateArgs),
    /// List users
    List(OfOrgArgs),
    /// Revoke a user: his tokens go at once, and what he made keeps his name
    Revoke(UserRevokeArgs),
}

/// `user create`
#[derive(Clone, Debug, Args)]
#[command(before_help = "\
Examples:
  bulkwright user create --name 'Ann Ng' --email ann@acme.example
  bulkwright user create --org 694902309 --name 'Ann Ng' --email ann@acme.example --time-zone +05:30 --json")]
pub(crate) struct UserCreateArgs {
    /// What he is called
    #[arg(long, env = "BULKWRIGHT_NAME", value_name = "NAME")]
    pub(crate) name: String,
    /// His e-mail address, unique in the organisation
    #[arg(long, env = "BULKWRIGHT_EMAIL", value_name = "ADDRESS")]
    pub(crate) email: String,
    /// The time zone that times are told him in; the organisation's if it is not said
    #[arg(long, env = "BULKWRIGHT_TIME_ZONE", value_name = "ZONE", allow_hyphen_values = true)]
    pub(crate) time_zone: Option<String>,
    #[command(flatten)]
    pub(crate) of: OfOrgArgs,
}

/// `user revoke`
#[derive(Clone, Debug, Args)]
pub(crate) struct UserRevokeArgs {
    /// The user's id, as `bulkwright user list` shows it
    pub(crate) id: String,
    #[command(flatten)]
    pub(crate) data: DataArgs,
}

/// `oauth-client …`
#[derive(Debug, Subcommand)]
pub(crate) enum OauthClientCommand {
    /// Make an OAuth client
    Create(OauthClientCreateArgs),
    /// List OAuth clients
    List(OfOrgArgs),
    /// Revoke an OAuth client: it goes with its tokens and codes at once
    Revoke(OauthClientRevokeArgs),
    /// Make a code by hand, which an application exchanges for its tokens: what the vendor's console gives self clients
    Code(OauthClientCodeArgs),
}

/// `oauth-client create`
#[derive(Clone, Debug, Args)]
#[command(before_help = "\
Examples:
  bulkwright oauth-client create --name Importer --redirect-uri https://app.example.com/callback
  bulkwright oauth-client create --name Nightly --with-refresh-token --scope ZohoFiles.files.ALL,ZohoCRM.bulk.ALL,ZohoCRM.modules.ALL")]
pub(crate) struct OauthClientCreateArgs {
    /// What it is called on the consent page
    #[arg(long, env = "BULKWRIGHT_NAME", value_name = "NAME")]
    pub(crate) name: String,
    /// Where codes may be sent to, compared as text; may be repeated
    #[arg(long, env = "BULKWRIGHT_REDIRECT_URI", value_name = "URI", value_delimiter = ',')]
    pub(crate) redirect_uri: Vec<String>,
    /// Make a refresh token for it too
    #[arg(long, env = "BULKWRIGHT_WITH_REFRESH_TOKEN", value_parser = BoolishValueParser::new(), requires = "scope")]
    pub(crate) with_refresh_token: bool,
    /// What the refresh token opens; may be repeated
    #[arg(
        long,
        env = "BULKWRIGHT_SCOPE",
        value_name = "SCOPE",
        value_delimiter = ',',
        requires = "with_refresh_token"
    )]
    pub(crate) scope: Vec<String>,
    #[command(flatten)]
    pub(crate) of: OfOrgArgs,
}

/// `oauth-client revoke`
#[derive(Clone, Debug, Args)]
pub(crate) struct OauthClientRevokeArgs {
    /// The client's id, as `bulkwright oauth-client list` shows it
    pub(crate) client_id: String,
    #[command(flatten)]
    pub(crate) data: DataArgs,
}

/// `oauth-client code`
#[derive(Clone, Debug, Args)]
#[command(before_help = "\
Examples:
  bulkwright oauth-client code --scope ZohoFiles.files.ALL,ZohoCRM.bulk.ALL,ZohoCRM.modules.ALL
  bulkwright oauth-client code --client-id 1000.ABC --scope ZohoCRM.bulk.ALL --expires-in 10m --json | jq -r .code")]
pub(crate) struct OauthClientCodeArgs {
    /// What the tokens open that it is exchanged for; may be repeated
    #[arg(long, env = "BULKWRIGHT_SCOPE", value_name = "SCOPE", value_delimiter = ',', required = true)]
    pub(crate) scope: Vec<String>,
    /// On whose behalf, an id; the oldest user if it is not said
    #[arg(long, env = "BULKWRIGHT_USER", value_name = "ID")]
    pub(crate) user: Option<String>,
    /// The OAuth client that exchanges it; may be left out where there is only one
    #[arg(long, env = "BULKWRIGHT_CLIENT_ID", value_name = "ID")]
    pub(crate) client_id: Option<String>,
    /// The time in which it has to be exchanged, up to 10m
    #[arg(long, env = "BULKWRIGHT_EXPIRES_IN", value_name = "TIME", value_parser = whole_seconds, default_value = "3m")]
    pub(crate) expires_in: u64,
    #[command(flatten)]
    pub(crate) of: OfOrgArgs,
}

/// `token …`
#[derive(Debug, Subcommand)]
pub(crate) enum TokenCommand {
    /// Make an access token or a refresh token
    Create(TokenCreateArgs),
    /// List tokens, newest first; never the tokens themselves
    List(OfOrgArgs),
    /// Revoke a token; a refresh token takes along the access tokens that came from it
    Revoke(TokenRevokeArgs),
}

/// `token create`
#[derive(Clone, Debug, Args)]
#[command(before_help = "\
Examples:
  bulkwright token create --scope ZohoFiles.files.ALL,ZohoCRM.bulk.ALL,ZohoCRM.modules.ALL > token.txt
  bulkwright token create --scope ZohoCRM.bulk.READ --expires-in 1s
  bulkwright token create --scope ZohoCRM.bulk.ALL --refresh --json | jq -r .token")]
pub(crate) struct TokenCreateArgs {
    /// What it opens; may be repeated
    #[arg(long, env = "BULKWRIGHT_SCOPE", value_name = "SCOPE", value_delimiter = ',', required = true)]
    pub(crate) scope: Vec<String>,
    /// On whose behalf, an id; the oldest user if it is not said
    #[arg(long, env = "BULKWRIGHT_USER", value_name = "ID")]
    pub(crate) user: Option<String>,
    /// The OAuth client it is given to; may be left out where there is only one
    #[arg(long, env = "BULKWRIGHT_CLIENT_ID", value_name = "ID")]
    pub(crate) client_id: Option<String>,
    /// How long it lives, such as 1s, 1h or never; without it 1h, and never ending for a refresh token
    #[arg(long, env = "BULKWRIGHT_EXPIRES_IN", value_name = "TIME", value_parser = lifetime)]
    pub(crate) expires_in: Option<Lifetime>,
    /// Make a refresh token: it is exchanged for access tokens
    #[arg(long, env = "BULKWRIGHT_REFRESH", value_parser = BoolishValueParser::new())]
    pub(crate) refresh: bool,
    #[command(flatten)]
    pub(crate) of: OfOrgArgs,
}

/// How long a token lives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Lifetime {
    /// So many whole seconds.
    Seconds(u64),
    /// Until it is revoked.
    Never,
}

/// `token revoke`
#[derive(Clone, Debug, Args)]
#[command(before_help = "\
Examples:
  bulkwright token revoke 0f3c5e9a7b214d68
  bulkwright token revoke - < token.txt")]
pub(crate) struct TokenRevokeArgs {
    /// The token's id, as `bulkwright token list` shows it; `-` to read the token itself from stdin
    pub(crate) id: String,
    #[command(flatten)]
    pub(crate) data: DataArgs,
}

/// Which organisation.
#[derive(Clone, Debug, Args)]
pub(crate) struct OfOrgArgs {
    /// The organisation; may be left out where there is only one, and lists are then about all
    #[arg(long, env = "BULKWRIGHT_ORG", value_name = "ZGID")]
    pub(crate) org: Option<String>,
    #[command(flatten)]
    pub(crate) data: DataArgs,
}

fn lifetime(text: &str) -> Result<Lifetime, String> {
    if text.eq_ignore_ascii_case("never") {
        return Ok(Lifetime::Never);
    }
    whole_seconds(text).map(Lifetime::Seconds).map_err(|problem| format!("{problem}, or never"))
}

fn whole_seconds(text: &str) -> Result<u64, String> {
    let given: Duration = duration(text).map_err(|_| format!("`{text}` is no time; write it like 1s, 10m or 1h"))?;
    if given.is_zero() || given.subsec_nanos() > 0 {
        return Err("it lives whole seconds, at least 1s".to_owned());
    }
    Ok(given.as_secs())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_live_whole_seconds_or_for_ever() {
        let check = |text: &str, expected: Option<Lifetime>| assert_eq!(lifetime(text).ok(), expected, "{text}");
        check("1s", Some(Lifetime::Seconds(1)));
        check("1h", Some(Lifetime::Seconds(3600)));
        check("never", Some(Lifetime::Never));
        check("0s", None);
        check("500ms", None);
        check("1", None);
        check("soon", None);
    }
}
