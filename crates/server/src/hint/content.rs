//! What was sent in place of a zip.

use http::HeaderMap;
use http::header::CONTENT_TYPE;

use super::told;

/// Bytes of a file that tell what it is.
pub(crate) const HEAD_BYTES: usize = 512;

/// How a zip begins that has nothing but its end.
const EMPTY_ZIP: &[u8] = b"PK\x05\x06";
/// First bytes of files that are no zip, and what they are.
const KINDS: &[(&[u8], &str)] = &[
    (b"\x1f\x8b", "gzip, not zip; make a zip with the CSV in it"),
    (b"7z\xbc\xaf\x27\x1c", "a 7z archive; make a zip with the CSV in it"),
    (b"Rar!\x1a\x07", "a RAR archive; make a zip with the CSV in it"),
    (b"BZh", "bzip2, not zip; make a zip with the CSV in it"),
    (b"\xfd7zXZ", "xz, not zip; make a zip with the CSV in it"),
    (b"\x28\xb5\x2f\xfd", "zstd, not zip; make a zip with the CSV in it"),
    (b"\xd0\xcf\x11\xe0", "an old Excel workbook; save it as CSV and zip that"),
    (b"%PDF", "a PDF"),
    (EMPTY_ZIP, "a zip without a file in it"),
    (b"PK", "a zip that is cut off or damaged; make it again and send it as it is"),
    (b"{", "JSON; an upload is a zip with a CSV in it"),
    (b"[", "JSON; an upload is a zip with a CSV in it"),
    (b"<", "HTML or XML; an upload is a zip with a CSV in it"),
    (b"UEsDB", "a zip in Base64; send its bytes as they are"),
];

/// Where the name of a zip's first entry stands.
const ENTRY_NAME_AT: usize = 30;
/// The entry that every Excel workbook holds, which is a zip too.
const WORKBOOK_ENTRY: &str = "[Content_Types].xml";
const WORKBOOK: &str = "the file is an Excel workbook; save it as CSV and zip that";

/// What a file that is no zip is, by its first bytes.
pub(crate) fn of_file(head: &[u8]) -> Option<String> {
    kind(head).map(|kind| format!("the file is {kind}"))
}

/// Why no job will take a zip, if its first bytes tell.
pub(crate) fn of_taken_file(head: &[u8]) -> Option<String> {
    if head.starts_with(EMPTY_ZIP) {
        return of_file(head);
    }
    let name = head.starts_with(b"PK\x03\x04").then(|| head.get(ENTRY_NAME_AT..)).flatten()?;
    name.starts_with(WORKBOOK_ENTRY.as_bytes()).then(|| WORKBOOK.to_owned())
}

/// What a zip without a CSV is, by why it is refused.
pub(super) fn of_reason(reason: &str) -> Option<String> {
    reason.contains(WORKBOOK_ENTRY).then(|| WORKBOOK.to_owned())
}

/// What a body that is no multipart form very likely is, by its type and by its first bytes if they are known.
pub(crate) fn of_body_without_parts(headers: &HeaderMap, head: Option<&[u8]>) -> String {
    const RIGHT: &str = "send multipart/form-data with the zip in a part called file";
    let content_type = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    if content_type.to_ascii_lowercase().starts_with("multipart/") {
        return "the Content-Type has no boundary of multipart/form-data; let the HTTP library set it".to_owned();
    }
    let starts_with = |bytes: &[u8]| head.is_some_and(|head| head.starts_with(bytes));
    let is = match head.and_then(kind) {
        _ if starts_with(b"PK\x03\x04") => Some("a bare zip"),
        _ if starts_with(b"--") => Some("multipart, and the Content-Type does not say so"),
        None if content_type.contains("urlencoded") => Some("a form without files"),
        kind => kind.map(|kind| kind.split(';').next().unwrap_or(kind)),
    };
    is.map_or(RIGHT.to_owned(), |is| format!("{RIGHT}; the body is {is}"))
}

/// What a form without a part called `file` has in its place. Parts: name, and whether they are files.
pub(crate) fn of_parts(parts: &[(String, bool)]) -> String {
    const RIGHT: &str = "the zip belongs in a part called file";
    let file = parts.iter().find(|(_, is_file)| *is_file).or(parts.first());
    match file {
        Some((name, _)) if !name.is_empty() => format!("{RIGHT}; it is not read from one called {}", told(name)),
        Some(_) => format!("{RIGHT}; the part has no name"),
        None => format!("{RIGHT}; the form has no part"),
    }
}

