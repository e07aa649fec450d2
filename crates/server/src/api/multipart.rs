//! Multipart bodies, fed from a request body under its limits.

use std::sync::{Arc, Mutex, PoisonError};

use bulkwright_wire::error::ErrorCode;
use bytes::Bytes;
use futures::Stream;
use futures::stream;
use http::HeaderMap;
use http::header::CONTENT_TYPE;
use multer::{Constraints, Multipart, SizeLimit};

use crate::body::RequestBody;
use crate::reply::Refusal;

/// The boundary that the Content-Type names; `None` if the body is no multipart form.
pub(crate) fn boundary_of(headers: &HeaderMap) -> Option<String> {
    multer::parse_boundary(headers.get(CONTENT_TYPE)?.to_str().ok()?).ok()
}

/// Why the body under a multipart form could not be read, kept beside it: the form's own errors do not carry it.
#[derive(Clone, Default)]
pub(crate) struct BodyFault(Arc<Mutex<Option<Refusal>>>);

impl BodyFault {
    /// The refusal to answer for a form that could not be read: the body's own, else that the form is broken.
    pub(crate) fn refusal(&self, error: &multer::Error) -> Refusal {
        let fault = self.0.lock().unwrap_or_else(PoisonError::into_inner).take();
        fault.unwrap_or_else(|| of_form(error))
    }

    fn keep(&self, refusal: Refusal) -> std::io::Error {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(refusal);
        std::io::Error::other("the body could not be read")
    }
}

fn of_form(error: &multer::Error) -> Refusal {
    use bulkwright_wire::error::ErrorBody;
    match error {
        multer::Error::FieldSizeExceeded { .. } | multer::Error::StreamSizeExceeded { .. } => {
            ErrorCode::RequestTooLarge.into()
        }
        other => {
            ErrorBody::new(ErrorCode::InvalidRequest, format!("the multipart body cannot be read: {other}")).into()
        }
    }
}

/// A form over `body`. A whole form over `bytes_max` is refused, if that is said.
pub(crate) fn form<'b>(
    body: &'b mut RequestBody,
    boundary: String,
    bytes_max: Option<u64>,
) -> (Multipart<'b>, BodyFault) {
    let fault = BodyFault::default();
    let limit = bytes_max.map_or(SizeLimit::new(), |most| SizeLimit::new().whole_stream(most));
    let constraints = Constraints::new().size_limit(limit);
    (Multipart::with_constraints(bytes_of(body, fault.clone()), boundary, constraints), fault)
}

fn bytes_of(body: &mut RequestBody, fault: BodyFault) -> impl Stream<Item = Result<Bytes, std::io::Error>> {
    stream::try_unfold((body, fault), |(body, fault)| async move {
        match body.next().await {
            Ok(Some(bytes)) => Ok(Some((bytes, (body, fault)))),
            Ok(None) => Ok(None),
            Err(refusal) => Err(fault.keep(refusal)),
        }
    })
}
