//! Files in other charsets than UTF-8: the same rows, at the places of the file as it was uploaded.

use encoding_rs::Encoding;
use proptest::prelude::*;

use super::round_trip::{hostile_bytes, style, table, written};
use super::*;

/// Every charset that is promised, by its canonical name.
const CHARSETS: [&str; 38] = [
    "UTF-16LE",
    "UTF-16BE",
    "windows-1250",
    "windows-1251",
    "windows-1252",
    "windows-1253",
    "windows-1254",
    "windows-1255",
    "windows-1256",
    "windows-1257",
    "windows-1258",
    "windows-874",
    "ISO-8859-2",
    "ISO-8859-3",
    "ISO-8859-4",
    "ISO-8859-5",
    "ISO-8859-6",
    "ISO-8859-7",
    "ISO-8859-8",
    "ISO-8859-10",
    "ISO-8859-13",
    "ISO-8859-14",
    "ISO-8859-15",
    "ISO-8859-16",
    "Shift_JIS",
    "EUC-JP",
    "ISO-2022-JP",
    "EUC-KR",
    "GBK",
    "gb18030",
    "Big5",
    "KOI8-R",
    "KOI8-U",
    "IBM866",
    "macintosh",
    "x-mac-cyrillic",
    "ISO-8859-8-I",
    "x-user-defined",
];

/// Text in a charset; `None` where it cannot hold it.
fn encoded(text: &str, charset: &str) -> Option<Vec<u8>> {
    let units = || text.encode_utf16();
    match charset {
        "UTF-16LE" => return Some(units().flat_map(u16::to_le_bytes).collect()),
        "UTF-16BE" => return Some(units().flat_map(u16::to_be_bytes).collect()),
        _ => {}
    }
    let encoding = Encoding::for_label(charset.as_bytes()).unwrap();
    let (bytes, _, unmappable) = encoding.encode(text);
    // Some letters are written as others that look alike.
    (!unmappable && encoding.decode_without_bom_handling(&bytes).0 == text).then(|| bytes.into_owned())
}

fn check(file: &[u8], charset: &str, expected: &[&str]) {
    assert_eq!(read_all_named(file, Some(charset)), expected, "{charset}");
}

