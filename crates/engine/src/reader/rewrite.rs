//! Cells that cannot be given out of the window as they stand.

use super::record::Span;

/// What is kept for the next row that needs it; a longer row's memory is given back.
const KEPT_BYTES: usize = 1 << 20;

/// Copies cells out of a record: doubled quotes become one, undecodable bytes U+FFFD. The spans follow.
#[cold]
pub(super) fn rewrite(record: &[u8], spans: &mut [Span], rewritten: &mut String) {
    rewritten.clear();
    rewritten.shrink_to(KEPT_BYTES);
    for span in spans {
        let cell = span.of(record);
        let start = rewritten.len();
        if span.is_quoted_in(record) {
            undouble(cell, rewritten);
        } else {
            push_lossy(cell, rewritten);
        }
        *span = Span::between(start, rewritten.len());
    }
}

fn undouble(mut cell: &[u8], rewritten: &mut String) {
    while let Some(quote) = memchr::memchr(b'"', cell) {
        push_lossy(&cell[..=quote], rewritten);
        cell = cell.get(quote + 2..).unwrap_or_default();
    }
    push_lossy(cell, rewritten);
}

fn push_lossy(bytes: &[u8], rewritten: &mut String) {
    if let Ok(text) = simdutf8::basic::from_utf8(bytes) {
        return rewritten.push_str(text);
    }
    for chunk in bytes.utf8_chunks() {
        rewritten.push_str(chunk.valid());
        if !chunk.invalid().is_empty() {
            rewritten.push(char::REPLACEMENT_CHARACTER);
        }
    }
}
