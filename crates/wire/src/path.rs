//! Every path, once. The server builds its routes from [`ENDPOINTS`], the client its URLs from the functions below.

use crate::administration::Operation;
use crate::version::Version;

/// What a path is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Endpoint {
    /// A zip comes in.
    Upload,
    /// A job is created.
    CreateJob,
    /// A job is looked at.
    JobDetails,
    /// The result zip goes out.
    Download,
    /// The organisation of the token.
    Org,
    /// The users; `type=CurrentUser` is the token's own.
    Users,
    /// The modules.
    Modules,
    /// The fields of a module.
    Fields,
    /// The layouts of a module.
    Layouts,
    /// One layout of a module.
    Layout,
    /// Records of a module, page by page.
    Records,
    /// Records that carry a value.
    Search,
    /// One record.
    Record,
    /// A user is asked whether a client may act for him.
    Authorize,
    /// He says so, or not.
    Consent,
    /// Tokens are exchanged.
    Token,
    /// A token is taken back.
    Revoke,
    /// Who the user of a token is.
    Profile,
}

/// One row of the path table.
#[derive(Clone, Copy, Debug)]
pub struct EndpointRow {
    /// What it is for.
    pub endpoint: Endpoint,
    /// The method it takes; one that no row of the path takes is INVALID_REQUEST_METHOD.
    pub method: &'static str,
    /// The path. `{version}` stands for a literal version; other braces are parameters.
    pub template: &'static str,
}

/// All paths of the API. Literal segments win over parameters.
pub const ENDPOINTS: &[EndpointRow] = &[
    row(Endpoint::Upload, "POST", "/crm/{version}/upload"),
    row(Endpoint::CreateJob, "POST", "/crm/bulk/{version}/write"),
    row(Endpoint::JobDetails, "GET", "/crm/bulk/{version}/write/{job_id}"),
    row(Endpoint::Download, "GET", "/{version}/crm/{org}/bulk-write/{job_id}/{file}"),
    row(Endpoint::Org, "GET", "/crm/{version}/org"),
    row(Endpoint::Users, "GET", "/crm/{version}/users"),
    row(Endpoint::Modules, "GET", "/crm/{version}/settings/modules"),
    row(Endpoint::Fields, "GET", "/crm/{version}/settings/fields"),
    row(Endpoint::Layouts, "GET", "/crm/{version}/settings/layouts"),
    row(Endpoint::Layout, "GET", "/crm/{version}/settings/layouts/{layout_id}"),
    row(Endpoint::Records, "GET", "/crm/{version}/{module}"),
    row(Endpoint::Search, "GET", "/crm/{version}/{module}/search"),
    row(Endpoint::Record, "GET", "/crm/{version}/{module}/{record_id}"),
    row(Endpoint::Authorize, "GET", AUTHORIZE),
    row(Endpoint::Consent, "POST", AUTHORIZE),
    row(Endpoint::Token, "POST", TOKEN),
    row(Endpoint::Revoke, "POST", REVOKE),
    row(Endpoint::Profile, "GET", PROFILE),
];

/// Where users consent.
pub const AUTHORIZE: &str = "/oauth/v2/auth";
/// Where tokens are exchanged.
pub const TOKEN: &str = "/oauth/v2/token";
/// Where tokens are taken back.
pub const REVOKE: &str = "/oauth/v2/token/revoke";
/// Who the user of a token is.
pub const PROFILE: &str = "/oauth/user/info";

/// Everything of our own lives under this.
pub const OWN_PREFIX: &str = "/_bulkwright/";
/// Whether the process is alive.
pub const HEALTH: &str = "/_bulkwright/health";
/// Whether it can do its work right now.
pub const READY: &str = "/_bulkwright/ready";
/// Looks at everything that is stored.
pub const VERIFY: &str = "/_bulkwright/admin/verify";
/// Figures of the process and of all organisations, as OpenMetrics.
pub const METRICS: &str = "/_bulkwright/metrics";
/// Jobs, newest first.
pub const JOBS: &str = "/_bulkwright/jobs";
/// Callbacks of jobs that are through, newest job first.
pub const CALLBACKS: &str = "/_bulkwright/callbacks";
/// Takes away what has outlived its time.
pub const SWEEP: &str = "/_bulkwright/admin/sweep";
/// Copies everything to a directory of the server's machine.
pub const BACKUP: &str = "/_bulkwright/admin/backup";

