//! Paths: near misses, other versions, other APIs' paths, and other methods.

use std::sync::LazyLock;

use bulkwright_engine::catalog::Catalog;
use bulkwright_wire::path::{self, ENDPOINTS, Endpoint, OWN_ENDPOINTS};
use bulkwright_wire::scope::any_of;
use bulkwright_wire::version::Version;

use super::names;
use crate::router;

/// Words of a path that are looked at; no path of ours has more than seven.
const WORDS_MAX: usize = 12;
/// Characters of a word that are compared.
const WORD_CHARS_MAX: usize = 40;
/// The distance of a word that is not there, or of one too many.
const MISSING: usize = 3;
/// The distance of two words that have nothing to do with each other: more than leaving out both.
const UNLIKE: usize = 2 * MISSING + 1;
/// The distance of a word that may be any: fewer paths are meant by it than by words of ours.
const ANY_WORD: usize = 2;
/// The parameter that takes any name.
const ANY_NAME: &str = "module";
/// A path further away than this was not meant.
const FAR: usize = 4;

/// Words that other products and earlier habits write for one of ours; an empty one is left out.
const OTHER_WORDS: &[(&str, &str)] =
    &[("api", ""), ("rest", ""), ("services", ""), ("bigin", "crm"), ("recruit", "crm"), ("oauth2", "oauth")];

/// Paths of other APIs and those that people guess: all words occur in them, and what is to be said then.
const KNOWN: &[(&[&str], &str)] = &[
    (&["jobs", "ingest"], "that is Salesforce's Bulk API; here a job is created by POST /crm/bulk/{version}/write"),
    (&["data", "sobjects"], "that is Salesforce's API; here records are listed by GET /crm/{version}/{module}"),
    (&["crm", "imports"], "that is HubSpot's API; here a job is created by POST /crm/bulk/{version}/write"),
    (&["crm", "objects"], "that is HubSpot's API; here records are listed by GET /crm/{version}/{module}"),
    (&["api", "data"], "that is Dynamics' API; here records are listed by GET /crm/{version}/{module}"),
    (&["bulk", "read"], "bulk read is not served; records are listed by GET /crm/{version}/{module}"),
    (&["write", "result"], "the result is at result.download_url of GET /crm/bulk/{version}/write/{job_id}"),
    (&["write", "download"], "the result is at result.download_url of GET /crm/bulk/{version}/write/{job_id}"),
    (&["write", "status"], "the status is in GET /crm/bulk/{version}/write/{job_id}"),
    (&["crm", "files"], "a zip is uploaded by POST /crm/{version}/upload"),
];

/// What another method than a path's own very likely wanted.
const OTHER_METHODS: &[(Endpoint, &[&str], &str)] = &[
    (
        Endpoint::CreateJob,
        &["GET"],
        "one job is shown by GET /crm/bulk/{version}/write/{job_id}, all by GET /_bulkwright/jobs",
    ),
    (
        Endpoint::JobDetails,
        &["POST", "PUT", "PATCH"],
        "a job cannot be changed; create another by POST /crm/bulk/{version}/write",
    ),
    (Endpoint::Records, WRITING, WRITTEN_BY_JOBS),
    (Endpoint::Record, WRITING, WRITTEN_BY_JOBS),
];
const WRITING: &[&str] = &["POST", "PUT", "PATCH", "DELETE"];
const WRITTEN_BY_JOBS: &str =
    "records are written by jobs only: POST /crm/{version}/upload, then POST /crm/bulk/{version}/write";

/// A path as somebody wrote it: its words in lower case, without the version.
struct Asked {
    /// With the words of other products.
    raw: Vec<String>,
    /// With ours in their place.
    words: Vec<String>,
    version: Version,
    version_is_served: bool,
}

/// A path of ours: its words without the version.
struct Known {
    method: &'static str,
    template: &'static str,
    words: Vec<&'static str>,
}

/// What a path that leads nowhere very likely meant.
pub(super) fn of_unknown(path: &str) -> Option<String> {
    let asked = Asked::of(path)?;
    if let Some(text) = known_elsewhere(&asked) {
        return Some(asked.filled(text));
    }
    let (distance, found) = closest(&asked, |_| true)?;
    let form = format!("{} {}", found.method, asked.filled(found.template));
    Some(match distance - found.any_words() * ANY_WORD {
        0 if !asked.version_is_served => format!("versions are v2, v2.1 and v3 to v8: {form}"),
        0 if path.ends_with('/') => format!("without the slash at the end: {form}"),
        _ => format!("the nearest path is {form}"),
    })
}

