//! Archives that lie, overlap, explode or are broken.

use std::time::{Duration, Instant};

use proptest::prelude::*;
use proptest::sample::Index;

use super::*;

#[test]
fn no_zip_is_refused_at_upload() {
    let zip = zip_of(&[("leads.csv", CSV)]);
    check_refused(
        b"",
        "at upload: the file is not a readable zip: it has 0 bytes; upload a zip that holds one CSV file",
    );
    check_refused(
        CSV,
        "at upload: the file is not a readable zip: it has no end record in its 41 bytes, so it is cut off or no zip; \
         upload a zip that holds one CSV file",
    );
    for cut in 1..zip.len() {
        let told = refusal(&zip[..cut]);
        assert!(told.starts_with("at upload: the file is not a readable zip: it has no end record"), "{cut}: {told}");
    }
    for cut in 1..place_of(&zip, DIRECTORY) + 40 {
        let told = refusal(&zip[cut..]);
        assert!(told.starts_with("at upload: the file is not a readable zip:"), "without its first {cut}: {told}");
    }
}

#[test]
fn a_directory_that_cannot_be_read_is_refused_at_upload() {
    let zip = zip_of(&[("leads.csv", CSV)]);
    let told = refusal(&with_directory(zip.clone(), 0, b"XXXX"));
    assert!(told.starts_with("at upload: the file is not a readable zip: there is no directory at byte"), "{told}");
    let told = refusal(&with_directory(zip, 28, &[0xFF, 0xFF]));
    assert!(told.starts_with("at upload: the file is not a readable zip: its directory"), "{told}");
}

#[test]
fn a_zip_without_exactly_one_csv_is_refused_at_creation() {
    check_refused(
        &zip_of(&[]),
        "at creation: the zip is not supported: it holds no file; put one CSV file (name ending in .csv) into it",
    );
    check_refused(
        &zip_of(&[("leads.txt", CSV), ("data/leads.xlsx", b"x")]),
        "at creation: the zip is not supported: it holds no CSV, only \"leads.txt\", \"leads.xlsx\"; \
         put one file whose name ends in .csv into it",
    );
    check_refused(
        &zip_of(&[("a.csv", CSV), ("b.CSV", CSV)]),
        "at creation: the zip is not supported: it holds 2 CSV files (\"a.csv\", \"b.CSV\"), and a job reads one; \
         make one zip for each",
    );
    check_refused(
        &zip_of(&[("leads.csv", CSV), ("more.zip", b"PK")]),
        "at creation: the zip is not supported: the entry \"more.zip\" is a zip inside the zip; \
         put the CSV itself into the zip",
    );
    check_refused(
        &zip_of(&[("leads.csv", b"")]),
        "at creation: the zip is not supported: the CSV \"leads.csv\" has 0 bytes; a CSV needs at least a header line",
    );
}

#[test]
fn an_encrypted_or_strangely_packed_csv_is_refused_at_creation() {
    let zip = zip_of(&[("leads.csv", CSV)]);
    check_refused(
        &with_both(zip.clone(), 6, 8, &[1, 0]),
        "at creation: the zip is not supported: the entry \"leads.csv\" is encrypted; make the zip without a password",
    );
    let told = refusal(&with_both(zip, 8, 10, &[12, 0]));
    assert!(
        told.starts_with("at creation: the zip is not supported: the entry \"leads.csv\" is packed with"),
        "{told}"
    );
}

#[test]
fn a_link_is_refused_at_creation() {
    let mut zip = zip::ZipWriter::new(Cursor::new(Vec::new()));
    zip.add_symlink("leads.csv", "/etc/passwd", deflated()).unwrap();
    check_refused(
        &zip.finish().unwrap().into_inner(),
        "at creation: the zip is not supported: the entry \"leads.csv\" is a symbolic link; \
         put the file itself into the zip",
    );
}

#[test]
fn forbidden_names_are_refused_at_creation() {
    let zip = zip_of(&[("0123456789.csv", CSV)]);
    for name in [
        "../../etc/.csv",
        "..\\..\\wins.csv",
        "/abs/lead-.csv",
        "C:\\x\\leads.csv",
        "lead\0s.csv.csv",
        "x/../../le.csv",
    ] {
        let told = refusal(&renamed(zip.clone(), "0123456789.csv", name));
        let expected = format!(
            "at creation: the zip is not supported: the entry {name:?} has a forbidden name; use a plain relative file name"
        );
        assert_eq!(told, expected);
    }
}

