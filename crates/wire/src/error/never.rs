//! Errors that the API's sources list and a server of one's own never answers (contract 12, row 51).

use super::Evidence;

/// An error that is never answered.
#[derive(Clone, Copy, Debug)]
pub struct NeverProduced {
    /// Its code.
    pub code: &'static str,
    /// Who lists it.
    pub evidence: Evidence,
    /// Where it is listed.
    pub listed: &'static str,
    /// Why it is never answered.
    pub reason: &'static str,
}

/// All of them. The client reads them like any other error.
pub const NEVER_PRODUCED: &[NeverProduced] = &[
    never(
        "NO_PERMISSION",
        Evidence::Docs,
        "every endpoint, HTTP 403",
        "users have no profiles here: what a token may do is said by its scopes, and refused as OAUTH_SCOPE_MISMATCH",
    ),
    never(
        "AUTHORIZATION_FAILED",
        Evidence::Docs,
        "every endpoint, HTTP 400",
        "users have no roles here: what a token may do is said by its scopes, and refused as OAUTH_SCOPE_MISMATCH",
    ),
    never(
        "BAD_REQUEST",
        Evidence::Source,
        "SDKs from v4 on, every endpoint",
        "a general word of the SDKs; what is wrong with a request has a code of its own",
    ),
    never(
        "LIMIT_REACHED",
        Evidence::Source,
        "SDKs from v4 on, every endpoint",
        "a general word of the SDKs; credits and concurrency that are used up are TOO_MANY_REQUESTS",
    ),
    never(
        "NOT_ALLOWED",
        Evidence::Source,
        "SDKs from v4 on, every endpoint",
        "a general word of the SDKs; keys that exclude each other are COEXISTENCE_NOT_ALLOWED",
    ),
    never(
        "ALREADY_USED",
        Evidence::Source,
        "SDKs from v4 on, every endpoint",
        "an upload may be used for several jobs, so that none is ever used up",
    ),
    never(
        "Not Modified",
        Evidence::Source,
        "SDKs from v4 on, every endpoint",
        "conditional requests are answered like any other",
    ),
    never(
        "INTERNAL_SERVER_ERROR",
        Evidence::Source,
        "SDKs from v4 on, every endpoint",
        "a failure of the server is INTERNAL_ERROR, as the docs have it",
    ),
    never(
        "ERROR_CODE, ERROR_MESSAGE, x-error",
        Evidence::Source,
        "SDKs of all versions, upload with a wrong header",
        "the newest source has an error for each header, which are answered in every version",
    ),
    never("NOT_APPROVED", Evidence::Docs, "verdict of a row", "records here go through no approval"),
    never("BLOCKED_RECORD", Evidence::Docs, "verdict of a row", "records here are never blocked"),
    never(
        "CANNOT_PROCESS",
        Evidence::Docs,
        "verdict of a row",
        "a row that cannot be read is INVALID_DATA, and what has no cause in its row fails the resource",
    ),
];

const fn never(code: &'static str, evidence: Evidence, listed: &'static str, reason: &'static str) -> NeverProduced {
    NeverProduced { code, evidence, listed, reason }
}

#[cfg(test)]
mod tests {
    use super::super::ErrorCode;
    use super::*;

    #[test]
    fn what_is_never_produced_is_in_no_other_table() {
        for never in NEVER_PRODUCED {
            assert!(ErrorCode::ALL.iter().all(|known| known.row().code != never.code), "{}", never.code);
        }
    }
}
