//! What a request says, in a form that is compared: two with the same content are the same request.

use sha2::{Digest, Sha256};

/// SHA-256 of a request's content.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Content(pub(crate) [u8; 32]);

impl Content {
    /// Of an upload: whom it is for, the file's name, and its bytes by their SHA-256. Neither the boundary nor other
    /// parts of the form are among it: a client that repeats an upload makes a new form.
    pub(crate) fn of_upload(org: &str, file_name: Option<&str>, sha256: [u8; 32]) -> Self {
        Content::of([org.as_bytes(), file_name.unwrap_or_default().as_bytes(), &sha256])
    }

    /// Of a creation: the version in its path, and its body.
    pub(crate) fn of_creation(version: &str, body: &[u8]) -> Self {
        Content::of([version.as_bytes(), body])
    }

    /// Each part behind its length: what ends one cannot be taken for what begins the next.
    fn of<const N: usize>(parts: [&[u8]; N]) -> Self {
        let mut hasher = Sha256::new();
        for part in parts {
            hasher.update((part.len() as u64).to_le_bytes());
            hasher.update(part);
        }
        Content(hasher.finalize().into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_differs_is_told_apart() {
        let upload = Content::of_upload("1", Some("a.zip"), [7; 32]);
        assert_eq!(upload, Content::of_upload("1", Some("a.zip"), [7; 32]));
        let others = [
            Content::of_upload("2", Some("a.zip"), [7; 32]),
            Content::of_upload("1", Some("b.zip"), [7; 32]),
            Content::of_upload("1a", Some(".zip"), [7; 32]),
            Content::of_upload("1", None, [7; 32]),
            Content::of_upload("1", Some("a.zip"), [8; 32]),
        ];
        assert!(others.iter().all(|other| *other != upload), "{others:?}");
        let creation = Content::of_creation("v8", b"{}");
        assert_eq!(creation, Content::of_creation("v8", b"{}"));
        assert_ne!(creation, Content::of_creation("v7", b"{}"));
        assert_ne!(creation, Content::of_creation("v8", b"{ }"));
    }
}
