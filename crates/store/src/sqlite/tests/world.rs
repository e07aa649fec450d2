//! A small world of every kind of row, written through the store's own calls, and all that can be asked of it. The files in
//! `schema-1` hold it as the first version of this program wrote it, with these very calls; those in `schema-2` are the same
//! after the second version opened them.

use std::fmt::Debug;
use std::ops::Range;
use std::path::Path;

use bulkwright_engine::catalog::{Catalog, FieldNumber, ModuleNumber};
use bulkwright_engine::ids::{FileId, IdBlock, JobId, OrgId, RecordId, UserId};
use bulkwright_engine::record_store::{ChangeSet, IndexId, Insert, KeyChange, LedgerRow, StoreError, Update};
use bulkwright_engine::spec::{Mapping, Operation};
use bulkwright_engine::verdict::Counts;
use bytes::Bytes;
use futures::{StreamExt, stream};
use sha2::{Digest, Sha256};

use super::open;
use crate::model::{
    AnswerKey, AnsweredOperation, Callback, Code, CodeChallenge, DeliveriesQuery, DeliveryOutcome, DeliveryState,
    Failure, Finish, FirstAnswer, Grant, JobResource, JobState, JobsQuery, NewJob, NewUpload, OauthClient, Org,
    PageQuery, SecretHash, SortBy, TokenKind, User,
};
use crate::sqlite::SqliteStore;
use crate::upkeep::{Upkeep, Verification};
use crate::{Error, Store};

pub(super) const NOW: i64 = 1_795_000_000;
pub(super) const ORGS: [OrgId; 2] = [OrgId(694_902_309), OrgId(700_000_001)];
const SEEDED_JOB: JobId = JobId(111_111_000_000_541_958);
const LEADS: ModuleNumber = ModuleNumber(1);
const CONTACTS: ModuleNumber = ModuleNumber(2);
const MODULES: [(ModuleNumber, Range<i64>); 2] = [(LEADS, 64_000..64_040), (CONTACTS, 65_000..65_007)];
const EMAIL: FieldNumber = FieldNumber(4);
const CLIENT: &str = "1000.CLIENT";
const ACCESS: &str = "1000.access";
const REFRESH: &str = "1000.refresh";
const USER: UserId = UserId(694_902_310);

/// What was given to what is in it.
pub(super) struct World {
    uploads: [FileId; 2],
    jobs: Vec<JobId>,
}

/// Writes the world into an empty store.
pub(super) async fn write(store: &dyn Store) -> World {
    write_access(store).await;
    let file = write_upload(store, ORGS[0], "leads.zip", 700).await;
    let uploads = [file, write_upload(store, ORGS[1], "other.zip", 30).await];
    let callback = Callback { url: "https://example.com/hook".to_owned(), method: "post".to_owned() };
    let seeded = NewJob { id: Some(SEEDED_JOB), fixed: true, ..new_job(file, 0) };
    store.add_job(&NewJob { result_url: Some("/v2/crm/result.zip".to_owned()), ..seeded }).await.unwrap();
    finish(store, JobState::Completed, None).await;
    store.add_job(&NewJob { callback: Some(callback), ..new_job(file, 1) }).await.unwrap();
    for (chunk, (module, ids)) in (0..).zip(MODULES) {
        write_records(store, chunk, module, ids);
    }
    finish(store, JobState::Completed, None).await;
    store.add_job(&new_job(file, 2)).await.unwrap();
    let failure = Failure { code: "FILE_NOT_SUPPORTED".to_owned(), message: "no é in line 3".to_owned() };
    finish(store, JobState::Failed, Some(failure)).await;
    // The process died with this one in its hands, after one chunk.
    store.add_job(&new_job(file, 3)).await.unwrap();
    let (claim, _) = store.claim("worker-1", NOW + 3, 3600).await.unwrap().unwrap();
    store.reserve(claim, 0, 25_000, NOW * 1000).await.unwrap();
    change_records(store, claim.job, 64_003..64_009);
    let counts = Counts { added: 0, updated: 6, skipped: 1 };
    store.progress(claim, NOW + 3600, 0, counts, "UTF-8").await.unwrap();
    store.add_job(&new_job(file, 4)).await.unwrap();
    let all = JobsQuery { limit: 10, ..JobsQuery::default() };
    World { uploads, jobs: store.jobs(&all).await.unwrap().into_iter().map(|job| job.id).collect() }
}