/// What a path of our own is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum OwnEndpoint {
    /// Whether the process is alive.
    Health,
    /// Whether it can do its work right now.
    Ready,
    /// Looks at everything that is stored.
    Verify,
    /// Figures for those who watch the server.
    Metrics,
    /// Jobs, page by page.
    Jobs,
    /// One job, with what the vendor's details leave open.
    Job,
    /// One job, once it is through.
    JobWait,
    /// One job, as it moves.
    JobEvents,
    /// One job's rows, with all that is wrong with them.
    JobRows,
    /// What is wrong with one job's rows, and how often.
    JobSummary,
    /// Callbacks, page by page.
    Callbacks,
    /// One job's callback, with what came of each try.
    Callback,
    /// One job's callback is sent again.
    CallbackReplay,
    /// Takes away what has outlived its time.
    Sweep,
    /// Copies everything to a directory of the server's machine.
    Backup,
    /// Makes, lists and revokes organisations and what opens them.
    Administration(Operation),
}

/// Who may ask.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OwnAccess {
    /// Everybody.
    Open,
    /// Whoever has an access token for bulk work, about his organisation; the administrator, about all.
    Organisation,
    /// The administrator: whoever has the admin secret of the data directory.
    Admin,
}

/// One row of the table of our own paths.
#[derive(Clone, Copy, Debug)]
pub struct OwnRow {
    /// What it is for.
    pub endpoint: OwnEndpoint,
    /// The only method it takes.
    pub method: &'static str,
    /// The path; braces are parameters.
    pub template: &'static str,
    /// Who may ask.
    pub access: OwnAccess,
}

/// All paths of our own (contract 12, row 59).
pub const OWN_ENDPOINTS: &[OwnRow] = &[
    own(OwnEndpoint::Health, "GET", HEALTH, OwnAccess::Open),
    own(OwnEndpoint::Ready, "GET", READY, OwnAccess::Open),
    own(OwnEndpoint::Verify, "POST", VERIFY, OwnAccess::Admin),
    own(OwnEndpoint::Metrics, "GET", METRICS, OwnAccess::Admin),
    own(OwnEndpoint::Jobs, "GET", JOBS, OwnAccess::Organisation),
    own(OwnEndpoint::Job, "GET", "/_bulkwright/jobs/{job_id}", OwnAccess::Organisation),
    own(OwnEndpoint::JobWait, "GET", "/_bulkwright/jobs/{job_id}/wait", OwnAccess::Organisation),
    own(OwnEndpoint::JobEvents, "GET", "/_bulkwright/jobs/{job_id}/events", OwnAccess::Organisation),
    own(OwnEndpoint::JobRows, "GET", "/_bulkwright/jobs/{job_id}/rows", OwnAccess::Organisation),
    own(OwnEndpoint::JobSummary, "GET", "/_bulkwright/jobs/{job_id}/summary", OwnAccess::Organisation),
    own(OwnEndpoint::Callbacks, "GET", CALLBACKS, OwnAccess::Organisation),
    own(OwnEndpoint::Callback, "GET", "/_bulkwright/callbacks/{job_id}", OwnAccess::Organisation),
    own(OwnEndpoint::CallbackReplay, "POST", "/_bulkwright/callbacks/{job_id}/replay", OwnAccess::Organisation),
    own(OwnEndpoint::Sweep, "POST", SWEEP, OwnAccess::Admin),
    own(OwnEndpoint::Backup, "POST", BACKUP, OwnAccess::Admin),
    administration(Operation::CreateOrg),
    administration(Operation::ListOrgs),
    administration(Operation::UpdateOrg),
    administration(Operation::RevokeOrg),
    administration(Operation::CreateUser),
    administration(Operation::ListUsers),
    administration(Operation::RevokeUser),
    administration(Operation::CreateClient),
    administration(Operation::ListClients),
    administration(Operation::RevokeClient),
    administration(Operation::CreateCode),
    administration(Operation::CreateToken),
    administration(Operation::ListTokens),
    administration(Operation::RevokeToken),
    administration(Operation::WebhookSecret),
];

const fn administration(operation: Operation) -> OwnRow {
    own(OwnEndpoint::Administration(operation), "POST", operation.path(), OwnAccess::Admin)
}

