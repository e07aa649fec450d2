//! The settings of the server: one row each.

use std::ops::RangeInclusive;
use std::sync::LazyLock;

use super::kind::{
    Address, BaseUrl, Choice, Count, Directory, Given, Kind, Networks, OptionalFile, OrNone, Problem, Size, Switch,
    Time, Times,
};
use super::{Preset, Settings};
use crate::logging::{LEVELS, LogFormat};

/// One setting.
pub(super) struct Setting {
    /// The table of the file that it stands in.
    pub(super) table: &'static str,
    pub(super) key: &'static str,
    /// The environment variable: of the flag's name if there is one, else of table and key.
    pub(super) variable: String,
    pub(super) flag: Option<Flag>,
    pub(super) read: fn(&mut Settings, &Given) -> Result<(), Problem>,
    /// The value as it is written in the file.
    pub(super) show: fn(&Settings) -> String,
}

/// A setting's flag on the command line. Its help is the first line over the setting in the default file.
pub(super) struct Flag {
    pub(super) name: &'static str,
    pub(super) value_name: &'static str,
    pub(super) commands: Commands,
    pub(super) repeats: Repeats,
    /// What the flag means without a value; `None` if it has to have one.
    pub(super) alone: Option<&'static str>,
}

/// Which commands have the flag.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Commands {
    ServeAndDev,
    Serve,
    Dev,
}

/// Whether a flag may be given several times.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Repeats {
    No,
    Yes,
}

/// Every setting. Within a source they are read in this order.
pub(super) static SETTINGS: LazyLock<Vec<Setting>> = LazyLock::new(|| {
    let mut settings = server();
    settings.extend(limits());
    settings.extend(connections());
    settings
});

/// The tables of the file.
pub(super) fn tables() -> impl Iterator<Item = &'static str> {
    [SERVER, LIMITS, CONNECTIONS].into_iter()
}

const SERVER: &str = "server";
const LIMITS: &str = "server.limits";
const CONNECTIONS: &str = "server.connections";

/// Times in milliseconds.
const DAY: u64 = 24 * 3_600_000;
const YEAR: u64 = 365 * DAY;
/// Of a request or a connection.
const SHORT_TIME: RangeInclusive<u64> = 1..=DAY;
/// Of things that are kept.
const LIFETIME: RangeInclusive<u64> = 60_000..=100 * YEAR;
/// The store counts in 63 bits, and so does the file.
const NUMBER_MAX: u64 = i64::MAX as u64;
/// Attempts at a callback.
const ATTEMPTS: RangeInclusive<u64> = 1..=100;
/// Connections and open uploads that a process can have files for.
const OPEN_MAX: u64 = 1_000_000;

/// A row: how the field is read, and where it is.
macro_rules! setting {
    ($table:ident, $key:literal, $kind:expr, $($field:ident).+) => {
        Setting {
            table: $table,
            key: $key,
            variable: variable_of($table, $key),
            flag: None,
            read: |settings, given| {
                settings.$($field).+ = $kind.read(given)?;
                Ok(())
            },
            show: |settings| $kind.show(&settings.$($field).+),
        }
    };
}

