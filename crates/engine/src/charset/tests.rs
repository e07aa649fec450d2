use encoding_rs::{BIG5, EUC_JP, EUC_KR, KOI8_U, SHIFT_JIS, WINDOWS_1250, WINDOWS_1251, WINDOWS_1252, WINDOWS_1253};

use super::*;

const GOOD_LINE: &str = "Müller,Zürich\n";

fn lines(good: usize, broken: usize) -> Vec<u8> {
    let mut file = GOOD_LINE.repeat(good).into_bytes();
    file.extend(b"M\xFCller\r\n".repeat(broken));
    file
}

fn settled(head: &[u8], named: Option<&str>) -> Result<&'static str, String> {
    settle(head, named).map(Charset::name).map_err(|problem| problem.to_string())
}

/// The charsets that are promised, by a label that people write, and the canonical name.
const PROMISED: [(&str, &str); 45] = [
    ("UTF-8", "UTF-8"),
    (" utf8 ", "UTF-8"),
    ("UTF-16", "UTF-16LE"),
    ("utf-16le", "UTF-16LE"),
    ("UTF-16BE", "UTF-16BE"),
    ("windows-1250", "windows-1250"),
    ("windows-1251", "windows-1251"),
    ("cp1252", "windows-1252"),
    ("windows-1252", "windows-1252"),
    ("windows-1253", "windows-1253"),
    ("windows-1254", "windows-1254"),
    ("windows-1255", "windows-1255"),
    ("windows-1256", "windows-1256"),
    ("windows-1257", "windows-1257"),
    ("windows-1258", "windows-1258"),
    ("ISO-8859-1", "windows-1252"),
    ("latin1", "windows-1252"),
    ("ascii", "windows-1252"),
    ("ISO-8859-2", "ISO-8859-2"),
    ("ISO-8859-3", "ISO-8859-3"),
    ("ISO-8859-4", "ISO-8859-4"),
    ("ISO-8859-5", "ISO-8859-5"),
    ("ISO-8859-6", "ISO-8859-6"),
    ("ISO-8859-7", "ISO-8859-7"),
    ("ISO-8859-8", "ISO-8859-8"),
    ("ISO-8859-9", "windows-1254"),
    ("ISO-8859-10", "ISO-8859-10"),
    ("ISO-8859-11", "windows-874"),
    ("ISO-8859-13", "ISO-8859-13"),
    ("ISO-8859-14", "ISO-8859-14"),
    ("ISO-8859-15", "ISO-8859-15"),
    ("ISO-8859-16", "ISO-8859-16"),
    ("Shift_JIS", "Shift_JIS"),
    ("sjis", "Shift_JIS"),
    ("EUC-JP", "EUC-JP"),
    ("ISO-2022-JP", "ISO-2022-JP"),
    ("EUC-KR", "EUC-KR"),
    ("GBK", "GBK"),
    ("gb2312", "GBK"),
    ("GB18030", "gb18030"),
    ("Big5", "Big5"),
    ("KOI8-R", "KOI8-R"),
    ("KOI8-U", "KOI8-U"),
    ("macintosh", "macintosh"),
    ("ibm866", "IBM866"),
];

#[test]
fn a_label_wins_and_its_canonical_name_is_told() {
    for (label, canonical) in PROMISED {
        assert_eq!(settled(b"a,b\n", Some(label)), Ok(canonical), "{label}");
        assert_eq!(settled(b"a,b\n", Some(canonical)), Ok(canonical), "a canonical name is a label itself");
    }
    assert_eq!(settled(&lines(0, 5), Some("utf-8")), Ok("UTF-8"), "named: broken rows are spoiled one by one");
    assert_eq!(settled(GOOD_LINE.as_bytes(), Some("latin1")), Ok("windows-1252"), "named: whatever the bytes show");
}

#[test]
fn a_label_of_nothing_is_refused() {
    for label in ["UTF-9", "ISO-8859-12", "", "hz-gb-2312", "UTF-32", "utf-7"] {
        let expected = format!(
            "there is no charset {label:?}; name one of the WHATWG Encoding Standard, such as UTF-8, or leave it out"
        );
        assert_eq!(settled(b"a,b\n", Some(label)), Err(expected));
    }
}

#[test]
fn marks_decide() {
    let check = |head: &[u8], expected: &str, mark_bytes: usize| {
        let charset = settle(head, None).unwrap();
        assert_eq!((charset.name(), charset.mark_bytes(head)), (expected, mark_bytes), "{head:?}");
    };
    check(b"\xEF\xBB\xBFa\n\xFF\n", "UTF-8", 3);
    check(b"\xFF\xFEa\0", "UTF-16LE", 2);
    check(b"\xFE\xFF\0a", "UTF-16BE", 2);
    check(b"\x84\x31\x95\x33\xC4\xE3,b\n", "gb18030", 4);
    check(b"a", "UTF-8", 0);
    for mark in [&b"\xFF\xFE\0\0a\0\0\0"[..], b"\0\0\xFE\xFF\0\0\0a"] {
        for named in [None, Some("UTF-16")] {
            let told = settled(mark, named).unwrap_err();
            assert!(told.contains("mark of UTF-32") && told.ends_with("save the file as UTF-8"), "{told}");
        }
    }
}

