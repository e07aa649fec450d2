use super::*;
use crate::ids::UserId;

fn check(rule: &Rule, cell: &str, expected: Option<&str>) {
    let mut scratch = String::new();
    let found = read(rule, cell, &mut scratch).ok().map(Value::as_str);
    assert_eq!(found, expected, "{cell:?}");
}

fn fits_as_it_is(rule: &Rule, cells: &[&str]) {
    cells.iter().for_each(|cell| check(rule, cell, Some(cell)));
}

fn unfit(rule: &Rule, cells: &[&str]) {
    cells.iter().for_each(|cell| check(rule, cell, None));
}

#[test]
fn text_counts_code_points() {
    let rule = Rule::Text { length: 4 };
    fits_as_it_is(&rule, &["abcd", "äöüß", "日本語文", "a\nb", "=1+1"]);
    unfit(&rule, &["abcde", "äöüßé"]);
}

#[test]
fn emails_match_r1() {
    let rule = Rule::Email { length: 100 };
    fits_as_it_is(
        &rule,
        &[
            "jane@example.com",
            "+jane@example.com",
            "_x@a-b.co",
            "o'neil+tag@mail.example.co.uk",
            "a.@b.cd",
            "jürgen@müller.de",
            "ni\u{301}@e\u{301}xample.com",
            "x@a--__b.example",
            "1@2.info",
            "क्ष@उदाहरण.भारत",
        ],
    );
    unfit(
        &rule,
        &[
            "jane",
            "@example.com",
            "jane@",
            "jane@example",
            "jane@example.c",
            "jane@@example.com",
            "a b@example.com",
            ".jane@example.com",
            "jane@.com",
            "jane@-a.com",
            "jane@a-.com",
            "jane@a..com",
            "jane@a.c0m",
            "j@a.com ",
            "jane@exa mple.com",
            "jane@example.com,",
            "Ⓐ@b.com",
            "x@a.b",
            "x@.ab",
            "jane@example.abcdefghijklmnopqrstuvw",
        ],
    );
    check(&rule, &format!("{}@example.com", "a".repeat(88)), Some(&format!("{}@example.com", "a".repeat(88))));
    check(&rule, &format!("{}@example.com", "a".repeat(89)), None);
    let long_domain = format!("a@{}.com", ["a"; 126].join("."));
    check(&Rule::Email { length: 999 }, &long_domain, Some(&long_domain));
    check(&Rule::Email { length: 999 }, &format!("a@a.aa{}", &long_domain[2..]), None);
}

#[test]
fn phones_match_r2_with_parentheses() {
    let rule = Rule::Phone { length: 30 };
    fits_as_it_is(
        &rule,
        &[
            "5551234567",
            "+1 555 123 4567",
            "(555) 123-4567",
            "+1 (555) 123-4567",
            "+49-89-123",
            "555.123.4567",
            "555- 123",
            "555. 123",
            "555  123",
            "555  123.4",
            "555  1 2.3. 4",
            "1-800-FLOWERS",
            "555,12",
            "555,,;12#3#4",
            "555;",
            "555#",
            "555;12",
            "+ 5",
        ],
    );
    unfit(
        &rule,
        &[
            "+",
            "-555",
            ".555",
            "+-5",
            "555--123",
            "555 -123",
            "555   123",
            "555-",
            "555.",
            "555/123",
            "555, 12",
            "555#1",
            "++5",
            "()",
            "555##",
            "555;;",
            "ext: 5",
            "555  12. 3",
            "555  1.2. 3",
            "٥٥٥",
            "555,12#3,4",
            "1234567890123456789012345678901",
        ],
    );
}

#[test]
fn websites_match_r3() {
    let rule = Rule::Website { length: 60 };
    fits_as_it_is(
        &rule,
        &[
            "example.com",
            "www.example.com",
            "http://example.com",
            "https://www.example.com/path?q=1#x",
            "ftp://files.example.com",
            "example.com?x=\"1\"",
            "example.com:8080/a",
            "müller.de",
            "www.com",
            "a-b.example",
            "example.com/with space/é",
        ],
    );
    unfit(
        &rule,
        &[
            "example",
            "http://",
            "http://example",
            "example.",
            ".com",
            "mailto:x@example.com",
            "exa\"mple.com",
            "example.com/a\nb",
            "user@host",
            "a..b",
            "gopher://example.com",
            "example.com<x>",
        ],
    );
}

