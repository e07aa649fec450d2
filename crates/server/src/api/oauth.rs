//! The accounts server (contract section 8): consent, codes, tokens. All of it but the profile is answered before
//! authentication: it is where authentication comes from.

mod authorize;
mod consent;
mod grants;
mod page;
mod parameters;
pub(crate) mod profile;
mod redirect;
mod revoke;
mod token;

use std::net::IpAddr;

use bulkwright_wire::path::Endpoint;
use http::HeaderMap;
use http::header::HOST;

use crate::body::RequestBody;
use crate::gate::Query;
use crate::reply::{Answer, Refusal};
use crate::state::App;

/// A request that nobody has to be known for.
pub(crate) struct OpenCall<'a> {
    pub(crate) app: &'a App,
    pub(crate) query: Query,
    pub(crate) headers: &'a HeaderMap,
    /// Who asks, as far as the connection tells.
    pub(crate) peer: Option<IpAddr>,
    pub(crate) body: &'a mut RequestBody,
}

impl OpenCall<'_> {
    /// The base of links in this answer.
    fn base(&self) -> String {
        self.app.links.base_for(self.host())
    }

    /// Where the API is, as whoever asks for a token is told.
    fn api_domain(&self) -> String {
        self.app.links.api_domain_for(self.host())
    }

    fn host(&self) -> Option<&str> {
        self.headers.get(HOST).and_then(|host| host.to_str().ok())
    }
}

/// Whether an endpoint is answered here, before authentication.
pub(crate) fn is_open(endpoint: Endpoint) -> bool {
    matches!(endpoint, Endpoint::Authorize | Endpoint::Consent | Endpoint::Token | Endpoint::Revoke)
}

/// Answers an endpoint that is open.
pub(crate) async fn answer(endpoint: Endpoint, call: OpenCall<'_>) -> Result<Answer, Refusal> {
    match endpoint {
        Endpoint::Authorize => authorize::show(call).await,
        Endpoint::Consent => consent::decide(call).await,
        Endpoint::Revoke => revoke::take_back(call).await,
        _ => token::exchange(call).await,
    }
}