/// Adds rows of the kinds that came later: a code, a kept answer, an attempt at a delivery.
pub(super) async fn write_later_kinds(store: &dyn Store, world: &World) {
    let grant = Grant {
        org: ORGS[0],
        user: USER,
        client_id: CLIENT.to_owned(),
        scopes: vec!["ZohoCRM.bulk.ALL".to_owned()],
        expires_at: Some(NOW + 60),
        issued_at: Some(NOW),
        parent: None,
    };
    let challenge = Some(CodeChallenge {
        method: "S256".to_owned(),
        challenge: "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw".to_owned(),
    });
    let redirect_uri = Some("https://example.com/back".to_owned());
    let code = Code { grant, redirect_uri, challenge, offline: true };
    store.add_code(SecretHash::of("1000.code"), &code).await.unwrap();
    let operation = AnsweredOperation::CreateJob;
    let key = AnswerKey { org: ORGS[0], client_id: CLIENT.to_owned(), operation, key: "again".to_owned() };
    let answer = FirstAnswer { key, content: [7; 32], status: 201, body: b"{}".to_vec(), expires_at: NOW + 86_400 };
    store.add_job(&NewJob { answer: Some(answer), ..new_job(world.uploads[0], 5) }).await.unwrap();
    let with_callback = DeliveriesQuery { limit: 1, ..DeliveriesQuery::default() };
    let delivery = store.deliveries(&with_callback).await.unwrap().remove(0);
    let outcome = DeliveryOutcome { at: NOW + 10, status: Some(503), error: Some("503".to_owned()) };
    store.note_delivery(delivery.job, &outcome, DeliveryState::Pending, Some(NOW + 15)).await.unwrap();
}

async fn write_access(store: &dyn Store) {
    for (number, id) in ORGS.into_iter().enumerate() {
        let org = Org {
            id,
            company_name: format!("Zylker {number}"),
            time_zone: "America/Los_Angeles".to_owned(),
            edition: None,
            webhook_keys: Vec::new(),
            revoked_at: None,
        };
        let user = User {
            id: UserId(USER.0 + number as i64),
            org: id,
            full_name: "Patricia Boyle".to_owned(),
            email: "Patricia@example.com".to_owned(),
            time_zone: "+05:30".to_owned(),
            sign_in: None,
            revoked_at: None,
        };
        let client_id = if number == 0 { CLIENT.to_owned() } else { format!("{CLIENT}.{number}") };
        let client = OauthClient {
            client_id,
            secret: SecretHash::of("secret"),
            org: id,
            name: String::new(),
            redirect_uris: Vec::new(),
        };
        store.add_org(&org, &user, &client, &[]).await.unwrap();
    }
    let scopes = vec!["ZohoCRM.bulk.ALL".to_owned(), "ZohoFiles.files.ALL".to_owned()];
    let grant = Grant {
        org: ORGS[0],
        user: USER,
        client_id: CLIENT.to_owned(),
        scopes,
        expires_at: Some(NOW + 3600),
        issued_at: None,
        parent: None,
    };
    store.add_token(TokenKind::Access, SecretHash::of(ACCESS), &grant).await.unwrap();
    let grant = Grant { expires_at: None, ..grant };
    store.add_token(TokenKind::Refresh, SecretHash::of(REFRESH), &grant).await.unwrap();
}

async fn write_upload(store: &dyn Store, org: OrgId, name: &str, bytes: usize) -> FileId {
    let content: Vec<u8> = (0..bytes).map(|at| (at % 251) as u8).collect();
    let sha256 = Sha256::digest(&content).into();
    let blob = store.put_blob("upload", stream::iter([Ok(Bytes::from(content))]).boxed()).await.unwrap();
    let name = name.to_owned();
    let upload =
        NewUpload { id: None, org, user: USER, name, blob, bytes: bytes as u64, sha256, created_at: NOW, answer: None };
    store.add_upload(&upload).await.unwrap().id
}

/// A job of nobody's file.
pub(super) fn waiting_job(number: i64) -> NewJob {
    new_job(FileId(1), number)
}

