//! `serve` and `dev`.

use std::path::Path;

use bulkwright_client::Exit;
use bulkwright_server::{CREDENTIALS_FILE, Config, Mode, Running, Server, dev as documented};
use tokio_util::sync::CancellationToken;

use super::in_runtime;
use crate::allocator;
use crate::args::{DevArgs, ServeArgs};
use crate::config::{Resolved, Settings};
use crate::exit::Failure;
use crate::logging;
use crate::own_server::failure;
use crate::signals::stop_on_signal;
use crate::ui::Ui;

/// Serves the API over a data directory until a signal ends it.
pub(crate) fn serve(args: &ServeArgs, ui: &Ui) -> Result<Exit, Failure> {
    let resolved = Resolved::read(args.configuration.config.as_deref(), &args.flags)?;
    if args.configuration.print_config {
        return Ok(print(&resolved, ui));
    }
    allocator::settle();
    start_log(&resolved.settings, ui);
    let Settings { data, server, .. } = resolved.settings;
    in_runtime(async {
        let stop = stop_on_signal(stopping);
        let running = start(Config { mode: Mode::Serve { data: data.clone() }, ..server }).await?;
        ui.answer(&format!("Bulkwright serves the Bulk Write API at {}", running.base_url()));
        ui.answer(&format!("data:         {}", data.display()));
        ui.answer(&format!("credentials:  {}", data.join(CREDENTIALS_FILE).display()));
        ui.answer("stop:         Ctrl-C, or SIGTERM");
        until_stopped(running, &stop).await
    })
}

/// The same over a temporary store, with credentials that stand in the documentation.
pub(crate) fn dev(args: &DevArgs, ui: &Ui) -> Result<Exit, Failure> {
    let resolved = Resolved::read(args.configuration.config.as_deref(), &args.flags)?;
    if args.configuration.print_config {
        return Ok(print(&resolved, ui));
    }
    start_log(&resolved.settings, ui);
    in_runtime(async {
        let config = Config { mode: Mode::Dev, ..resolved.settings.server };
        let ca_file = config.dev_tls.then(|| config.tls_ca_file.clone());
        let stop = stop_on_signal(stopping);
        let running = start(config).await?;
        let ca_file = ca_file.map(|path| std::path::absolute(&path).unwrap_or(path));
        for line in for_newcomers(running.base_url(), ca_file.as_deref()) {
            ui.answer(&line);
        }
        until_stopped(running, &stop).await
    })
}

fn print(resolved: &Resolved, ui: &Ui) -> Exit {
    ui.answer_bytes(resolved.print().as_bytes());
    Exit::Done
}

fn start_log(settings: &Settings, ui: &Ui) {
    logging::start_for_server(settings.log_format, settings.log_level, ui.quiet, ui.verbose);
}

async fn start(config: Config) -> Result<Running, Failure> {
    Server::start(config).await.map_err(|error| failure(&error))
}

/// Told by the log: what stands on stderr beside it would be no line of JSON.
fn stopping() {
    tracing::info!("stopping: requests in flight are answered, then this ends");
}

async fn until_stopped(running: Running, stop: &CancellationToken) -> Result<Exit, Failure> {
    stop.cancelled().await;
    running.stop().await;
    Ok(Exit::Done)
}

/// All that a newcomer needs, in ten lines; with a certificate of this run, how to trust it, in three more.
fn for_newcomers(base: &str, ca_file: Option<&Path>) -> Vec<String> {
    let token = documented::ACCESS_TOKEN;
    let cacert = ca_file.map(|path| format!("--cacert {} ", path.display())).unwrap_or_default();
    let mut lines = vec![
        format!("Bulkwright dev serves the Bulk Write API at {base} (nothing is kept)"),
        format!("base, upload and accounts URL:  {base}"),
        format!("zgid (X-CRM-ORG):               {}", documented::ZGID),
        format!("client id:                      {}", documented::CLIENT_ID),
        format!("client secret:                  {}", documented::CLIENT_SECRET),
        format!("refresh token:                  {}", documented::REFRESH_TOKEN),
        format!("access token, all scopes:       {token}"),
        format!("access token, no bulk scopes:   {}", documented::ACCESS_TOKEN_WITHOUT_BULK),
    ];
    lines.extend(ca_file.map(to_trust).into_iter().flatten());
    lines.push(format!(
        "try:   curl {cacert}-H 'Authorization: Zoho-oauthtoken {token}' {base}/crm/bulk/v2.1/write/{}",
        documented::JOB
    ));
    lines.push("stop:  Ctrl-C".to_owned());
    lines
}

fn to_trust(ca_file: &Path) -> [String; 3] {
    let hosts: Vec<&str> = documented::vendor_hosts().collect();
    [
        format!("CA certificate of this run:     {}", ca_file.display()),
        "trust it by:                    curl --cacert, bulkwright --ca-cert, or the variable SSL_CERT_FILE, \
         REQUESTS_CA_BUNDLE (Python) or NODE_EXTRA_CA_CERTS (Node)"
            .to_owned(),
        format!("hosts file, for port 443:       127.0.0.1 {} (and those of .eu, .in, …)", hosts.join(" ")),
    ]
}