fn server() -> Vec<Setting> {
    vec![
        setting!(SERVER, "listen", Address, server.listen).flag("listen", "ADDRESS:PORT"),
        setting!(SERVER, "data", Directory, data).flag("data", "DIR").of_serve_alone(),
        setting!(SERVER, "modules", OptionalFile, server.modules).flag("modules", "FILE"),
        setting!(SERVER, "public_url", BaseUrl, server.public_url).flag("public-url", "URL"),
        setting!(SERVER, "tls_cert", OptionalFile, server.tls_cert).flag("tls-cert", "FILE"),
        setting!(SERVER, "tls_key", OptionalFile, server.tls_key).flag("tls-key", "FILE"),
        setting!(SERVER, "tls_check_interval", Time(1_000..=DAY), server.tls_check_interval),
        setting!(SERVER, "behind_proxy", Switch, server.behind_proxy).flag("behind-proxy", "BOOL").switched(),
        setting!(SERVER, "dev_tls", Switch, server.dev_tls).flag("tls", "BOOL").switched().of_dev_alone(),
        setting!(SERVER, "tls_ca_file", Directory, server.tls_ca_file).flag("tls-ca-file", "FILE").of_dev_alone(),
        setting!(SERVER, "port_file", OptionalFile, server.port_file).flag("port-file", "FILE"),
        setting!(SERVER, "log_format", Choice(LogFormat::WORDS), log_format).flag("log-format", "FORMAT"),
        setting!(SERVER, "log_level", Choice(LEVELS), log_level).flag("log-level", "LEVEL"),
        setting!(SERVER, "upload_lifetime", Time(LIFETIME), server.upload_lifetime),
        setting!(SERVER, "result_lifetime", Time(LIFETIME), server.result_lifetime),
        setting!(SERVER, "job_lifetime", Time(LIFETIME), server.job_lifetime),
        setting!(SERVER, "answer_lifetime", Time(LIFETIME), server.answer_lifetime),
        setting!(SERVER, "sweep_interval", Time(1_000..=YEAR), server.sweep_interval),
        setting!(SERVER, "disk_free_min", Size(0..=NUMBER_MAX), server.disk_free_min).flag("disk-free-min", "SIZE"),
        setting!(SERVER, "callback_allow", Networks, server.callback_allow).flag("callback-allow", "CIDR").repeated(),
        setting!(
            SERVER,
            "callback_schedule",
            Times { each: Time(0..=YEAR), count: ATTEMPTS },
            server.callback_schedule
        ),
        setting!(SERVER, "callback_timeout", Time(SHORT_TIME), server.callback_timeout),
    ]
}

fn limits() -> Vec<Setting> {
    vec![
        preset(),
        setting!(LIMITS, "rows_max", OrNone(Count(1..=NUMBER_MAX)), server.limits.rows_max),
        setting!(LIMITS, "zip_bytes_max", OrNone(Size(1..=NUMBER_MAX)), server.limits.zip_bytes_max),
        setting!(LIMITS, "csv_bytes_max", OrNone(Size(1..=NUMBER_MAX)), server.limits.csv_bytes_max),
        setting!(LIMITS, "ratio_max", OrNone(Count(1..=NUMBER_MAX)), server.limits.ratio_max),
        setting!(LIMITS, "time_max", OrNone(Time(1_000..=YEAR)), server.limits.time_max),
        setting!(LIMITS, "ratio_free_bytes", Size(0..=NUMBER_MAX), server.limits.ratio_free_bytes),
        setting!(LIMITS, "columns_max", Count(1..=10_000), server.limits.columns_max),
        setting!(LIMITS, "entries_max", Count(1..=65_535), server.limits.entries_max),
        setting!(LIMITS, "cell_bytes_max", Size(1 << 10..=1 << 26), server.limits.cell_bytes_max),
        setting!(LIMITS, "chunk_bytes_max", Size(1 << 16..=1 << 30), server.limits.chunk_bytes_max),
    ]
}

/// The preset sets other settings; it is read before them, so that one that is given beside it holds.
fn preset() -> Setting {
    const PRESETS: Choice<Preset> = Choice(&[("vendor", Preset::Vendor), ("none", Preset::None)]);
    let setting = Setting {
        table: LIMITS,
        key: "preset",
        variable: String::new(),
        flag: None,
        read: |settings, given| {
            settings.set_preset(PRESETS.read(given)?);
            Ok(())
        },
        show: |settings| PRESETS.show(&settings.preset),
    };
    setting.flag("limits", "PRESET")
}

