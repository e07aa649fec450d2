//! Disks that fill up: a real one of some megabytes, in memory, at every stage of the work.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use bulkwright_engine::limits::Limits;
use bulkwright_server::{Clock, Config, Running, Server};
use serde_json::Value;
use tempfile::TempDir;

use crate::harness::{Client, job_of, on_free_port, zip_of};

const DISK_BYTES: u64 = 24 << 20;
const ROWS: usize = 2000;
/// Small enough for several chunks.
const CHUNK_BYTES_MAX: usize = 100_000;
/// How long a job is watched before room is made.
const WATCHED: Duration = Duration::from_millis(500);

/// A disk of its own, taken away when it is dropped.
struct SmallDisk {
    mount: TempDir,
}

impl SmallDisk {
    fn new() -> Self {
        let mount = tempfile::tempdir().unwrap();
        let size = format!("size={DISK_BYTES}");
        let mounted = Command::new("mount").args(["-t", "tmpfs", "-o", &size, "tmpfs"]).arg(mount.path()).status();
        assert!(mounted.unwrap().success(), "this test needs the right to mount a tmpfs: run it as root");
        SmallDisk { mount }
    }

    fn data(&self) -> PathBuf {
        self.mount.path().join("data")
    }

    fn filler(&self) -> PathBuf {
        self.mount.path().join("filler")
    }

    /// Takes all but `free` bytes.
    fn fill_up_to(&self, free: u64) {
        let now = free_bytes(self.mount.path());
        std::fs::write(self.filler(), vec![7; now.saturating_sub(free) as usize]).unwrap();
    }

    fn make_room(&self) {
        std::fs::remove_file(self.filler()).unwrap();
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(self.mount.path()).status();
    }
}

fn free_bytes(path: &Path) -> u64 {
    let disk = rustix::fs::statvfs(path).unwrap();
    disk.f_bavail * disk.f_frsize
}

/// A server on a small disk with a clock that can be put forward.
struct OnSmallDisk {
    server: Running,
    client: Client,
    seconds: Arc<AtomicI64>,
    disk: SmallDisk,
}

impl OnSmallDisk {
    async fn start(disk_free_min: u64) -> Self {
        let disk = SmallDisk::new();
        let seconds = Arc::new(AtomicI64::new(0));
        let later = seconds.clone();
        let clock = Clock::from_fn(move || Clock::system().milliseconds() + 1000 * later.load(Ordering::Relaxed));
        let limits = Limits { chunk_bytes_max: CHUNK_BYTES_MAX, ..Limits::default() };
        let config = Config { clock, limits, disk_free_min, ..Config::serve(disk.data()) };
        let server = Server::start(on_free_port(config)).await.unwrap();
        let client = Client::fresh(&server).await;
        OnSmallDisk { server, client, seconds, disk }
    }

    /// Room again, and the rests over.
    fn make_room(&self) {
        self.disk.make_room();
        self.seconds.fetch_add(600, Ordering::Relaxed);
    }

    /// Asks until it is done; what is refused meanwhile is refused by name, and room is made after the first refusal.
    async fn insist(&self, ask: impl AsyncFn() -> crate::harness::Answer) -> (Value, u32) {
        let mut refusals = 0;
        loop {
            let answer = ask().await;
            if matches!(answer.status, 200 | 201) {
                return (answer.json(), refusals);
            }
            assert_eq!(answer.code(), (503, "SERVICE_UNAVAILABLE".to_owned()), "{answer:?}");
            assert!(answer.text().contains("the disk"), "{answer:?}");
            refusals += 1;
            assert_eq!(refusals, 1, "there is room now");
            self.make_room();
        }
    }
}

fn leads() -> String {
    let mut csv = "Last_Name,Email,Description\n".to_owned();
    for row in 0..ROWS {
        // Digits of a product that grows: nothing that packs well.
        let text = format!("{:x}", (row as u128 + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835));
        writeln!(csv, "Ng {row},ng-{row}@example.com,{text}{text}").unwrap();
    }
    csv
}

/// Which stage met the full disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Met {
    Upload,
    Create,
    Job,
    Nobody,
}