fn new_job(file: FileId, number: i64) -> NewJob {
    let mapping = |field: &str, index| Mapping {
        field: field.to_owned(),
        index,
        format: None,
        find_by: None,
        module: None,
        default: None,
    };
    NewJob {
        id: None,
        org: ORGS[0],
        created_by: USER,
        created_at: NOW + number,
        operation: [Operation::Insert, Operation::Update, Operation::Upsert][number as usize % 3],
        ignore_empty: Some(number % 2 == 0),
        charset: (number == 1).then(|| "UTF-8".to_owned()),
        version: "v8".to_owned(),
        callback: None,
        resources: vec![JobResource {
            kind: "data".to_owned(),
            module: "Leads".to_owned(),
            file,
            find_by: (number != 0).then(|| "Email".to_owned()),
            ignore_empty: None,
            mappings: vec![mapping("Last_Name", Some(0)), mapping("Email", None)],
            csv_name: "leads.csv".to_owned(),
            block: None,
            state: JobState::Added,
            counts: Counts::default(),
            failure: None,
        }],
        result_url: None,
        fixed: false,
        answer: None,
    }
}

/// Claims the oldest job, and ends it.
async fn finish(store: &dyn Store, state: JobState, failure: Option<Failure>) {
    let (claim, _) = store.claim("worker-1", NOW, 60).await.unwrap().unwrap();
    store.reserve(claim, 0, 100, NOW * 1000).await.unwrap();
    let result = match state {
        JobState::Completed => {
            let content = stream::iter([Ok(Bytes::from_static(b"PK result"))]).boxed();
            Some(store.put_blob("result", content).await.unwrap())
        }
        _ => None,
    };
    let resources = vec![(state, Counts { added: 47, updated: 0, skipped: 2 }, failure)];
    let end = Finish {
        state,
        resources,
        result_blob: result,
        result_sum: None,
        charset: None,
        finished_at: NOW + 9,
        callback_at: NOW + 9,
    };
    store.finish(claim, &end).await.unwrap();
}

/// What `verify` says of a closed store of the world, which is not quite a sound one: its records are not those that its
/// jobs would have made.
pub(super) async fn verify(directory: &Path) -> Verification {
    let store = open(directory);
    store.set_catalog(&catalog()).unwrap();
    store.verify().await.unwrap()
}

