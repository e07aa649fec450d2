//! The organisation that every case starts with, and the engine's public way through a job.

use std::fs::File;
use std::io::Read;
use std::ops::ControlFlow;

use bulkwright_engine::archive;
use bulkwright_engine::catalog::Catalog;
use bulkwright_engine::ids::{IdBlock, JobId, OrgId, UserId};
use bulkwright_engine::import::{self, Import, Outcome};
use bulkwright_engine::limits::Limits;
use bulkwright_engine::memory::MemoryStore;
use bulkwright_engine::plan::{NewPicklistValues, Refusal, Request};
use bulkwright_engine::prepare::{Prepared, prepare};
use bulkwright_engine::record_store::RecordStore;
use bulkwright_engine::result::full::{self, Filter, FullRow, Known};
use bulkwright_engine::result::{self, Settled};
use bulkwright_engine::spec::ResourceSpec;
use bulkwright_engine::typing::{self, Person};

use crate::case::{Case, Job, corpus, zip_of};
use crate::told::Told;

/// Jobs own this many ids each; ids are shown as the job and the data row.
pub(crate) const BLOCK_SIZE: u64 = 100_000;

pub(crate) struct Org {
    pub(crate) catalog: Catalog,
    pub(crate) store: MemoryStore,
    pub(crate) limits: Limits,
    job: i64,
}

/// What a job came to.
#[derive(Debug)]
pub(crate) enum End {
    RefusedAtUpload(String),
    Refused(Refusal),
    Ran(Box<Ran>),
}

#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) outcome: Outcome,
    pub(crate) charset: &'static str,
    pub(crate) ignored_headers: Vec<String>,
    pub(crate) rows: Vec<FullRow>,
    pub(crate) result_name: String,
    pub(crate) result: String,
}

impl Org {
    pub(crate) fn new() -> Self {
        let modules = std::fs::read_to_string(corpus().join("things.toml")).unwrap();
        let places = std::fs::read_to_string(corpus().join("places.toml")).unwrap();
        Org {
            catalog: Catalog::parse(&[&modules, &places]).unwrap(),
            store: MemoryStore::new(OrgId(1)),
            limits: Limits::default(),
            job: 0,
        }
    }

    /// Runs the jobs of a case and tells what came of them.
    pub(crate) fn run(mut self, case: &Case) -> String {
        for before in &case.before {
            let end = self.job(&before.job, || zip_of(before.csv.as_bytes()));
            assert!(matches!(end, End::Ran(_)), "{}: a job before was refused: {end:?}", case.name);
        }
        let end = self.job(&case.job, || case.zip());
        Told::of(case, &self, &end)
    }

    pub(crate) fn job(&mut self, job: &Job, upload: impl Fn() -> File) -> End {
        self.job += 1;
        if let Err(problem) = archive::check_container(&mut upload(), &self.limits) {
            return End::RefusedAtUpload(problem.to_string());
        }
        let spec = job.spec();
        let prepared = match self.prepare(job, &spec, upload()) {
            Ok(prepared) => prepared,
            Err(refusal) => return End::Refused(refusal),
        };
        let (charset, ignored_headers) = (prepared.charset(), prepared.plan.ignored_headers().to_vec());
        let result_name = result::entry_name(&prepared);
        let outcome = self.import(prepared);
        let rows = self.rows(&spec, self.prepare(job, &spec, upload()).unwrap());
        let result = self.result(self.prepare(job, &spec, upload()).unwrap());
        End::Ran(Box::new(Ran { outcome, charset, ignored_headers, rows, result_name, result }))
    }

    fn prepare(&self, job: &Job, spec: &ResourceSpec, file: File) -> Result<Prepared, Refusal> {
        let module = self.catalog.module(&spec.module).map(|module| module.number);
        let additions = module.map(|module| self.store.clone().picklist_additions(module).unwrap()).unwrap_or_default();
        let people = [Person { id: UserId(42), email: "pat@example.com".to_owned(), name: "Pat".to_owned() }];
        let new_values = if job.strict_picklists { NewPicklistValues::Refuse } else { NewPicklistValues::Add };
        let request = Request {
            resource: 0,
            spec,
            catalog: &self.catalog,
            people: &people,
            picklist_additions: &additions,
            new_picklist_values: new_values,
            time_zone: &typing::time_zone(&job.zone).unwrap(),
            limits: &self.limits,
        };
        prepare(file, &request)
    }

    fn import(&mut self, prepared: Prepared) -> Outcome {
        let limits = self.limits.clone();
        let import = Import {
            job: self.present_job(),
            resource: 0,
            user: UserId(42),
            now: 1_700_000_000,
            block: self.block(),
            limits: &limits,
        };
        import::run(&import, prepared, &mut self.store, &mut ()).unwrap()
    }

    pub(crate) fn present_job(&self) -> JobId {
        JobId(self.job)
    }

    fn block(&self) -> IdBlock {
        IdBlock { start: self.job.unsigned_abs() * BLOCK_SIZE, size: BLOCK_SIZE }
    }

    fn rows(&mut self, spec: &ResourceSpec, source: Prepared) -> Vec<FullRow> {
        let ledger = self.store.ledger(self.present_job(), 0).unwrap().into_iter().map(Ok);
        let known = Known { spec, ledger, block: Some(self.block()), source: Some(source), is_over: true };
        let mut rows = Vec::new();
        full::walk(known, &Filter::default(), 1, |row| {
            rows.push(row);
            ControlFlow::Continue(())
        })
        .unwrap();
        rows
    }

    fn result(&mut self, prepared: Prepared) -> String {
        let settled = self.store.ledger(self.present_job(), 0).unwrap().into_iter().map(Settled::from).map(Ok);
        let part = result::Part { prepared, block: self.block(), settled };
        let zip = result::write(vec![part], 1_620_716_909, std::io::Cursor::new(Vec::new())).unwrap();
        let mut text = String::new();
        zip::ZipArchive::new(zip).unwrap().by_index(0).unwrap().read_to_string(&mut text).unwrap();
        text
    }
}
