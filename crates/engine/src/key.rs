//! Keys: the bytes by which two values are the same.
//!
//! A key is the canonical value that [`crate::typing`] made of a cell (trimmed, numbers and dates in their one
//! spelling), folded without case unless its field says otherwise (contract 12, row 30). Hashes of keys are stored, so
//! folding must never change: each code point is replaced by its lowercase mapping, one at a time, without the rules
//! that look at neighbours (final sigma) and without normalisation. A test holds the whole mapping to a checksum, so
//! that a toolchain with a newer Unicode is noticed before it is used.

/// Appends the key of `value` to `out`.
pub fn fold_into(value: &str, case_sensitive: bool, out: &mut Vec<u8>) {
    if case_sensitive {
        out.extend_from_slice(value.as_bytes());
        return;
    }
    if value.is_ascii() {
        let start = out.len();
        out.extend_from_slice(value.as_bytes());
        out[start..].make_ascii_lowercase();
        return;
    }
    fold_unicode(value, out);
}

/// The key of one value, for callers outside of the hot path: a search, a test.
pub fn fold(value: &str, case_sensitive: bool) -> Vec<u8> {
    let mut key = Vec::with_capacity(value.len());
    fold_into(value, case_sensitive, &mut key);
    key
}

fn fold_unicode(value: &str, out: &mut Vec<u8>) {
    let mut encoded = [0; 4];
    for lower in value.chars().flat_map(char::to_lowercase) {
        out.extend_from_slice(lower.encode_utf8(&mut encoded).as_bytes());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_fold() {
        let check = |value: &str, key: &str| assert_eq!(String::from_utf8(fold(value, false)).unwrap(), key);
        check("Jane@Example.COM", "jane@example.com");
        check("MÜLLER", "müller");
        check("ΣΊΣΥΦΟΣ", "σίσυφοσ");
        check("Straße", "straße");
        check("1234.50", "1234.50");
        assert_eq!(fold("AbÇ", true), "AbÇ".as_bytes());
    }

    #[test]
    fn the_mapping_is_the_one_that_stored_hashes_were_made_with() {
        let mut folded = Vec::new();
        for c in '\0'..=char::MAX {
            fold_unicode(c.encode_utf8(&mut [0; 4]), &mut folded);
        }
        assert_eq!(crc32fast::hash(&folded), 585_677_604);
    }
}
