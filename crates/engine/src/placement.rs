//! In which of the 64 buckets a record lives: part of its id, so it never changes, and neither may this file.
//!
//! The bucket is the low six bits of SipHash-1-3 (128-bit key, both halves below) over the folded value of the
//! module's placement field; a record without such a value is placed by its id number, as eight little-endian bytes.
//! The same key goes to the same bucket, so that file order holds inside a bucket. A later change of the field does
//! not move a record.

use std::hash::Hasher;

use siphasher::sip::SipHasher13;

use crate::catalog::{Field, FieldNumber, Module};
use crate::ids::BUCKETS;

/// The hash's key: any two numbers, chosen once. They spell `bulkwrit` and `placemen`.
const KEYS: (u64, u64) = (0x7469_7277_6b6c_7562, 0x6e65_6d65_6361_6c70);

/// The field whose values place the records of a module.
pub fn field(module: &Module) -> Option<&Field> {
    module.placement.and_then(|number| module.by_number(number))
}

/// Which of a new module's fields that will be, for ever: its first unique one, else its first of `duplicate_check`.
/// Fields and marks that are added later do not count: ids would no longer be those of an earlier run.
pub fn chosen(fields: &[Field]) -> Option<FieldNumber> {
    let marked = fields.iter().find(|field| field.unique.is_some());
    marked.or_else(|| fields.iter().find(|field| field.is_indexed())).map(|field| field.number)
}

/// The bucket of a record with this folded placement value.
pub fn by_key(key: &[u8]) -> u8 {
    let mut hasher = SipHasher13::new_with_keys(KEYS.0, KEYS.1);
    hasher.write(key);
    (hasher.finish() % u64::from(BUCKETS)) as u8
}

/// The bucket of a record without a placement value.
pub fn by_number(number: u64) -> u8 {
    by_key(&number.to_le_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::Catalog;

    #[test]
    fn placement_is_what_it_always_was() {
        let found: Vec<u8> = [&b"jane@example.com"[..], b"a", b"", "m\u{fc}ller".as_bytes()].map(by_key).to_vec();
        let numbers = [by_number(1), by_number(2), by_number(1 << 40)];
        assert_eq!((found, numbers), (vec![15, 1, 22, 46], [5, 25, 1]));
    }

    #[test]
    fn a_module_is_placed_by_its_key() {
        let catalog = Catalog::builtin();
        let name = |module: &str| field(catalog.module(module).unwrap()).map(|field| field.api_name.as_str());
        assert_eq!(name("Leads"), Some("Email"));
        assert_eq!(name("Deals"), Some("Deal_Name"));
    }
}
