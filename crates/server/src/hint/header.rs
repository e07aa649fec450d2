//! Headers: the token under another scheme or elsewhere, and the names that people write for `feature` and `X-CRM-ORG`.

use bulkwright_engine::ids::OrgId;
use bulkwright_wire::header::{FEATURE, ORG};
use http::HeaderMap;
use http::header::AUTHORIZATION;
use http::request::Parts;

use super::{nearest, plain, told};
use crate::gate::Query;

const RIGHT_FORM: &str = "send the header Authorization: Zoho-oauthtoken TOKEN";

/// Parameters under which people send a token.
const TOKEN_PARAMETERS: &[&str] = &["access_token", "authtoken", "auth_token", "oauth_token", "oauthtoken", "token"];
/// Headers in which people send one.
const TOKEN_HEADERS: &[&str] = &[
    "x-authorization",
    "authorisation",
    "authentication",
    "auth-token",
    "x-auth-token",
    "access-token",
    "x-access-token",
    "zoho-oauthtoken",
    "bearer",
    "token",
];
/// Headers of other APIs that name a tenant.
const ORG_HEADERS: &[&str] = &[
    "org",
    "orgid",
    "org-id",
    "x-org",
    "x-org-id",
    "x-crm-org-id",
    "crm-org",
    "zgid",
    "x-zgid",
    "crm-org-id",
    "organization-id",
];
/// Names that people write for `feature`.
const FEATURE_HEADERS: &[&str] = &["feature", "features", "x-feature", "x-crm-feature", "zoho-feature", "feature-name"];

/// What a request without a token that is read very likely meant.
pub(super) fn of_no_token(head: &Parts) -> String {
    if let Some(value) = head.headers.get(AUTHORIZATION) {
        return of_scheme(value.to_str().unwrap_or_default()).to_owned();
    }
    let query = Query::of(head.uri.query());
    if let Some(parameter) = TOKEN_PARAMETERS.iter().find(|parameter| query.get(parameter).is_some()) {
        return format!("{RIGHT_FORM}; the parameter {parameter} is not read");
    }
    match sent_like(&head.headers, TOKEN_HEADERS) {
        Some(name) => format!("{RIGHT_FORM}; the header {name} is not read"),
        None => RIGHT_FORM.to_owned(),
    }
}

fn of_scheme(value: &str) -> &'static str {
    let mut words = value.split_ascii_whitespace();
    match (words.next(), words.next()) {
        (None, _) => RIGHT_FORM,
        (Some(word), None) if is_scheme(word) => {
            "there is no token behind the scheme: Authorization: Zoho-oauthtoken TOKEN"
        }
        (Some(_), None) => "there is no scheme before the token: Authorization: Zoho-oauthtoken TOKEN",
        _ => "the scheme is Zoho-oauthtoken or Bearer, one blank, then the token",
    }
}

fn is_scheme(word: &str) -> bool {
    ["Bearer", "Zoho-oauthtoken", "Basic", "Token", "OAuth"].iter().any(|scheme| scheme.eq_ignore_ascii_case(word))
}

/// What to do about a token that is not, or no longer, known.
pub(super) fn of_bad_token() -> String {
    "the token is not known to this server or has ended; POST /oauth/v2/token gives another".to_owned()
}

/// What stands for `feature: bulk-write`.
pub(super) fn of_feature(headers: &HeaderMap) -> String {
    let right = "send the header feature: bulk-write";
    match sent_like(headers, FEATURE_HEADERS) {
        Some(name) if name != FEATURE => format!("{right}; the header {name} is not read"),
        _ => right.to_owned(),
    }
}

/// What stands for `X-CRM-ORG`.
pub(super) fn of_org(headers: &HeaderMap) -> String {
    let right = "send the header X-CRM-ORG with the zgid of GET /crm/v8/org";
    match sent_like(headers, ORG_HEADERS) {
        Some(name) if name != ORG => format!("{right}; the header {name} is not read"),
        _ => right.to_owned(),
    }
}

/// What X-CRM-ORG should have said. The token's own organisation is no secret to whoever has the token.
pub(crate) fn of_foreign_org(org: OrgId) -> String {
    format!("the token belongs to X-CRM-ORG: {org}")
}

/// The first header that was sent which is one of these, or nearly.
fn sent_like(headers: &HeaderMap, candidates: &[&str]) -> Option<String> {
    let names: Vec<&str> = headers.keys().map(http::HeaderName::as_str).collect();
    let exact = |name: &&&str| candidates.iter().any(|candidate| plain(candidate) == plain(name));
    let alike = |name: &&&str| nearest(name, candidates.iter().copied()).is_some();
    names.iter().find(exact).or_else(|| names.iter().find(alike)).map(|name| told(name))
}

#[cfg(test)]
mod tests {
    use http::Request;

    use super::*;

    fn head(uri: &str, headers: &[(&'static str, &str)]) -> Parts {
        let mut request = Request::builder().uri(uri);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        request.body(()).unwrap().into_parts().0
    }

    #[test]
    fn a_token_elsewhere_is_told_where_it_belongs() {
        let check = |uri: &str, headers: &[(&'static str, &str)], expected: &str| {
            let hint = of_no_token(&head(uri, headers));
            assert!(hint.contains(expected), "{hint} lacks {expected}");
            assert!(!hint.contains("1000"), "{hint} has the token");
        };
        check("/", &[], RIGHT_FORM);
        check("/?authtoken=1000.a", &[], "the parameter authtoken is not read");
        check("/?access_token=1000.a", &[("host", "x")], "the parameter access_token is not read");
        check("/", &[("x-authorization", "1000.a")], "the header x-authorization is not read");
        check("/", &[("authorizaton", "1000.a")], "the header authorizaton is not read");
        check("/", &[("zoho_oauthtoken", "1000.a")], "the header zoho_oauthtoken is not read");
        check("/", &[("authorization", "1000.a")], "there is no scheme");
        check("/", &[("authorization", "Bearer")], "there is no token");
        check("/", &[("authorization", "Basic 1000.a")], "the scheme is Zoho-oauthtoken or Bearer");
        check("/", &[("authorization", "Zoho-oauth 1000.a")], "the scheme is Zoho-oauthtoken or Bearer");
    }

    #[test]
    fn names_that_people_write_are_known() {
        let usual = [("accept", "*/*"), ("host", "localhost"), ("content-type", "multipart/form-data")];
        let check = |name: &'static str, hint: fn(&HeaderMap) -> String, found: bool| {
            let headers = head("/", &[&usual[..], &[(name, "694902309")]].concat()).headers;
            assert_eq!(hint(&headers).contains(&format!("the header {name} is not read")), found, "{}", hint(&headers));
        };
        for name in [
            "x-crm-org-id",
            "x-crm-orgid",
            "org",
            "orgid",
            "x_crm_org",
            "x-org-id",
            "zgid",
            "crm-orgg",
            "x-com-zoho-org",
        ] {
            check(name, of_org, name != "x-com-zoho-org");
        }
        for name in ["x-feature", "features", "featrue", "x-crm-feature", "accept-language"] {
            check(name, of_feature, name != "accept-language");
        }
    }
}