/// What another method than the path's own very likely wanted.
pub(super) fn of_method(method: &str, path: &str) -> Option<String> {
    let asked = Asked::of(path)?;
    if let Some(text) = known_elsewhere(&asked) {
        return Some(asked.filled(text));
    }
    if let Some((0, found)) = closest(&asked, |known| known.method == method) {
        return Some(format!("the nearest path is {method} {}", asked.filled(found.template)));
    }
    let single = path::collapse_slashes(path);
    let path = single.as_deref().unwrap_or(path);
    let Some(route) = router::find(path) else {
        return router::find_own(path).map(|route| takes_only(route.row.template));
    };
    let row = route.row;
    let other =
        OTHER_METHODS.iter().find(|(endpoint, methods, _)| *endpoint == row.endpoint && methods.contains(&method));
    let takes = takes_only(row.template);
    Some(other.map_or(takes.clone(), |(_, _, text)| format!("{takes}; {}", asked.filled(text))))
}

/// The module that a path very likely meant.
pub(super) fn of_module(catalog: &Catalog, path: &str) -> Option<String> {
    let single = path::collapse_slashes(path);
    let route = router::find(single.as_deref().unwrap_or(path))?;
    Some(names::of_module(catalog, route.parameter_if_any("module")?))
}

/// The scopes that open a path.
pub(super) fn of_scope(path: &str) -> Option<String> {
    let single = path::collapse_slashes(path);
    let path = single.as_deref().unwrap_or(path);
    let Some(route) = router::find(path) else {
        return Some(format!("this needs a token with {}", any_of(Endpoint::JobDetails).join(" or ")));
    };
    let endpoint = route.row.endpoint;
    let alternatives = any_of(endpoint).join(" or ");
    Some(match endpoint {
        Endpoint::CreateJob => {
            format!("this needs {alternatives}, and ZohoCRM.modules.ALL or ZohoCRM.modules.MODULE.CREATE")
        }
        _ if alternatives.is_empty() => "this needs ZohoCRM.modules.ALL or ZohoCRM.modules.MODULE.READ".to_owned(),
        _ => format!("this needs {alternatives}"),
    })
}

fn takes_only(template: &str) -> String {
    let methods = PATHS.iter().filter(|known| known.template == template).map(|known| known.method);
    format!("this path takes {} only", methods.collect::<Vec<_>>().join(" and "))
}

fn known_elsewhere(asked: &Asked) -> Option<&'static str> {
    let occur = |words: &[&str]| words.iter().all(|word| asked.raw.iter().any(|raw| raw == word));
    KNOWN.iter().find(|(words, _)| occur(words)).map(|(_, text)| *text)
}

static PATHS: LazyLock<Vec<Known>> = LazyLock::new(|| {
    let vendors = ENDPOINTS.iter().map(|row| (row.method, row.template));
    let own = OWN_ENDPOINTS.iter().map(|row| (row.method, row.template));
    let known = |(method, template): (&'static str, &'static str)| {
        let is_version = |word: &str| word == "{version}" || version_of(word).is_some();
        let words = template.split('/').filter(|word| !word.is_empty() && !is_version(word)).collect();
        Known { method, template, words }
    };
    vendors.chain(own).map(known).collect()
});

fn closest(asked: &Asked, asks_for: impl Fn(&Known) -> bool) -> Option<(usize, &'static Known)> {
    let candidates = PATHS.iter().filter(|known| asks_for(known));
    let distances = candidates.map(|known| (distance(&asked.words, &known.words), known));
    distances.min_by_key(|(distance, _)| *distance).filter(|(distance, _)| *distance <= FAR)
}

/// The cheapest way from one row of words to another: words left out, added, or taken for each other.
fn distance(asked: &[String], known: &[&str]) -> usize {
    let mut above: Vec<usize> = (0..=known.len()).map(|missing| missing * MISSING).collect();
    for (row, word) in asked.iter().enumerate() {
        let mut line = vec![(row + 1) * MISSING];
        for (column, known_word) in known.iter().enumerate() {
            let taken = above[column] + between(word, known_word);
            let left_out = (above[column + 1] + MISSING).min(line[column] + MISSING);
            line.push(taken.min(left_out));
        }
        above = line;
    }
    above[known.len()]
}

