//! What was done on the disk, what was answered, and what both files held after each answer.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use bulkwright_engine::catalog::Catalog;
use bulkwright_powerloss::{Inode, Journal, Mount, Operation};
use bulkwright_store::Store;
use bulkwright_store::model::{Grant, OauthClient, Org, SecretHash, TokenKind, User};
use bulkwright_store::sqlite::{OpenOptions, SqliteStore};

use crate::dump::Dump;
use crate::plan::{NOW, ORG, USER};
use crate::work::{self, Witness};

/// The data directory, below the mount: in a folder that is missing too.
pub(crate) const DATA: &str = "outer/data";

/// One call.
#[derive(Clone)]
pub(crate) struct Step {
    pub(crate) call: String,
    /// The journal's position when it began.
    pub(crate) from: usize,
    /// And when it was answered.
    pub(crate) to: usize,
    /// Both files after it.
    pub(crate) dump: Dump,
    /// Blobs that were answered by then, and are still wanted.
    pub(crate) blobs: BTreeMap<String, Vec<u8>>,
}

/// A whole run.
#[derive(Clone)]
pub(crate) struct History {
    pub(crate) journal: Journal,
    pub(crate) steps: Vec<Step>,
}

impl History {
    /// What a name led to first.
    pub(crate) fn node(&self, wanted: &str) -> Inode {
        let named = self.journal.iter().find_map(|operation| match operation {
            Operation::Link { name, node, .. } if name == wanted => Some(*node),
            _ => None,
        });
        named.unwrap_or_else(|| panic!("no file was named {wanted}"))
    }

    /// The positions of a file's syncs.
    pub(crate) fn syncs(&self, wanted: Inode) -> impl Iterator<Item = usize> {
        let places = self.journal.iter().enumerate();
        places.filter_map(move |(place, operation)| match operation {
            Operation::SyncFile { file } if *file == wanted => Some(place),
            _ => None,
        })
    }
}

/// Listens to calls on a mount.
pub(crate) struct Recorder<'a> {
    mount: &'a Mount,
    from: usize,
    blobs: BTreeMap<String, Vec<u8>>,
    steps: Vec<Step>,
}

impl<'a> Recorder<'a> {
    pub(crate) fn new(mount: &'a Mount) -> Recorder<'a> {
        Recorder { mount, from: 0, blobs: BTreeMap::new(), steps: Vec::new() }
    }

    pub(crate) fn directory(&self) -> PathBuf {
        self.mount.path().join(DATA)
    }

    pub(crate) fn history(self) -> History {
        History { journal: self.mount.journal(), steps: self.steps }
    }

    /// Opens the store as a server does.
    pub(crate) fn open(&mut self) -> SqliteStore {
        self.begins();
        let store = SqliteStore::open(&self.directory(), &OpenOptions::default()).unwrap();
        self.answered("open");
        self.begins();
        store.set_catalog(&Catalog::builtin()).unwrap();
        self.answered("set_catalog");
        store
    }

    /// Closes it, which folds the control file's log in, and opens it again.
    pub(crate) fn reopen(&mut self, store: SqliteStore) -> SqliteStore {
        self.begins();
        drop(store);
        self.answered("close");
        self.open()
    }

    /// A blob that is not wanted any more.
    async fn delete_blob(&mut self, store: &dyn Store, name: &str) {
        self.begins();
        // Neither there nor gone from here on.
        self.blobs.remove(name);
        store.delete_blob(name).await.unwrap();
        self.answered("delete_blob");
    }
}

impl Witness for Recorder<'_> {
    fn begins(&mut self) {
        self.from = self.mount.position();
    }

    fn answered(&mut self, call: &str) {
        let to = self.mount.position();
        let dump = Dump::of(&self.directory()).unwrap();
        let blobs = self.blobs.clone();
        self.steps.push(Step { call: call.to_owned(), from: self.from, to, dump, blobs });
    }

    fn blob(&mut self, name: &str, bytes: Vec<u8>) {
        self.blobs.insert(name.to_owned(), bytes);
    }
}

/// The sequence: a new directory, four jobs, claims given back, a process that ends in the middle of a job.
pub(crate) async fn record(mount: &Mount) -> History {
    let mut recorder = Recorder::new(mount);
    let mut store = recorder.open();
    give_access(&store, &mut recorder).await;
    work::queue(&store, &mut recorder, 0).await;
    work::queue(&store, &mut recorder, 1).await;
    let (claim, _) = work::claim(&store, &mut recorder).await.unwrap();
    recorder.begins();
    store.release(claim).await.unwrap();
    recorder.answered("release");
    work::work_all(&store, &mut recorder).await;
    let unwanted = work::put_blob(&store, &mut recorder, "upload", vec![1; 5000]).await;
    recorder.delete_blob(&store, &unwanted).await;
    work::queue(&store, &mut recorder, 2).await;
    let (claim, job) = work::claim(&store, &mut recorder).await.unwrap();
    work::work(&store, &mut recorder, claim, &job, 2).await;
    store = recorder.reopen(store);
    work::work_all(&store, &mut recorder).await;
    work::queue(&store, &mut recorder, 3).await;
    work::work_all(&store, &mut recorder).await;
    recorder.reopen(store);
    recorder.history()
}

/// Bytes of rows that make the control file's log be folded in while it is in use: SQLite does so at 1,000 pages.
const LONG_NAME_BYTES: usize = 1_000_000;

/// A log that is folded in by a commit, and then written over from its beginning by those after it.
pub(crate) async fn record_long_log(mount: &Mount) -> History {
    let mut recorder = Recorder::new(mount);
    let store = recorder.open();
    let names = [LONG_NAME_BYTES; 5].into_iter().chain([10, 9000, 10, 10]);
    for (place, bytes) in names.enumerate() {
        work::add_upload(&store, &mut recorder, place, "n".repeat(bytes), "upload-0".to_owned()).await;
    }
    recorder.history()
}

/// What a first start adds.
pub(crate) async fn give_access(store: &dyn Store, witness: &mut dyn Witness) {
    let org = Org {
        id: ORG,
        company_name: "Zylker".to_owned(),
        time_zone: "Europe/Berlin".to_owned(),
        edition: None,
        webhook_keys: Vec::new(),
        revoked_at: None,
    };
    let user = User {
        id: USER,
        org: ORG,
        full_name: "Patricia Boyle".to_owned(),
        email: "p.boyle@example.com".to_owned(),
        time_zone: "Europe/Berlin".to_owned(),
        sign_in: None,
        revoked_at: None,
    };
    let client = OauthClient {
        client_id: "1000.A".to_owned(),
        secret: SecretHash([1; 32]),
        org: ORG,
        name: String::new(),
        redirect_uris: Vec::new(),
    };
    witness.begins();
    store.add_org(&org, &user, &client, &[]).await.unwrap();
    witness.answered("add_org");
    let grant = Grant {
        org: ORG,
        user: USER,
        client_id: "1000.A".to_owned(),
        scopes: vec![],
        expires_at: None,
        issued_at: None,
        parent: None,
    };
    witness.begins();
    store.add_token(TokenKind::Access, SecretHash([2; 32]), &grant).await.unwrap();
    witness.answered("add_token");
    witness.begins();
    store.new_id(NOW * 1000).await.unwrap();
    witness.answered("new_id");
}

/// Where the data directory is in a folder that a disk's tree was written to.
pub(crate) fn data_in(folder: &Path) -> PathBuf {
    folder.join(DATA)
}
