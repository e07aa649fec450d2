//! What became of a row, as the output files say it (CLIENT 19).

/// The `_status` of a row: four of the wire, four of ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Status {
    /// A record was made.
    Added,
    /// A record was changed.
    Updated,
    /// The target did not write it, and says why.
    Skipped,
    /// The target never came to it.
    Unprocessed,
    /// Held back here: it cannot be read.
    Refused,
    /// The run stopped before it.
    NotSent,
    /// Its job failed, and wrote nothing.
    Failed,
    /// Nobody knows.
    Unknown,
}

impl Status {
    /// Every status, in the order in which reports name them.
    pub const ALL: [Status; 8] = [
        Status::Added,
        Status::Updated,
        Status::Skipped,
        Status::Unprocessed,
        Status::Refused,
        Status::NotSent,
        Status::Failed,
        Status::Unknown,
    ];

    /// The word of the files.
    pub fn as_str(self) -> &'static str {
        match self {
            Status::Added => "ADDED",
            Status::Updated => "UPDATED",
            Status::Skipped => "SKIPPED",
            Status::Unprocessed => "UNPROCESSED",
            Status::Refused => "REFUSED",
            Status::NotSent => "NOT_SENT",
            Status::Failed => "FAILED",
            Status::Unknown => "UNKNOWN",
        }
    }

    /// Whether the row is a record now.
    pub fn is_written(self) -> bool {
        matches!(self, Status::Added | Status::Updated)
    }
}

/// How a verdict found its row: the `_joined_by` of the files.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum JoinedBy {
    /// By its place, which the target promises, with all echoed cells agreeing.
    Order,
    /// By the key column.
    Key,
    /// By the echoed cells.
    Echo,
    /// By the counts of the job alone: its result is gone.
    Counts,
}

impl JoinedBy {
    /// The word of the files.
    pub fn as_str(self) -> &'static str {
        match self {
            JoinedBy::Order => "order",
            JoinedBy::Key => "key",
            JoinedBy::Echo => "echo",
            JoinedBy::Counts => "counts",
        }
    }
}

/// What became of a row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct RowEnd {
    pub(crate) status: Status,
    pub(crate) record_id: String,
    /// The wire's text, or the reason in words where the status is ours.
    pub(crate) errors: String,
    /// The code, where `errors` is not the wire's text.
    pub(crate) code: Option<String>,
    pub(crate) joined_by: Option<JoinedBy>,
}

impl RowEnd {
    pub(crate) fn of(status: Status, errors: impl Into<String>) -> Self {
        RowEnd { status, record_id: String::new(), errors: errors.into(), code: None, joined_by: None }
    }

    pub(crate) fn with_code(self, code: Option<String>) -> Self {
        RowEnd { code, ..self }
    }

    pub(crate) fn unknown(why: impl Into<String>) -> Self {
        RowEnd::of(Status::Unknown, why)
    }
}
