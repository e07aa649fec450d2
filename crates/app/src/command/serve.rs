//! `serve` and `dev`.

use bulkwright_client::Exit;
use bulkwright_engine::limits::Limits;
use bulkwright_server::{CREDENTIALS_FILE, Config, Running, Server, dev as documented};

use crate::args::{LimitsChoice, ServeArgs, ServerArgs};
use crate::exit::Failure;
use crate::own_server::failure;
use crate::signals::stop_on_signal;
use crate::ui::Ui;

/// Serves the API over a data directory until a signal ends it.
pub(crate) async fn serve(args: &ServeArgs, ui: &Ui) -> Result<Exit, Failure> {
    let running = start(&args.server, Config::serve(args.data.clone())).await?;
    ui.answer(&format!("Bulkwright serves the Bulk Write API at {}", running.base_url()));
    ui.answer(&format!("data:         {}", args.data.display()));
    ui.answer(&format!("credentials:  {}", args.data.join(CREDENTIALS_FILE).display()));
    ui.answer("stop:         Ctrl-C, or SIGTERM");
    until_signal(running, ui).await
}

/// The same over a temporary store, with credentials that stand in the documentation.
pub(crate) async fn dev(args: &ServerArgs, ui: &Ui) -> Result<Exit, Failure> {
    let running = start(args, Config::dev()).await?;
    for line in for_newcomers(running.base_url()) {
        ui.answer(&line);
    }
    until_signal(running, ui).await
}

async fn start(args: &ServerArgs, config: Config) -> Result<Running, Failure> {
    let limits = match args.limits {
        LimitsChoice::Vendor => Limits::default(),
        LimitsChoice::None => Limits::lifted(),
    };
    let config = Config {
        listen: args.listen,
        public_url: args.public_url.clone(),
        port_file: args.port_file.clone(),
        limits,
        ..config
    };
    Server::start(config).await.map_err(|error| failure(&error))
}

async fn until_signal(running: Running, ui: &Ui) -> Result<Exit, Failure> {
    let talk = ui.clone();
    let stop = stop_on_signal(move || talk.talk("Stopping: requests in flight are answered, then this ends"));
    stop.cancelled().await;
    running.stop().await;
    Ok(Exit::Done)
}

/// All that a newcomer needs, in ten lines.
fn for_newcomers(base: &str) -> [String; 10] {
    let token = documented::ACCESS_TOKEN;
    [
        format!("Bulkwright dev serves the Bulk Write API at {base} (nothing is kept)"),
        format!("base, upload and accounts URL:  {base}"),
        format!("zgid (X-CRM-ORG):               {}", documented::ZGID),
        format!("client id:                      {}", documented::CLIENT_ID),
        format!("client secret:                  {}", documented::CLIENT_SECRET),
        format!("refresh token:                  {}", documented::REFRESH_TOKEN),
        format!("access token, all scopes:       {token}"),
        format!("access token, no bulk scopes:   {}", documented::ACCESS_TOKEN_WITHOUT_BULK),
        format!(
            "try:   curl -H 'Authorization: Zoho-oauthtoken {token}' {base}/crm/bulk/v2.1/write/{}",
            documented::JOB
        ),
        "stop:  Ctrl-C".to_owned(),
    ]
}