#[test]
fn integers() {
    let rule = Rule::Integer { digits: 9 };
    let check = |cell, expected| check(&rule, cell, expected);
    check("350", Some("350"));
    check("123,344", Some("123344"));
    check("+7", Some("7"));
    check("-7", Some("-7"));
    check("-0", Some("0"));
    check("007", Some("7"));
    check("12.0", Some("12"));
    check("$1,000", Some("1000"));
    check("-$5", Some("-5"));
    check("€-5", Some("-5"));
    check("999999999", Some("999999999"));
    unfit(
        &rule,
        &[
            "1000000000",
            "12.5",
            "1e5",
            "12,34",
            "1,2345",
            "1.234,50",
            "1,,234",
            ",123",
            "abc",
            "-",
            "$",
            "1 000",
            "12.",
            ".",
            "--1",
            "-$-1",
            "0x1F",
            "١٢",
            "99999999999999999999999",
            "1-",
        ],
    );
}

#[test]
fn decimals_are_exact_and_round_half_up() {
    let rule = Rule::Decimal { digits: 16, places: 2 };
    let check = |cell, expected| check(&rule, cell, expected);
    check("1234.5", Some("1234.50"));
    check("1,234.50", Some("1234.50"));
    check("0.005", Some("0.01"));
    check("0.004999999", Some("0.00"));
    check("-0.004", Some("0.00"));
    check("-0.005", Some("-0.01"));
    check("9.995", Some("10.00"));
    check(".5", Some("0.50"));
    check("₹1,00,000", None);
    check("₹100,000", Some("100000.00"));
    check("9999999999999999.99", Some("9999999999999999.99"));
    check("9999999999999999.995", None);
    check("10000000000000000", None);
    check("1.1234567890", None);
    check("1.123456789", Some("1.12"));
    unfit(&rule, &["1.234,50", "1e5", "12,34", "1.2.3", "NaN", "", "5."]);
    super::tests::check(&Rule::Decimal { digits: 3, places: 0 }, "1.5", Some("2"));
    super::tests::check(&Rule::Decimal { digits: 3, places: 9 }, "1.000000001", Some("1.000000001"));
}

#[test]
fn booleans() {
    for cell in ["TRUE", "yes", "1", "t", "Y", "On"] {
        check(&Rule::Boolean, cell, Some("true"));
    }
    for cell in ["False", "NO", "0", "f", "n", "OFF"] {
        check(&Rule::Boolean, cell, Some("false"));
    }
    unfit(&Rule::Boolean, &["2", "-1", "wahr", "tru", "x", "1.0"]);
}

#[test]
fn dates() {
    let check = |cell, expected| check(&Rule::Date, cell, expected);
    check("2026-01-31", Some("2026-01-31"));
    check("2026-1-3", Some("2026-01-03"));
    check("01/31/2026", Some("2026-01-31"));
    check("1/3/2026", Some("2026-01-03"));
    check("2024-02-29", Some("2024-02-29"));
    unfit(
        &Rule::Date,
        &[
            "31/01/2026",
            "2026-02-29",
            "26-01-31",
            "1/31/26",
            "2026/01/31",
            "31.01.2026",
            "2026-01-31T00:00:00",
            "2026-13-01",
            "2026-00-10",
            "20260131",
            "01-31-2026",
            "2026-001-1",
            "12026-01-01",
            "1/3/2026x",
            "Jan 3 2026",
        ],
    );
    let reason = |cell| read(&Rule::Date, cell, &mut String::new()).err();
    assert_eq!(reason("2026-02-29"), Some(Reason::NoSuchDay));
    assert_eq!(reason("04/31/2026"), Some(Reason::NoSuchDay));
    // The day first, more likely than a thirteenth month.
    assert_eq!(reason("31/01/2026"), Some(Reason::NotADate));
}

