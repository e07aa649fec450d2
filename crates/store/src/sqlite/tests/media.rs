//! Damaged media: bits that flipped, files cut short, pages of zeroes. Whatever is asked afterwards is answered as before,
//! or by an error that names what is damaged.
//!
//! One thing cannot be told from a row: that it is missing. Where the damage is in what leads to a row (its key, a page
//! of the tree, the list of a module's ids), a look-up may come back with nothing or a list with fewer rows. What is served
//! is never anything but what was written, and `verify` names the damage.

use std::collections::BTreeSet;
use std::fmt;

use super::world::{self, Answers, World};
use super::*;
use crate::model::JobsQuery;
use crate::upkeep::Verification;

/// Bits that are flipped in each file, unless the environment asks for more.
const BITS: usize = 400;
const BITS_ASKED: &str = "BULKWRIGHT_DAMAGED_BITS";

/// A directory with the world in it, its files as bytes, and what it answers.
struct Sound {
    directory: tempfile::TempDir,
    records: Vec<u8>,
    control: Vec<u8>,
    /// What `verify` says of it.
    verification: Verification,
    world: World,
    answers: Answers,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum File {
    Records,
    Control,
}

/// What came of so many damages.
#[derive(Default)]
struct Tally {
    tried: usize,
    refused_at_open: usize,
    told_at_reading: usize,
    missing: usize,
    without_effect: usize,
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Tally { tried, refused_at_open, told_at_reading, missing, without_effect } = self;
        write!(
            f,
            "{tried} damages: {refused_at_open} refused at open, {told_at_reading} told when read, {missing} where \
             something was missing and `verify` told, {without_effect} without effect"
        )
    }
}

impl Sound {
    async fn new() -> Sound {
        let (directory, store) = new_store(&temporary());
        let world = world::write(&store).await;
        drop(store);
        // Opened again, so that nothing is left to be taken over from a process before.
        let store = open(directory.path());
        let answers = ask(&store, &world).await;
        drop(store);
        let verification = world::verify(directory.path()).await;
        let read = |name| std::fs::read(directory.path().join(name)).unwrap();
        Sound { records: read("records.db"), control: read("control.db"), verification, world, answers, directory }
    }

    fn bytes(&self, file: File) -> &[u8] {
        match file {
            File::Records => &self.records,
            File::Control => &self.control,
        }
    }

    /// Puts the files back as they were but for one of them, and nothing else beside them.
    fn lay_out(&self, file: File, bytes: &[u8]) {
        let path = |name| self.directory.path().join(name);
        for beside in ["records.db-journal", "control.db-wal", "control.db-shm"] {
            let _ = std::fs::remove_file(path(beside));
        }
        let (records, control) = match file {
            File::Records => (bytes, &*self.control),
            File::Control => (&*self.records, bytes),
        };
        std::fs::write(path("records.db"), records).unwrap();
        std::fs::write(path("control.db"), control).unwrap();
    }

    /// Asks for everything in a directory with a damaged file.
    async fn try_damage(&self, file: File, bytes: &[u8], damage: &dyn fmt::Debug, tally: &mut Tally) {
        self.lay_out(file, bytes);
        tally.tried += 1;
        let answers = match SqliteStore::open(self.directory.path(), &temporary()) {
            Ok(store) => ask(&store, &self.world).await,
            Err(error) => {
                assert_named(&error, damage);
                tally.refused_at_open += 1;
                return;
            }
        };
        let (mut told, mut missing) = (false, false);
        for (was, is) in self.answers.iter().zip(&answers) {
            match (&was.found, &is.found) {
                (_, Err(error)) => {
                    assert_named(error, damage);
                    told = true;
                }
                (Ok(was), Ok(is_now)) if was == is_now => {}
                (Ok(was), Ok(is_now)) => {
                    let all_there = is_now.iter().all(|item| was.contains(item));
                    assert!(all_there, "{file:?}, {damage:?}: {} was {was:?}, is {is_now:?}", is.question);
                    missing = true;
                }
                (Err(error), _) => panic!("{}: {error}", was.question),
            }
        }
        tally.told_at_reading += usize::from(told);
        tally.without_effect += usize::from(!told && !missing);
        if missing && !told {
            tally.missing += 1;
            let now = world::verify(self.directory.path()).await;
            assert!(now != self.verification, "{file:?}, {damage:?}: `verify` does not tell that something is missing");
        }
    }
}

async fn ask(store: &SqliteStore, world: &World) -> Answers {
    let mut answers = world::ask_control(store, world).await;
    answers.extend(world::ask_records(store, world).await);
    answers
}

/// Errors that say what is wrong; a panic, which arrives as an error too, is none of them.
fn assert_named(error: &Error, damage: &dyn fmt::Debug) {
    let text = format!("{error:?}");
    assert!(matches!(error, Error::Damaged { .. } | Error::Failed { .. } | Error::Newer { .. }), "{damage:?}: {text}");
    assert!(!text.contains("panic"), "{damage:?}: {text}");
}

/// Numbers that look like chance and are the same in every run (splitmix64).
fn scattered(seed: u64) -> impl Iterator<Item = usize> {
    (1_u64..).map(move |step| {
        let mut mixed = seed.wrapping_add(step.wrapping_mul(0x9e37_79b9_7f4a_7c15));
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) as usize
    })
}

