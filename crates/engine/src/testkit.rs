//! A small organisation to import into, for tests: readable in, readable out.
//!
//! Ids are shown as `#job.row`: the job's number and the data row that made the record.

use std::io::Write;

use zip::write::SimpleFileOptions;

use crate::catalog::Catalog;
use crate::ids::{BUCKETS, ID_BASE, IdBlock, JobId, OrgId, RecordId, UserId};
use crate::import::{self, Import, ImportError, Outcome, Watch};
use crate::limits::Limits;
use crate::memory::{MemoryRecord, MemoryStore};
use crate::plan::{NewPicklistValues, Refusal, Request};
use crate::prepare::{Prepared, prepare};
use crate::record_store::{LedgerRow, RecordStore};
use crate::result::{self, Settled};
use crate::spec::{Mapping, Operation, ResourceSpec};
use crate::typing::Person;

/// Where things are: found by name and by code, and named several to a place.
const PLACES: &str = r#"
number = 10
id = 78
api_name = "Places"
singular_label = "Place"
plural_label = "Places"
fields = [
  { number = 1, id = 21, api_name = "Name", label = "Name", type = "text", length = 10, duplicate_check = true },
  { number = 2, id = 22, api_name = "Code", label = "Code", type = "text", length = 10, external = true },
  { number = 3, id = 23, api_name = "Note", label = "Note", type = "text", length = 10 },
  { number = 1001, id = 24, api_name = "id", label = "Record Id", type = "other", data_type = "bigint", read_only = true },
]
"#;

const THINGS: &str = r#"
number = 9
id = 77
api_name = "Things"
singular_label = "Thing"
plural_label = "Things"
fields = [
  { number = 1, id = 1, api_name = "Name", label = "Full Name", type = "text", length = 20, mandatory = true },
  { number = 2, id = 2, api_name = "Email", label = "Email", type = "email", length = 100, duplicate_check = true },
  { number = 3, id = 3, api_name = "Code", label = "Code", type = "text", length = 20, unique = { case_sensitive = false } },
  { number = 4, id = 4, api_name = "Serial", label = "Serial", type = "text", length = 20, unique = { case_sensitive = true } },
  { number = 5, id = 5, api_name = "Count", label = "How many", type = "integer", digits = 9 },
  { number = 6, id = 6, api_name = "Kind", label = "Kind", type = "picklist", values = ["Old", "New"] },
  { number = 7, id = 7, api_name = "Done", label = "Done", type = "boolean" },
  { number = 8, id = 8, api_name = "Owner", label = "Owner", type = "ownerlookup" },
  { number = 9, id = 9, api_name = "Parent", label = "Parent", type = "other", data_type = "lookup" },
  { number = 10, id = 10, api_name = "Day", label = "Day", type = "date" },
  { number = 11, id = 14, api_name = "Place", label = "Place of it", type = "lookup", module = "Places" },
  { number = 12, id = 15, api_name = "Above", label = "Above", type = "lookup", module = "Things" },
  { number = 13, id = 16, api_name = "About", label = "About", type = "lookup", modules = ["Places", "Things"] },
  { number = 14, id = 17, api_name = "Layout", label = "Layout", type = "layout" },
  { number = 16, id = 19, api_name = "Large", label = "Large", type = "bigint", digits = 18 },
  { number = 17, id = 20, api_name = "Share", label = "Share", type = "percent", digits = 5, decimal_places = 2 },
  { number = 18, id = 31, api_name = "Colours", label = "Colours", type = "multiselectpicklist", values = ["Red", "Blue"] },
  { number = 19, id = 32, api_name = "Price", label = "Price", type = "currency", digits = 16, decimal_places = 2 },
  { number = 20, id = 33, api_name = "At", label = "At", type = "datetime" },
  { number = 21, id = 34, api_name = "Helper", label = "Helper", type = "userlookup" },
  { number = 15, id = 18, api_name = "Lines", label = "Lines", type = "other", data_type = "subform" },
  { number = 1001, id = 11, api_name = "id", label = "Record Id", type = "other", data_type = "bigint", read_only = true },
  { number = 1002, id = 12, api_name = "Created_Time", label = "Created Time", type = "datetime", read_only = true },
]
layouts = [{ id = 99, name = "Partners", mandatory = ["Count"] }]
"#;

/// Jobs own this many ids each.
const BLOCK_SIZE: u64 = 1000;

/// A thing to be asked for.
pub(crate) fn spec(operation: Operation, find_by: Option<&str>) -> ResourceSpec {
    ResourceSpec {
        module: "Things".to_owned(),
        operation,
        find_by: find_by.map(str::to_owned),
        ignore_empty: false,
        mappings: Vec::new(),
        charset: None,
    }
}

/// Mappings of columns in order; `-` passes one over.
pub(crate) fn mappings(fields: &[&str]) -> Vec<Mapping> {
    let mapped = fields.iter().enumerate().filter(|(_, field)| **field != "-");
    mapped.map(|(column, field)| Mapping::of_column(field, column)).collect()
}

/// One organisation with a store.
pub(crate) struct Bench {
    pub catalog: Catalog,
    pub store: MemoryStore,
    pub limits: Limits,
    pub new_picklist_values: NewPicklistValues,
    pub job: i64,
}

impl Bench {
    pub(crate) fn new() -> Self {
        Bench {
            catalog: Catalog::parse(&[THINGS, PLACES]).unwrap(),
            store: MemoryStore::new(OrgId(1)),
            limits: Limits::default(),
            new_picklist_values: NewPicklistValues::Add,
            job: 0,
        }
    }

