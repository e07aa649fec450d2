//! First answers, kept for requests that are sent again.

use bulkwright_engine::ids::OrgId;

/// Under what an answer is kept: the key that a client chose, in the scope of its organisation, the OAuth client and the
/// operation. A refreshed token stays inside it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AnswerKey {
    /// The tenant.
    pub org: OrgId,
    /// The OAuth client.
    pub client_id: String,
    /// What is asked for.
    pub operation: AnsweredOperation,
    /// `Idempotency-Key`.
    pub key: String,
}

/// What can be asked for again under a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum AnsweredOperation {
    /// An upload.
    Upload,
    /// The creation of a job.
    CreateJob,
}

/// The answer to the first request under a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FirstAnswer {
    /// Where it is kept.
    pub key: AnswerKey,
    /// SHA-256 of what the request said: another content under the same key is another request.
    pub content: [u8; 32],
    /// The HTTP status.
    pub status: u16,
    /// The body.
    pub body: Vec<u8>,
    /// When it is forgotten.
    pub expires_at: i64,
}
