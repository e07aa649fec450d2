//! Whatever table another writer writes is read back cell by cell.

use csv::{QuoteStyle, Terminator, WriterBuilder};
use proptest::prelude::*;

use super::*;

pub(super) const COLUMNS: usize = 3;

fn cell() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        Just(",".to_owned()),
        Just(";".to_owned()),
        Just("\t".to_owned()),
        Just("|".to_owned()),
        Just(":".to_owned()),
        Just("\"".to_owned()),
        Just("\n".to_owned()),
        Just("\r".to_owned()),
        Just("\r\n".to_owned()),
        "[ -~]{0,5}",
        "\\PC{0,5}",
    ];
    proptest::collection::vec(piece, 0..4).prop_map(|pieces| pieces.concat())
}

pub(super) fn table() -> impl Strategy<Value = Vec<[String; COLUMNS]>> {
    proptest::collection::vec([cell(), cell(), cell()], 0..12)
}

pub(super) fn style() -> impl Strategy<Value = (QuoteStyle, Terminator)> {
    let quotes = vec![QuoteStyle::Necessary, QuoteStyle::Always, QuoteStyle::NonNumeric];
    let ends = vec![Terminator::CRLF, Terminator::Any(b'\n'), Terminator::Any(b'\r')];
    (proptest::sample::select(quotes), proptest::sample::select(ends))
}

pub(super) fn written(
    rows: &[[String; COLUMNS]],
    delimiter: Delimiter,
    quotes: QuoteStyle,
    end: Terminator,
) -> Vec<u8> {
    let mut builder = WriterBuilder::new();
    builder.delimiter(delimiter.byte()).quote_style(quotes).terminator(end);
    let mut writer = builder.from_writer(Vec::new());
    writer.write_record(["first", "second", "third"]).unwrap();
    for row in rows {
        writer.write_record(row).unwrap();
    }
    writer.into_inner().unwrap()
}

proptest! {
    #[test]
    fn tables_are_read_as_they_were_written(
        rows in table(),
        delimiter in proptest::sample::select(&delimiter::CANDIDATES),
        (quotes, end) in style(),
        window_bytes in 1usize..200,
    ) {
        let file = written(&rows, delimiter, quotes, end);
        let mut reader = open_sized(&file, window_bytes).unwrap();
        prop_assert_eq!(reader.delimiter(), delimiter);
        for (number, expected) in (1..).zip(&rows) {
            let row = reader.next_row().unwrap().expect("as many rows as were written");
            prop_assert_eq!((row.number, row.problem), (number, None));
            prop_assert!(row.cells().eq(expected));
            let line = 1 + lines_in(&file[..row.byte as usize]);
            prop_assert_eq!(row.line, line);
        }
        prop_assert!(reader.next_row().unwrap().is_none());
    }

    #[test]
    fn no_bytes_make_it_fail_or_lose_its_place(file in hostile_bytes(), size in 1usize..100) {
        let file = [b"\xEF\xBB\xBFa,b\n", &file[..]].concat();
        let mut reader = open_sized(&file, size).unwrap();
        let whole: Vec<_> = read_all_sized(&file, None, 4096);
        prop_assert_eq!(&read_all_sized(&file, None, size), &whole);
        let mut end = 7;
        while let Some(row) = reader.next_row().unwrap() {
            prop_assert!(file[end as usize..row.byte as usize].iter().all(|byte| matches!(byte, b'\n' | b'\r')));
            prop_assert_eq!(row.raw(), Some(&file[row.byte as usize..row.byte_end as usize]));
            end = row.byte_end;
        }
        prop_assert!(file[end as usize..].iter().all(|byte| matches!(byte, b'\n' | b'\r')));
    }
}

pub(super) fn hostile_bytes() -> impl Strategy<Value = Vec<u8>> {
    let byte = prop_oneof![Just(b','), Just(b'"'), Just(b'\n'), Just(b'\r'), Just(b'x'), any::<u8>()];
    proptest::collection::vec(byte, 0..300)
}

fn lines_in(bytes: &[u8]) -> u64 {
    let ends = bytes.iter().filter(|byte| matches!(byte, b'\n' | b'\r')).count();
    (ends - memchr::memmem::find_iter(bytes, b"\r\n").count()) as u64
}
