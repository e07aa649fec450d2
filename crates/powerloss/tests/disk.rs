//! The disk itself: it serves files as any other does, and loses what was not synced, and only that.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails where it stands")]

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::{Seek, SeekFrom, Write};
use std::os::unix::fs::FileExt;
use std::path::Path;

use bulkwright_powerloss::{Image, Loss, Mount, Tree};

/// Seeds that show each way of losing power many times.
const SEEDS: std::ops::Range<u64> = 0..2000;

fn mount() -> Mount {
    Mount::new(env!("CARGO_BIN_EXE_powerloss-disk")).unwrap_or_else(|error| panic!("{error}"))
}

/// The disk as it is now, for losses to be tried on.
fn image(mount: &Mount) -> Image {
    let mut image = Image::default();
    mount.journal().iter().for_each(|operation| image.advance(operation));
    image
}

fn every_loss() -> impl Iterator<Item = Loss> {
    [Loss::All, Loss::Nothing].into_iter().chain(SEEDS.map(|seed| Loss::Some { seed }))
}

/// The different contents of a file over all losses; `None` where it is not there.
fn outcomes(mount: &Mount, name: &str) -> BTreeSet<Option<Vec<u8>>> {
    let image = image(mount);
    every_loss().map(|loss| image.after(loss).file(name).map(<[u8]>::to_vec)).collect()
}

fn sync_directory(mount: &Mount) {
    File::open(mount.path()).unwrap().sync_all().unwrap();
}

/// A file whose bytes and name are durable.
fn durable_file(mount: &Mount, name: &str, bytes: &[u8]) -> File {
    let mut file =
        File::options().create(true).read(true).write(true).truncate(true).open(mount.path().join(name)).unwrap();
    file.write_all(bytes).unwrap();
    file.sync_all().unwrap();
    sync_directory(mount);
    file
}

fn set(of: &[Option<&[u8]>]) -> BTreeSet<Option<Vec<u8>>> {
    of.iter().map(|it| it.map(<[u8]>::to_vec)).collect()
}

fn is_mounted(path: &Path) -> bool {
    fs::read_to_string("/proc/self/mountinfo").unwrap().contains(path.to_str().unwrap())
}

#[test]
fn it_serves_what_was_written_and_the_journal_tells_the_same() {
    let mount = mount();
    let at = |name: &str| mount.path().join(name);
    fs::create_dir_all(at("a/b")).unwrap();
    fs::write(at("a/b/long"), vec![7; 3_000_000]).unwrap();
    fs::write(at("a/short"), "hello").unwrap();
    let mut file = File::options().read(true).write(true).open(at("a/short")).unwrap();
    file.set_len(2).unwrap();
    file.seek(SeekFrom::Start(4)).unwrap();
    file.write_all(b"!").unwrap();
    fs::hard_link(at("a/short"), at("a/linked")).unwrap();
    fs::rename(at("a/linked"), at("renamed")).unwrap();
    fs::remove_file(at("a/short")).unwrap();
    fs::create_dir(at("gone")).unwrap();
    fs::remove_dir(at("gone")).unwrap();
    assert_eq!(fs::read(at("a/b/long")).unwrap(), vec![7; 3_000_000]);
    assert_eq!(fs::read(at("renamed")).unwrap(), b"he\0\0!");
    let kept = image(&mount).after(Loss::Nothing);
    assert_eq!(kept.file("renamed"), Some(&b"he\0\0!"[..]));
    assert_eq!(kept.file("a/b/long").map(<[u8]>::len), Some(3_000_000));
    let paths: Vec<_> = kept.paths().map(|path| path.to_str().unwrap()).collect();
    assert_eq!(paths, ["a", "a/b", "a/b/long", "renamed"]);
    assert_eq!(image(&mount).after(Loss::All), Tree::default(), "nothing was synced");
}

#[test]
fn a_lock_is_held_by_one() {
    use rustix::fs::{FlockOperation, flock};
    let mount = mount();
    let open = || File::options().create(true).append(true).open(mount.path().join("lock")).unwrap();
    let first = open();
    flock(&first, FlockOperation::NonBlockingLockExclusive).unwrap();
    flock(open(), FlockOperation::NonBlockingLockExclusive).unwrap_err();
    drop(first);
    flock(open(), FlockOperation::NonBlockingLockExclusive).unwrap();
}

#[test]
fn what_was_synced_under_a_synced_name_is_there() {
    let mount = mount();
    durable_file(&mount, "file", b"durable");
    assert_eq!(outcomes(&mount, "file"), set(&[Some(b"durable")]));
}