/// Places of bytes that are not zero, page by page: where something is written.
fn written_places(bytes: &[u8], page_bytes: usize) -> Vec<Vec<usize>> {
    let pages = bytes.chunks(page_bytes).enumerate();
    let written = |(page, of_page): (usize, &[u8])| {
        (0..of_page.len()).filter(|&place| of_page[place] != 0).map(|place| page * page_bytes + place).collect()
    };
    pages.map(written).filter(|places: &Vec<usize>| !places.is_empty()).collect()
}

async fn flip_bits(file: File, page_bytes: usize) {
    let sound = Sound::new().await;
    let pages = written_places(sound.bytes(file), page_bytes);
    let mut tally = Tally::default();
    // Each page as often as every other: most bytes are those of the schema, which is compared as a whole.
    let bits = std::env::var(BITS_ASKED).map_or(BITS, |asked| asked.parse().unwrap());
    for (page, number) in pages.iter().cycle().zip(scattered(1)).take(bits) {
        let (place, bit) = (page[number / 8 % page.len()], number % 8);
        let mut bytes = sound.bytes(file).to_vec();
        bytes[place] ^= 1 << bit;
        sound.try_damage(file, &bytes, &format!("bit {bit} of byte {place}"), &mut tally).await;
    }
    println!("{file:?}: {tally}");
    assert!(tally.told_at_reading > bits / 4, "{tally}");
}

#[tokio::test]
async fn a_flipped_bit_of_the_records_is_never_served() {
    flip_bits(File::Records, 8192).await;
}

#[tokio::test]
async fn a_flipped_bit_of_the_control_file_is_never_served() {
    flip_bits(File::Control, 4096).await;
}

/// The file as it is, cut short in many places, with pages of zeroes, and with garbage behind its end.
async fn spoil(file: File, page_bytes: usize) {
    let sound = Sound::new().await;
    let bytes = sound.bytes(file);
    let mut tally = Tally::default();
    let odd = [1, 15, 16, 99, 100, 511, 513].into_iter();
    let boundaries = (0..=bytes.len()).step_by(page_bytes);
    let around = boundaries.flat_map(|end| [end.saturating_sub(1), end, end + 1, end + page_bytes / 2]);
    for end in odd.chain(around).filter(|end| *end <= bytes.len()) {
        sound.try_damage(file, &bytes[..end], &format!("cut to {end} bytes"), &mut tally).await;
    }
    for page in (0..bytes.len()).step_by(page_bytes) {
        let mut zeroed = bytes.to_vec();
        zeroed[page..page + page_bytes].fill(0);
        sound.try_damage(file, &zeroed, &format!("zeroes from {page}"), &mut tally).await;
    }
    for length in [1, 512, page_bytes, 3 * page_bytes + 7] {
        let garbage = scattered(2).map(|number| number as u8).take(length);
        let longer: Vec<u8> = bytes.iter().copied().chain(garbage).collect();
        sound.try_damage(file, &longer, &format!("{length} bytes of garbage behind"), &mut tally).await;
    }
    println!("{file:?}: {tally}");
}

#[tokio::test]
async fn a_records_file_cut_short_or_zeroed_is_told() {
    spoil(File::Records, 8192).await;
}

#[tokio::test]
async fn a_control_file_cut_short_or_zeroed_is_told() {
    spoil(File::Control, 4096).await;
}

/// The file of a process that was killed, and its WAL, cut short anywhere or with a bit flipped anywhere: SQLite takes a
/// WAL up to the first frame that is not whole. What was in it behind that is gone, as whole transactions from the last
/// one back; it never was if the machine, and not the disk, failed, for what was answered was synced. Nothing is ever seen
/// of a transaction in part.
#[tokio::test]
async fn a_damaged_wal_is_a_shorter_wal() {
    let (killed, store) = new_store(&temporary());
    let mut added = Vec::new();
    for number in 0..12 {
        added.push(store.add_job(&world::waiting_job(number)).await.unwrap());
    }
    let read = |name| std::fs::read(killed.path().join(name)).unwrap();
    let (records, file, wal) = (read("records.db"), read("control.db"), read("control.db-wal"));
    drop(store);
    let cuts =
        (0..wal.len()).step_by(512).flat_map(|end| [wal[..end].to_vec(), wal[..(end + 9).min(wal.len())].to_vec()]);
    let flips = scattered(3).take(cuts.clone().count()).map(|number| {
        let mut flipped = wal.clone();
        flipped[number / 8 % wal.len()] ^= 1 << (number % 8);
        flipped
    });
    let garbage =
        (1..9).map(|parts| wal.iter().copied().chain(scattered(4).map(|it| it as u8).take(parts * 700)).collect());
    let mut kept = BTreeSet::new();
    for wal in cuts.chain(flips).chain(garbage) {
        let directory = tempfile::tempdir().unwrap();
        std::fs::write(directory.path().join("records.db"), &records).unwrap();
        std::fs::write(directory.path().join("control.db"), &file).unwrap();
        std::fs::write(directory.path().join("control.db-wal"), &wal).unwrap();
        let store = open(directory.path());
        let mut jobs = store.jobs(&JobsQuery { limit: 99, ..JobsQuery::default() }).await.unwrap();
        jobs.reverse();
        assert_eq!(jobs, added[..jobs.len()]);
        // The counter moved with them.
        let last = jobs.last().map_or(0, |job| job.id.0);
        let next = store.new_id(0).await.unwrap();
        assert!(next > last && added.get(jobs.len()).is_none_or(|lost| next <= lost.id.0), "{next} after {last}");
        kept.insert(jobs.len());
    }
    assert_eq!(kept.len(), added.len() + 1, "each number of jobs was what was left once: {kept:?}");
}
