//! Honest archives of every kind.

use zip::DateTime;

use super::*;

fn check(zip: &[u8], name: &str) {
    check_container(&mut Cursor::new(zip), &limits()).unwrap();
    let entry = find_csv(&mut Cursor::new(zip), &limits()).unwrap();
    assert_eq!((entry.name.as_str(), entry.csv_bytes), (name, CSV.len() as u64));
    assert_eq!(read_csv(zip).unwrap(), CSV);
}

#[test]
fn the_one_csv_is_found_and_read() {
    check(&zip_of(&[("leads.csv", CSV)]), "leads.csv");
    check(&zip_of(&[("LEADS.CSV", CSV)]), "LEADS.CSV");
    check(&zip_with(&[("leads.csv", CSV)], stored()), "leads.csv");
    check(&zip_with(&[("leads.csv", CSV)], deflated().large_file(true)), "leads.csv");
    check(&zip_of(&[("export/", b""), ("export/2026/Kunden ü.csv", CSV)]), "Kunden ü.csv");
    check(&zip_of(&[("export\\leads.csv", CSV)]), "leads.csv");
    check(&zip_with(&[("leads.csv", CSV)], deflated().last_modified_time(DateTime::default())), "leads.csv");
}

#[test]
fn what_is_not_meant_is_passed_over() {
    check(
        &zip_of(&[
            ("__MACOSX/", b""),
            ("__MACOSX/._leads.csv", b"resource fork"),
            ("._leads.csv", b"resource fork"),
            (".DS_Store", b"x"),
            ("read me.txt", b"hello"),
            ("leads.csv", CSV),
        ]),
        "leads.csv",
    );
}

#[test]
fn a_comment_and_bytes_before_the_zip_do_no_harm() {
    let mut zip = zip_of(&[("leads.csv", CSV)]);
    let at = zip.len() - 2;
    zip[at..].copy_from_slice(&5u16.to_le_bytes());
    zip.extend(b"hello");
    check(&zip, "leads.csv");
    check(&[b"#!/bin/sh\n", &zip[..]].concat(), "leads.csv");
}

#[test]
fn an_entry_with_a_data_descriptor_is_read() {
    let mut zip = zip::ZipWriter::new_stream(Vec::new());
    zip.start_file("leads.csv", deflated()).unwrap();
    zip.write_all(CSV).unwrap();
    check(&zip.finish().unwrap().into_inner(), "leads.csv");
}

#[test]
fn a_zip64_end_record_is_read() {
    let zip = zip_of(&[("leads.csv", CSV)]);
    let (directory, end) = (place_of(&zip, DIRECTORY), place_of(&zip, END));
    let mut made = zip[..end].to_vec();
    made.extend(b"PK\x06\x06");
    made.extend(44u64.to_le_bytes());
    made.extend([45, 3, 45, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
    for field in [1, 1, (end - directory) as u64, directory as u64] {
        made.extend(field.to_le_bytes());
    }
    made.extend(b"PK\x06\x07\0\0\0\0");
    made.extend((end as u64).to_le_bytes());
    made.extend(1u32.to_le_bytes());
    let mut end_record = zip[end..].to_vec();
    end_record[8..20].fill(0xFF);
    made.extend(end_record);
    check(&made, "leads.csv");
    check(&[b"#!/bin/sh\n", &made[..]].concat(), "leads.csv");
}

#[test]
fn a_repetitive_csv_below_the_free_bytes_is_read_whatever_its_ratio() {
    let csv = b"a,b\n".repeat(200_000);
    assert_eq!(read_csv(&zip_of(&[("leads.csv", &csv)])).unwrap(), csv);
}