#[test]
fn a_synced_file_may_have_lost_its_name() {
    let mount = mount();
    let mut file = File::create(mount.path().join("file")).unwrap();
    file.write_all(b"bytes").unwrap();
    file.sync_all().unwrap();
    assert_eq!(outcomes(&mount, "file"), set(&[None, Some(b"bytes")]));
}

#[test]
fn a_synced_name_may_lead_to_an_empty_file() {
    let mount = mount();
    File::create(mount.path().join("file")).unwrap().write_all(b"bytes").unwrap();
    sync_directory(&mount);
    let outcomes = outcomes(&mount, "file");
    assert!(outcomes.is_superset(&set(&[Some(b""), Some(b"bytes")])) && !outcomes.contains(&None));
    assert!(outcomes.len() > 2, "or to something that stood on the disk before");
}

#[test]
fn a_rename_and_a_removal_may_not_have_happened() {
    let mount = mount();
    durable_file(&mount, "old", b"moved");
    durable_file(&mount, "removed", b"still there");
    fs::rename(mount.path().join("old"), mount.path().join("new")).unwrap();
    fs::remove_file(mount.path().join("removed")).unwrap();
    assert_eq!(outcomes(&mount, "removed"), set(&[None, Some(b"still there")]));
    let image = image(&mount);
    let names =
        |tree: Tree| tree.paths().filter(|it| *it != Path::new("removed")).map(Path::to_owned).collect::<Vec<_>>();
    let seen: BTreeSet<_> = every_loss().map(|loss| names(image.after(loss))).collect();
    assert_eq!(seen, BTreeSet::from([vec!["new".into()], vec!["old".into()]]), "a rename is one step");
}

#[test]
fn later_writes_may_arrive_without_earlier_ones() {
    let mount = mount();
    let file = durable_file(&mount, "file", &[b'-'; 1024]);
    file.write_all_at(b"first", 0).unwrap();
    file.write_all_at(b"second", 512).unwrap();
    let seen: BTreeSet<(bool, bool)> = outcomes(&mount, "file")
        .into_iter()
        .map(|bytes| bytes.expect("the name is durable"))
        .map(|bytes| (bytes.starts_with(b"first"), bytes[512..].starts_with(b"second")))
        .collect();
    assert_eq!(seen, BTreeSet::from([(false, false), (false, true), (true, false), (true, true)]));
}

#[test]
fn a_write_is_torn_between_sectors_only() {
    let mount = mount();
    let file = durable_file(&mount, "file", &[b'o'; 4096]);
    // It begins and ends inside of sectors: in 100 bytes of the first, in 60 of the last.
    file.write_all_at(&[b'n'; 100 + 2048 + 60], 412).unwrap();
    let mut torn = BTreeSet::new();
    for bytes in outcomes(&mount, "file").into_iter().flatten() {
        assert_eq!(bytes.len(), 4096);
        assert!(bytes[..412].iter().all(|byte| *byte == b'o') && bytes[2620..].iter().all(|byte| *byte == b'o'));
        let parts = [412..512, 512..1024, 1024..1536, 1536..2048, 2048..2560, 2560..2620];
        torn.insert(parts.map(|part| {
            assert!(bytes[part.clone()].iter().all(|byte| *byte == bytes[part.start]), "a sector is whole");
            char::from(bytes[part.start])
        }));
    }
    let torn: BTreeSet<String> = torn.into_iter().map(|it| it.iter().collect()).collect();
    for wanted in ["oooooo", "nnnnnn", "nnnooo", "ooonnn"] {
        assert!(torn.contains(wanted), "{wanted} is among {torn:?}");
    }
    assert!(torn.iter().any(|it| it.contains("non")), "with holes: {torn:?}");
}

#[test]
fn a_seed_tells_the_whole_story() {
    let mount = mount();
    durable_file(&mount, "file", &[1; 5000]).write_all_at(&[2; 5000], 1000).unwrap();
    let (once, again) = (image(&mount), image(&mount));
    for loss in every_loss() {
        assert_eq!(once.after(loss).fingerprint(), again.after(loss).fingerprint());
    }
}

#[test]
fn it_goes_away_with_its_owner_though_files_are_open_and_in_a_panic() {
    let mount = mount();
    let path = mount.path();
    let open = File::create(path.join("file")).unwrap();
    assert!(is_mounted(&path));
    let panicked = std::panic::catch_unwind(std::panic::AssertUnwindSafe(move || {
        let _mount = mount;
        panic!("a test that fails");
    }));
    assert!(panicked.is_err());
    assert!(!path.exists() && !is_mounted(&path));
    drop(open);
}
