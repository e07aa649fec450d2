//! The server dies at every point that it passes, and the next one goes on: what is left is what an undisturbed run leaves.
//!
//! The dying server is this very program, run again with a word in its environment. It passes the points of
//! `bulkwright_store::failure` and ends itself, without any cleaning up, at the n-th one; n is counted up until a run comes
//! to its end.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails where it stands")]

mod client;
mod mortal;
mod scenario;

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicU64, Ordering};

use futures::future::join_all;

use mortal::{Death, Mortal};
use scenario::Told;

/// Runs at the same time.
const LANES: u64 = 3;
/// No run passes more points; a count that goes beyond means that a run never ends.
const POINTS_MAX: u64 = 2000;

/// Arrows of "from upload to result" that must be among the points.
const ARROWS: [&str; 12] = [
    "making the tables of records",
    "making the tables of jobs",
    "adding an organisation",
    "adding a token",
    "writing a blob",
    "adding an upload",
    "adding a job",
    "claiming a job",
    "reserving ids",
    "committing a chunk",
    "rendering a result",
    "finishing a job",
];

/// Another process dies at its n-th point, at each n.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_point_the_server_dies_at_nothing_is_lost_and_nothing_doubled() {
    let undisturbed = Mortal::new();
    let expected = scenario::run(&undisturbed, None).await;
    let points: BTreeSet<String> = undisturbed.points_passed().into_iter().collect();
    for arrow in ARROWS {
        assert!(points.iter().any(|point| point.starts_with(arrow)), "no point at {arrow}: {points:#?}");
    }
    let next = AtomicU64::new(1);
    let lanes = join_all((0..LANES).map(|_| lane(&next, &expected))).await;
    let mut died_at: BTreeSet<String> = lanes.iter().flat_map(|lane| lane.died_at.iter().cloned()).collect();
    let mut deaths: u64 = lanes.iter().map(|lane| lane.deaths).sum();
    // What a server does on its own, beside its jobs, has another number in each run: such a point can be passed over
    // by the counting, and is asked for by its name.
    for point in points.difference(&died_at.clone()) {
        died_at.insert(death(&Death::At(point.clone()), &expected).await.expect("a server dies at a point it passes"));
        deaths += 1;
    }
    println!("{deaths} deaths at {} of {} points, each followed by a run to the end", died_at.len(), points.len());
    let never: Vec<_> = points.difference(&died_at).collect();
    assert!(never.is_empty(), "nobody died at {never:#?}");
}

#[derive(Default)]
struct Lane {
    deaths: u64,
    died_at: BTreeSet<String>,
}

/// Takes one count after the other until a run passes fewer points than that.
async fn lane(next: &AtomicU64, expected: &Told) -> Lane {
    let mut lane = Lane::default();
    loop {
        let nth = next.fetch_add(1, Ordering::Relaxed);
        assert!(nth <= POINTS_MAX, "a run passes {POINTS_MAX} points");
        let Some(point) = death(&Death::Nth(nth), expected).await else { return lane };
        lane.deaths += 1;
        lane.died_at.insert(point);
    }
}

/// One death and a run to the end. Answers the point; `None` if the run passes none like that.
async fn death(death: &Death, expected: &Told) -> Option<String> {
    let mortal = Mortal::new();
    let told = scenario::run(&mortal, Some(death)).await;
    let point = mortal.died_at()?;
    assert_eq!(&told, expected, "the server died at {death:?}: {point}");
    Some(point)
}