fn connections() -> Vec<Setting> {
    // hyper takes no smaller buffer for a head than 8 KiB.
    const HEAD: RangeInclusive<u64> = 8 << 10..=1 << 20;
    const BODY: RangeInclusive<u64> = 1 << 10..=1 << 30;
    // serde_json goes no deeper than 127.
    const DEPTH: RangeInclusive<u64> = 4..=127;
    vec![
        setting!(CONNECTIONS, "connections_max", Count(1..=OPEN_MAX), server.connections.connections_max),
        setting!(
            CONNECTIONS,
            "connections_per_address_max",
            Count(1..=OPEN_MAX),
            server.connections.connections_per_address_max
        ),
        setting!(CONNECTIONS, "header_time_max", Time(SHORT_TIME), server.connections.header_time_max),
        setting!(CONNECTIONS, "idle_time_max", Time(SHORT_TIME), server.connections.idle_time_max),
        setting!(CONNECTIONS, "headers_max", Count(8..=1_000), server.connections.headers_max),
        setting!(CONNECTIONS, "header_bytes_max", Size(HEAD), server.connections.header_bytes_max),
        setting!(CONNECTIONS, "url_bytes_max", Size(256..=1 << 20), server.connections.url_bytes_max),
        setting!(CONNECTIONS, "body_idle_max", Time(SHORT_TIME), server.connections.body_idle_max),
        setting!(CONNECTIONS, "body_grace", Time(0..=DAY), server.connections.body_grace),
        setting!(CONNECTIONS, "body_rate_min", Size(0..=1 << 30), server.connections.body_rate_min),
        setting!(CONNECTIONS, "request_time_max", Time(SHORT_TIME), server.connections.request_time_max),
        setting!(CONNECTIONS, "repeat_wait_max", Time(SHORT_TIME), server.connections.repeat_wait_max),
        setting!(CONNECTIONS, "write_stall_max", Time(SHORT_TIME), server.connections.write_stall_max),
        setting!(CONNECTIONS, "json_bytes_max", Size(BODY), server.connections.json_bytes_max),
        setting!(CONNECTIONS, "json_depth_max", Count(DEPTH), server.connections.json_depth_max),
        setting!(CONNECTIONS, "drain_bytes_max", Size(0..=NUMBER_MAX), server.connections.drain_bytes_max),
        setting!(CONNECTIONS, "drain_time_max", Time(SHORT_TIME), server.connections.drain_time_max),
        setting!(CONNECTIONS, "uploads_per_org_max", Count(1..=OPEN_MAX), server.connections.uploads_per_org_max),
        setting!(CONNECTIONS, "shutdown_time_max", Time(0..=DAY), server.connections.shutdown_time_max),
    ]
}

impl Setting {
    fn flag(self, name: &'static str, value_name: &'static str) -> Self {
        let flag = Flag { name, value_name, commands: Commands::ServeAndDev, repeats: Repeats::No, alone: None };
        Setting { flag: Some(flag), variable: variable_named(name), ..self }
    }

    fn of_serve_alone(self) -> Self {
        let flag = self.flag.map(|flag| Flag { commands: Commands::Serve, ..flag });
        Setting { flag, ..self }
    }

    fn of_dev_alone(self) -> Self {
        let flag = self.flag.map(|flag| Flag { commands: Commands::Dev, ..flag });
        Setting { flag, ..self }
    }

    fn switched(self) -> Self {
        let flag = self.flag.map(|flag| Flag { alone: Some("true"), ..flag });
        Setting { flag, ..self }
    }

    fn repeated(self) -> Self {
        let flag = self.flag.map(|flag| Flag { repeats: Repeats::Yes, ..flag });
        Setting { flag, ..self }
    }
}

/// `server.limits` and `rows_max` become `BULKWRIGHT_LIMITS_ROWS_MAX`.
fn variable_of(table: &str, key: &str) -> String {
    let inner = table.strip_prefix(SERVER).unwrap_or(table).trim_start_matches('.');
    variable_named(format!("{inner} {key}").trim_start())
}

fn variable_named(name: &str) -> String {
    format!("BULKWRIGHT_{}", name.replace(['-', ' '], "_").to_uppercase())
}
