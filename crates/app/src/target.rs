//! Where a command goes and with what right (CLIENT 1 to 3).

use bulkwright_client::{
    Api, ApiSettings, Credentials, Exit, Patience, Secret, TargetKind, TokenSource, Trust, is_vendor,
};
use url::Url;

use crate::args::TargetArgs;
use crate::exit::Failure;
use crate::own_server::OwnServer;

/// An access token, for those who have one at hand.
const TOKEN_VARIABLE: &str = "BULKWRIGHT_TOKEN";
/// What other programs taught people to set for the vendor's cloud.
const VENDOR_VARIABLES: &[&str] = &["ZOHO_CLIENT_ID", "ZOHO_REFRESH_TOKEN"];

/// What is talked to.
pub(crate) struct Target {
    pub(crate) api: Api,
    /// `http://127.0.0.1:8080 (own running server, data in ./bulkwright-data)`
    pub(crate) name: String,
    own: Option<OwnServer>,
}

/// What happens where there is no data directory yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NoData {
    /// A server is started over a new one.
    Make,
    /// There is nothing to look at.
    Refuse,
}

impl Target {
    /// An explicit base, else a server's credentials, else the server of one's own.
    pub(crate) async fn resolve(args: &TargetArgs, no_data: NoData) -> Result<Self, Failure> {
        let named = match &args.credentials {
            Some(path) => Some(Credentials::read(path)?),
            None => None,
        };
        if let Some(base_url) = args.base_url.clone().or_else(|| named.as_ref().map(|named| named.base_url.clone())) {
            let token = token_for(&base_url, args, named.as_ref())?;
            let mark = if is_vendor(&base_url) { " (the vendor's cloud)" } else { "" };
            let name = format!("{}{mark}", shown(&base_url));
            let trust = trust(args, named.as_ref());
            return Ok(Target { api: api(args, base_url, token, trust)?, name, own: None });
        }
        refuse_lost_credentials(args)?;
        if no_data == NoData::Refuse && !args.data.exists() {
            let message = format!("no server is named, and there are no data in {}", args.data.display());
            let hint = "give --base-url and --token-file, or --data with the directory of your own server";
            return Err(Failure::new(Exit::Usage, message, hint));
        }
        let own = OwnServer::over(&args.data).await?;
        let base_url = own.credentials.base_url.clone();
        let token = exchanged(&own.credentials, args, &base_url);
        let name = format!("{} ({})", shown(&base_url), own.name());
        let trust = trust(args, Some(&own.credentials));
        Ok(Target { api: api(args, base_url, token, trust)?, name, own: Some(own) })
    }

    /// Whose server it is.
    pub(crate) async fn kind(&self) -> Result<TargetKind, Failure> {
        match self.own {
            Some(_) => Ok(TargetKind::Own),
            None => Ok(self.api.target_kind().await?),
        }
    }

    /// Ends what was started for the command.
    pub(crate) async fn close(self) {
        if let Some(own) = self.own {
            own.close().await;
        }
    }

    /// Ends what was started for a command that was refused, without a trace.
    pub(crate) async fn close_unused(self) {
        if let Some(own) = self.own {
            own.close_unused().await;
        }
    }
}

fn api(args: &TargetArgs, base_url: Url, token: TokenSource, trust: Trust) -> Result<Api, Failure> {
    let patience = Patience { request_timeout: args.request_timeout, ..Patience::default() };
    let upload_url = args.upload_url.clone();
    Ok(Api::new(ApiSettings { base_url, upload_url, token, trust, version: args.api_version, patience })?)
}

/// Whoever has a server's credentials knows its certificate too.
fn trust(args: &TargetArgs, credentials: Option<&Credentials>) -> Trust {
    let ca_cert = args.ca_cert.clone();
    match credentials {
        Some(credentials) => credentials.trust(ca_cert),
        None => Trust { ca_cert, credentials: None },
    }
}

fn token_for(base_url: &Url, args: &TargetArgs, named: Option<&Credentials>) -> Result<TokenSource, Failure> {
    if let Some(path) = &args.token_file {
        return Ok(TokenSource::File(path.clone()));
    }
    if let Some(token) = variable(TOKEN_VARIABLE) {
        return Ok(TokenSource::Fixed(Secret::new(&token)));
    }
    if let Some(named) = named {
        return Ok(exchanged(named, args, base_url));
    }
    let message = format!("no access token for {}", shown(base_url));
    let hint = format!("give --token-file, --credentials, or set {TOKEN_VARIABLE}");
    Err(Failure::new(Exit::NotAllowed, message, hint))
}

/// The refresh token goes where the credentials say, unless the command line says otherwise.
fn exchanged(credentials: &Credentials, args: &TargetArgs, base_url: &Url) -> TokenSource {
    let accounts_url = args.accounts_url.clone().or_else(|| credentials.accounts_url.clone());
    TokenSource::Refresh {
        accounts_url: accounts_url.unwrap_or_else(|| base_url.clone()),
        client_id: credentials.client_id.clone(),
        client_secret: credentials.client_secret.clone(),
        refresh_token: credentials.refresh_token.clone(),
    }
}

/// Whoever gives a token or has the vendor's credentials set does not mean a server of his own.
fn refuse_lost_credentials(args: &TargetArgs) -> Result<(), Failure> {
    let given = if args.token_file.is_some() {
        Some("--token-file")
    } else {
        let mut names = [TOKEN_VARIABLE].into_iter().chain(VENDOR_VARIABLES.iter().copied());
        names.find(|name| variable(name).is_some())
    };
    let Some(given) = given else { return Ok(()) };
    let hint = "add --base-url, such as https://www.zohoapis.com or http://127.0.0.1:8080";
    Err(Failure::new(Exit::Usage, format!("{given} is given, but no server to use it with"), hint))
}

fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.trim().is_empty())
}

fn shown(url: &Url) -> &str {
    url.as_str().trim_end_matches('/')
}
