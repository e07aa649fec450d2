//! A data directory, and the released server over it: started, killed, started again.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use rustix::process::{Pid, Signal, kill_process};
use url::Url;

/// The longest a start may take.
const START_MAX: Duration = Duration::from_secs(60);
/// How often the port file is looked for.
const LOOK: Duration = Duration::from_millis(1);

/// A folder with a data directory, the server's log and its port files.
#[derive(Clone, Debug)]
pub(crate) struct Site {
    binary: PathBuf,
    folder: PathBuf,
}

impl Site {
    /// A site in a new folder.
    pub(crate) fn new(binary: &Path, folder: PathBuf) -> anyhow::Result<Site> {
        fs_err::create_dir_all(&folder)?;
        Ok(Site { binary: binary.to_owned(), folder })
    }

    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    pub(crate) fn data(&self) -> PathBuf {
        self.folder.join("data")
    }

    /// Starts a server. It may be killed before it is ready.
    pub(crate) fn spawn(&self) -> anyhow::Result<Starting> {
        let log = fs_err::OpenOptions::new().create(true).append(true).open(self.folder.join("server.log"))?;
        // Named by the moment, so that no start can read what an earlier one wrote.
        let port_file = self.folder.join(format!("port-{}", getrandom::u64().context("no random number")?));
        let mut command = Command::new(&self.binary);
        for (name, _) in std::env::vars_os().filter(|(name, _)| is_setting(name)) {
            command.env_remove(name);
        }
        command.args(["serve", "--listen", "127.0.0.1:0", "--limits", "none", "--data"]).arg(self.data());
        command.arg("--port-file").arg(&port_file).env("TZ", "UTC");
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(log.into_parts().0);
        let child = command.spawn().with_context(|| format!("{} cannot be started", self.binary.display()))?;
        Ok(Starting { process: Process(Some(child)), port_file, began: Instant::now() })
    }

    /// Starts a server and waits until it is ready.
    pub(crate) async fn start(&self) -> anyhow::Result<Server> {
        self.spawn()?.ready().await
    }
}

fn is_setting(name: &std::ffi::OsStr) -> bool {
    name.to_string_lossy().starts_with("BULKWRIGHT_")
}

/// A server on its way.
pub(crate) struct Starting {
    process: Process,
    port_file: PathBuf,
    began: Instant,
}

impl Starting {
    pub(crate) async fn ready(mut self) -> anyhow::Result<Server> {
        while self.began.elapsed() < START_MAX {
            match fs_err::read_to_string(&self.port_file) {
                Ok(text) if text.ends_with('\n') => {
                    let url = Url::parse(&format!("http://{}", text.trim_end()))?;
                    return Ok(Server { process: self.process, url, ready: Instant::now() });
                }
                Err(error) if error.kind() != ErrorKind::NotFound => return Err(error.into()),
                _ => {}
            }
            if let Some(status) = self.process.ended()? {
                bail!("the server ended while it started: {status}");
            }
            tokio::time::sleep(LOOK).await;
        }
        bail!("the server was not ready after {} s", START_MAX.as_secs())
    }

    pub(crate) fn kill(self) {
        drop(self.process);
    }
}

/// A server that is ready.
pub(crate) struct Server {
    process: Process,
    url: Url,
    ready: Instant,
}

impl Server {
    pub(crate) fn url(&self) -> &Url {
        &self.url
    }

    /// When its port file was seen.
    pub(crate) fn ready_since(&self) -> Instant {
        self.ready
    }

    /// SIGKILL; it is gone when this returns.
    pub(crate) fn kill(self) {
        drop(self.process);
    }

    /// SIGTERM, and the time until it has ended.
    pub(crate) async fn terminate(mut self, patience: Duration) -> anyhow::Result<(ExitStatus, Duration)> {
        let began = Instant::now();
        self.process.terminate()?;
        while began.elapsed() < patience {
            if let Some(status) = self.process.ended()? {
                return Ok((status, began.elapsed()));
            }
            tokio::time::sleep(LOOK).await;
        }
        bail!("the server had not ended {} s after SIGTERM", patience.as_secs())
    }

    /// Ends it in order, and insists on exit code 0.
    pub(crate) async fn stop(self) -> anyhow::Result<()> {
        let (status, _) = self.terminate(START_MAX).await?;
        if status.success() { Ok(()) } else { bail!("the server ended with {status}") }
    }
}

/// A process of ours: it does not outlive this value.
struct Process(Option<Child>);

impl Process {
    fn ended(&mut self) -> anyhow::Result<Option<ExitStatus>> {
        match &mut self.0 {
            Some(child) => Ok(child.try_wait()?),
            None => Ok(None),
        }
    }

    fn terminate(&self) -> anyhow::Result<()> {
        let child = self.0.as_ref().context("the server is gone")?;
        Ok(kill_process(Pid::from_child(child), Signal::TERM)?)
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        if let Some(mut child) = self.0.take() {
            // One that has ended already needs no signal.
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}
