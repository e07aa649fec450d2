//! Files that are no text, known by their first bytes: a workbook that was only renamed is a frequent mistake.

use super::ReadProblem;

const SIGNATURES: [(&[u8], &str); 6] = [
    (b"PK\x03\x04", "a zip or an Excel workbook (.xlsx)"),
    (b"\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1", "an old Excel workbook (.xls)"),
    (b"\x1F\x8B", "a gzip file"),
    (b"Rar!\x1A\x07", "a rar archive"),
    (b"7z\xBC\xAF\x27\x1C", "a 7z archive"),
    (b"%PDF-", "a PDF document"),
];

/// Whether a file may be a CSV.
pub(super) fn check(head: &[u8]) -> Result<(), ReadProblem> {
    match SIGNATURES.iter().find(|(signature, _)| head.starts_with(signature)) {
        Some(&(_, what)) => Err(ReadProblem::AnotherKind { what }),
        None => Ok(()),
    }
}
