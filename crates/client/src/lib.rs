//! A typed client of the Bulk Write API, and the load of whole files through it.
//!
//! [`Api`] is the API, one method a call: it knows which call may be repeated, whom the token may be shown to, and
//! judges every answer by its body. [`load()`] is what people come for: a CSV of any size goes in, and every row of it
//! comes back with what became of it. Nothing is printed here: a load tells its [`Watch`] what happens, and ends with
//! a [`LoadReport`].

mod exit;
pub use exit::Exit;

mod error;
pub use error::{ClientError, Refusal};

mod input;
pub use input::InputProblem;

mod secret;
pub use secret::Secret;

mod credentials;
pub use credentials::Credentials;

mod host;
pub use host::{base_url, is_vendor};

mod token;
pub use token::TokenSource;

mod trust;
pub use trust::{TlsProblem, Trust};

mod answer;
pub use answer::Answer;

mod retry_after;

mod repeat_key;
pub use repeat_key::RepeatKey;

mod send;

mod api;
pub use api::{Api, ApiSettings, CallbacksFilter, Created, JobsFilter, Patience, Received, RowsFilter, TargetKind};

mod wait;
pub use wait::{Seen, WaitEnd, WaitSettings, wait_for_job};

mod admin;
pub use admin::Admin;

pub mod load;
pub use load::{LoadReport, LoadSettings, Watch, load};

/// The words of the API that callers of this crate need, so that they need not know the crate they come from.
pub mod api_words {
    pub use bulkwright_wire::administration;
    pub use bulkwright_wire::callback::{self, CallbackDelivery, CallbacksPage};
    pub use bulkwright_wire::create::{
        CreateBody, CreateBodyDefault, CreateBodyMapping, CreateBodyResource, ModuleName, Operation,
    };
    pub use bulkwright_wire::details::{FieldMapping, JobDetails, Resource, ResultLink, Status};
    pub use bulkwright_wire::error::{Evidence, ReceivedError};
    pub use bulkwright_wire::explain;
    pub use bulkwright_wire::header::authorization;
    pub use bulkwright_wire::own::{CallbackView, CountsView, DeliveryView, JobView, JobsPage, ResourceView};
    pub use bulkwright_wire::rows::{self, RowError, RowView, RowsFormat, RowsGroup, RowsPage, RowsSummary};
    pub use bulkwright_wire::time;
    pub use bulkwright_wire::upkeep;
    pub use bulkwright_wire::version::Version;
}