async fn with_free(free: u64, filled: Met) -> Met {
    let place = OnSmallDisk::start(0).await;
    let client = &place.client;
    client.load("Last_Name,Email\nFirst,first@example.com\n", "insert", None).await;
    let fill_before = |stage| {
        if stage == filled {
            place.disk.fill_up_to(free);
        }
    };
    let zip = zip_of(&[("leads.csv", &leads())]);
    fill_before(Met::Upload);
    let (uploaded, upload_refusals) = place.insist(async || client.upload(&zip).await).await;
    fill_before(Met::Create);
    let file = uploaded["details"]["file_id"].as_str().unwrap().to_owned();
    let body = job_of(&file, "insert", None);
    let (created, create_refusals) = place.insist(async || client.post_json("/crm/bulk/v8/write", &body).await).await;
    let job = created["details"]["id"].as_str().unwrap().to_owned();
    let at_once = tokio::time::timeout(WATCHED, client.ended(&job)).await;
    let met = match (upload_refusals, create_refusals, &at_once) {
        (1, ..) => Met::Upload,
        (_, 1, _) => Met::Create,
        (.., Err(_)) => Met::Job,
        _ => Met::Nobody,
    };
    if at_once.is_err() {
        assert_eq!(client.found("first@example.com").await.len(), 1, "what is asked for is answered meanwhile");
        if met == Met::Job {
            place.make_room();
        }
    }
    let details = client.ended(&job).await;
    let file = &details["resource"][0]["file"];
    let counts = ["added_count", "skipped_count", "total_count"].map(|name| file[name].as_u64().unwrap());
    assert_eq!(counts, [ROWS as u64, 0, ROWS as u64], "{free} bytes were free: {details}");
    assert_eq!(client.result(&details).await.lines().count(), ROWS + 1);
    for row in [0, ROWS / 2, ROWS - 1] {
        assert_eq!(client.found(&format!("ng-{row}@example.com")).await.len(), 1, "written once");
    }
    place.server.stop().await;
    met
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_full_disk_at_any_stage_loses_nothing_and_work_goes_on_by_itself() {
    let kib = [0, 4, 16, 48, 96, 160, 256, 384, 512, 640, 768, 1024, 1280, 1536, 2048, 3072, 8192];
    let mut met = Vec::new();
    for filled in [Met::Upload, Met::Create] {
        let cases = futures::future::join_all(kib.map(|kib| with_free(kib << 10, filled))).await;
        println!("filled before {filled:?}: KiB left, who met it: {:?}", kib.iter().zip(&cases).collect::<Vec<_>>());
        assert_eq!((cases.first(), cases.last()), (Some(&filled), Some(&Met::Nobody)));
        met.extend(cases);
    }
    assert!(met.contains(&Met::Job), "a job met the full disk in some case: {met:?}");
}

#[tokio::test]
async fn uploads_are_refused_before_the_disk_is_full_and_jobs_wait() {
    let place = OnSmallDisk::start(8 << 20).await;
    let client = &place.client;
    let file = client.upload_csv("Last_Name,Email\nNg,ng@example.com\n").await;
    place.disk.fill_up_to(7 << 20);
    let answer = client.upload(&zip_of(&[("a.csv", "Last_Name\nNg\n")])).await;
    assert_eq!(answer.code(), (503, "SERVICE_UNAVAILABLE".to_owned()));
    assert!(answer.text().contains("8388608 are to stay free; nothing was stored"), "{}", answer.text());
    assert_eq!(client.load_file(&file).await["status"], "COMPLETED", "what was taken in is worked off");
    place.disk.make_room();
    let file = client.upload_csv("Last_Name,Email\nLi,li@example.com\n").await;
    place.disk.fill_up_to(3 << 20);
    let job = client.create(&job_of(&file, "insert", None)).await;
    assert!(tokio::time::timeout(WATCHED, client.ended(&job)).await.is_err(), "the job waits for room");
    assert_eq!(client.found("ng@example.com").await.len(), 1);
    place.make_room();
    assert_eq!(client.ended(&job).await["status"], "COMPLETED");
    assert_eq!(client.found("li@example.com").await.len(), 1);
}

/// An upload that begins with room enough and runs out of it on the way.
#[tokio::test]
async fn an_upload_that_outgrows_the_room_is_refused_on_the_way_and_leaves_nothing() {
    let place = OnSmallDisk::start(8 << 20).await;
    place.disk.fill_up_to(10 << 20);
    let blobs = place.disk.data().join("blobs");
    let before = std::fs::read_dir(&blobs).unwrap().count();
    let noise: Vec<u8> = (0..6_u64 << 20).map(|n| (n.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 56) as u8).collect();
    let answer = place.client.upload(&noise).await;
    assert_eq!(answer.code(), (503, "SERVICE_UNAVAILABLE".to_owned()), "{answer:?}");
    assert_eq!(std::fs::read_dir(&blobs).unwrap().count(), before);
    assert!(free_bytes(place.disk.mount.path()) > 7 << 20, "it was stopped in time");
}
