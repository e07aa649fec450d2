//! The scopes that can be asked for.

/// One family of scopes: a prefix and the operations that may stand behind it.
#[derive(Clone, Copy, Debug)]
pub struct KnownScopes {
    /// What stands before the operation; `{module}` is one of [`MODULE_TOKENS`].
    pub prefix: &'static str,
    /// The operations.
    pub operations: &'static [&'static str],
    /// What it is about, for the person who is asked; `{module}` as above.
    pub about: &'static str,
}

/// Every scope that can be asked for (contract 1.2 and section 8). The last rows are the vendor's for APIs that are not
/// served here: applications ask for all of theirs at once, so these are granted and open nothing.
pub const KNOWN: &[KnownScopes] = &[
    known("ZohoFiles.files", &["ALL", "CREATE"], "files to be imported"),
    known("ZohoCRM.bulk", &["ALL", "CREATE", "READ"], "bulk jobs and their results"),
    known("ZohoCRM.modules", OPERATIONS, "records of every module"),
    known("ZohoCRM.modules.{module}", OPERATIONS, "records of the module {module}"),
    known("ZohoCRM.settings", &["ALL", "READ"], "settings of modules, fields and layouts"),
    known("ZohoCRM.settings.modules", &["ALL", "READ"], "settings of modules"),
    known("ZohoCRM.settings.fields", &["ALL", "READ"], "settings of fields"),
    known("ZohoCRM.settings.layouts", &["ALL", "READ"], "settings of layouts"),
    known("ZohoCRM.org", &["ALL", "READ"], "the organisation's name and time zone"),
    known("ZohoCRM.users", &["ALL", "READ"], "names and e-mail addresses of the organisation's users"),
    known("aaaserver.profile", &["READ"], "your name and e-mail address"),
    known("ZohoCRM.coql", &["READ"], "queries (nothing here)"),
    known("ZohoCRM.notifications", OPERATIONS, "notifications (nothing here)"),
    known("ZohoSearch.securesearch", &["READ"], "the search index (nothing here)"),
];

/// The modules' names inside scopes; modules of one's own are `custom`.
pub const MODULE_TOKENS: &[&str] = &[
    "leads",
    "accounts",
    "contacts",
    "deals",
    "campaigns",
    "cases",
    "solutions",
    "products",
    "vendors",
    "pricebooks",
    "tasks",
    "quotes",
    "salesorders",
    "purchaseorders",
    "invoices",
    "custom",
];

const OPERATIONS: &[&str] = &["ALL", "CREATE", "READ", "UPDATE", "DELETE"];

