//! Running the program in a folder of its own.

use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;

pub(crate) const DEV_TOKEN: &str = "1000.bulkwright-dev-access";

/// The longest a start or an end may take before a test gives up.
const PATIENCE: Duration = Duration::from_secs(60);

/// A folder that the program runs in.
pub(crate) struct Place {
    folder: TempDir,
}

/// What a run of the program left.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Ran {
    /// Ends the test with everything that was said unless the exit code is this one.
    #[track_caller]
    pub(crate) fn ends(self, code: i32) -> Self {
        assert_eq!(self.code, code, "stdout:\n{}\nstderr:\n{}", self.out, self.err);
        self
    }

    /// The last line of stderr: where failures say what they are.
    pub(crate) fn last_words(&self) -> &str {
        self.err.lines().last().unwrap_or_default()
    }

    pub(crate) fn job(&self) -> &str {
        let jobs = self.out.lines().find_map(|line| line.strip_prefix("jobs:")).expect("the summary names the job");
        jobs.trim()
    }
}

impl Place {
    pub(crate) fn new() -> Self {
        Place { folder: tempfile::tempdir().unwrap() }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn write(&self, name: &str, content: impl AsRef<[u8]>) -> &Self {
        fs_err::write(self.path(name), content).unwrap();
        self
    }

    pub(crate) fn read(&self, name: &str) -> String {
        fs_err::read_to_string(self.path(name)).unwrap()
    }

    /// Names of everything in the folder, in order.
    pub(crate) fn names(&self) -> Vec<String> {
        let entries = fs_err::read_dir(self.folder.path()).unwrap();
        let mut names: Vec<String> = entries.map(|one| one.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let binary =
            std::env::var_os("BULKWRIGHT_BIN").map_or_else(|| env!("CARGO_BIN_EXE_bulkwright").into(), PathBuf::from);
        let mut command = Command::new(binary);
        let foreign = std::env::vars().map(|(name, _)| name).filter(|name| name.starts_with("BULKWRIGHT_"));
        foreign.for_each(|name| {
            command.env_remove(name);
        });
        command.current_dir(self.folder.path()).args(arguments).env("TZ", "UTC").stdin(Stdio::null());
        command
    }

    pub(crate) fn run(&self, arguments: &[&str]) -> Ran {
        ran(self.command(arguments).output().unwrap())
    }

    pub(crate) fn run_with_token(&self, token: &str, arguments: &[&str]) -> Ran {
        ran(self.command(arguments).env("BULKWRIGHT_TOKEN", token).output().unwrap())
    }

    /// Rows of a CSV without its header, each as a map from column to cell.
    pub(crate) fn table(&self, name: &str) -> Vec<Row> {
        let mut csv = csv::ReaderBuilder::new().flexible(true).from_path(self.path(name)).unwrap();
        let header = csv.headers().unwrap().clone();
        csv.records().map(|row| Row { header: header.clone(), cells: row.unwrap() }).collect()
    }

    /// Starts `dev` on a free port.
    pub(crate) fn dev(&self) -> Serving {
        self.start(&["dev"])
    }

    /// Starts a server on a free port and waits until it answers.
    pub(crate) fn start(&self, arguments: &[&str]) -> Serving {
        self.start_with(arguments, &[])
    }

    /// The same with variables of its own.
    pub(crate) fn start_with(&self, arguments: &[&str], variables: &[(&str, &str)]) -> Serving {
        self.spawn(arguments, variables, Stdio::null())
    }

    /// The same, with the log in a file.
    pub(crate) fn start_logging(&self, arguments: &[&str], log: &str) -> Serving {
        self.start_logging_to(arguments, self.path(log))
    }

    /// The same, with the log in a file that may be anywhere.
    pub(crate) fn start_logging_to(&self, arguments: &[&str], log: impl Into<PathBuf>) -> Serving {
        let log = fs_err::File::create(log).unwrap();
        self.spawn(arguments, &[], log.into_parts().0.into())
    }

    fn spawn(&self, arguments: &[&str], variables: &[(&str, &str)], log: Stdio) -> Serving {
        let port_file = self.path("port.txt");
        let _ = fs_err::remove_file(&port_file);
        let port = ["--listen", "127.0.0.1:0", "--port-file", "port.txt"];
        let mut command = self.command(&[arguments, &port].concat());
        command.envs(variables.iter().copied());
        let child = command.stdout(Stdio::piped()).stderr(log).spawn().unwrap();
        let mut serving = Serving { child, url: String::new() };
        let address = wait_for(|| fs_err::read_to_string(&port_file).ok().filter(|text| text.ends_with('\n')));
        serving.url = format!("http://{}", address.trim_end());
        serving
    }
}

/// A row of a CSV.
pub(crate) struct Row {
    header: csv::StringRecord,
    cells: csv::StringRecord,
}

impl Row {
    pub(crate) fn get(&self, column: &str) -> &str {
        let at = self.header.iter().position(|name| name == column).unwrap_or_else(|| panic!("no column {column}"));
        &self.cells[at]
    }

    pub(crate) fn cells(&self) -> Vec<&str> {
        self.cells.iter().collect()
    }
}

/// A server of the program. It is killed by its own id when the test ends, however it ends.
pub(crate) struct Serving {
    child: Child,
    pub(crate) url: String,
}

impl Serving {
    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    pub(crate) fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Asks it to end and gives its exit code and what it printed.
    pub(crate) fn end(mut self) -> (i32, String) {
        signal(self.pid(), "TERM");
        let status = wait_for(|| self.child.try_wait().unwrap());
        let mut printed = String::new();
        self.child.stdout.take().unwrap().read_to_string(&mut printed).unwrap();
        (status.code().unwrap(), printed)
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

pub(crate) fn signal(pid: u32, name: &str) {
    assert!(Command::new("kill").args([&format!("-{name}"), &pid.to_string()]).status().unwrap().success());
}

/// Asks until there is an answer.
pub(crate) fn wait_for<T>(mut ask: impl FnMut() -> Option<T>) -> T {
    let until = Instant::now() + PATIENCE;
    loop {
        if let Some(answer) = ask() {
            return answer;
        }
        assert!(Instant::now() < until, "it took longer than {PATIENCE:?}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

pub(crate) fn ran(output: Output) -> Ran {
    Ran {
        code: output.status.code().unwrap_or(-1),
        out: String::from_utf8(output.stdout).unwrap(),
        err: String::from_utf8(output.stderr).unwrap(),
    }
}

/// One of the example files that the README loads.
pub(crate) fn example(name: &str) -> String {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples").join(name).to_str().unwrap().to_owned()
}
