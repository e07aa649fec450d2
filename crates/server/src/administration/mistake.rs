//! What is wrong with a request of the administrator, by what he can do about it.

use bulkwright_store::Error as StoreError;
use bulkwright_wire::error::{ErrorBody, ErrorCode};

use crate::error::ServeError;
use crate::reply::Refusal;

/// A request that cannot be carried out as it is. Nothing was changed. Each text says what to do.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Mistake {
    /// It names something that is not there.
    #[error("{0}")]
    Unknown(String),
    /// It says something that cannot be used.
    #[error("{0}")]
    Unusable(String),
    /// It does not go with what there is.
    #[error("{0}")]
    Refused(String),
}

impl Mistake {
    /// The code that a server answers with.
    pub fn code(&self) -> ErrorCode {
        match self {
            Mistake::Unknown(_) => ErrorCode::ResourceNotFound,
            Mistake::Unusable(_) => ErrorCode::InvalidData,
            Mistake::Refused(_) => ErrorCode::InvalidRequest,
        }
    }
}

/// Why a request was not carried out.
#[derive(Debug)]
pub enum Failed {
    /// The request is to blame.
    Mistake(Mistake),
    /// The store is.
    Store(StoreError),
}

impl From<Mistake> for Failed {
    fn from(mistake: Mistake) -> Self {
        Failed::Mistake(mistake)
    }
}

impl From<StoreError> for Failed {
    fn from(error: StoreError) -> Self {
        Failed::Store(error)
    }
}

impl From<Failed> for ServeError {
    fn from(failed: Failed) -> Self {
        match failed {
            Failed::Mistake(mistake) => ServeError::Mistake(mistake),
            Failed::Store(error) => error.into(),
        }
    }
}

impl From<Failed> for Refusal {
    fn from(failed: Failed) -> Self {
        match failed {
            Failed::Mistake(mistake) => ErrorBody::new(mistake.code(), mistake.to_string()).into(),
            Failed::Store(error) => error.into(),
        }
    }
}