fn catalog() -> Catalog {
    let module = |number: u16, name: &str| {
        format!(
            "number = {number}\nid = {number}\napi_name = \"{name}\"\nsingular_label = \"x\"\nplural_label = \"x\"\nfields = [
              {{ number = 1, id = 1, api_name = \"Name\", label = \"x\", type = \"text\", length = 20 }},
              {{ number = 4, id = 4, api_name = \"Email\", label = \"x\", type = \"email\", length = 100, duplicate_check = true }},
              {{ number = 1001, id = 9, api_name = \"id\", label = \"x\", type = \"other\", data_type = \"bigint\", read_only = true }},
            ]"
        )
    };
    Catalog::parse(&[&module(1, "Leads"), &module(2, "Contacts")]).unwrap()
}

/// The unique key of a record.
fn email(id: i64) -> String {
    format!("person{id}@example.com")
}

fn write_records(store: &dyn Store, chunk: u32, module: ModuleNumber, ids: Range<i64>) {
    let emails: Vec<String> = ids.clone().map(email).collect();
    let bodies: Vec<String> = emails.iter().map(|it| format!(r#"{{"1":"Smith é","4":"{it}"}}"#)).collect();
    let records = || ids.clone().map(RecordId);
    let inserts: Vec<_> = records().zip(&bodies).map(|(id, body)| Insert { id, body }).collect();
    let index = IndexId { module, field: EMAIL, case_sensitive: false, joins: None };
    let key = |(id, email)| KeyChange { index, key: String::as_bytes(email), id, unique: true };
    let keys_gained: Vec<_> = records().zip(&emails).map(key).collect();
    let added = FieldNumber(9);
    let counts = Counts { added: bodies.len() as u64, ..Counts::default() };
    commit(
        store,
        &ChangeSet {
            module,
            user: USER,
            now: NOW,
            block: IdBlock { start: 1000, size: 100 },
            inserts: &inserts,
            updates: &[],
            keys_lost: &[],
            keys_gained: &keys_gained,
            picklist_additions: &[(added, "Fair"), (added, "Réferral")],
            ledger: &ledger_row(SEEDED_JOB, chunk, counts),
        },
    );
}

fn change_records(store: &dyn Store, job: JobId, ids: Range<i64>) {
    let bodies: Vec<String> = ids.clone().map(|id| format!(r#"{{"1":"Jones","4":"{}"}}"#, email(id))).collect();
    let update = |(id, body)| Update { id: RecordId(id), version: 1, body };
    let updates: Vec<_> = ids.zip(bodies.iter().map(String::as_str)).map(update).collect();
    let counts = Counts { updated: updates.len() as u64, skipped: 1, ..Counts::default() };
    commit(
        store,
        &ChangeSet {
            module: LEADS,
            user: USER,
            now: NOW + 5,
            block: IdBlock { start: 1100, size: 100 },
            inserts: &[],
            updates: &updates,
            keys_lost: &[],
            keys_gained: &[],
            picklist_additions: &[(FieldNumber(10), "Cold")],
            ledger: &ledger_row(job, 0, counts),
        },
    );
}

fn ledger_row(job: JobId, chunk: u32, counts: Counts) -> LedgerRow {
    LedgerRow { job, resource: 0, chunk, rows_through: 7, counts, verdicts: vec![1, 2, 3, 255] }
}

fn commit(store: &dyn Store, change: &ChangeSet<'_>) {
    store.record_writer(ORGS[0]).unwrap().commit(change).unwrap();
}

/// What the store answers to everything that a reader of the world can ask.
pub(super) type Answers = Vec<Answer>;

/// One question, and what came of it: the items found, or an error.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) question: String,
    pub(super) found: Result<Vec<String>, Error>,
}

fn answer<T: Debug>(question: impl Into<String>, found: Result<impl IntoIterator<Item = T>, Error>) -> Answer {
    let found = found.map(|items| items.into_iter().map(|item| format!("{item:?}")).collect());
    Answer { question: question.into(), found }
}

/// Asks for everything that `control.db` and the blobs hold.
pub(super) async fn ask_control(store: &SqliteStore, world: &World) -> Answers {
    let secret = |client: Option<OauthClient>| client.map(|it| (it.secret == SecretHash::of("secret"), it));
    let mut answers = vec![
        answer("organisations", store.orgs().await),
        answer("users", store.users(ORGS[0]).await),
        answer("users of another organisation", store.users(ORGS[1]).await),
        answer("client", store.oauth_client(CLIENT).await.map(secret)),
        answer("access token", store.token(TokenKind::Access, SecretHash::of(ACCESS)).await),
        answer("refresh token", store.token(TokenKind::Refresh, SecretHash::of(REFRESH)).await),
        answer("due deliveries", store.due_deliveries(NOW + 99, 10).await),
        answer("next delivery", store.next_delivery_at().await),
    ];
    for (org, id) in ORGS.into_iter().zip(world.uploads) {
        answers.push(answer(format!("upload {id}"), store.upload(org, id).await));
    }
    for state in [None, Some(JobState::Added), Some(JobState::InProgress), Some(JobState::Completed)] {
        let query = JobsQuery { org: Some(ORGS[0]), state, before: None, limit: 10 };
        answers.push(answer(format!("jobs in {state:?}"), store.jobs(&query).await));
    }
    for &id in &world.jobs {
        answers.push(answer(format!("job {id}"), store.job(ORGS[0], id).await));
        answers.push(answer(format!("delivery {id}"), store.delivery(ORGS[0], id).await));
    }
    answers
}

/// Asks for everything that `records.db` holds.
pub(super) async fn ask_records(store: &SqliteStore, world: &World) -> Answers {
    let mut answers = Vec::new();
    for (module, ids) in MODULES {
        answers.push(answer(format!("picklists of {module:?}"), store.picklist_additions(ORGS[0], module).await));
        for sort_by in [SortBy::Id, SortBy::CreatedTime, SortBy::ModifiedTime] {
            let query = PageQuery { sort_by, descending: false, after: None, skip: 0, limit: 100 };
            let question = format!("page of {module:?} by {sort_by:?}");
            answers.push(answer(question, store.page(ORGS[0], module, &query).await));
        }
        for id in ids {
            answers.push(answer(format!("record {id}"), store.record(ORGS[0], module, RecordId(id)).await));
            let index = IndexId { module, field: EMAIL, case_sensitive: false, joins: None };
            let found = store.search(ORGS[0], index, email(id).as_bytes(), 9).await;
            answers.push(answer(format!("record by key {id}"), found));
        }
    }
    let mut writer = store.record_writer(ORGS[0]).unwrap();
    for &id in &world.jobs {
        let rows = writer.ledger(id, 0).map_err(|error| match error {
            StoreError::Damaged { what } => Error::Damaged { what },
            other => Error::failed("reading the ledger", other),
        });
        answers.push(answer(format!("ledger of {id}"), rows));
    }
    answers
}
