//! Multipart bodies, fed from a request body under its limits.

use std::io;
use std::sync::{Arc, Mutex, PoisonError};

use bulkwright_wire::error::{ErrorBody, ErrorCode};
use bytes::Bytes;
use futures::{Stream, stream};
use http::HeaderMap;
use http::header::CONTENT_TYPE;
use multer::Multipart;

use crate::body::RequestBody;
use crate::reply::Refusal;

/// The boundary that the Content-Type names; `None` if the body is no multipart form.
pub(crate) fn boundary_of(headers: &HeaderMap) -> Option<String> {
    multer::parse_boundary(headers.get(CONTENT_TYPE)?.to_str().ok()?).ok()
}

/// A form over `body`, which may take `bytes_max` from it until that is lifted: the parser holds the head of a part
/// in memory, however long it is.
pub(crate) fn form<'b>(body: &'b mut RequestBody, boundary: String, bytes_max: u64) -> (Multipart<'b>, FormGuard) {
    let guard = FormGuard(Arc::new(Mutex::new(Guarded { bytes_left: bytes_max, refusal: None })));
    (Multipart::new(bytes_of(body, guard.clone()), boundary), guard)
}

/// Stands between a form and its body: bounds what the form takes, and keeps why the body could not be read, which
/// the form's own errors do not carry.
#[derive(Clone)]
pub(crate) struct FormGuard(Arc<Mutex<Guarded>>);

struct Guarded {
    bytes_left: u64,
    refusal: Option<Refusal>,
}

impl FormGuard {
    /// From here on somebody else counts.
    pub(crate) fn lift(&self) {
        self.change(|guarded| guarded.bytes_left = u64::MAX);
    }

    /// The refusal to answer for a form that could not be read: the body's own, else that the form is broken.
    pub(crate) fn refusal(&self, error: &multer::Error) -> Refusal {
        let broken = || {
            let message = format!("the multipart body cannot be read: {error}");
            ErrorBody::new(ErrorCode::InvalidRequest, message).into()
        };
        self.change(|guarded| guarded.refusal.take()).unwrap_or_else(broken)
    }

    fn pass(&self, bytes: Bytes) -> Result<Bytes, Refusal> {
        let length = bytes.len() as u64;
        let left = self.change(|guarded| {
            guarded.bytes_left = guarded.bytes_left.checked_sub(length)?;
            Some(())
        });
        left.map(|()| bytes).ok_or_else(|| ErrorCode::RequestTooLarge.into())
    }

    fn keep(&self, refusal: Refusal) -> io::Error {
        self.change(|guarded| guarded.refusal = Some(refusal));
        io::Error::other("the body could not be read")
    }

    fn change<T>(&self, change: impl FnOnce(&mut Guarded) -> T) -> T {
        change(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

fn bytes_of(body: &mut RequestBody, guard: FormGuard) -> impl Stream<Item = Result<Bytes, io::Error>> {
    stream::try_unfold((body, guard), |(body, guard)| async move {
        let passed = match body.next().await {
            Ok(Some(bytes)) => guard.pass(bytes),
            Ok(None) => return Ok(None),
            Err(refusal) => Err(refusal),
        };
        match passed {
            Ok(bytes) => Ok(Some((bytes, (body, guard)))),
            Err(refusal) => Err(guard.keep(refusal)),
        }
    })
}