#[test]
fn two_entries_of_one_name_are_refused_at_creation() {
    check_refused(
        &renamed(zip_of(&[("a.csv", CSV), ("b.csv", CSV)]), "b.csv", "a.csv"),
        "at creation: the zip is not supported: two of its entries have the same name; give each file its own",
    );
}

#[test]
fn overlapping_entries_are_refused_at_creation() {
    check_refused(
        &with_overlapping_entries(zip_of(&[("leads.csv", CSV)]), 5),
        "at creation: the zip is not supported: its entries overlap; make the zip again with another program",
    );
}

#[test]
fn a_directory_of_sixty_thousand_entries_is_refused_unread() {
    let names: Vec<_> = (0..60_000).map(|number| format!("{number}.csv")).collect();
    let entries: Vec<_> = names.iter().map(|name| (name.as_str(), &b""[..])).collect();
    let zip = zip_with(&entries, stored());
    let mut counted = Counted { inner: Cursor::new(&zip), read: 0 };
    let found = find_csv(&mut counted, &limits());
    assert!(
        matches!(found, Err(FileProblem::TooLarge { what: "the zip's number of entries", limit: 10 })),
        "{found:?}"
    );
    assert!(counted.read < 100 << 10, "{} bytes were read", counted.read);
    check_container(&mut Cursor::new(&zip), &limits()).expect("it is a zip all the same");
}

/// An end record of one broken entry stands behind a zip of many: the one before it must not be taken instead.
#[test]
fn a_broken_end_record_does_not_lead_to_an_earlier_one() {
    let names: Vec<_> = (0..60_000).map(|number| format!("{number}.csv")).collect();
    let entries: Vec<_> = names.iter().map(|name| (name.as_str(), &b""[..])).collect();
    let honest = zip_with(&entries, stored());
    let mut zip = honest.clone();
    zip.extend(DIRECTORY);
    zip.extend([0xFF; 46]);
    let (start, bytes) = (honest.len() as u32, 50u32);
    zip.extend(b"PK\x05\x06\0\0\0\0\x01\0\x01\0");
    zip.extend(bytes.to_le_bytes());
    zip.extend(start.to_le_bytes());
    zip.extend([0, 0]);
    let mut counted = Counted { inner: Cursor::new(&zip), read: 0 };
    let found = find_csv(&mut counted, &limits());
    assert!(matches!(found, Err(FileProblem::NotAZip { .. })), "{found:?}");
    assert!(counted.read < 2 << 20, "{} bytes were read", counted.read);
}

#[test]
fn a_directory_larger_than_its_entries_need_is_refused_unread() {
    let name = format!("{}.csv", "long".repeat(15_000));
    let found = find_csv(&mut Cursor::new(zip_of(&[(&name, CSV)])), &limits());
    assert!(
        matches!(found, Err(FileProblem::TooLarge { what: "the zip's directory in bytes", limit: 40_960 })),
        "{found:?}"
    );
}

#[test]
fn what_is_declared_over_a_limit_is_refused_at_creation() {
    let zeroes = vec![b'0'; 33 << 20];
    check_refused(
        &zip_of(&[("leads.csv", &zeroes)]),
        "at creation: the unpacked CSV in bytes is over the limit of 33554432; \
         split the file or leave out what is not needed, or ask the server's owner to raise the limit",
    );
    check_refused(
        &zip_of(&[("leads.csv", &zeroes[..2 << 20])]),
        "at creation: the CSV's unpacked size as a multiple of its packed size is over the limit of 100; \
         split the file or leave out what is not needed, or ask the server's owner to raise the limit",
    );
    let noise: Vec<_> = (0..9 << 20).map(|n: u32| (n.wrapping_mul(0x9E37_79B9) >> 24) as u8).collect();
    let told = refusal(&zip_with(&[("leads.csv", &noise)], stored()));
    assert!(told.starts_with("at upload: the zip in bytes is over the limit of 8388608;"), "{told}");
}

#[test]
fn a_bomb_that_lies_about_its_size_stops_where_it_lies() {
    let zip = zip_of(&[("leads.csv", &vec![b'0'; 200 << 20])]);
    let start = Instant::now();
    let told = refusal(&with_both(zip, 22, 24, &1000u32.to_le_bytes()));
    assert!(
        told.starts_with("while reading: the CSV in the zip is damaged at byte")
            && told.ends_with("it goes on past the 1000 bytes that are declared; make the zip again"),
        "{told}"
    );
    assert!(start.elapsed() < Duration::from_secs(5));
}