#[test]
fn a_name_that_a_mark_proves_wrong_is_refused() {
    let check = |mark: &[u8], named: &str, expected: Result<&'static str, &str>| {
        let expected = expected.map_err(|mark| {
            let named = Charset::by_label(named).unwrap().name();
            format!(
                "the file starts with the byte order mark of {mark}, and the charset {named} is named; \
                 name {mark} or leave it out"
            )
        });
        assert_eq!(settled(mark, Some(named)), expected, "{named}");
    };
    check(UTF_8_MARK, "utf-8", Ok("UTF-8"));
    check(UTF_8_MARK, "windows-1252", Err("UTF-8"));
    check(UTF_8_MARK, "utf-16", Err("UTF-8"));
    check(UTF_16LE_MARK, "utf-8", Err("UTF-16LE"));
    check(UTF_16LE_MARK, "utf-16le", Ok("UTF-16LE"));
    check(UTF_16LE_MARK, "utf-16be", Err("UTF-16LE"));
    check(UTF_16BE_MARK, "utf-16le", Err("UTF-16BE"));
    // This name leaves the order to the mark.
    check(UTF_16BE_MARK, "UTF-16", Ok("UTF-16BE"));
    check(UTF_16LE_MARK, "Unicode", Ok("UTF-16LE"));
    // Letters in one charset, a mark in the other.
    check(GB18030_MARK, "windows-1252", Ok("windows-1252"));
    check(GB18030_MARK, "gb2312", Ok("GBK"));
}

#[test]
fn under_one_percent_of_broken_lines_is_still_utf8() {
    assert_eq!(settled(&lines(100, 0), None), Ok("UTF-8"));
    assert_eq!(settled(&lines(100, 1), None), Ok("UTF-8"));
    assert_eq!(settled(&lines(1, 1), None), Ok("windows-1252"));
}

#[test]
fn a_character_cut_by_the_end_of_the_head_is_not_broken() {
    let mut head = vec![b'a'; HEAD_BYTES - 2];
    head.extend("€".as_bytes().iter().take(2));
    assert_eq!(settled(&head, None), Ok("UTF-8"));
    assert_ne!(settled(&head[1..], None), Ok("UTF-8"), "the file ends inside it");
}

#[test]
fn text_without_a_mark_is_told_by_its_letters() {
    let check = |text: &str, written: &'static Encoding, expected: &str| {
        let (bytes, _, unmappable) = written.encode(text);
        assert!(!unmappable, "{text} in {}", written.name());
        assert_eq!(settled(&bytes, None), Ok(expected), "{text}");
    };
    check(
        "Name,Straße,Ort\nMüller,Große Bleichen 3,Köln\nJörg Böhm,Schloßallee,Düsseldorf\n",
        WINDOWS_1252,
        "windows-1252",
    );
    check("Nazwisko,Miasto\nŻółkiewski,Łódź\nWiśniewska,Gdańsk\nŚwiątek,Kraków\n", WINDOWS_1250, "windows-1250");
    check("Фамилия,Город\nИванов,Москва\nПетрова,Санкт-Петербург\n", WINDOWS_1251, "windows-1251");
    check("Прізвище,Місто\nШевченко,Київ\nІваненко,Запоріжжя\n", KOI8_U, "KOI8-U");
    check("Επώνυμο,Πόλη\nΠαπαδόπουλος,Αθήνα\nΓεωργίου,Θεσσαλονίκη\n", WINDOWS_1253, "windows-1253");
    check("氏名,会社,都市\n山田太郎,東京電機株式会社,東京都\n鈴木花子,ソニー,大阪府\n", SHIFT_JIS, "Shift_JIS");
    check("氏名,会社,都市\n山田太郎,東京電機株式会社,東京都\n鈴木花子,ソニー,大阪府\n", EUC_JP, "EUC-JP");
    check("氏名,会社,都市\n山田太郎,東京電機株式会社,東京都\n", ISO_2022_JP, "ISO-2022-JP");
    check("이름,도시\n김철수,서울특별시\n이영희,부산광역시\n", EUC_KR, "EUC-KR");
    check("姓名,公司,城市\n王小明,北京科技有限公司,北京市\n李红,上海贸易公司,上海市\n", GBK, "GBK");
    check("姓名,公司,城市\n王小明,臺北科技有限公司,臺北市\n李紅,高雄貿易公司,高雄市\n", BIG5, "Big5");
}

#[test]
fn utf_16_without_a_mark_is_told_by_its_zeros() {
    let written = |text: &str, high_first: bool| -> Vec<u8> {
        text.encode_utf16().flat_map(|unit| if high_first { unit.to_be_bytes() } else { unit.to_le_bytes() }).collect()
    };
    for text in ["Name,Mail\r\nMüller,a@b.example\r\n", "a,b", "氏名,都市\n鈴木一郎,東京都\n一条,大阪府\n"]
    {
        assert_eq!(settled(&written(text, false), None), Ok("UTF-16LE"), "{text}");
        assert_eq!(settled(&written(text, true), None), Ok("UTF-16BE"), "{text}");
    }
    // Zeros alone are none: they stand in cells of text, too.
    assert_eq!(settled(b"a,b\n\0,1\n", None), Ok("UTF-8"));
    assert_eq!(settled(b"a,b\nx\0,1\n", None), Ok("UTF-8"));
    assert_eq!(settled(b"a,b\n\0\0\0\0,1\n", None), Ok("UTF-8"));
    assert_eq!(settled(b"abc\r\0\r", None), Ok("UTF-8"), "a zero beside a line end");
}

#[test]
fn an_escape_that_switches_nothing_is_only_a_character() {
    assert_eq!(settled(b"a,b\n\x1B[1mx,2\n", None), Ok("UTF-8"));
}