fn between(word: &str, known: &str) -> usize {
    match known.strip_prefix('{').and_then(|name| name.strip_suffix('}')) {
        Some(ANY_NAME) if is_name(word) => ANY_WORD,
        Some(parameter) if fits(parameter, word) => 0,
        Some(_) => UNLIKE,
        None => match strsim::damerau_levenshtein(word, known) {
            slips if slips * 2 <= known.len() => slips,
            _ => UNLIKE,
        },
    }
}

/// Whether a word can be the value of a parameter, so that not every word is taken for every one.
fn fits(parameter: &str, word: &str) -> bool {
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    match parameter {
        "org" => digits(path::download_org(word)),
        "file" => word.ends_with(".zip"),
        _ => digits(word),
    }
}

fn is_name(word: &str) -> bool {
    word.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

impl Known {
    /// Its words that may be any.
    fn any_words(&self) -> usize {
        self.words.iter().filter(|word| word.trim_matches(['{', '}']) == ANY_NAME).count()
    }
}

impl Asked {
    fn of(path: &str) -> Option<Self> {
        let raw: Vec<String> = path.split('/').filter(|word| !word.is_empty()).map(str::to_lowercase).collect();
        if raw.is_empty() || raw.len() > WORDS_MAX || raw.iter().any(|word| word.chars().count() > WORD_CHARS_MAX) {
            return None;
        }
        let at = raw.iter().position(|word| version_of(word).is_some());
        let version = at.and_then(|at| version_of(&raw[at]));
        let without_version = raw.iter().enumerate().filter(|(place, _)| Some(*place) != at);
        let words = without_version.map(|(_, word)| our_word(word)).filter(|word| !word.is_empty());
        Some(Asked {
            words: words.map(str::to_owned).collect(),
            version: version.unwrap_or(Version::V8),
            version_is_served: at.is_none_or(|at| raw[at].parse::<Version>().is_ok()),
            raw,
        })
    }

    /// A text or a template with the version that was asked for.
    fn filled(&self, text: &str) -> String {
        text.replace("{version}", self.version.as_str())
    }
}

fn our_word(word: &str) -> &str {
    OTHER_WORDS.iter().find(|(other, _)| *other == word).map_or(word, |(_, ours)| ours)
}

/// The served version that a word names or comes next to.
fn version_of(word: &str) -> Option<Version> {
    if let Ok(version) = word.parse() {
        return Some(version);
    }
    let major: u32 = word.strip_prefix('v')?.split('.').next()?.parse().ok()?;
    let nearest = major.clamp(2, 8);
    format!("v{nearest}").parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn near_misses_and_other_apis_lead_to_ours() {
        let check = |path: &str, expected: &str| assert_eq!(of_unknown(path).as_deref(), Some(expected), "{path}");
        check("/crm/bulk/v8/writ", "the nearest path is POST /crm/bulk/v8/write");
        check("/crm/bulk/v2.1/writ/4150868000005350003", "the nearest path is GET /crm/bulk/v2.1/write/{job_id}");
        check("/bulk/v8/write", "the nearest path is POST /crm/bulk/v8/write");
        check("/crm/v8/bulk/write/1/2", "the nearest path is GET /crm/bulk/v8/write/{job_id}");
        check("/crm/bulk/write", "the nearest path is POST /crm/bulk/v8/write");
        check("/CRM/Bulk/v5/Write", "the nearest path is POST /crm/bulk/v5/write");
        check("/api/crm/bulk/v8/write", "the nearest path is POST /crm/bulk/v8/write");
        check("/api/v8/upload", "the nearest path is POST /crm/v8/upload");
        check("/bigin/bulk/v2/write", "the nearest path is POST /crm/bulk/v2/write");
        check("/crm/bulk/v8/write/", "without the slash at the end: POST /crm/bulk/v8/write");
        check("/crm/v8/upload/", "without the slash at the end: POST /crm/v8/upload");
        check("/crm/bulk/v9/write", "versions are v2, v2.1 and v3 to v8: POST /crm/bulk/v8/write");
        check("/crm/v1/upload", "versions are v2, v2.1 and v3 to v8: POST /crm/v2/upload");
        check("/crm/bulk/v2.2/write", "versions are v2, v2.1 and v3 to v8: POST /crm/bulk/v2/write");
        check("/crm/v99999999999/upload", "the nearest path is POST /crm/v8/upload");
        check("/crm/v9/Leads", "versions are v2, v2.1 and v3 to v8: GET /crm/v8/{module}");
        check("/crm/v8/Leads/", "without the slash at the end: GET /crm/v8/{module}");
        check("/oauth/token", "the nearest path is POST /oauth/v2/token");
        check("/oauth/v3/token", "the nearest path is POST /oauth/v2/token");
        check("/services/oauth2/token", "the nearest path is POST /oauth/v2/token");
        check("/crm/v8/setings/fields", "the nearest path is GET /crm/v8/settings/fields");
        check(
            "/v2/crm/694902309/bulkwrite/1/1.zip",
            "the nearest path is GET /v2/crm/{org}/bulk-write/{job_id}/{file}",
        );
        check("/_bulkwright/job", "the nearest path is GET /_bulkwright/jobs");
        check("/_bulkwright/jobs/", "without the slash at the end: GET /_bulkwright/jobs");
        check("/crm/bulk/v8/read", "bulk read is not served; records are listed by GET /crm/v8/{module}");
        check("/crm/bulk/v7/write/1/result", "the result is at result.download_url of GET /crm/bulk/v7/write/{job_id}");
        check(
            "/services/data/v60.0/jobs/ingest",
            "that is Salesforce's Bulk API; here a job is created by POST /crm/bulk/v8/write",
        );
    }

    #[test]
    fn what_is_like_nothing_has_no_hint() {
        let check = |path: &str| assert_eq!(of_unknown(path), None, "{path}");
        check("/");
        check("*");
        check("/login");
        check("/favicon.ico");
        check("/wp-admin/setup.php");
        check(&format!("/crm/bulk/v8/{}", "w".repeat(8000)));
        check(&"/crm".repeat(1000));
    }

    #[test]
    fn other_methods_are_told_what_takes_them() {
        let check = |method: &str, path: &str, expected: &str| {
            assert_eq!(of_method(method, path).as_deref(), Some(expected), "{path}")
        };
        check(
            "GET",
            "/crm/bulk/v8/write",
            "this path takes POST only; one job is shown by GET /crm/bulk/v8/write/{job_id}, all by GET /_bulkwright/jobs",
        );
        check(
            "PUT",
            "/crm/bulk/v2.1/write/1",
            "this path takes GET only; a job cannot be changed; create another by POST /crm/bulk/v2.1/write",
        );
        check("DELETE", "/crm/bulk/v2.1/write/1", "this path takes GET only");
        check("GET", "/crm/v8/upload", "this path takes POST only");
        check("HEAD", "/v2/crm/1/bulk-write/1/1.zip", "this path takes GET only");
        check("POST", "/crm/v8/bulk/write", "the nearest path is POST /crm/bulk/v8/write");
        check(
            "POST",
            "/crm/v8/Leads",
            &format!("this path takes GET only; {}", WRITTEN_BY_JOBS.replace("{version}", "v8")),
        );
        check("POST", "/crm/v3/imports", "that is HubSpot's API; here a job is created by POST /crm/bulk/v3/write");
        check("POST", "/crm/v7/files", "a zip is uploaded by POST /crm/v7/upload");
        check("POST", "/_bulkwright/health", "this path takes GET only");
        check("PUT", "/oauth/v2/auth", "this path takes GET and POST only");
    }

    #[test]
    fn scopes_are_those_of_the_path() {
        let check = |path: &str, expected: &str| assert_eq!(of_scope(path).as_deref(), Some(expected), "{path}");
        check("/crm/bulk/v8/write/1", "this needs ZohoCRM.bulk.ALL or ZohoCRM.bulk.CREATE");
        check(
            "//crm/bulk/v8/write",
            "this needs ZohoCRM.bulk.ALL or ZohoCRM.bulk.CREATE, and ZohoCRM.modules.ALL or ZohoCRM.modules.MODULE.CREATE",
        );
        check("/crm/v8/Leads", "this needs ZohoCRM.modules.ALL or ZohoCRM.modules.MODULE.READ");
        check("/crm/v8/org", "this needs ZohoCRM.org.ALL or ZohoCRM.org.READ");
    }

    #[test]
    fn modules_are_found_by_what_they_are_nearly_called() {
        let catalog = Catalog::builtin();
        let check =
            |path: &str, expected: &str| assert_eq!(of_module(&catalog, path).as_deref(), Some(expected), "{path}");
        check("/crm/v8/leads", "the module's API name is Leads");
        check("/crm/v8/Lead/1", "the module's API name is Leads");
        let all: Vec<_> = catalog.modules().iter().map(|module| module.api_name.as_str()).collect();
        check("/crm/v8/Starbases", &format!("modules are {}", all.join(", ")));
    }
}