/// Declared small enough to pass at creation, but with a packed size that lies: what counts is what is read.
#[test]
fn real_bytes_are_limited_while_reading() {
    let zip = zip_of(&[("leads.csv", &vec![b'0'; 2 << 20])]);
    let entry = find_csv(&mut Cursor::new(&zip), &Limits::lifted()).unwrap();
    let read_with = |limits: &Limits| {
        let mut reader = open_csv(on_disk(&zip), &entry, limits).unwrap();
        let error = std::io::copy(&mut reader, &mut std::io::sink()).unwrap_err();
        assert!(reader.read(&mut [0; 10]).is_err(), "it stays failed");
        FileProblem::from(error)
    };
    let ratio = read_with(&limits());
    assert!(matches!(ratio, FileProblem::TooLarge { limit: 100, .. }), "{ratio:?}");
    let bytes = read_with(&Limits { csv_bytes_max: 1 << 20, ..Limits::lifted() });
    assert!(matches!(bytes, FileProblem::TooLarge { limit: 1_048_576, .. }), "{bytes:?}");
}

#[test]
fn damage_is_met_while_reading() {
    let damaged = |byte: usize, reason: &str| {
        format!(
            "while reading: the CSV in the zip is damaged at byte {byte} of the unpacked file: {reason}; make the zip again"
        )
    };
    let (packed, plain) = (zip_of(&[("leads.csv", CSV)]), zip_with(&[("leads.csv", CSV)], stored()));
    let size = |bytes: usize| (bytes as u32).to_le_bytes();
    let crc = crc32fast::hash(CSV);
    for zip in [&packed, &plain] {
        let wrong = with_both(zip.clone(), 14, 16, &[0, 0, 0, 0]);
        check_refused(&wrong, &damaged(41, &format!("its CRC is {crc:08x}, declared is 00000000")));
    }
    check_refused(
        &with_both(packed.clone(), 22, 24, &size(CSV.len() + 1)),
        &damaged(41, "it ends before the 42 bytes that are declared"),
    );
    let data = place_of(&packed, LOCAL) + 30 + "leads.csv".len();
    let mut broken = packed.clone();
    broken[data] = 0xFF;
    check_refused(&broken, &damaged(0, "its deflate stream is broken"));
    let packed_bytes = place_of(&packed, DIRECTORY) - data;
    let cut = refusal(&with_both(packed, 18, 20, &size(packed_bytes - 2)));
    assert!(cut.ends_with("its deflate stream is cut off; make the zip again"), "{cut}");
    let mut longer = deflate(CSV);
    longer.extend(b"more");
    let longer = with_both(zip_with(&[("leads.csv", &longer)], stored()), 8, 10, &[8, 0]);
    let longer = with_both(with_both(longer, 22, 24, &size(CSV.len())), 14, 16, &crc.to_le_bytes());
    check_refused(&longer, &damaged(41, "packed bytes are left over behind its end"));
    let mut flipped = plain.clone();
    let at = memchr::memmem::find(&flipped, b"Potter").unwrap();
    flipped[at] = b'p';
    assert!(refusal(&flipped).contains("its CRC is"));
}

proptest! {
    /// Whatever is changed in a good zip, the outcome is the CSV or a refusal, and never other bytes.
    #[test]
    fn changed_bytes_give_the_csv_or_a_refusal(
        changes in proptest::collection::vec((any::<Index>(), any::<u8>()), 1..4),
        options in proptest::sample::select(vec![deflated(), stored(), deflated().large_file(true)]),
    ) {
        let mut zip = zip_with(&[("a/", b""), ("leads.csv", CSV), ("x.txt", b"x")], options);
        for (at, byte) in changes {
            let length = zip.len();
            zip[at.index(length)] = byte;
        }
        if let Ok(csv) = read_csv(&zip) {
            prop_assert_eq!(csv, CSV);
        }
    }

    #[test]
    fn no_bytes_make_it_panic(before in any::<Vec<u8>>(), record in any::<[u8; 18]>(), after in any::<Vec<u8>>()) {
        let file = [&before, &END[..], &record, &after].concat();
        prop_assert!(read_csv(&file).is_err());
    }
}

struct Counted<R> {
    inner: R,
    read: usize,
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let read = self.inner.read(buffer)?;
        self.read += read;
        Ok(read)
    }
}

impl<R: Seek> Seek for Counted<R> {
    fn seek(&mut self, position: std::io::SeekFrom) -> std::io::Result<u64> {
        self.inner.seek(position)
    }
}