const fn own(endpoint: OwnEndpoint, method: &'static str, template: &'static str, access: OwnAccess) -> OwnRow {
    OwnRow { endpoint, method, template, access }
}

const fn row(endpoint: Endpoint, method: &'static str, template: &'static str) -> EndpointRow {
    EndpointRow { endpoint, method, template }
}

impl EndpointRow {
    /// The route's pattern for one version: a literal prefix, never a parameter, so that `/crm/bulk/v2.1/writ` is no
    /// module called `bulk`. `None` for a path without a version.
    pub fn pattern(&self, version: Version) -> Option<String> {
        self.names_a_version().then(|| self.template.replace("{version}", version.as_str()))
    }

    /// Whether a version is part of the path.
    pub fn names_a_version(&self) -> bool {
        self.template.contains("{version}")
    }
}

/// `/crm/{v}/upload`
pub fn upload(version: Version) -> String {
    format!("/crm/{version}/upload")
}

/// `/crm/bulk/{v}/write`
pub fn create_job(version: Version) -> String {
    format!("/crm/bulk/{version}/write")
}

/// `/crm/bulk/{v}/write/{id}`
pub fn job_details(version: Version, job: &str) -> String {
    format!("/crm/bulk/{version}/write/{job}")
}

/// Where the result of a job is told to be: always under `v2`, whatever version asked (contract 1.1).
pub fn download(org: &str, job: &str) -> String {
    format!("/v2/crm/{org}/bulk-write/{job}/{job}.zip")
}

/// `/crm/{v}/org`
pub fn org(version: Version) -> String {
    format!("/crm/{version}/org")
}

/// `/crm/{v}/users?type=CurrentUser`
pub fn current_user(version: Version) -> String {
    format!("/crm/{version}/users?type=CurrentUser")
}

/// `/crm/{v}/settings/modules`
pub fn modules(version: Version) -> String {
    format!("/crm/{version}/settings/modules")
}

/// `/crm/{v}/settings/fields?module={module}`; the module's name needs no escaping.
pub fn fields(version: Version, module: &str) -> String {
    format!("/crm/{version}/settings/fields?module={module}")
}

/// `/crm/{v}/{module}`
pub fn records(version: Version, module: &str) -> String {
    format!("/crm/{version}/{module}")
}

/// `/crm/{v}/{module}/{id}`
pub fn record(version: Version, module: &str, id: &str) -> String {
    format!("/crm/{version}/{module}/{id}")
}

/// A path with runs of slashes made one: SDKs put a base, a slash and an absolute path together. `None` if there is
/// nothing to mend.
pub fn collapse_slashes(path: &str) -> Option<String> {
    if !path.contains("//") {
        return None;
    }
    let mut single = String::with_capacity(path.len());
    for part in path.split_inclusive('/') {
        if part != "/" || !single.ends_with('/') {
            single.push_str(part);
        }
    }
    Some(single)
}

/// The organisation segment of a download path: `694902309` or `org694902309`.
pub fn download_org(segment: &str) -> &str {
    segment.strip_prefix("org").unwrap_or(segment)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn doubled_slashes_become_one() {
        let check =
            |path: &str, expected: Option<&str>| assert_eq!(collapse_slashes(path).as_deref(), expected, "{path}");
        check("/crm/v8/org", None);
        check("//v2/crm/1/bulk-write", Some("/v2/crm/1/bulk-write"));
        check("/crm//bulk///v2.1/write/", Some("/crm/bulk/v2.1/write/"));
        check("//", Some("/"));
    }

    #[test]
    fn every_template_names_a_version_or_stands_alone() {
        for row in ENDPOINTS {
            let versioned = row.pattern(Version::V2_1);
            assert_eq!(versioned.is_some(), !row.template.starts_with("/oauth/"), "{row:?}");
            assert!(!versioned.unwrap_or_default().contains("{version}"));
        }
    }

    #[test]
    fn urls_fit_the_table() {
        assert_eq!(job_details(Version::V2_1, "4150868000005350003"), "/crm/bulk/v2.1/write/4150868000005350003");
        assert_eq!(download("694902309", "41"), "/v2/crm/694902309/bulk-write/41/41.zip");
        assert_eq!(download_org("org694902309"), "694902309");
    }
}
