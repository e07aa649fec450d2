//! Which scopes there are, and which of them open which endpoint (contract 1.2 and section 8; 12, rows 50, 55, 56).

use crate::path::Endpoint;

pub use known::{KNOWN, KnownScopes, MODULE_TOKENS, described, every_known, is_known, parse_list};

mod known;

/// All scopes that a first client of an own server is given.
pub const EVERYTHING: &[&str] = &[
    "ZohoFiles.files.ALL",
    "ZohoCRM.bulk.ALL",
    "ZohoCRM.modules.ALL",
    "ZohoCRM.settings.ALL",
    "ZohoCRM.org.READ",
    "ZohoCRM.users.READ",
    "aaaserver.profile.READ",
];

/// All of them but those for bulk work, to see OAUTH_SCOPE_MISMATCH.
pub const NO_BULK: &[&str] = &[
    "ZohoFiles.files.ALL",
    "ZohoCRM.modules.ALL",
    "ZohoCRM.settings.ALL",
    "ZohoCRM.org.READ",
    "ZohoCRM.users.READ",
    "aaaserver.profile.READ",
];

/// The scopes any one of which opens an endpoint, whatever module it is about. Empty: the endpoint's rule is about
/// its module ([`opens_module`]) or it needs no token at all.
pub fn any_of(endpoint: Endpoint) -> &'static [&'static str] {
    match endpoint {
        Endpoint::Upload => &["ZohoFiles.files.ALL", "ZohoFiles.files.CREATE"],
        Endpoint::CreateJob | Endpoint::JobDetails | Endpoint::Download => &["ZohoCRM.bulk.ALL", "ZohoCRM.bulk.CREATE"],
        Endpoint::Org => &["ZohoCRM.org.ALL", "ZohoCRM.org.READ"],
        Endpoint::Users => &["ZohoCRM.users.ALL", "ZohoCRM.users.READ"],
        Endpoint::Modules => &[
            "ZohoCRM.settings.ALL",
            "ZohoCRM.settings.READ",
            "ZohoCRM.settings.modules.ALL",
            "ZohoCRM.settings.modules.READ",
        ],
        Endpoint::Fields => &[
            "ZohoCRM.settings.ALL",
            "ZohoCRM.settings.READ",
            "ZohoCRM.settings.fields.ALL",
            "ZohoCRM.settings.fields.READ",
        ],
        Endpoint::Profile => &["aaaserver.profile.READ"],
        Endpoint::Records | Endpoint::Search | Endpoint::Record => &[],
        Endpoint::Authorize | Endpoint::Consent | Endpoint::Token | Endpoint::Revoke => &[],
    }
}

/// Whether `granted` opens `endpoint`, as far as no module is asked about.
pub fn opens(granted: &[String], endpoint: Endpoint) -> bool {
    let needed = any_of(endpoint);
    needed.is_empty() || granted.iter().any(|scope| needed.iter().any(|need| need.eq_ignore_ascii_case(scope)))
}

/// What is done to a module.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ModuleUse {
    /// A job writes it.
    Create,
    /// Its records are read.
    Read,
}

/// Whether `granted` allows that use of the module called `api_name`.
pub fn opens_module(granted: &[String], api_name: &str, usage: ModuleUse) -> bool {
    let operation = match usage {
        ModuleUse::Create => "CREATE",
        ModuleUse::Read => "READ",
    };
    let token = module_token(api_name);
    let per_module = [format!("ZohoCRM.modules.{token}.ALL"), format!("ZohoCRM.modules.{token}.{operation}")];
    let overall = ["ZohoCRM.modules.ALL".to_owned(), format!("ZohoCRM.modules.{operation}")];
    let mut allowed = per_module.iter().chain(&overall);
    allowed.any(|need| granted.iter().any(|scope| scope.eq_ignore_ascii_case(need)))
}

/// The module's name inside a scope: lower case, no underscores; modules of one's own are `custom`.
fn module_token(api_name: &str) -> String {
    let token = api_name.replace('_', "").to_ascii_lowercase();
    if MODULE_TOKENS.contains(&token.as_str()) { token } else { "custom".to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn granted(scopes: &[&str]) -> Vec<String> {
        scopes.iter().map(|scope| (*scope).to_owned()).collect()
    }

    #[test]
    fn bulk_read_opens_no_bulk_write() {
        let check =
            |scopes: &[&str], endpoint, expected| assert_eq!(opens(&granted(scopes), endpoint), expected, "{scopes:?}");
        check(&["ZohoCRM.bulk.READ"], Endpoint::JobDetails, false);
        check(&["ZohoCRM.bulk.READ"], Endpoint::CreateJob, false);
        check(&["ZohoCRM.bulk.CREATE"], Endpoint::JobDetails, true);
        check(&["zohocrm.bulk.all"], Endpoint::Download, true);
        check(&["ZohoFiles.files.CREATE"], Endpoint::Upload, true);
        check(NO_BULK, Endpoint::CreateJob, false);
        check(NO_BULK, Endpoint::Org, true);
        check(&[], Endpoint::Token, true);
    }

    #[test]
    fn modules_have_scopes_of_their_own() {
        let check = |scope: &str, module: &str, usage, expected| {
            assert_eq!(opens_module(&granted(&[scope]), module, usage), expected, "{scope} {module}");
        };
        check("ZohoCRM.modules.ALL", "Leads", ModuleUse::Create, true);
        check("ZohoCRM.modules.leads.ALL", "Leads", ModuleUse::Create, true);
        check("ZohoCRM.modules.leads.READ", "Leads", ModuleUse::Create, false);
        check("ZohoCRM.modules.leads.READ", "Leads", ModuleUse::Read, true);
        check("ZohoCRM.modules.leads.ALL", "Contacts", ModuleUse::Read, false);
        check("ZohoCRM.modules.pricebooks.CREATE", "Price_Books", ModuleUse::Create, true);
        check("ZohoCRM.modules.custom.CREATE", "Ships", ModuleUse::Create, true);
    }
}
