//! Archives put together byte by byte after APPNOTE 6.3, without the library that reads them.

use super::*;

/// One entry and the ways in which programs write it.
struct Entry<'a> {
    name: &'a [u8],
    flags: u16,
    method: u16,
    /// Extra fields of the directory entry.
    extra: Vec<u8>,
    descriptor: Descriptor,
    sizes: Sizes,
}

/// What follows the data of an entry whose sizes its local header leaves out (4.3.9).
#[derive(Clone, Copy, PartialEq)]
enum Descriptor {
    None,
    Signed,
    Unsigned,
    Zip64,
}

/// Where the directory entry has its sizes and its place.
#[derive(Clone, Copy, PartialEq)]
enum Sizes {
    Plain,
    /// In a zip64 extra field (4.5.3).
    Zip64,
}

const UTF_8_NAME: u16 = 1 << 11;
const HAS_DESCRIPTOR: u16 = 1 << 3;
const STORED: u16 = 0;
const DEFLATED: u16 = 8;

fn entry(name: &[u8]) -> Entry<'_> {
    let (descriptor, sizes) = (Descriptor::None, Sizes::Plain);
    Entry { name, flags: 0, method: DEFLATED, extra: Vec::new(), descriptor, sizes }
}

/// An extra field.
fn extra(id: u16, content: &[u8]) -> Vec<u8> {
    [&id.to_le_bytes()[..], &(content.len() as u16).to_le_bytes(), content].concat()
}

/// The Info-ZIP Unicode Path field (4.6.9) of an entry whose plain name has this checksum.
fn unicode_path(crc_of: &[u8], path: &str) -> Vec<u8> {
    extra(0x7075, &[&[1][..], &crc32fast::hash(crc_of).to_le_bytes(), path.as_bytes()].concat())
}

fn zip_by_hand(entry: &Entry<'_>) -> Vec<u8> {
    let data = if entry.method == STORED { CSV.to_vec() } else { deflate(CSV) };
    let (packed, plain) = (data.len() as u64, CSV.len() as u64);
    let sizes = [packed as u32, plain as u32];
    let has_descriptor = entry.descriptor != Descriptor::None;
    let flags = entry.flags | if has_descriptor { HAS_DESCRIPTOR } else { 0 };
    let crc = crc32fast::hash(CSV);

    let mut zip = b"PK\x03\x04".to_vec();
    push_head(&mut zip, flags, entry.method);
    let told = if has_descriptor { [0; 3] } else { [crc, sizes[0], sizes[1]] };
    told.iter().for_each(|field| zip.extend(field.to_le_bytes()));
    zip.extend((entry.name.len() as u16).to_le_bytes());
    zip.extend(0u16.to_le_bytes());
    zip.extend(entry.name);
    zip.extend(&data);
    push_descriptor(&mut zip, entry.descriptor, crc, packed, plain);

    let directory = zip.len();
    let in_zip64 = entry.sizes == Sizes::Zip64;
    let mut extras = entry.extra.clone();
    if in_zip64 {
        extras.extend(extra(1, &[plain.to_le_bytes(), packed.to_le_bytes(), 0u64.to_le_bytes()].concat()));
    }
    let [packed, plain, offset] = if in_zip64 { [u32::MAX; 3] } else { [sizes[0], sizes[1], 0] };
    zip.extend(b"PK\x01\x02\x2D\0");
    push_head(&mut zip, flags, entry.method);
    [crc, packed, plain].iter().for_each(|field| zip.extend(field.to_le_bytes()));
    [entry.name.len() as u16, extras.len() as u16, 0, 0, 0].iter().for_each(|field| zip.extend(field.to_le_bytes()));
    [0, offset].iter().for_each(|field| zip.extend(field.to_le_bytes()));
    zip.extend(entry.name);
    zip.extend(&extras);

    let directory_bytes = zip.len() - directory;
    zip.extend(b"PK\x05\x06\0\0\0\0\x01\0\x01\0");
    [directory_bytes, directory].iter().for_each(|field| zip.extend((*field as u32).to_le_bytes()));
    zip.extend([0, 0]);
    zip
}

/// Version, flags, method and time, which the two headers of an entry have in common.
fn push_head(zip: &mut Vec<u8>, flags: u16, method: u16) {
    [45, flags, method, 0, 0x21].iter().for_each(|field| zip.extend(field.to_le_bytes()));
}

