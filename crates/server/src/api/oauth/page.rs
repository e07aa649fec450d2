//! The pages of the accounts server: no scripts, nothing from elsewhere.

use std::sync::LazyLock;

use askama::Template;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bulkwright_wire::path::AUTHORIZE;
use bulkwright_wire::scope;
use http::StatusCode;
use sha2::{Digest, Sha256};

use super::authorize::Asked;
use super::parameters::Parameters;
use super::redirect;
use crate::config::Mode;
use crate::reply::Answer;
use crate::start::dev;
use crate::state::App;

const STYLE: &str = include_str!("../../../templates/style.css");

/// The style is the only thing inside a page that does something; its hash lets it.
static POLICY: LazyLock<String> = LazyLock::new(|| {
    let hash = STANDARD.encode(Sha256::digest(STYLE));
    format!("default-src 'none'; style-src 'sha256-{hash}'; base-uri 'none'; frame-ancestors 'none'")
});

/// What stands in the form, and what is said over it.
pub(super) struct Filled {
    status: StatusCode,
    email: String,
    secret: &'static str,
    complaint: &'static str,
}

impl Filled {
    /// Empty; a server for developers fills in what its manual prints.
    pub(super) fn at_first(app: &App) -> Self {
        let (email, secret) = match app.mode {
            Mode::Dev => (dev::EMAIL, dev::ADMIN_SECRET),
            Mode::Serve { .. } => ("", ""),
        };
        Filled { status: StatusCode::OK, email: email.to_owned(), secret, complaint: "" }
    }

    /// After a wrong secret.
    pub(super) fn wrongly(parameters: &Parameters) -> Self {
        Filled::again(parameters, StatusCode::FORBIDDEN, "The e-mail address or the secret is not right.")
    }

    /// After too many of them.
    pub(super) fn too_often(parameters: &Parameters) -> Self {
        let complaint = "Too many wrong secrets came from your network. Please try again in a minute.";
        Filled::again(parameters, StatusCode::TOO_MANY_REQUESTS, complaint)
    }

    fn again(parameters: &Parameters, status: StatusCode, complaint: &'static str) -> Self {
        let email = parameters.get("email").unwrap_or_default().to_owned();
        Filled { status, email, secret: "", complaint }
    }
}

#[derive(Template)]
#[template(path = "consent.html")]
struct ConsentPage<'a> {
    style: &'static str,
    action: &'static str,
    client: &'a str,
    organisation: &'a str,
    zgid: String,
    permissions: Vec<Permission<'a>>,
    offline: bool,
    redirect_uri: &'a str,
    kept: Vec<(&'static str, &'a str)>,
    email: &'a str,
    secret: &'static str,
    complaint: &'static str,
}

/// A scope, in plain words and as it is called.
struct Permission<'a> {
    words: String,
    scope: &'a str,
}

#[derive(Template)]
#[template(path = "problem.html")]
struct ProblemPage<'a> {
    style: &'static str,
    word: &'a str,
    explanation: &'a str,
}

/// The page that asks a user.
pub(super) fn consent(asked: &Asked, filled: &Filled) -> Answer {
    let scopes = asked.scopes.join(",");
    let permission = |scope: &'_ String| scope::described(scope).unwrap_or_else(|| scope.clone());
    let page = ConsentPage {
        style: STYLE,
        action: AUTHORIZE,
        client: if asked.client.name.is_empty() { &asked.client.client_id } else { &asked.client.name },
        organisation: &asked.org.company_name,
        zgid: asked.org.id.to_string(),
        permissions: asked.scopes.iter().map(|scope| Permission { words: permission(scope), scope }).collect(),
        offline: asked.offline,
        redirect_uri: &asked.redirect_uri,
        kept: kept(asked, &scopes),
        email: &filled.email,
        secret: filled.secret,
        complaint: filled.complaint,
    };
    let policy = format!("{}; form-action 'self' {}", *POLICY, redirect::source_of(&asked.redirect_uri));
    Answer::Page { status: filled.status, html: rendered(&page), policy }
}

/// The page that says what is wrong with a request.
pub(super) fn problem(status: StatusCode, word: &str, explanation: &str) -> Answer {
    let html = rendered(&ProblemPage { style: STYLE, word, explanation });
    Answer::Page { status, html, policy: format!("{}; form-action 'none'", *POLICY) }
}

fn rendered(page: &impl Template) -> String {
    page.render().expect("templates are checked when they are compiled, and memory takes every byte")
}

/// What the form brings back.
fn kept<'a>(asked: &'a Asked, scopes: &'a str) -> Vec<(&'static str, &'a str)> {
    let mut kept = vec![
        ("response_type", "code"),
        ("client_id", asked.client.client_id.as_str()),
        ("redirect_uri", asked.redirect_uri.as_str()),
        ("scope", scopes),
        ("access_type", if asked.offline { "offline" } else { "online" }),
    ];
    kept.extend(asked.state.as_deref().map(|state| ("state", state)));
    if let Some(challenge) = &asked.challenge {
        kept.push(("code_challenge", &challenge.challenge));
        kept.push(("code_challenge_method", &challenge.method));
    }
    kept
}
