//! Files in other charsets than UTF-8: loaded, and joined back row by row to the lines of the file.

use encoding_rs::{Encoding, SHIFT_JIS, WINDOWS_1252};

use crate::program::{Place, Ran};

/// A header, three leads of which one spans two lines, and one whose email is none.
fn table(names: [&str; 3]) -> String {
    let [first, second, third] = names;
    format!(
        "Last Name;Email;Street\r\n{first};a@example.com;1\r\n{second};b@example.com;\"2\r\n{second}\"\r\n\r\n\
         {third};none;\r\n{third};c@example.com;\"say \"\"{third}\"\"\"\r\n"
    )
}

fn in_charset(text: &str, charset: &'static Encoding) -> Vec<u8> {
    let (bytes, _, unmappable) = charset.encode(text);
    assert!(!unmappable, "{text}");
    bytes.into_owned()
}

fn check(place: &Place, file: &[u8], flags: &[&str], names: [&str; 3], charset: &str) -> Ran {
    place.write("x.csv", file);
    let ran = place.run(&[&["load", "x.csv", "-m", "Leads"], flags].concat()).ends(3);
    let [first, second, third] = names;
    let street = [format!("2\r\n{second}"), format!("say \"{third}\"")];
    let expected = [
        [first, "a@example.com", "1", "2", "ADDED"],
        [second, "b@example.com", &street[0], "3", "ADDED"],
        [third, "none", "", "6", "SKIPPED"],
        [third, "c@example.com", &street[1], "7", "ADDED"],
    ];
    let results = place.table("x.results.csv");
    let told: Vec<_> = results.iter().map(|row| row.cells()[..5].to_vec()).collect();
    assert_eq!(told, expected, "{charset}");
    let joined: Vec<_> = results.iter().map(|row| row.get("_joined_by")).collect();
    assert_eq!(joined, ["order"; 4]);
    let ids = [0, 1, 3].map(|row| results[row].get("_record_id").len());
    assert_eq!(ids, [19; 3], "each row has its record");
    let report = place.read("x.report.json");
    assert!(report.contains(&format!("{charset}, semicolons, 3 columns")), "{report}");
    ran
}

#[test]
fn a_file_in_utf_16_is_loaded() {
    let names = ["Müller", "山田", "Иванов"];
    let file: Vec<u8> = format!("\u{FEFF}{}", table(names)).encode_utf16().flat_map(u16::to_be_bytes).collect();
    check(&Place::new(), &file, &[], names, "UTF-16BE");
    let file: Vec<u8> = table(names).encode_utf16().flat_map(u16::to_le_bytes).collect();
    check(&Place::new(), &file, &["--charset", "utf-16"], names, "UTF-16LE");
    check(&Place::new(), &file, &[], names, "UTF-16LE");
}

#[test]
fn a_file_in_windows_1252_is_loaded() {
    let names = ["Müller", "Großmann", "Façade"];
    let file = in_charset(&table(names), WINDOWS_1252);
    check(&Place::new(), &file, &[], names, "windows-1252");
    check(&Place::new(), &file, &["--charset", "latin1"], names, "windows-1252");
}

#[test]
fn a_file_in_shift_jis_is_loaded() {
    let names = ["山田太郎", "ソニー表", "鈴木"];
    let file = in_charset(&table(names), SHIFT_JIS);
    check(&Place::new(), &file, &[], names, "Shift_JIS");
    check(&Place::new(), &file, &["--charset", "sjis"], names, "Shift_JIS");
}

#[test]
fn bytes_that_mean_nothing_are_told_by_line_column_and_byte() {
    let place = Place::new();
    place.write("x.csv", b"Last Name,City\n\x8E\x52,1\n\"2\n\",\x81\n\x93\x63,3\n");
    let ran = place.run(&["load", "x.csv", "-m", "Leads", "--charset", "Shift_JIS"]).ends(3);
    let told = "line 3: INVALID_DATA: column 2 has bytes that mean nothing in the file's charset; name the right one, or mend them \
                (line 4, column 2, byte 25)";
    assert!(ran.err.contains(told), "{}", ran.err);
    let statuses: Vec<_> =
        place.table("x.results.csv").iter().map(|row| format!("{} {}", row.cells()[0], row.get("_status"))).collect();
    assert_eq!(statuses, ["山 ADDED", "2\n REFUSED", "田 ADDED"]);
    assert!(place.read("x.errors.csv").contains("\"\"\"2\n\"\",\u{FFFD}\",3,REFUSED,"), "as it stands in the file");
}

#[test]
fn a_charset_that_cannot_be_is_refused_before_anything_is_sent() {
    let check = |content: &str, charset: &str, expected: &str| {
        let place = Place::new();
        place.write("x.csv", content);
        let ran = place.run(&["load", "x.csv", "-m", "Leads", "--charset", charset]).ends(2);
        assert_eq!(ran.err, format!("error: x.csv cannot be read: {expected}\n"));
        assert_eq!(place.names(), ["x.csv"]);
    };
    check(
        "Last Name\nA\n",
        "UTF-9",
        "there is no charset \"UTF-9\"; name one of the WHATWG Encoding Standard, such as UTF-8, or leave it out",
    );
    check(
        "\u{FEFF}Last Name\nA\n",
        "windows-1252",
        "the file starts with the byte order mark of UTF-8, and the charset windows-1252 is named; \
         name UTF-8 or leave it out",
    );
}
