//! The accounts server, as browsers, applications and SDKs see it: no cookies, no sessions, no scripts.

mod codes;
mod consent;
mod scopes;
mod throttles;
mod tokens;
mod world;
