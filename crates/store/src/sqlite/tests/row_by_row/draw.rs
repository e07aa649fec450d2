//! Modules with a field of every type and every mark, what their cells may look like, and jobs drawn from that: few values,
//! so that keys meet, and some that do not fit.

use bulkwright_engine::catalog::Catalog;
use bulkwright_engine::spec::{DefaultValue, Mapping, Operation, ResourceSpec};
use proptest::prelude::*;

const TOWNS: &str = r#"
number = 20
id = 78
api_name = "Towns"
singular_label = "Town"
plural_label = "Towns"
fields = [
  { number = 1, id = 21, api_name = "Name", label = "Name", type = "text", length = 8, mandatory = true, duplicate_check = true },
  { number = 2, id = 22, api_name = "Code", label = "Code", type = "text", length = 8, unique = { case_sensitive = false } },
  { number = 3, id = 23, api_name = "Row", label = "Row", type = "text", length = 8 },
  { number = 4, id = 24, api_name = "Number", label = "Number", type = "bigint", digits = 18, external = true },
  { number = 1001, id = 25, api_name = "id", label = "Record Id", type = "other", data_type = "bigint", read_only = true },
]
"#;

const GUESTS: &str = r#"
number = 21
id = 79
api_name = "Guests"
singular_label = "Guest"
plural_label = "Guests"
display_field = "Full"
fields = [
  { number = 1, id = 31, api_name = "Last", label = "Last", type = "text", length = 8, mandatory = true },
  { number = 2, id = 32, api_name = "First", label = "First", type = "text", length = 8 },
  { number = 3, id = 33, api_name = "Full", label = "Full", type = "text", length = 17, duplicate_check = true, joins = ["First", "Last"] },
  { number = 4, id = 34, api_name = "Email", label = "Email", type = "email", length = 30, duplicate_check = true },
  { number = 5, id = 35, api_name = "Code", label = "Code", type = "text", length = 8, unique = { case_sensitive = false } },
  { number = 6, id = 36, api_name = "Serial", label = "Serial", type = "text", length = 8, unique = { case_sensitive = true } },
  { number = 7, id = 37, api_name = "Number", label = "Number", type = "bigint", digits = 18, external = true },
  { number = 8, id = 38, api_name = "Row", label = "Row", type = "textarea", length = 8 },
  { number = 9, id = 39, api_name = "Phone", label = "Phone", type = "phone", length = 20, duplicate_check = true },
  { number = 10, id = 40, api_name = "Site", label = "Site", type = "website", length = 30 },
  { number = 11, id = 41, api_name = "Count", label = "Count", type = "integer", digits = 5, duplicate_check = true },
  { number = 12, id = 42, api_name = "Weight", label = "Weight", type = "double", digits = 5, decimal_places = 2 },
  { number = 13, id = 43, api_name = "Price", label = "Price", type = "currency", digits = 9, decimal_places = 2 },
  { number = 14, id = 44, api_name = "Large", label = "Large", type = "bigint", digits = 18 },
  { number = 15, id = 45, api_name = "Share", label = "Share", type = "percent", digits = 5, decimal_places = 1 },
  { number = 16, id = 46, api_name = "Done", label = "Done", type = "boolean" },
  { number = 17, id = 47, api_name = "Day", label = "Day", type = "date" },
  { number = 18, id = 48, api_name = "At", label = "At", type = "datetime" },
  { number = 19, id = 49, api_name = "Kind", label = "Kind", type = "picklist", values = ["Old", "New"] },
  { number = 20, id = 50, api_name = "Colours", label = "Colours", type = "multiselectpicklist", values = ["Red", "Blue"] },
  { number = 21, id = 51, api_name = "Town", label = "Town", type = "lookup", module = "Towns" },
  { number = 22, id = 52, api_name = "Above", label = "Above", type = "lookup", module = "Guests" },
  { number = 23, id = 53, api_name = "About", label = "About", type = "lookup", modules = ["Towns", "Guests"] },
  { number = 24, id = 54, api_name = "Owner", label = "Owner", type = "ownerlookup" },
  { number = 25, id = 55, api_name = "Helper", label = "Helper", type = "userlookup" },
  { number = 26, id = 56, api_name = "Layout", label = "Layout", type = "layout" },
  { number = 1001, id = 57, api_name = "id", label = "Record Id", type = "other", data_type = "bigint", read_only = true },
]
layouts = [{ id = 99, name = "Partners", mandatory = ["Count"] }]
"#;

