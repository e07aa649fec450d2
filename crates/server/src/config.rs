//! What a server is told when it starts.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

use bulkwright_engine::limits::Limits;
use bulkwright_store::failure::FailurePoints;
use ipnet::IpNet;
use url::Url;

use crate::{Clock, NameLookup, Randomness};

/// Where `serve` and `dev` listen unless told otherwise.
const DEFAULT_ADDRESS: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::LOCALHOST), 8080);
/// How long uploads, results and finished jobs are kept unless told otherwise (contract 12, row 20).
const DEFAULT_LIFETIME: Duration = Duration::from_secs(7 * 24 * 3600);
/// How long an answer is kept for repeats of its request unless told otherwise.
const DEFAULT_ANSWER_LIFETIME: Duration = Duration::from_secs(24 * 3600);
/// Seconds between a callback's attempts unless told otherwise: the schedule of the Standard Webhooks specification.
const DEFAULT_CALLBACK_SECONDS: [u64; 10] =
    [0, 5, 5 * 60, 30 * 60, 2 * 3600, 5 * 3600, 10 * 3600, 14 * 3600, 20 * 3600, 24 * 3600];

/// Bytes that stay free unless told otherwise: some chunks with their keys and journal.
const DEFAULT_DISK_FREE: u64 = 256_000_000;

/// Everything a server is told.
#[derive(Clone, Debug)]
pub struct Config {
    /// Which server, over which data.
    pub mode: Mode,
    /// Where to listen; port 0 takes a free one.
    pub listen: SocketAddr,
    /// The base of links in answers; the bound address if absent.
    pub public_url: Option<Url>,
    /// PEM file of the certificate with its chain; without it and its key, requests come in the clear.
    pub tls_cert: Option<PathBuf>,
    /// PEM file of the certificate's key.
    pub tls_key: Option<PathBuf>,
    /// The time between two looks whether those two files have changed.
    pub tls_check_interval: Duration,
    /// Whether `dev` makes an authority and a certificate for this run.
    pub dev_tls: bool,
    /// A file that gets the certificate of that authority.
    pub tls_ca_file: PathBuf,
    /// Whether all connections come from a proxy that speaks TLS in this server's place.
    pub behind_proxy: bool,
    /// A file that gets `ADDRESS:PORT` and a line feed once the server is ready.
    pub port_file: Option<PathBuf>,
    /// Bounds of uploads and jobs.
    pub limits: Limits,
    /// Bounds of connections and requests.
    pub connections: ConnectionLimits,
    /// Networks that callbacks may be sent to although they are not public (contract 12, row 48).
    pub callback_allow: Vec<IpNet>,
    /// The waits before a callback's first attempt, its second, and so on. After the last one it is given up.
    pub callback_schedule: Vec<Duration>,
    /// Time one attempt at a callback may take.
    pub callback_timeout: Duration,
    /// Who is asked for the addresses of a callback's host.
    pub callback_lookup: NameLookup,
    /// The file of modules of one's own; without it, those that the data directory keeps hold.
    pub modules: Option<PathBuf>,
    /// How long an upload is kept.
    pub upload_lifetime: Duration,
    /// How long a result is kept once its job has ended.
    pub result_lifetime: Duration,
    /// How long a job is kept once it has ended.
    pub job_lifetime: Duration,
    /// How long an answer is kept for repeats of its request under an `Idempotency-Key`.
    pub answer_lifetime: Duration,
    /// The time between two looks for what has outlived its time.
    pub sweep_interval: Duration,
    /// Bytes that stay free on the disk of the data: below them uploads are refused, below half of them jobs wait.
    pub disk_free_min: u64,
    /// What time it is.
    pub clock: Clock,
    /// What spreads the waits between a callback's attempts.
    pub randomness: Randomness,
    /// Where tests make the server fail.
    pub failure_points: FailurePoints,
}

/// Which server, over which data.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Mode {
    /// The real thing, over a data directory that is kept.
    Serve {
        /// The data directory; made if it is not there.
        data: PathBuf,
    },
    /// Documented credentials and a seeded job over a store that goes with the process.
    Dev,
}

impl Config {
    /// The defaults of `serve` over a data directory.
    pub fn serve(data: PathBuf) -> Self {
        Config::of(Mode::Serve { data })
    }

