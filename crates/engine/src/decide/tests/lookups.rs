//! Look-ups and layouts: whom rows point to, in the store and above them in the file.

use proptest::prelude::*;

use super::statuses_of;
use crate::spec::Operation::{self, Insert, Update, Upsert};
use crate::spec::{DefaultValue, Mapping, ResourceSpec};
use crate::testkit::{Bench, spec};

/// Two places of one name, and one that its code finds too.
const PLACES: &str = "Name,Code\nHall,h\nHall,g\nYard,y\n";

fn bench() -> Bench {
    let mut bench = Bench::new();
    bench.import(&ResourceSpec { module: "Places".to_owned(), ..spec(Insert, None) }, PLACES);
    bench
}

fn id_of(bench: &Bench, place: usize) -> String {
    let module = bench.catalog.module("Places").unwrap().number;
    bench.store.records(module).nth(place).unwrap().0.to_string()
}

fn check(bench: &mut Bench, spec: &ResourceSpec, csv: &str, statuses: &[&str], bodies: &[&str]) {
    for chunk_bytes_max in [1, 200, 1 << 20] {
        bench.limits.chunk_bytes_max = chunk_bytes_max;
        let mut own =
            Bench { store: bench.store.clone(), job: bench.job, catalog: bench.catalog.clone(), ..Bench::new() };
        own.limits = bench.limits.clone();
        assert_eq!(statuses_of(&own.import(spec, csv)), statuses, "{csv} in chunks of {chunk_bytes_max}");
        let found = own.records();
        // A record that one chunk changes twice has one version more, and in two chunks two.
        let found: Vec<&str> = found.lines().map(|line| line.splitn(3, ' ').nth(2).unwrap()).collect();
        assert_eq!(found, bodies, "{csv} in chunks of {chunk_bytes_max}");
    }
}