#[test]
fn rows_in_other_charsets_know_their_place() {
    let table = "姓,名\r\n\"山,\n田\",太郎\r\n\r\n鈴木,花子";
    let cells = [r#"["山,\n田", "太郎"]"#, r#"["鈴木", "花子"]"#];
    let check = |charset: &str, first: &str, second: &str| {
        let rows = [format!("1 line 2 byte {first} {}", cells[0]), format!("2 line 5 byte {second} {}", cells[1])];
        assert_eq!(read_all_named(&encoded(table, charset).unwrap(), Some(charset)), rows, "{charset}");
    };
    check("Shift_JIS", "7..22", "24..33");
    check("EUC-JP", "7..22", "24..33");
    check("gb18030", "7..22", "24..33");
    check("UTF-16BE", "10..32", "36..46");
    check("ISO-2022-JP", "19..52", "54..75");
}

#[test]
fn a_mark_counts_and_is_no_text() {
    let rows = [r#"1 line 2 byte 10..18 ["1", "ä"]"#];
    assert_eq!(read_all(b"\xFF\xFEa\0,\0b\0\n\x001\0,\0\xE4\0\n\0"), rows);
    assert_eq!(read_all(b"\xFE\xFF\0a\0,\0b\0\n\x001\0,\0\xE4\0\n"), rows);
    assert_eq!(read_all(b"\x84\x31\x95\x33a,b\n\xC4\xE3,2\n"), [r#"1 line 2 byte 8..13 ["你", "2"]"#]);
}

#[test]
fn undecodable_bytes_spoil_only_their_row() {
    let good = "1 line 2 byte 4..8 [\"1\", \"2\"]";
    let spoiled = |charset: &str, bad: &[u8], shown: &str, last: &str| {
        let file = [b"a,b\n1,2\n\"\n\",x", bad, b"\n5,6\n"].concat();
        let spoiled = format!(
            "2 line 3 byte 8..{} [\"\\n\", \"x{shown}\"] Undecodable {{ column: 1 }} at line 4, column 2, byte 13",
            14 + bad.len()
        );
        check(&file, charset, &[good, &spoiled, last]);
    };
    spoiled("windows-1253", b"\xD2", "\u{FFFD}", "3 line 5 byte 15..19 [\"5\", \"6\"]");
    spoiled("ISO-8859-3", b"\xA5", "\u{FFFD}", "3 line 5 byte 15..19 [\"5\", \"6\"]");
    spoiled("Shift_JIS", b"\xFF", "\u{FFFD}", "3 line 5 byte 15..19 [\"5\", \"6\"]");
    // The line end is not taken for the second half of a character.
    spoiled("Shift_JIS", b"\x81", "\u{FFFD}", "3 line 5 byte 15..19 [\"5\", \"6\"]");
    spoiled("EUC-JP", b"\x8F\xA1", "\u{FFFD}", "3 line 5 byte 16..20 [\"5\", \"6\"]");
    spoiled("EUC-KR", b"\xFF", "\u{FFFD}", "3 line 5 byte 15..19 [\"5\", \"6\"]");
    spoiled("Big5", b"\xA4", "\u{FFFD}", "3 line 5 byte 15..19 [\"5\", \"6\"]");
    spoiled("GBK", b"\xFF", "\u{FFFD}", "3 line 5 byte 15..19 [\"5\", \"6\"]");
    spoiled("gb18030", b"\x81\x30\x81", "\u{FFFD}0\u{FFFD}", "3 line 5 byte 17..21 [\"5\", \"6\"]");
    spoiled("ISO-2022-JP", b"\x80", "\u{FFFD}", "3 line 5 byte 15..19 [\"5\", \"6\"]");
}

#[test]
fn a_switch_that_is_not_taken_back_spoils_only_its_line() {
    check(
        b"a,b\n\x1B$B;3\n1,2\n\x1B$B;\r\n1,2\n",
        "ISO-2022-JP",
        &[
            "1 line 2 byte 4..10 [\"山\u{FFFD}\"] TooFewCells { found: 1, expected: 2 } at line 2, column 2, byte 9",
            r#"2 line 3 byte 10..14 ["1", "2"]"#,
            "3 line 4 byte 14..20 [\"\u{FFFD}\"] TooFewCells { found: 1, expected: 2 } at line 4, column 2, byte 14",
            r#"4 line 5 byte 20..24 ["1", "2"]"#,
        ],
    );
    // Its other set of one-byte letters may reach across lines, as its standard encoder writes them.
    check(
        b"a,b\n\x1B(J\\,1\n\\,2\n",
        "ISO-2022-JP",
        &[r#"1 line 2 byte 4..11 ["¥", "1"]"#, r#"2 line 3 byte 11..15 ["¥", "2"]"#],
    );
}

#[test]
fn half_characters_of_utf_16_spoil_only_their_row() {
    let units = |units: &[u16]| -> Vec<u8> { units.iter().flat_map(|unit| unit.to_le_bytes()).collect() };
    let (a, comma, end, half) = (u16::from(b'a'), u16::from(b','), u16::from(b'\n'), 0xD83D);
    let mut file = units(&[a, comma, a, end, a, comma, half, end, half, comma, a, end, a, comma, a]);
    file.push(b'x');
    check(
        &file,
        "UTF-16LE",
        &[
            "1 line 2 byte 8..16 [\"a\", \"\u{FFFD}\"] Undecodable { column: 1 } at line 2, column 2, byte 12",
            "2 line 3 byte 16..24 [\"\u{FFFD}\", \"a\"] Undecodable { column: 0 } at line 3, column 1, byte 16",
            "3 line 4 byte 24..31 [\"a\", \"a\u{FFFD}\"] Undecodable { column: 1 } at line 4, column 2, byte 30",
        ],
    );
}

#[test]
fn a_replacement_character_of_the_file_itself_is_data() {
    let file = encoded("a,b\n\u{FFFD},2\n", "UTF-16LE").unwrap();
    check(&file, "UTF-16LE", &["1 line 2 byte 8..16 [\"\u{FFFD}\", \"2\"]"]);
}

#[test]
fn faults_are_told_by_the_bytes_of_the_file() {
    let file = encoded("ä,ö\n\"ü\"x,1\nüü\nü,ü,ü\nü,\"", "windows-1252").unwrap();
    check(
        &file,
        "windows-1252",
        &[
            r#"1 line 2 byte 4..11 ["\"ü\"x", "1"] TextAfterQuote { column: 0 } at line 2, column 1, byte 7"#,
            r#"2 line 3 byte 11..14 ["üü"] TooFewCells { found: 1, expected: 2 } at line 3, column 2, byte 13"#,
            r#"3 line 4 byte 14..20 ["ü", "ü"] TooManyCells { found: 3, expected: 2 } at line 4, column 3, byte 18"#,
            r#"4 line 5 byte 20..23 ["ü", ""] OpenQuote { column: 1 } at line 5, column 2, byte 22"#,
        ],
    );
    let header = open_named(&encoded("ü,\"ü\"x\n", "UTF-16BE").unwrap(), Some("UTF-16BE"), 64).map(|_| ()).unwrap_err();
    assert!(header.to_string().starts_with("the header cannot be read at line 1, column 2, byte 10: "), "{header}");
}

/// Longer than a row may be in these tests: its bytes in the file are known all the same.
#[test]
fn a_row_that_is_streamed_past_keeps_its_place() {
    let long = "ü".repeat(3000);
    let file = encoded(&format!("a,b\nü,{long}\r\n\"\r\n\r{long}\n\",\r\n1,ü\n"), "UTF-16LE").unwrap();
    let rows = read_all_named(&file, Some("UTF-16LE"));
    let told: Vec<_> = rows.iter().map(|row| row.split(" [").next().unwrap()).collect();
    assert_eq!(told, ["1 line 2 byte 8..6016", "2 line 3 byte 6016..12034", "3 line 7 byte 12034..12042"]);
}

#[test]
fn what_a_file_is_read_as_is_told() {
    let told = |file: &[u8], named: Option<&str>| open_named(file, named, 64).unwrap().charset().name();
    assert_eq!(told(b"a;b\nM\xFCller;K\xF6ln\n", None), "windows-1252");
    assert_eq!(told(b"a;b\nM\xFCller;K\xF6ln\n", Some("ISO-8859-9")), "windows-1254");
    assert_eq!(told(b"\xFE\xFF\0a", Some("utf-16")), "UTF-16BE");
}

proptest! {
    #[test]
    fn tables_are_read_as_they_were_written_in_every_charset(
        mut rows in table(),
        delimiter in proptest::sample::select(&delimiter::CANDIDATES),
        (quotes, end) in style(),
        charset in proptest::sample::select(&CHARSETS[..]),
        letters in letters(),
        window_bytes in 1usize..200,
    ) {
        // What the charset cannot hold becomes a letter that it can hold.
        let held: Vec<char> = letters.chars().filter(|letter| holds(charset, *letter)).collect();
        for (place, cell) in rows.iter_mut().flatten().enumerate() {
            let other = held.get(place % held.len().max(1)).copied().unwrap_or('x');
            *cell = cell.chars().map(|letter| if holds(charset, letter) { letter } else { other }).collect();
        }
        let text = written(&rows, delimiter, quotes, end);
        let file = encoded(std::str::from_utf8(&text).unwrap(), charset).unwrap();
        let mut plain = open_sized(&text, 4096).unwrap();
        let mut reader = open_named(&file, Some(charset), window_bytes).unwrap();
        prop_assert_eq!(reader.delimiter(), delimiter);
        for expected in &rows {
            let (row, same) = (reader.next_row().unwrap().unwrap(), plain.next_row().unwrap().unwrap());
            prop_assert_eq!(row.problem, None);
            prop_assert!(row.cells().eq(expected));
            prop_assert_eq!((row.number, row.line), (same.number, same.line));
            prop_assert_eq!(row.raw(), Some(&file[row.byte as usize..row.byte_end as usize]));
            for (byte, text_byte) in [(row.byte, same.byte), (row.byte_end, same.byte_end)] {
                let before = reader_charset(charset).decode_for_show(&file[..byte as usize]);
                prop_assert_eq!(before.as_bytes(), &text[..text_byte as usize]);
            }
        }
        prop_assert!(reader.next_row().unwrap().is_none());
    }

    #[test]
    fn no_bytes_make_any_charset_fail_or_lose_its_place(
        file in hostile_bytes(),
        charset in proptest::sample::select(&CHARSETS[..]),
        size in 1usize..100,
    ) {
        let header = encoded("a,b\n", charset).unwrap();
        let file = [&header[..], &file].concat();
        let whole = read_all_sized(&file, Some(charset), 4096);
        prop_assert_eq!(&read_all_sized(&file, Some(charset), size), &whole);
        let mut reader = open_named(&file, Some(charset), size).unwrap();
        let mut end = header.len() as u64;
        let is_line_ends = |from: u64, to: u64| {
            let gap = reader_charset(charset).decode_for_show(&file[from as usize..to as usize]);
            gap.chars().all(|letter| matches!(letter, '\n' | '\r'))
        };
        while let Some(row) = reader.next_row().unwrap() {
            prop_assert!(is_line_ends(end, row.byte));
            if let Some(place) = row.problem_place() {
                prop_assert!((row.byte..=row.byte_end).contains(&place.byte));
            }
            end = row.byte_end;
        }
        prop_assert!(is_line_ends(end, file.len() as u64));
    }
}

fn reader_charset(name: &str) -> Charset {
    Charset::by_label(name).unwrap()
}

fn holds(charset: &str, letter: char) -> bool {
    encoded(letter.encode_utf8(&mut [0; 4]), charset).is_some()
}

/// Letters of many scripts.
fn letters() -> impl Strategy<Value = String> {
    "[à-ÿĀ-ſΑ-ωА-яא-ת؀-يก-ฮぁ-んァ-ヶｦ-ﾝ一-俿가-긯]{40}"
}
