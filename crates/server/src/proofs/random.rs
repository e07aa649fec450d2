//! Random sequences of whole jobs, with faults between and inside their steps, on the embedded store and, undisturbed, on
//! the model: after each job both have the same records, keys, verdicts, counts, ids and result.
//!
//! Jobs and faults are drawn without looking at the state they meet, and every one is possible in every state, so plain
//! proptest draws and shrinks them; a state machine that is told the reference's state to draw the next step from would
//! have to run every import once more for each draw.
//!
//! `BULKWRIGHT_RANDOM_CASES` is how many sequences are tried, `BULKWRIGHT_RANDOM_SEED` repeats those of a seed.

mod faults;
mod jobs;
mod runner;

use std::collections::BTreeMap;
use std::sync::Mutex;

use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, TestError, TestRng, TestRunner};

use faults::Fault;
use jobs::{RandomJob, random_job};
use runner::{Disturbed, Undisturbed};

/// Sequences that are tried unless the environment says otherwise.
const CASES: u32 = 100;
/// Jobs of a sequence.
const JOBS_MAX: usize = 5;
/// Faults of a job.
const FAULTS_MAX: usize = 3;

/// A job, and what befalls one attempt at it after another.
#[derive(Clone, Debug)]
struct Step {
    job: RandomJob,
    faults: Vec<Fault>,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = (random_job(), prop::collection::vec(faults::fault(), 0..=FAULTS_MAX));
    prop::collection::vec(step.prop_map(|(job, faults)| Step { job, faults }), 1..=JOBS_MAX)
}

#[test]
fn whatever_happens_on_the_way_the_end_is_that_of_the_model() {
    let cases = from_environment("BULKWRIGHT_RANDOM_CASES").unwrap_or(u64::from(CASES)) as u32;
    let seed = from_environment("BULKWRIGHT_RANDOM_SEED").unwrap_or_else(new_seed);
    let mut bytes = [0; 32];
    bytes[..8].copy_from_slice(&seed.to_le_bytes());
    let config = Config { cases, failure_persistence: None, max_shrink_iters: 300, ..Config::default() };
    let mut runner = TestRunner::new_with_rng(config, TestRng::from_seed(RngAlgorithm::ChaCha, &bytes));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let met = Mutex::new(BTreeMap::<&str, u32>::new());
    let outcome = runner.run(&steps(), |steps| {
        for (fault, times) in runtime.block_on(run(&steps))? {
            *met.lock().unwrap().entry(fault).or_default() += times;
        }
        Ok(())
    });
    let met = met.into_inner().unwrap();
    println!("{cases} sequences of seed {seed}; faults that were met: {met:?}");
    match outcome {
        Ok(()) => {}
        Err(TestError::Fail(reason, steps)) => {
            panic!("{reason}\nrepeat it with BULKWRIGHT_RANDOM_SEED={seed} BULKWRIGHT_RANDOM_CASES={cases}\n{steps:#?}")
        }
        Err(error) => panic!("{error}"),
    }
    for fault in Fault::NAMES {
        assert!(met.contains_key(fault), "no attempt met {fault}: {met:?}");
    }
}

/// Runs one sequence on both, and compares after each job. Answers how often each fault was met.
async fn run(steps: &[Step]) -> Result<BTreeMap<&'static str, u32>, TestCaseError> {
    let mut disturbed = Disturbed::new().await;
    let undisturbed = Undisturbed::new().await;
    for (number, step) in (0..).zip(steps) {
        let expected = undisturbed.run(number, &step.job).await;
        let seen = disturbed.run(number, step).await?;
        prop_assert_eq!(seen, expected, "after job {}", number);
    }
    Ok(disturbed.met())
}

fn from_environment(name: &str) -> Option<u64> {
    let value = std::env::var(name).ok()?;
    Some(value.parse().unwrap_or_else(|_| panic!("{name} is a number, not {value:?}")))
}

fn new_seed() -> u64 {
    u64::from_le_bytes(crate::access::random_bytes())
}
