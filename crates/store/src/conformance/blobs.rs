//! Blobs and uploads.

use std::io::Write;

use bulkwright_engine::ids::{FileId, UserId};
use bytes::Bytes;
use futures::{StreamExt, TryStreamExt, stream};

use super::access::{ORG, OTHER_ORG};
use super::chunk::NOW;
use crate::model::NewUpload;
use crate::{Error, Store};

/// Frames of uneven sizes, larger together than any buffer on the way.
fn frames() -> Vec<Bytes> {
    (0..300_usize).map(|n| Bytes::from(vec![n as u8; n * 97 % 16_384])).collect()
}

async fn read(store: &dyn Store, blob: &str) -> (u64, Vec<u8>) {
    let (size, body) = store.get_blob(blob).await.expect("a blob is found");
    let parts: Vec<Bytes> = body.try_collect().await.expect("a blob is read");
    (size, parts.concat())
}

pub(super) async fn bytes_come_back(store: &dyn Store) {
    let expected = frames().concat();
    let put = async || store.put_blob("upload", stream::iter(frames().into_iter().map(Ok)).boxed()).await;
    let (one, two) = (put().await.expect("a blob is written"), put().await.expect("a blob is written"));
    assert_ne!(one, two);
    assert!(one.starts_with("upload"));
    assert_eq!(read(store, &one).await, (expected.len() as u64, expected.clone()));
    let local = store.blob_file(&one).await.expect("a blob has a local file");
    assert!(std::fs::read(local).expect("the local file is there") == expected);
    store.delete_blob(&one).await.expect("a blob is removed");
    store.delete_blob(&one).await.expect("a blob that is gone can be removed");
    assert!(store.get_blob(&one).await.is_err());
    assert_eq!(read(store, &two).await.0, expected.len() as u64);
    let empty = store.put_blob("result", stream::empty().boxed()).await.expect("an empty blob is written");
    assert_eq!(read(store, &empty).await, (0, vec![]));
}

pub(super) async fn a_file_is_taken_in(store: &dyn Store) {
    let mut file = tempfile::NamedTempFile::new().expect("a temporary file is made");
    file.write_all(b"PK result").expect("a temporary file is written");
    let path = file.path().to_owned();
    let blob = store.put_blob_file("result", file).await.expect("a file is taken in");
    assert_eq!(read(store, &blob).await, (9, b"PK result".to_vec()));
    assert!(!path.exists(), "the file is not left where it was");
}

pub(super) async fn a_broken_stream_is_an_error(store: &dyn Store) {
    let broken = Error::Failed { doing: "receiving", source: "the peer went away".into() };
    let body = stream::iter(frames().into_iter().map(Ok).chain([Err(broken)])).boxed();
    let answer = store.put_blob("upload", body).await;
    assert!(matches!(answer, Err(Error::Failed { doing: "receiving", .. })), "{answer:?}");
}

pub(super) fn new_upload(created_at: i64) -> NewUpload {
    NewUpload {
        id: None,
        org: ORG,
        user: UserId(9),
        name: "leads.zip".to_owned(),
        blob: "upload-1".to_owned(),
        bytes: 12,
        sha256: [7; 32],
        created_at,
        answer: None,
    }
}

pub(super) async fn uploads_belong_to_an_organisation(store: &dyn Store) {
    let new = new_upload(NOW);
    let added = store.add_upload(&new).await.expect("an upload is added");
    let second = store.add_upload(&new).await.expect("an upload is added");
    assert!(second.id > added.id);
    assert_eq!((added.name.as_str(), added.bytes, added.sha256), ("leads.zip", 12, [7; 32]));
    let upload = async |org, id| store.upload(org, id).await.expect("an upload is read");
    assert_eq!(upload(ORG, added.id).await, Some(added.clone()));
    assert_eq!(upload(OTHER_ORG, added.id).await, None);
    assert_eq!(upload(ORG, FileId(1)).await, None);
}