fn push_descriptor(zip: &mut Vec<u8>, descriptor: Descriptor, crc: u32, packed: u64, plain: u64) {
    if matches!(descriptor, Descriptor::Signed | Descriptor::Zip64) {
        zip.extend(b"PK\x07\x08");
    }
    match descriptor {
        Descriptor::None => {}
        Descriptor::Signed | Descriptor::Unsigned => {
            [crc, packed as u32, plain as u32].iter().for_each(|field| zip.extend(field.to_le_bytes()));
        }
        Descriptor::Zip64 => {
            zip.extend(crc.to_le_bytes());
            [packed, plain].iter().for_each(|field| zip.extend(field.to_le_bytes()));
        }
    }
}

fn check(made: &Entry<'_>, name: &str) {
    let zip = zip_by_hand(made);
    check_container(&mut Cursor::new(&zip), &limits()).unwrap();
    assert_eq!(find_csv(&mut Cursor::new(&zip), &limits()).unwrap().name, name);
    assert_eq!(read_csv(&zip).unwrap(), CSV, "{name}");
}

#[test]
fn every_way_to_tell_sizes_is_read() {
    for method in [STORED, DEFLATED] {
        for descriptor in [Descriptor::None, Descriptor::Signed, Descriptor::Unsigned, Descriptor::Zip64] {
            for sizes in [Sizes::Plain, Sizes::Zip64] {
                check(&Entry { method, descriptor, sizes, ..entry(b"leads.csv") }, "leads.csv");
            }
        }
    }
}

#[test]
fn names_are_cp437_unless_they_say_that_they_are_utf8() {
    check(&entry(b"K\x81chen \x9B.csv"), "Küchen ¢.csv");
    check(&Entry { flags: UTF_8_NAME, ..entry("Küchen 表.csv".as_bytes()) }, "Küchen 表.csv");
    // Some programs write UTF-8 and do not say so.
    check(&entry("ü.csv".as_bytes()), "ü.csv");
}

#[test]
fn a_unicode_path_counts_if_it_is_of_that_name() {
    let named = |crc_of: &[u8], path: &str| Entry { extra: unicode_path(crc_of, path), ..entry(b"K?chen.csv") };
    check(&named(b"K?chen.csv", "Küchen 表.csv"), "Küchen 表.csv");
    check(&named(b"another.csv", "Küchen 表.csv"), "K?chen.csv");
}

#[test]
fn forbidden_names_are_refused_in_every_form() {
    let check = |made: &Entry<'_>, name: &str| {
        let expected = format!(
            "at creation: the zip is not supported: the entry {name:?} has a forbidden name; \
             use a plain relative file name"
        );
        assert_eq!(refusal(&zip_by_hand(made)), expected);
    };
    for name in [
        "../leads.csv",
        "a/../../leads.csv",
        "..\\leads.csv",
        "a\\..\\leads.csv",
        "/leads.csv",
        "\\leads.csv",
        "\\\\server\\share\\leads.csv",
        "C:leads.csv",
        "c:/leads.csv",
        "leads\0.csv",
        "leads\n.csv",
        "__MACOSX/../leads.csv",
        "../",
        "..",
    ] {
        check(&entry(name.as_bytes()), name);
        check(&Entry { flags: UTF_8_NAME, ..entry(name.as_bytes()) }, name);
        let hidden = Entry { extra: unicode_path(b"leads.csv", name), ..entry(b"leads.csv") };
        check(&hidden, name);
    }
}

#[test]
fn every_kind_of_encryption_is_refused() {
    let encrypted = "the entry \"leads.csv\" is encrypted; make the zip without a password";
    let refused = |made: &Entry<'_>| {
        let told = refusal(&zip_by_hand(made));
        assert_eq!(told, format!("at creation: the zip is not supported: {encrypted}"));
    };
    refused(&Entry { flags: 1, ..entry(b"leads.csv") });
    // Strong encryption (7.2.3), and that of WinZip with its extra field.
    refused(&Entry { flags: 1 | 1 << 6, ..entry(b"leads.csv") });
    let aes = extra(0x9901, &[2, 0, b'A', b'E', 3, 8, 0]);
    refused(&Entry { flags: 1, method: 99, extra: aes, ..entry(b"leads.csv") });
}

#[test]
fn archives_inside_are_refused_whatever_they_are_called() {
    for name in ["more.zip", "a/MORE.ZIP", "leads.csv.gz", "leads.7z", "leads.rar", "leads.tar", "leads.tgz"] {
        let told = refusal(&zip_of(&[("leads.csv", CSV), (name, b"x")]));
        assert!(told.starts_with(&format!("at creation: the zip is not supported: the entry {name:?} is ")), "{told}");
        assert!(told.ends_with("inside the zip; put the CSV itself into the zip"), "{told}");
    }
}