fn kind(head: &[u8]) -> Option<&'static str> {
    let head = head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(head);
    if head.is_empty() {
        return Some("empty; an upload is a zip with a CSV in it");
    }
    let known = KINDS.iter().find(|(first, _)| head.starts_with(first));
    known.map(|(_, kind)| *kind).or_else(|| is_text(head).then_some("a bare CSV or text; zip it first"))
}

/// Whether it is text in any charset that has the signs of ASCII in their places.
fn is_text(head: &[u8]) -> bool {
    let is_control = |byte: &u8| byte.is_ascii_control() && !matches!(byte, b'\t' | b'\r' | b'\n');
    !head.iter().any(is_control)
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    #[test]
    fn files_are_known_by_their_first_bytes() {
        let check = |head: &[u8], expected: Option<&str>| {
            let hint = of_file(head);
            assert_eq!(hint.as_deref(), expected.map(|kind| format!("the file is {kind}")).as_deref(), "{head:?}");
        };
        check(b"Last_Name,Email\nNg,ng@example.com\n", Some("a bare CSV or text; zip it first"));
        check("\u{feff}Фамилия;Почта\r\n".as_bytes(), Some("a bare CSV or text; zip it first"));
        check(b"", Some("empty; an upload is a zip with a CSV in it"));
        check(b"\x1f\x8b\x08\0", Some("gzip, not zip; make a zip with the CSV in it"));
        check(b"{\"data\":[]}", Some("JSON; an upload is a zip with a CSV in it"));
        check(b"<html>", Some("HTML or XML; an upload is a zip with a CSV in it"));
        check(b"PK\x05\x06\0\0", Some("a zip without a file in it"));
        check(b"PK\x03\x04\x14\0cut", Some("a zip that is cut off or damaged; make it again and send it as it is"));
        check(b"\xd0\xcf\x11\xe0\xa1\xb1", Some("an old Excel workbook; save it as CSV and zip that"));
        check(b"UEsDBBQAAAA", Some("a zip in Base64; send its bytes as they are"));
        check(b"\x00\x01\x02", None);
    }

    #[test]
    fn some_zips_are_known_to_be_taken_by_no_job() {
        let zip = |name: &[u8]| [b"PK\x03\x04".as_slice(), &[0; 26], name].concat();
        assert_eq!(of_taken_file(&zip(b"[Content_Types].xml")).as_deref(), Some(WORKBOOK));
        assert_eq!(of_taken_file(&zip(b"leads.csv")), None);
        assert_eq!(of_taken_file(b"PK\x03\x04"), None);
        assert_eq!(of_taken_file(b"PK\x05\x06\0\0").as_deref(), Some("the file is a zip without a file in it"));
        assert_eq!(of_reason("it holds no CSV, only \"[Content_Types].xml\"; put one").as_deref(), Some(WORKBOOK));
        assert_eq!(of_reason("it holds no file"), None);
    }

    #[test]
    fn bodies_without_parts_are_told_what_they_lack() {
        let check = |content_type: &str, head: &[u8], expected: &str| {
            let headers = HeaderMap::from_iter([(CONTENT_TYPE, HeaderValue::from_str(content_type).unwrap())]);
            let hint = of_body_without_parts(&headers, Some(head));
            assert!(hint.ends_with(expected), "{hint} lacks {expected}");
        };
        check("application/zip", b"PK\x03\x04", "the body is a bare zip");
        check("text/csv", b"Last_Name\nNg\n", "the body is a bare CSV or text");
        check("application/json", b"{}", "the body is JSON");
        check("application/octet-stream", b"\x1f\x8b\x08", "the body is gzip, not zip");
        check("application/octet-stream", b"--boundary\r\n", "the Content-Type does not say so");
        check("multipart/form-data", b"--boundary\r\n", "let the HTTP library set it");
        check("multipart/mixed; boundary=x", b"--x\r\n", "let the HTTP library set it");
        check("application/zip", b"\0", "in a part called file");
        let unknown = of_body_without_parts(&HeaderMap::new(), None);
        assert_eq!(unknown, "send multipart/form-data with the zip in a part called file");
    }
}
