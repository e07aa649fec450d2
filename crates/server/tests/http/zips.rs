//! Zips that are not imported: when each is refused, under which code, and in which words.

use crate::harness::{Client, dev_server, job_of, zip_of};

const CSV: &str = "Last_Name\nNg\n";

fn places_of(zip: &[u8], what: &[u8]) -> Vec<usize> {
    (0..=zip.len() - what.len()).filter(|&at| zip[at..].starts_with(what)).collect()
}

/// Writes another name of the same length over the entry's.
fn named(name: &str) -> Vec<u8> {
    let plain = "x".repeat(name.len() - 4) + ".csv";
    let mut zip = zip_of(&[(plain.as_str(), CSV)]);
    for at in places_of(&zip, plain.as_bytes()) {
        zip[at..at + name.len()].copy_from_slice(name.as_bytes());
    }
    zip
}

/// Changes bytes of the local header and of the directory entry, each at its own place in them.
fn changed(in_local: usize, in_directory: usize, bytes: &[u8]) -> Vec<u8> {
    let mut zip = zip_of(&[("leads.csv", CSV)]);
    for (signature, at) in [(b"PK\x03\x04", in_local), (b"PK\x01\x02", in_directory)] {
        let start = places_of(&zip, signature)[0] + at;
        zip[start..start + bytes.len()].copy_from_slice(bytes);
    }
    zip
}

#[tokio::test]
async fn what_is_in_a_zip_is_refused_at_creation() {
    let server = dev_server().await;
    let client = Client::dev(&server);
    let check = async |zip: &[u8], reason: &str| {
        let uploaded = client.upload(zip).await;
        assert_eq!(uploaded.status, 200, "{reason}: it is a zip all the same");
        let file = uploaded.json()["details"]["file_id"].as_str().unwrap().to_owned();
        let answer = client.post_json("/crm/bulk/v8/write", &job_of(&file, "insert", None)).await;
        assert_eq!(answer.code(), (400, "FILE_NOT_SUPPORTED".into()), "{answer:?}");
        let told = answer.json()["details"]["reason"].as_str().unwrap().to_owned();
        assert!(told.contains(reason), "{told}");
    };
    check(&changed(6, 8, &[1, 0]), "is encrypted; make the zip without a password").await;
    check(&zip_of(&[("leads.csv", CSV), ("a.zip", "x")]), "is a zip inside the zip").await;
    check(&zip_of(&[("leads.csv", "PK\x03\x04")]), "the file is not a CSV but a zip or an Excel workbook").await;
    check(&zip_of(&[("a.csv", CSV), ("b.csv", CSV)]), "it holds 2 CSV files").await;
    check(&zip_of(&[("__MACOSX/leads.csv", CSV), ("folder/", "")]), "it holds no file").await;
    check(&zip_of(&[("leads.csv", "")]), "has 0 bytes").await;
    // Of a file whose end is not looked at yet it fails the job (`jobs::a_damaged_file_fails_its_job_and_writes_nothing`).
    check(&changed(14, 16, &[1, 2, 3, 4]), "is damaged at byte 13 of the unpacked file: its CRC is").await;
    for name in ["../leads.csv", "/leads.csv", "..\\leads.csv", "C:\\leads.csv", "a/../leads.csv", "leads\0.csv"] {
        check(&named(name), "has a forbidden name; use a plain relative file name").await;
    }
}

#[tokio::test]
async fn a_zip_that_is_cut_off_is_refused_at_upload() {
    let server = dev_server().await;
    let client = Client::dev(&server);
    let zip = zip_of(&[("leads.csv", CSV)]);
    for cut in [1, 10, zip.len() / 2, zip.len() - 1] {
        assert_eq!(client.upload(&zip[..cut]).await.code(), (400, "INVALID_FILE_FORMAT".into()), "{cut} bytes");
    }
}