#[test]
fn numbers_of_too_many_digits_say_so_however_many_there_are() {
    let rule = Rule::Decimal { digits: 16, places: 2 };
    let reason = |cell| read(&rule, cell, &mut String::new()).err();
    assert_eq!(reason("12345678901234567"), Some(Reason::TooManyDigits));
    assert_eq!(reason("99999999999999999999999"), Some(Reason::TooManyDigits));
    assert_eq!(reason("0.1234567891"), Some(Reason::TooManyDigits));
    assert_eq!(reason("0.123456789x"), Some(Reason::NotANumber));
}

#[test]
fn moments_become_utc() {
    let rule = Rule::DateTime(time_zone("+05:30").unwrap());
    let check_in = check;
    let check = |cell, expected| check_in(&rule, cell, expected);
    check("2026-01-31T10:00:00Z", Some("2026-01-31T10:00:00Z"));
    check("2026-01-31T10:00:00+02:00", Some("2026-01-31T08:00:00Z"));
    check("2026-01-31T10:00:00-0530", Some("2026-01-31T15:30:00Z"));
    check("2026-01-31T10:00:00", Some("2026-01-31T04:30:00Z"));
    check("2026-01-31 10:00", Some("2026-01-31T04:30:00Z"));
    check("01/31/2026 10:00:00", Some("2026-01-31T04:30:00Z"));
    check("2026-01-31T10:00:00.999Z", Some("2026-01-31T10:00:00Z"));
    check("2026-01-01T00:00:00", Some("2025-12-31T18:30:00Z"));
    unfit(
        &rule,
        &[
            "2026-01-31",
            "2026-01-31T25:00:00Z",
            "2026-01-31T10:60:00Z",
            "2026-01-31T10:00:60Z",
            "2026-01-31T10",
            "2026-01-31T10:00:00+5",
            "2026-01-31T10:00:00 UTC",
            "31/01/2026 10:00:00",
            "2026-01-31T10:00:00.Z",
            "2026-01-31T10:00:00+24:00",
            "1769853600",
        ],
    );
    let berlin = Rule::DateTime(time_zone("Europe/Berlin").unwrap());
    check_in(&berlin, "2026-07-01 12:00:00", Some("2026-07-01T10:00:00Z"));
    check_in(&berlin, "2026-03-29 02:30:00", Some("2026-03-29T01:30:00Z"));
    check_in(&berlin, "2026-10-25 02:30:00", Some("2026-10-25T00:30:00Z"));
    assert!(time_zone("Middle/Earth").is_none());
}