    pub(crate) fn prepare(&mut self, spec: &ResourceSpec, file: std::fs::File) -> Result<Prepared, Refusal> {
        let module = self.catalog.module(&spec.module).map(|module| module.number);
        let additions = module.map(|module| self.store.picklist_additions(module).unwrap()).unwrap_or_default();
        let people = [Person { id: UserId(42), email: "pat@example.com".to_owned(), name: "Pat".to_owned() }];
        prepare(
            file,
            &Request {
                resource: 0,
                spec,
                catalog: &self.catalog,
                people: &people,
                picklist_additions: &additions,
                new_picklist_values: self.new_picklist_values,
                time_zone: &jiff::tz::TimeZone::UTC,
                limits: &self.limits,
            },
        )
    }

    /// Runs a job of one resource and answers its result CSV.
    pub(crate) fn import(&mut self, spec: &ResourceSpec, csv: &str) -> String {
        self.job += 1;
        let outcome = self.run(spec, csv, &mut ()).unwrap();
        assert!(matches!(outcome, Outcome::Completed(_)), "{outcome:?}");
        self.result(spec, csv)
    }

    /// Runs the present job, or goes on with it.
    pub(crate) fn run(
        &mut self,
        spec: &ResourceSpec,
        csv: &str,
        watch: &mut dyn Watch,
    ) -> Result<Outcome, ImportError> {
        self.run_file(spec, zip_of("things.csv", csv), watch)
    }

    pub(crate) fn run_file(
        &mut self,
        spec: &ResourceSpec,
        file: std::fs::File,
        watch: &mut dyn Watch,
    ) -> Result<Outcome, ImportError> {
        let prepared = self.prepare(spec, file).unwrap();
        let limits = self.limits.clone();
        let import = Import {
            job: JobId(self.job),
            resource: 0,
            user: UserId(42),
            now: 1_700_000_000,
            block: self.block(),
            limits: &limits,
        };
        import::run(&import, prepared, &mut self.store, watch)
    }

    pub(crate) fn block(&self) -> IdBlock {
        IdBlock { start: self.job.unsigned_abs() * BLOCK_SIZE, size: BLOCK_SIZE }
    }

    pub(crate) fn ledger(&mut self) -> Vec<LedgerRow> {
        self.store.ledger(JobId(self.job), 0).unwrap()
    }

    /// The result CSV of the present job.
    pub(crate) fn result(&mut self, spec: &ResourceSpec, csv: &str) -> String {
        let zip = self.result_zip(spec, csv);
        let mut archive = zip::ZipArchive::new(std::io::Cursor::new(zip)).unwrap();
        let mut text = String::new();
        std::io::Read::read_to_string(&mut archive.by_index(0).unwrap(), &mut text).unwrap();
        with_short_ids(&text)
    }

    pub(crate) fn result_zip(&mut self, spec: &ResourceSpec, csv: &str) -> Vec<u8> {
        let settled = self.ledger().into_iter().map(Settled::from).collect();
        self.result_zip_of(spec, csv, settled)
    }

    /// The result zip of what is settled, wherever the echoes come from.
    pub(crate) fn result_zip_of(&mut self, spec: &ResourceSpec, csv: &str, settled: Vec<Settled>) -> Vec<u8> {
        let prepared = self.prepare(spec, zip_of("things.csv", csv)).unwrap();
        let part = result::Part { prepared, block: self.block(), settled: settled.into_iter().map(Ok) };
        result::write(vec![part], 1_620_716_909, std::io::Cursor::new(Vec::new())).unwrap().into_inner()
    }

    /// The records, one a line: id, version, body.
    pub(crate) fn records(&self) -> String {
        let module = self.catalog.modules()[0].number;
        let line = |(id, it): (RecordId, &MemoryRecord)| format!("{} v{} {}\n", short_id(id.0), it.version, it.body);
        self.store.records(module).map(line).collect()
    }

    /// The keys, one a line: field, key, ids.
    pub(crate) fn keys(&self) -> String {
        let line = |(index, key, ids): (crate::record_store::IndexId, &[u8], &std::collections::BTreeSet<RecordId>)| {
            let ids: Vec<String> = ids.iter().map(|id| short_id(id.0)).collect();
            format!("{} {} {}\n", index.field.0, String::from_utf8_lossy(key), ids.join(" "))
        };
        self.store.keys().map(line).collect()
    }
}

/// A zip with one stored file.
pub(crate) fn zip_of(name: &str, csv: &str) -> std::fs::File {
    let options = SimpleFileOptions::default().compression_method(zip::CompressionMethod::Stored);
    let mut zip = zip::ZipWriter::new(tempfile::tempfile().unwrap());
    zip.start_file(name, options).unwrap();
    zip.write_all(csv.as_bytes()).unwrap();
    zip.finish().unwrap()
}

/// `#job.row` of an id that a job gave.
pub(crate) fn short_id(id: i64) -> String {
    let number = (id - ID_BASE) as u64 / u64::from(BUCKETS);
    if id < ID_BASE { id.to_string() } else { format!("#{}.{}", number / BLOCK_SIZE, number % BLOCK_SIZE) }
}

/// Replaces each 19-digit id by its short form.
pub(crate) fn with_short_ids(text: &str) -> String {
    let shorten = |cell: &str| match cell.parse() {
        Ok(id) if cell.len() == 19 => short_id(id),
        _ => cell.to_owned(),
    };
    let line = |line: &str| line.split(',').map(shorten).collect::<Vec<_>>().join(",");
    text.split('\n').map(line).collect::<Vec<_>>().join("\n")
}
