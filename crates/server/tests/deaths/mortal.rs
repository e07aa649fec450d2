//! A server in a process of its own that can be told where to die.

use std::fs::{File, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Mutex;
use std::time::{Duration, Instant};

use bulkwright_engine::limits::Limits;
use bulkwright_server::{Config, Server};
use bulkwright_store::failure::FailurePoints;
use tempfile::TempDir;

/// The folder that the server works in, if this process is one.
const FOLDER: &str = "MORTAL_FOLDER";
/// The how-manieth point it dies at, or the name of that point.
const DIES_AT: &str = "MORTAL_DIES_AT";
/// Small enough that the jobs of the scenario take several chunks.
const CHUNK_BYTES_MAX: usize = 4000;
/// Longest wait for a start.
const PATIENCE: Duration = Duration::from_secs(60);

/// Where a server dies.
#[derive(Clone, Debug)]
pub(crate) enum Death {
    /// At the how-manieth point it passes.
    Nth(u64),
    /// Where it first passes the point of this name.
    At(String),
}

/// A folder, and the servers that live and die over its data.
pub(crate) struct Mortal {
    folder: TempDir,
}

/// A running server; killed when it is dropped.
pub(crate) struct Living {
    child: Child,
    pub(crate) base: String,
}

impl Mortal {
    pub(crate) fn new() -> Self {
        Mortal { folder: tempfile::tempdir().unwrap() }
    }

    pub(crate) fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    /// Starts a server and waits until it is ready; `None` if it died before.
    pub(crate) async fn start(&self, dies: Option<&Death>) -> Option<Living> {
        let port_file = self.folder.path().join("port");
        let _ = std::fs::remove_file(&port_file);
        let mut command = Command::new(std::env::current_exe().unwrap());
        command.args(["--exact", "mortal::a_server_that_can_be_told_where_to_die", "--nocapture"]);
        command.env(FOLDER, self.folder.path()).env_remove(DIES_AT);
        command.envs(dies.map(|death| match death {
            Death::Nth(nth) => (DIES_AT, nth.to_string()),
            Death::At(point) => (DIES_AT, point.clone()),
        }));
        let child = command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        let mut living = Living { child, base: String::new() };
        let until = Instant::now() + PATIENCE;
        loop {
            if let Some(address) = std::fs::read_to_string(&port_file).ok().filter(|text| text.ends_with('\n')) {
                living.base = format!("http://{}", address.trim());
                return Some(living);
            }
            if living.is_dead() {
                return None;
            }
            assert!(Instant::now() < until, "a server did not start in {PATIENCE:?}");
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    }

    /// The points that servers have passed here, in order.
    pub(crate) fn points_passed(&self) -> Vec<String> {
        let text = std::fs::read_to_string(self.folder.path().join("points")).unwrap_or_default();
        text.lines().map(str::to_owned).collect()
    }

    /// The point that a server died at.
    pub(crate) fn died_at(&self) -> Option<String> {
        std::fs::read_to_string(self.folder.path().join("died-at")).ok()
    }
}

impl Living {
    pub(crate) fn is_dead(&mut self) -> bool {
        self.child.try_wait().unwrap().is_some()
    }
}

impl Drop for Living {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The server. Without a word in the environment it only shows that it starts, passes points and ends.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_can_be_told_where_to_die() {
    let own = tempfile::tempdir().unwrap();
    let folder = std::env::var_os(FOLDER).map(PathBuf::from);
    let is_child = folder.is_some();
    let folder = folder.unwrap_or_else(|| own.path().to_owned());
    let death = std::env::var(DIES_AT).ok().map(|told| match told.parse() {
        Ok(nth) => Death::Nth(nth),
        Err(_) => Death::At(told),
    });
    let config = Config {
        listen: "127.0.0.1:0".parse().unwrap(),
        port_file: Some(folder.join("port")),
        limits: Limits { chunk_bytes_max: CHUNK_BYTES_MAX, ..Limits::default() },
        failure_points: points(&folder, death),
        ..Config::serve(folder.join("data"))
    };
    let server = Server::start(config).await.unwrap();
    if is_child {
        // Until it is killed, or its parent is gone.
        let gone = tokio::task::spawn_blocking(|| std::io::copy(&mut std::io::stdin(), &mut std::io::sink())).await;
        drop(gone);
    }
    server.stop().await;
    assert!(folder.join("points").metadata().unwrap().len() > 0);
}

/// Notes each point, and ends the process at the one that was asked for.
fn points(folder: &Path, death: Option<Death>) -> FailurePoints {
    let noted = OpenOptions::new().create(true).append(true).open(folder.join("points")).unwrap();
    let passed: Mutex<(u64, File)> = Mutex::new((0, noted));
    let died_at = folder.join("died-at");
    FailurePoints::from_fn(move |point| {
        let mut passed = passed.lock().unwrap();
        passed.0 += 1;
        writeln!(passed.1, "{point}").unwrap();
        let is_here = death.as_ref().is_some_and(|death| match death {
            Death::Nth(nth) => passed.0 == *nth,
            Death::At(name) => point.to_string() == *name,
        });
        if is_here {
            std::fs::write(&died_at, point.to_string()).unwrap();
            std::process::abort();
        }
        Ok(())
    })
}