pub(super) fn catalog() -> Catalog {
    Catalog::parse(&[TOWNS, GUESTS]).unwrap()
}

/// A way to map a field, and the cells that it may get. What is empty is left out; without cells it is a default alone.
struct Way {
    field: &'static str,
    format: &'static str,
    find_by: &'static str,
    module: &'static str,
    default: &'static str,
    cells: &'static [&'static str],
}

const fn way(field: &'static str, cells: &'static [&'static str]) -> Way {
    Way { field, format: "", find_by: "", module: "", default: "", cells }
}

const fn read_by(format: &'static str, way: Way) -> Way {
    Way { format, ..way }
}

const fn found_by(find_by: &'static str, way: Way) -> Way {
    Way { find_by, ..way }
}

const fn or_else(default: &'static str, way: Way) -> Way {
    Way { default, ..way }
}

/// Cells that are the ids of Towns, of Guests, and of nothing.
const TOWN_IDS: &[&str] = &["Towns#0", "Towns#1", "Towns#5", "Towns#2", "", "7", "Guests#0"];
const GUEST_IDS: &[&str] = &["Guests#0", "Guests#1", "Guests#5", "Guests#9", "", "7", "Towns#0", "no id"];
const CODES: &[&str] = &["a", "A", "b", "c", "d", "e", "f", "", "too long a code"];
const NUMBERS: &[&str] = &["1", "2", "03", "-4", "5", "", "x"];
/// The first is always mapped, and first in the file: it tells the rows apart.
const ROW: Way = way("Row", &[]);

const OF_TOWNS: &[&[Way]] = &[
    &[ROW],
    &[way("Name", &["Ulm", "ulm", "Bonn", "Köln", "Trier", "Bern", ""]), or_else("Rome", way("Name", &["", "Ulm"]))],
    &[way("Code", CODES)],
    &[way("Number", NUMBERS)],
    &[way("id", TOWN_IDS)],
];

const OF_GUESTS: &[&[Way]] = &[
    &[ROW],
    &[way("Last", &["Ng", "ng", "Poe", "Ray", "Orr", ""]), or_else("Doe", way("Last", &["", "Ng"]))],
    &[way("First", &["Ann", "ann", "Ed", "", ""])],
    &[
        way("Email", &["a@x.com", "A@x.com", "b@x.com", "c@x.com", "", "bad"]),
        or_else("d@x.com", way("Email", &["", "a@x.com"])),
    ],
    &[way("Code", CODES)],
    &[way("Serial", &["a", "A", "b", "B", "c", "C", "d", ""]), or_else("z", way("Serial", &[]))],
    &[way("Number", NUMBERS), read_by("#.##0", way("Number", &["1", "1.000", "2", "1,5", ""]))],
    &[way("Phone", &["+1 555", "555-1", "(1) 2", "", "call me"])],
    &[way("Site", &["x.com", "https://x.com/a", "", "no site"])],
    &[way("Count", &["1", "+2", "003", "", "4.5"]), read_by("#,##0", way("Count", &["1,000", "2", "", "1.0"]))],
    &[
        way("Weight", &["1.005", "-2", ".5", "", "1e9"]),
        read_by("#.##0,00", way("Weight", &["1.000,5", "2,5", "", "x"])),
    ],
    &[read_by("#.##0,00", way("Price", &["1.234,50", "0,005", "-3", "", "1,2,3"])), way("Price", &["9.99", "", "1,5"])],
    &[way("Large", &["123456789012345678", "-1", "", "1234567890123456789"]), or_else("42", way("Large", &["", "1"]))],
    &[way("Share", &["12.34", "50", "", "x"]), read_by("0,0%", way("Share", &["12,5%", "50", "", "%"]))],
    &[way("Done", &["true", "no", "1", "", "perhaps"]), or_else("true", way("Done", &["", "false"]))],
    &[
        way("Day", &["2024-02-29", "2023-02-29", "", "x"]),
        read_by("dd.MM.yyyy", way("Day", &["29.02.2024", "1.1.1970", "", "31.4.2024"])),
    ],
    &[
        way("At", &["2024-02-29T12:00:00Z", "2024-02-29T12:00:00+02:00", "", "x"]),
        read_by("dd.MM.yyyy HH:mm", way("At", &["29.02.2024 12:00", "29.02.2024 25:00", ""])),
    ],
    &[way("Kind", &["Old", "new", "Odd", "ODD", "Rare", ""]), or_else("Mild", way("Kind", &["", "Odd"]))],
    &[way("Colours", &["Red;Blue", "red", "Pink;red;PINK", "pink", ""]), or_else("Grey;Red", way("Colours", &[""]))],
    &[
        found_by("id", way("Town", TOWN_IDS)),
        found_by("Code", way("Town", CODES)),
        found_by("Name", way("Town", &["Ulm", "Bonn", "Trier", "", "Nowhere"])),
        found_by("Number", way("Town", NUMBERS)),
        found_by("Code", or_else("a", way("Town", &[]))),
    ],
    &[
        found_by("id", way("Above", GUEST_IDS)),
        found_by("Serial", way("Above", &["a", "A", "b", "c", ""])),
        found_by("Full", way("Above", &["Ann Ng", "ann ng", "Ed Poe", "Ray", "", "Nobody"])),
        found_by("Count", way("Above", &["1", "+2", "", "x"])),
    ],
    &[
        found_by("Code", way("About", CODES)),
        found_by("id", way("About", &["Towns#0", "Guests#0", "Guests#3", "", "7"])),
        Way { module: "Guests", ..found_by("Number", way("About", NUMBERS)) },
        found_by("Number", or_else("2", way("About", &["", "1", "5"]))),
    ],
    &[way("$se_module", &["Towns", "guests", "Guests", "", "Leads"])],
    &[
        way("Owner", &["5", "bob@x.com", "", "9"]),
        found_by("email", way("Owner", &["ann@x.com", "BOB@x.com", "5", ""])),
    ],
    &[found_by("id", way("Helper", &["5", "6", "", "bob@x.com"])), or_else("6", way("Helper", &[]))],
    &[
        way("Layout", &["Partners", "Standard", "99", "", "98", "other"]),
        or_else("Partners", way("Layout", &[])),
        or_else("Partners", way("Layout", &["", "Standard"])),
    ],
    &[way("id", GUEST_IDS)],
];

const MODULES: [(&str, &[&[Way]]); 2] = [("Towns", OF_TOWNS), ("Guests", OF_GUESTS)];
const KEYS: [&[Option<&str>]; 2] = [
    &[None, Some("Name"), Some("Code"), Some("Code"), Some("Number"), Some("id")],
    &[
        None,
        Some("Email"),
        Some("Code"),
        Some("Serial"),
        Some("Number"),
        Some("Phone"),
        Some("Count"),
        Some("id"),
        Some("Email"),
    ],
];
const ROWS_MAX: usize = 12;
/// Of a hundred: fields that are mapped beside those that have to be; rows with a cell too few; the others that do not fit have one too many.
const MAPPED: u8 = 20;
const TOO_SHORT: u8 = 2;
const FIT: u8 = 4;
/// Of 256 cells that are drawn so many are from the front, where those are that fit.
const FRONT: u16 = 224;

/// A job as it was drawn: numbers that become words when the ids are known that are there by then.
#[derive(Clone, Debug)]
pub(super) struct RandomJob {
    module: usize,
    operation: Operation,
    find_by: Option<&'static str>,
    ignore_empty: bool,
    pub(super) refuses_new: bool,
    /// Which way each field is mapped, if it is.
    ways: Vec<Option<usize>>,
    rows: Vec<(u8, Vec<u16>)>,
    pub(super) chunk_bytes: usize,
    /// Chunks after which the store's run is stopped and begun again.
    pub(super) stop_after: usize,
}

pub(super) fn random_job() -> impl Strategy<Value = RandomJob> {
    (prop::bool::weighted(0.7)).prop_flat_map(|is_guest| of_module(usize::from(is_guest)))
}

fn of_module(module: usize) -> impl Strategy<Value = RandomJob> {
    let fields = MODULES[module].1.len();
    let operation =
        prop_oneof![1 => Just(Operation::Insert), 1 => Just(Operation::Update), 2 => Just(Operation::Upsert)];
    let asked = (operation, prop::sample::select(KEYS[module]), any::<bool>(), prop::bool::weighted(0.2));
    let drawn = prop::collection::vec((0..100_u8, 0..60_usize), fields);
    let row = (0..100_u8, prop::collection::vec(0..256_u16, fields));
    let rows = prop::collection::vec(row, 0..=ROWS_MAX);
    (asked, drawn, rows, 1..600_usize, 1..6_usize).prop_map(
        move |((operation, key, ignore_empty, refuses_new), drawn, rows, chunk_bytes, stop_after)| {
            let find_by = if operation == Operation::Insert { key } else { key.or(Some("Code")) };
            let ways = ways(module, operation, find_by, &drawn);
            RandomJob { module, operation, find_by, ignore_empty, refuses_new, ways, rows, chunk_bytes, stop_after }
        },
    )
}

/// Nearly always what has to be mapped is, and the rest now and then.
fn ways(module: usize, operation: Operation, find_by: Option<&str>, drawn: &[(u8, usize)]) -> Vec<Option<usize>> {
    let of_field = |(ways, (chance, way)): (&&[Way], &(u8, usize))| {
        let field = ways[0].field;
        let is_needed = find_by == Some(field) || operation != Operation::Update && ["Last", "Name"].contains(&field);
        let is_mapped = match field {
            "Row" => true,
            "id" => find_by == Some("id"),
            "$se_module" => *chance < 90,
            _ if is_needed => *chance < 99,
            _ => *chance < MAPPED,
        };
        is_mapped.then_some(way % ways.len())
    };
    MODULES[module].1.iter().zip(drawn).map(of_field).collect()
}

impl RandomJob {
    pub(super) fn rows(&self) -> usize {
        self.rows.len()
    }

    pub(super) fn spec(&self) -> ResourceSpec {
        let mut columns = 0..;
        let mapping = |way: &Way| {
            let text = |text: &str| (!text.is_empty()).then(|| text.to_owned());
            let value = |value: String| DefaultValue { value: Some(value.into()), name: None, module: None };
            Mapping {
                field: way.field.to_owned(),
                index: has_column(way).then(|| columns.next().unwrap()),
                format: text(way.format),
                find_by: text(way.find_by),
                module: text(way.module),
                default: text(way.default).map(value),
            }
        };
        ResourceSpec {
            module: MODULES[self.module].0.to_owned(),
            operation: self.operation,
            find_by: self.find_by.map(str::to_owned),
            ignore_empty: self.ignore_empty,
            mappings: self.mapped().map(|(_, way)| way).map(mapping).collect(),
            charset: None,
        }
    }

    /// The file; `id_of` knows the record that is the n-th of a module.
    pub(super) fn csv(&self, id_of: impl Fn(&str, usize) -> Option<i64>) -> String {
        let columns: Vec<(usize, &Way)> = self.mapped().filter(|(_, way)| has_column(way)).collect();
        let header = columns.iter().map(|(_, way)| way.field.to_owned());
        let mut lines = vec![header.collect::<Vec<_>>().join(";")];
        for (number, (shape, drawn)) in self.rows.iter().enumerate() {
            let cell = |(place, way): &(usize, &Way)| match pick(way.cells, drawn[*place]) {
                None => format!("r{number}"),
                Some(cell) => match cell.split_once('#').and_then(|(module, n)| Some((module, n.parse().ok()?))) {
                    Some((module, n)) => id_of(module, n).unwrap_or(1).to_string(),
                    None => format!("\"{cell}\""),
                },
            };
            let mut cells: Vec<String> = columns.iter().map(cell).collect();
            match *shape {
                ..TOO_SHORT if cells.len() > 1 => drop(cells.pop()),
                TOO_SHORT..FIT => cells.push("more".to_owned()),
                _ => {}
            }
            lines.push(cells.join(";"));
        }
        lines.join("\n") + "\n"
    }

    /// The ways in which fields are mapped, for those that are met.
    pub(super) fn met(&self) -> impl Iterator<Item = String> {
        let module = MODULES[self.module].0;
        self.mapped().map(move |(_, way)| {
            [module, way.field, way.format, way.find_by, way.module, way.default].join(" ").trim_end().to_owned()
        })
    }

    fn mapped(&self) -> impl Iterator<Item = (usize, &'static Way)> {
        let ways = MODULES[self.module].1.iter().zip(&self.ways).enumerate();
        ways.filter_map(|(place, (ways, way))| Some((place, &ways[(*way)?])))
    }
}

fn has_column(way: &Way) -> bool {
    way.default.is_empty() || !way.cells.is_empty()
}

fn pick(cells: &[&'static str], drawn: u16) -> Option<&'static str> {
    let front = cells.len().div_ceil(2);
    let from = if drawn < FRONT { &cells[..front] } else { cells };
    (!from.is_empty()).then(|| from[usize::from(drawn) % from.len()])
}