    /// The defaults of `dev`.
    pub fn dev() -> Self {
        Config::of(Mode::Dev)
    }

    /// Whether TLS is asked for.
    pub(crate) fn has_tls(&self) -> bool {
        self.tls_cert.is_some() || self.tls_key.is_some() || (self.dev_tls && self.mode == Mode::Dev)
    }

    fn of(mode: Mode) -> Self {
        Config {
            mode,
            listen: DEFAULT_ADDRESS,
            public_url: None,
            tls_cert: None,
            tls_key: None,
            tls_check_interval: Duration::from_secs(10),
            dev_tls: false,
            tls_ca_file: PathBuf::from("./bulkwright-dev-ca.pem"),
            behind_proxy: false,
            port_file: None,
            limits: Limits::default(),
            connections: ConnectionLimits::default(),
            callback_allow: Vec::new(),
            callback_schedule: DEFAULT_CALLBACK_SECONDS.map(Duration::from_secs).to_vec(),
            callback_timeout: Duration::from_secs(20),
            callback_lookup: NameLookup::system(),
            modules: None,
            upload_lifetime: DEFAULT_LIFETIME,
            result_lifetime: DEFAULT_LIFETIME,
            job_lifetime: DEFAULT_LIFETIME,
            answer_lifetime: DEFAULT_ANSWER_LIFETIME,
            sweep_interval: Duration::from_secs(3600),
            disk_free_min: DEFAULT_DISK_FREE,
            clock: Clock::system(),
            randomness: Randomness::system(),
            failure_points: FailurePoints::default(),
        }
    }
}

/// Bounds of everything that is fed from outside through a connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConnectionLimits {
    /// Connections at the same time; past it the one that is idle longest is closed, and if none is, more wait to be
    /// accepted.
    pub connections_max: usize,
    /// Connections of one client address; more are closed at once. Loopback is never counted.
    pub connections_per_address_max: usize,
    /// Time for all headers of a request; of the first one, from when the connection was accepted, with the handshake.
    pub header_time_max: Duration,
    /// Time for a connection to say nothing between two requests: longer than clients wait between two looks at a job.
    pub idle_time_max: Duration,
    /// Headers of a request.
    pub headers_max: usize,
    /// Bytes of a request's head.
    pub header_bytes_max: usize,
    /// Bytes of path and query.
    pub url_bytes_max: usize,
    /// Time without a byte of a body that is expected.
    pub body_idle_max: Duration,
    /// Time waited for a body before its rate is asked about.
    pub body_grace: Duration,
    /// Bytes a second that a body must come with on average after the grace.
    pub body_rate_min: u64,
    /// Time from a request's head to its answer; uploads are not counted, their rate is.
    pub request_time_max: Duration,
    /// Time a repeat waits for the first request under its `Idempotency-Key` to end.
    pub repeat_wait_max: Duration,
    /// Time without progress in sending an answer.
    pub write_stall_max: Duration,
    /// Bytes of a JSON body or a form.
    pub json_bytes_max: usize,
    /// Nested arrays and objects of a JSON body.
    pub json_depth_max: usize,
    /// Bytes of a refused body that are read on so that the client sees why.
    pub drain_bytes_max: u64,
    /// Time for that.
    pub drain_time_max: Duration,
    /// Uploads of one organisation at the same time.
    pub uploads_per_org_max: usize,
    /// Time for requests in flight to end once the server stops.
    pub shutdown_time_max: Duration,
}

impl Default for ConnectionLimits {
    fn default() -> Self {
        ConnectionLimits {
            connections_max: 1024,
            connections_per_address_max: 256,
            header_time_max: Duration::from_secs(10),
            idle_time_max: Duration::from_secs(75),
            headers_max: 64,
            header_bytes_max: 16 * 1024,
            url_bytes_max: 8 * 1024,
            body_idle_max: Duration::from_secs(30),
            body_grace: Duration::from_secs(10),
            body_rate_min: 10_000,
            request_time_max: Duration::from_secs(300),
            repeat_wait_max: Duration::from_secs(30),
            write_stall_max: Duration::from_secs(30),
            json_bytes_max: 1_000_000,
            json_depth_max: 32,
            drain_bytes_max: 64 << 20,
            drain_time_max: Duration::from_secs(30),
            uploads_per_org_max: 64,
            shutdown_time_max: Duration::from_secs(30),
        }
    }
}
