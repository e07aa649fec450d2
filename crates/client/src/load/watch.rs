//! What a load tells while it runs.

use std::path::Path;

use crate::load::plan::Plan;

/// Told what happens while a load runs. It prints, counts or keeps quiet; it cannot stop anything.
pub trait Watch: Send + Sync {
    /// Something happened.
    fn see(&self, event: &Event<'_>);
}

/// What happens.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Event<'a> {
    /// It is settled what is sent where.
    Planned {
        /// The file.
        input: &'a Path,
        /// How it is read, in words.
        reading: &'a str,
        /// Its size.
        bytes: u64,
        /// The module.
        module: &'a str,
        /// The columns.
        plan: &'a Plan,
    },
    /// Something that somebody should know, and that stops nothing.
    Warning(&'a str),
    /// A job was created.
    JobCreated {
        /// The job.
        id: &'a str,
        /// Its part; 1 is the first.
        part: usize,
        /// Its rows.
        rows: usize,
    },
    /// A job was looked at.
    JobSeen {
        /// The job.
        id: &'a str,
        /// Its status, as the target spells it.
        status: &'a str,
    },
    /// A part is settled: every row of it has its end.
    PartSettled(Progress),
}

/// How far a load is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Progress {
    /// Parts that are settled.
    pub parts: usize,
    /// Rows that have their end.
    pub rows: u64,
    /// Rows that are records now.
    pub written: u64,
    /// Rows that are not.
    pub not_written: u64,
}

/// Keeps quiet.
#[derive(Clone, Copy, Debug)]
pub struct NoWatch;

impl Watch for NoWatch {
    fn see(&self, _: &Event<'_>) {}
}