#[test]
fn picklists_keep_their_own_spelling() {
    let list = ["Cold Call", "Überweisung", "cold call"];
    let rule = Rule::Picklist(PicklistValues::new(list, true));
    let found = |rule: &Rule, cell: &str| format!("{:?}", read(rule, cell, &mut String::new()));
    assert_eq!(found(&rule, "Cold Call"), r#"Ok(Text("Cold Call"))"#);
    assert_eq!(found(&rule, "COLD call"), r#"Ok(Text("Cold Call"))"#);
    assert_eq!(found(&rule, "ÜBERWEISUNG"), r#"Ok(Text("Überweisung"))"#);
    assert_eq!(found(&rule, "Fax"), r#"Ok(NewChoice("Fax"))"#);
    assert_eq!(found(&rule, &"x".repeat(256)), "Err(TooLong)");
    assert_eq!(found(&Rule::Picklist(PicklistValues::new(list, false)), "Fax"), "Err(NotInList)");
}

#[test]
fn owners_are_people() {
    let person = Person { id: UserId(42), email: "Pat@Example.com".to_owned(), name: "Pat".to_owned() };
    let rule = |by| Rule::Owner(People::new(std::slice::from_ref(&person)), by);
    check(&rule(OwnerBy::Either), "42", Some("42"));
    check(&rule(OwnerBy::Either), "pat@example.COM", Some("42"));
    check(&rule(OwnerBy::Email), "pat@example.com", Some("42"));
    check(&rule(OwnerBy::Id), "42", Some("42"));
    unfit(&rule(OwnerBy::Either), &["43", "x@example.com", "Pat"]);
    unfit(&rule(OwnerBy::Email), &["42"]);
    unfit(&rule(OwnerBy::Id), &["pat@example.com"]);
}

#[test]
fn ids_are_digits() {
    fits_as_it_is(&Rule::Id, &["1000000000000000001", "1"]);
    unfit(&Rule::Id, &["0", "-1", "+1", "x", "99999999999999999999", "1.0"]);
}

#[test]
fn white_space_around_a_cell_goes() {
    for (cell, expected) in [("a", "a"), (" a b ", "a b"), ("\u{a0}\t", ""), ("", ""), ("é ", "é"), ("\u{3000}x", "x")]
    {
        assert_eq!(trimmed(cell), expected);
    }
}

#[test]
fn large_numbers_and_shares_are_text() {
    let found = |rule: &Rule, cell: &str| format!("{:?}", read(rule, cell, &mut String::new()));
    let large = Rule::BigInt { digits: 18 };
    assert_eq!(found(&large, "999,999,999,999,999,999"), r#"Ok(Text("999999999999999999"))"#);
    assert_eq!(found(&large, "1000000000000000000"), "Err(TooManyDigits)");
    assert_eq!(found(&large, "1.5"), "Err(NotAnInteger)");
    let share = Rule::Percent { digits: 5, places: 2 };
    assert_eq!(found(&share, "12.345 %"), r#"Ok(Text("12.35"))"#);
    assert_eq!(found(&share, "-7"), r#"Ok(Text("-7.00"))"#);
    assert_eq!(found(&share, "100000%"), "Err(TooManyDigits)");
    assert_eq!(found(&share, "%"), "Err(NotANumber)");
}

#[test]
fn several_choices_are_each_in_the_lists_spelling_and_once() {
    let found = |takes_new, cell: &str| {
        let rule = Rule::MultiSelect(PicklistValues::new(["Red", "Light Blue"], takes_new));
        format!("{:?}", read(&rule, cell, &mut String::new()))
    };
    assert_eq!(found(true, "red;LIGHT BLUE"), r#"Ok(Text("Red;Light Blue"))"#);
    assert_eq!(found(true, " red ;; Red;"), r#"Ok(Text("Red"))"#);
    assert_eq!(found(true, "red;Green;GREEN"), r#"Ok(NewChoice("Red;Green"))"#);
    assert_eq!(found(false, "red;Green"), "Err(NotInList)");
    assert_eq!(found(true, ";"), "Err(NotInList)");
    assert_eq!(found(true, &format!("red;{}", "x".repeat(256))), "Err(TooLong)");
}

#[test]
fn patterns_read_and_the_fields_bounds_hold() {
    let found = |rule: &Rule, cell: &str| format!("{:?}", read(rule, cell, &mut String::new()));
    let by = |pattern: &str, rule: Rule| Rule::NumberBy(NumberFormat::parse(pattern, true).unwrap(), Box::new(rule));
    let price = by("#.##0,00", Rule::Decimal { digits: 4, places: 2 });
    assert_eq!(found(&price, "1.234,505"), r#"Ok(Text("1234.51"))"#);
    assert_eq!(found(&price, "12.345"), "Err(TooManyDigits)");
    assert_eq!(found(&price, "1,234.50"), "Err(NotInFormat)");
    let count = by("#.##0,00", Rule::Integer { digits: 9 });
    assert_eq!(found(&count, "1.234,0"), r#"Ok(Literal("1234"))"#);
    assert_eq!(found(&count, "1,5"), "Err(NotAnInteger)");
    assert_eq!(found(&by("0,0%", Rule::Percent { digits: 5, places: 2 }), "12,5 %"), r#"Ok(Text("12.50"))"#);
    let day = Rule::DateBy(DatePattern::parse("dd.MM.yyyy").unwrap());
    assert_eq!(found(&day, "3.1.2026"), r#"Ok(Text("2026-01-03"))"#);
    let at = Rule::DateTimeBy(DatePattern::parse("dd.MM.yyyy").unwrap(), time_zone("Asia/Kolkata").unwrap());
    assert_eq!(found(&at, "3.1.2026"), r#"Ok(Text("2026-01-02T18:30:00Z"))"#);
}
