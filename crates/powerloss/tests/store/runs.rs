//! The proofs.

use std::path::PathBuf;

use bulkwright_powerloss::{Image, Inode, Loss, Mount, Operation};
use bulkwright_store::sqlite::{OpenOptions, SqliteStore};
use tokio::runtime::{Builder, Runtime};

use crate::dump::Dump;
use crate::history::{self, History, data_in};
use crate::trials::{self, Trials};
use crate::work;

/// Of so many positions, one is enough to find out a disk that lies.
const LIES_EVERY: usize = 10;

/// Of so many positions of a long log, one is tried.
const LONG_LOG_EVERY: usize = 301;

fn mount() -> Mount {
    Mount::new(env!("CARGO_BIN_EXE_powerloss-disk")).unwrap_or_else(|error| panic!("{error}"))
}

fn runtime() -> Runtime {
    Builder::new_current_thread().enable_all().build().unwrap()
}

fn recorded() -> History {
    let mount = mount();
    runtime().block_on(history::record(&mount))
}

#[test]
fn whatever_is_lost_the_store_is_before_or_after_the_call() {
    let history = recorded();
    let tally = Trials::new(&history).run(|_| true).unwrap_or_else(|bad| panic!("{}", bad.kept()));
    println!("{} calls, {} operations on the disk: {tally}: 0 bad states", history.steps.len(), history.journal.len());
}

/// Each state is ten times as large as those above: only the syncs and some positions between them.
#[test]
fn a_log_that_is_folded_in_while_it_is_used_loses_nothing() {
    let mount = mount();
    let history = runtime().block_on(history::record_long_log(&mount));
    let control = history.node("control.db");
    let log = history.node("control.db-wal");
    let opened = history.steps[1].to;
    let folded = history.syncs(control).filter(|sync| *sync > opened).count();
    assert!(folded > 0, "the log was folded in after {opened}");
    let syncs: Vec<usize> = history.syncs(log).chain(history.syncs(control)).collect();
    let chosen = |position: usize| {
        let beside_a_sync = syncs.iter().any(|sync| (*sync..*sync + 2).contains(&position));
        position > opened && (beside_a_sync || position.is_multiple_of(LONG_LOG_EVERY))
    };
    let tally = Trials::new(&history).run(chosen).unwrap_or_else(|bad| panic!("{}", bad.kept()));
    println!("{} calls, {} operations on the disk: {tally}: 0 bad states", history.steps.len(), history.journal.len());
}

/// The first proof would find it: without the syncs of any of these, something that was answered is lost or torn.
#[test]
fn every_kind_of_sync_is_needed() {
    let history = recorded();
    let starts = |name: &'static str| move |it: &str| it.starts_with(name);
    find_out(&history, "records.db", |it| it == "records.db");
    find_out(&history, "records.db-journal", |it| it == "records.db-journal");
    find_out(&history, "control.db", |it| it == "control.db");
    find_out(&history, "control.db-wal", |it| it == "control.db-wal");
    find_out(&history, "uploads", starts("upload-"));
    find_out(&history, "results, under their first name", starts(".tmp"));
    find_out(&history, "the data directory", |it| it == "data");
    find_out(&history, "the folder around it", |it| it == "outer");
    find_out(&history, "the folder of blobs", |it| it == "blobs");
}

/// Runs the trials as if whatever had such a name was never synced, and expects a bad state.
fn find_out(history: &History, what: &str, is_it: impl Fn(&str) -> bool) {
    let named = |operation: &Operation| match operation {
        Operation::Link { name, node, .. } => name.to_str().is_some_and(&is_it).then_some(*node),
        _ => None,
    };
    let nodes: Vec<Inode> = history.journal.iter().filter_map(named).collect();
    let mut lying = history.clone();
    for operation in &mut lying.journal {
        let synced = match operation {
            Operation::SyncFile { file: node } | Operation::SyncDirectory { directory: node } => *node,
            _ => continue,
        };
        if nodes.contains(&synced) {
            *operation = Operation::SyncFile { file: Inode(u64::MAX) };
        }
    }
    let found = Trials::new(&lying).run(|position| position.is_multiple_of(LIES_EVERY));
    assert!(found.is_err(), "{what} ({} of them): nothing is lost without their syncs", nodes.len());
}

/// A process that is killed leaves everything to the kernel, synced or not: the next one finds names that no sync has
/// made durable yet, and must not take them for granted.
#[test]
fn a_first_start_that_was_killed_and_then_power_lost() {
    let history = recorded();
    let (mount, runtime) = (mount(), runtime());
    let mut image = Image::default();
    let mut taken = 0;
    for killed_at in 0..=history.steps[0].to {
        let place = PathBuf::from(format!("killed-at-{killed_at}"));
        let folder = mount.path().join(&place);
        durable_folder(&folder);
        trials::image_at(&history, killed_at).after(Loss::Nothing).write_to(&folder).unwrap();
        let store = SqliteStore::open(&data_in(&folder), &OpenOptions::default()).unwrap();
        runtime.block_on(async {
            history::give_access(&store, &mut ()).await;
            work::queue(&store, &mut (), 0).await;
            work::work_all(&store, &mut ()).await;
        });
        let answered = Dump::of(&data_in(&folder)).unwrap();
        let journal = mount.journal();
        journal[taken..].iter().for_each(|operation| image.advance(operation));
        taken = journal.len();
        drop(store);
        let left = trials::folder();
        image.after(Loss::All).below(&place).write_to(left.path()).unwrap();
        let found = Dump::of(&data_in(left.path())).unwrap();
        assert!(found == answered, "killed at {killed_at}, power lost:\n{}", found.difference(&answered));
    }
}

fn durable_folder(folder: &std::path::Path) {
    std::fs::create_dir(folder).unwrap();
    std::fs::File::open(folder.parent().unwrap()).unwrap().sync_all().unwrap();
}