#[test]
fn a_look_up_finds_one_record_or_is_a_fault_of_its_cell() {
    let mut bench = bench();
    let yard = id_of(&bench, 2);
    let csv = format!(
        "Name,Place.Name,Place of it.Code,Place.id,Count\n\
         by name,yard,,,\nnone,Barn,,,x\nseveral,hall,,,\n{},Yard,,,\nempty,,,,\n",
        "long".repeat(9)
    );
    let mappings = |find_by: &str| {
        vec![
            Mapping::of_column("Name", 0),
            Mapping { find_by: Some(find_by.to_owned()), ..Mapping::of_column("Place", 1) },
            Mapping::of_column("Count", 4),
        ]
    };
    let by = |find_by: &str| ResourceSpec { mappings: mappings(find_by), ..spec(Insert, None) };
    check(
        &mut bench,
        &by("Name"),
        &csv,
        &[
            "ADDED #2.1",
            "SKIPPED INVALID_DATA-Place.Name,Count",
            "SKIPPED INVALID_DATA-Place.Name",
            "SKIPPED INVALID_DATA-Name",
            "ADDED #2.5",
        ],
        &[&format!(r#"{{"1":"by name","11":"{yard}"}}"#), r#"{"1":"empty"}"#],
    );
    let csv = format!("Name,Key,a,b,Count\nid,{yard},,,\nno id,yard,,,\nunknown,1,,,\n");
    check(
        &mut bench,
        &by("id"),
        &csv,
        &["ADDED #2.1", "SKIPPED INVALID_DATA-Key", "SKIPPED INVALID_DATA-Key"],
        &[&format!(r#"{{"1":"id","11":"{yard}"}}"#)],
    );
    check(
        &mut bench,
        &by("Code"),
        "Name,Key,a,b,Count\ncode,Y,,,7\n",
        &["ADDED #2.1"],
        &[&format!(r#"{{"1":"code","5":7,"11":"{yard}"}}"#)],
    );
}

#[test]
fn ids_are_found_in_whatever_order_the_file_has_them() {
    let mut bench = bench();
    let ids = [2, 0, 1].map(|place| id_of(&bench, place));
    let place = Mapping { find_by: Some("id".to_owned()), ..Mapping::of_column("Place", 1) };
    let by_id = ResourceSpec { mappings: vec![Mapping::of_column("Name", 0), place], ..spec(Insert, None) };
    let csv = format!("Name,Place\na,{}\nb,1\nc,{}\nd,{}\n", ids[0], ids[1], ids[2]);
    let body = |name: &str, id: &str| format!(r#"{{"1":"{name}","11":"{id}"}}"#);
    check(
        &mut bench,
        &by_id,
        &csv,
        &["ADDED #2.1", "SKIPPED INVALID_DATA-Place", "ADDED #2.3", "ADDED #2.4"],
        &[&body("a", &ids[0]), &body("c", &ids[1]), &body("d", &ids[2])],
    );
}

#[test]
fn reasons_tell_none_from_several() {
    let mut bench = bench();
    bench.import(&spec(Insert, None), "Name,Place\nnone,Barn\nseveral,Hall\n");
    let verdicts = bench.ledger().remove(0).verdicts;
    let reasons: Vec<String> = crate::verdict_bytes::read(&verdicts, bench.block(), 1)
        .flat_map(|verdict| match verdict.to_verdict() {
            crate::verdict::Verdict::Skipped(faults) => faults,
            other => panic!("{other:?}"),
        })
        .map(|fault| format!("{:?} {:?}", fault.code, fault.reason))
        .collect();
    assert_eq!(reasons, ["InvalidData LookUpNotFound", "InvalidData LookUpAmbiguous"]);
}

#[test]
fn a_row_finds_what_stands_above_it_and_not_what_stands_below() {
    let mut bench = bench();
    check(
        &mut bench,
        &spec(Insert, None),
        "Name,Serial,Above.Serial\na,s1,s2\nb,s2,\nc,s3,s2\nd,s2,\ne,s4,S3\n",
        &[
            "SKIPPED INVALID_DATA-Above.Serial",
            "ADDED #2.2",
            "ADDED #2.3",
            "SKIPPED DUPLICATE_DATA-Serial",
            "SKIPPED INVALID_DATA-Above.Serial",
        ],
        &[r#"{"1":"b","4":"s2"}"#, &format!(r#"{{"1":"c","4":"s3","12":"{}"}}"#, bench_id(2, 2, "b"))],
    );
    // A change moves what rows below find.
    bench.import(&spec(Insert, None), "Name,Email,Serial\na,a@x.com,s1\n");
    let a = bench.store.records(bench.catalog.modules()[0].number).next().unwrap().0;
    check(
        &mut bench,
        &spec(Upsert, Some("Email")),
        "Name,Email,Serial,Above.Serial\na,a@x.com,s9,\nb,b@x.com,,s1\nc,c@x.com,,s9\na,a@x.com,s9,s9\n",
        &["UPDATED #2.1", "SKIPPED INVALID_DATA-Above.Serial", "ADDED #3.3", "UPDATED #2.1"],
        &[
            &format!(r#"{{"1":"a","2":"a@x.com","4":"s9","12":"{a}"}}"#),
            &format!(r#"{{"1":"c","2":"c@x.com","12":"{a}"}}"#),
        ],
    );
}

/// The id that a row gets, by the serial that places it.
fn bench_id(job: i64, row: u64, name: &str) -> String {
    let mut bench = Bench { job: job - 1, ..Bench::new() };
    let lines = "x,\n".repeat(row as usize - 1);
    bench.import(&spec(Insert, None), &format!("Name,Serial\n{lines}{name},s2\n"));
    bench.store.records(bench.catalog.modules()[0].number).last().unwrap().0.to_string()
}

#[test]
fn an_update_moves_keeps_and_blanks_a_look_up() {
    let mut bench = bench();
    bench.import(&spec(Insert, None), "Name,Email,Place.Code\na,a@x.com,y\nb,b@x.com,y\nc,c@x.com,y\n");
    let (hall, yard) = (id_of(&bench, 0), id_of(&bench, 2));
    let csv = "Email,Place.Code\na@x.com,h\nb@x.com,\nc@x.com,z\n";
    let statuses = ["UPDATED #2.1", "UPDATED #2.2", "SKIPPED INVALID_DATA-Place.Code"];
    let moved = format!(r#"{{"1":"a","2":"a@x.com","11":"{hall}"}}"#);
    let left = format!(r#"{{"1":"c","2":"c@x.com","11":"{yard}"}}"#);
    let blanked = r#"{"1":"b","2":"b@x.com"}"#;
    check(&mut bench, &spec(Update, Some("Email")), csv, &statuses, &[&moved, blanked, &left]);
    let kept = format!(r#"{{"1":"b","2":"b@x.com","11":"{yard}"}}"#);
    let keeps = ResourceSpec { ignore_empty: true, ..spec(Update, Some("Email")) };
    check(&mut bench, &keeps, csv, &statuses, &[&moved, &kept, &left]);
}

#[test]
fn a_polymorphic_look_up_points_where_the_row_says() {
    let mut bench = bench();
    let yard = id_of(&bench, 2);
    bench.import(&spec(Insert, None), "Name,Serial\nboss,s1\n");
    let boss = bench.store.records(bench.catalog.modules()[0].number).next().unwrap().0.to_string();
    let csv = format!("Name,About,se_module\na,{yard},places\nb,{yard},Things\nc,{boss},\nd,{boss},Rooms\ne,7,\n");
    check(
        &mut bench,
        &spec(Insert, None),
        &csv,
        &[
            "ADDED #3.1",
            "SKIPPED INVALID_DATA-About",
            "ADDED #3.3",
            "SKIPPED INVALID_DATA-About",
            "SKIPPED INVALID_DATA-About",
        ],
        &[
            r#"{"1":"boss","4":"s1"}"#,
            &format!(r#"{{"1":"a","13":"{yard}"}}"#),
            &format!(r#"{{"1":"c","13":"{boss}"}}"#),
        ],
    );
    let about = Mapping {
        find_by: Some("Code".to_owned()),
        module: Some("Places".to_owned()),
        ..Mapping::of_column("About", 1)
    };
    let named = ResourceSpec { mappings: vec![Mapping::of_column("Name", 0), about], ..spec(Insert, None) };
    check(
        &mut bench,
        &named,
        "Name,About\na,Y\n",
        &["ADDED #3.1"],
        &[r#"{"1":"boss","4":"s1"}"#, &format!(r#"{{"1":"a","13":"{yard}"}}"#)],
    );
}

#[test]
fn a_default_is_looked_up_where_a_cell_is_empty() {
    let mut bench = bench();
    let (hall, yard) = (id_of(&bench, 0), id_of(&bench, 2));
    let default = |value: &str| Some(DefaultValue { value: Some(value.into()), name: None, module: None });
    let place = Mapping { find_by: Some("Code".to_owned()), default: default("y"), ..Mapping::of_column("Place", 1) };
    let spec = ResourceSpec { mappings: vec![Mapping::of_column("Name", 0), place], ..spec(Insert, None) };
    check(
        &mut bench,
        &spec,
        "Name,Place\na,h\nb,\n",
        &["ADDED #2.1", "ADDED #2.2"],
        &[&format!(r#"{{"1":"a","11":"{hall}"}}"#), &format!(r#"{{"1":"b","11":"{yard}"}}"#)],
    );
}

#[test]
fn a_column_names_layouts_and_a_default_stands_for_the_others() {
    let mut bench = bench();
    let csv = "Name,Layout,Count\na,Partners,\nb,retired,1\nc,,1\nd,99,1\ne,98,1\n";
    check(
        &mut bench,
        &spec(Insert, None),
        csv,
        &["ADDED #2.1", "ADDED #2.2", "ADDED #2.3", "ADDED #2.4", "SKIPPED INVALID_DATA-Layout"],
        &[
            r#"{"1":"a","14":"99"}"#,
            r#"{"1":"b","5":1,"14":"92957"}"#,
            r#"{"1":"c","5":1}"#,
            r#"{"1":"d","5":1,"14":"99"}"#,
        ],
    );
    let default = Some(DefaultValue { value: Some("99".into()), name: None, module: None });
    let layout = Mapping { default, index: None, ..Mapping::of_column("Layout", 0) };
    let mappings = vec![Mapping::of_column("Name", 0), Mapping::of_column("Count", 1), layout];
    check(
        &mut bench,
        &ResourceSpec { mappings, ..spec(Insert, None) },
        "Name,Count\na,1\nb,\n",
        &["ADDED #2.1", "SKIPPED MANDATORY_NOT_FOUND-Count"],
        &[r#"{"1":"a","5":1,"14":"99"}"#],
    );
}

#[derive(Clone, Debug)]
struct Line {
    serial: &'static str,
    above: &'static str,
    email: &'static str,
}

fn line() -> impl Strategy<Value = Line> {
    let serial = prop_oneof![Just(""), Just("s"), Just("S"), Just("t"), Just("u")];
    let email = prop_oneof![Just("a@x.com"), Just("b@x.com"), Just("c@x.com")];
    (serial.clone(), serial, email).prop_map(|(serial, above, email)| Line { serial, above, email })
}

/// What upserts by e-mail come to if one row is applied after another: (email, serial, above as an email).
fn apply(records: &mut Vec<(String, String, String)>, lines: &[Line]) -> Vec<bool> {
    let apply_line = |line: &Line| {
        let target = records.iter().position(|record| record.0 == line.email);
        let found = records.iter().find(|record| !line.above.is_empty() && record.1 == line.above);
        let above = found.map(|record| record.0.clone());
        let is_taken = !line.serial.is_empty()
            && records.iter().enumerate().any(|(at, record)| Some(at) != target && record.1 == line.serial);
        if is_taken || (!line.above.is_empty() && above.is_none()) {
            return false;
        }
        let record = (line.email.to_owned(), line.serial.to_owned(), above.unwrap_or_default());
        match target {
            Some(at) => records[at] = record,
            None => records.push(record),
        }
        true
    };
    lines.iter().map(apply_line).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 100, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn rows_point_to_whom_single_rows_would(
        jobs in proptest::collection::vec(proptest::collection::vec(line(), 0..8), 1..3),
        chunk_bytes_max in prop_oneof![Just(1_usize), Just(250), Just(1 << 20)],
    ) {
        let mut bench = Bench::new();
        bench.limits.chunk_bytes_max = chunk_bytes_max;
        let mut records = Vec::new();
        for lines in &jobs {
            let rows: String = lines.iter().map(|it| format!("n,{},{},{}\n", it.email, it.serial, it.above)).collect();
            let csv = format!("Name,Email,Serial,Above.Serial\n{rows}");
            let written: Vec<bool> = statuses_of(&bench.import(&spec(Operation::Upsert, Some("Email")), &csv))
                .iter()
                .map(|status| !status.starts_with("SKIPPED"))
                .collect();
            prop_assert_eq!(written, apply(&mut records, lines));
        }
        let module = bench.catalog.modules()[0].number;
        let text = |body: &str, field: u16| {
            let value = crate::body::get(body, crate::catalog::FieldNumber(field));
            value.map(|value| value.text().into_owned()).unwrap_or_default()
        };
        let emails: std::collections::HashMap<String, String> =
            bench.store.records(module).map(|(id, record)| (id.to_string(), text(&record.body, 2))).collect();
        let found: Vec<(String, String, String)> = bench
            .store
            .records(module)
            .map(|(_, it)| {
                let above = emails.get(&text(&it.body, 12)).cloned().unwrap_or_default();
                (text(&it.body, 2), text(&it.body, 4), above)
            })
            .collect();
        prop_assert_eq!(found, records);
    }
}