const fn known(prefix: &'static str, operations: &'static [&'static str], about: &'static str) -> KnownScopes {
    KnownScopes { prefix, operations, about }
}

/// Scopes of a request, separated by commas or blanks, each as it was written, once. The error is the first one that
/// does not exist; it is empty if nothing was asked for.
///
/// # Errors
/// The scope that does not exist.
pub fn parse_list(text: &str) -> Result<Vec<String>, String> {
    let mut scopes: Vec<String> = Vec::new();
    for scope in text.split([',', ' ', '\t', '\r', '\n']).filter(|scope| !scope.is_empty()) {
        if !is_known(scope) {
            return Err(scope.to_owned());
        }
        if !scopes.iter().any(|asked| asked.eq_ignore_ascii_case(scope)) {
            scopes.push(scope.to_owned());
        }
    }
    if scopes.is_empty() { Err(String::new()) } else { Ok(scopes) }
}

/// Whether there is such a scope. Scopes compare without case: `AaaServer.profile.Read` is on the vendor's own pages.
pub fn is_known(scope: &str) -> bool {
    found(scope).is_some()
}

/// Every scope there is, in the order of the table.
pub fn every_known() -> impl Iterator<Item = String> {
    KNOWN.iter().flat_map(|family| {
        let modules = if family.prefix.contains("{module}") { MODULE_TOKENS } else { &[""] };
        let of = move |module: &&str| family.prefix.replace("{module}", module);
        let prefixes = modules.iter().map(of);
        prefixes.flat_map(|prefix| family.operations.iter().map(move |operation| format!("{prefix}.{operation}")))
    })
}

/// What a scope opens, in plain words: `Read settings of fields`.
pub fn described(scope: &str) -> Option<String> {
    let (family, operation, module) = found(scope)?;
    let may = match operation {
        "ALL" => "Read and write",
        "CREATE" => "Create",
        "UPDATE" => "Change",
        "DELETE" => "Delete",
        _ => "Read",
    };
    Some(format!("{may} {}", family.about.replace("{module}", module)))
}

/// The family of a scope, its operation, and the module it names (empty if none).
fn found(scope: &str) -> Option<(&'static KnownScopes, &'static str, &'static str)> {
    let (prefix, operation) = scope.rsplit_once('.')?;
    KNOWN.iter().find_map(|family| {
        let module = named_module(family.prefix, prefix)?;
        let operation = family.operations.iter().find(|known| known.eq_ignore_ascii_case(operation))?;
        Some((family, *operation, module))
    })
}

/// The module that `given` names where `prefix` has a place for one; empty where it has none. `None` if they differ.
fn named_module(prefix: &str, given: &str) -> Option<&'static str> {
    match prefix.strip_suffix("{module}") {
        None => prefix.eq_ignore_ascii_case(given).then_some(""),
        Some(start) => {
            let (before, module) = given.split_at_checked(start.len())?;
            let module = MODULE_TOKENS.iter().find(|token| token.eq_ignore_ascii_case(module))?;
            before.eq_ignore_ascii_case(start).then_some(module)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scope::{EVERYTHING, NO_BULK, any_of};

    #[test]
    fn scopes_are_read_as_they_are_asked_for() {
        let check = |text: &str, expected: Result<&[&str], &str>| {
            let read = parse_list(text);
            let read = read.as_ref().map(|scopes| scopes.iter().map(String::as_str).collect::<Vec<_>>());
            let read = read.as_deref().map_err(|unknown| unknown.as_str());
            assert_eq!(read, expected, "{text:?}");
        };
        check("ZohoCRM.bulk.ALL,ZohoFiles.files.ALL", Ok(&["ZohoCRM.bulk.ALL", "ZohoFiles.files.ALL"]));
        check("ZohoCRM.bulk.ALL ZohoFiles.files.ALL", Ok(&["ZohoCRM.bulk.ALL", "ZohoFiles.files.ALL"]));
        check(", ZohoCRM.bulk.ALL,,\tzohocrm.BULK.all ", Ok(&["ZohoCRM.bulk.ALL"]));
        check("AaaServer.profile.Read", Ok(&["AaaServer.profile.Read"]));
        check("ZohoCRM.modules.leads.UPDATE", Ok(&["ZohoCRM.modules.leads.UPDATE"]));
        check("ZohoCRM.modules.custom.ALL", Ok(&["ZohoCRM.modules.custom.ALL"]));
        check("ZohoCRM.modules.Leads.ALL", Ok(&["ZohoCRM.modules.Leads.ALL"]));
        check("ZohoCRM.bulk.ALL,ZohoCRM.bulk.EVERYTHING", Err("ZohoCRM.bulk.EVERYTHING"));
        check("ZohoCRM.modules.ships.ALL", Err("ZohoCRM.modules.ships.ALL"));
        check("ZohoCRM.modules.leads.", Err("ZohoCRM.modules.leads."));
        check("ZohoFiles.files.READ", Err("ZohoFiles.files.READ"));
        check("ZohoCRM.modulés.leads.ALL", Err("ZohoCRM.modulés.leads.ALL"));
        check("ALL", Err("ALL"));
        check(" , ", Err(""));
    }

    #[test]
    fn every_scope_that_opens_something_can_be_asked_for() {
        let opening = crate::path::ENDPOINTS.iter().flat_map(|row| any_of(row.endpoint));
        for scope in opening.chain(EVERYTHING).chain(NO_BULK) {
            assert!(is_known(scope), "{scope}");
        }
    }

    #[test]
    fn the_list_of_all_is_the_table() {
        let all: Vec<String> = every_known().collect();
        all.iter().for_each(|scope| assert!(is_known(scope), "{scope}"));
        let per_module = MODULE_TOKENS.len() * OPERATIONS.len();
        assert!(all.len() > per_module && all.iter().any(|scope| scope == "ZohoCRM.modules.leads.CREATE"));
    }

    #[test]
    fn people_are_told_in_plain_words() {
        let check = |scope: &str, expected: &str| assert_eq!(described(scope).as_deref(), Some(expected));
        check("ZohoCRM.bulk.CREATE", "Create bulk jobs and their results");
        check("zohocrm.modules.LEADS.read", "Read records of the module leads");
        check("ZohoCRM.modules.ALL", "Read and write records of every module");
        assert_eq!(described("ZohoCRM.modules.ships.ALL"), None);
    }
}
