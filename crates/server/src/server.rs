//! Starting and stopping.

use std::future::Future;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use bulkwright_engine::catalog::Catalog;
use bulkwright_store::model::SecretHash;
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::sync::Notify;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::accept;
use crate::access::random_hex;
use crate::config::{Config, Mode};
use crate::deliver::{self, Callbacks};
use crate::error::ServeError;
use crate::links::{Links, Scheme};
use crate::metrics::Metrics;
use crate::quota::Quotas;
use crate::start::credentials::Credentials;
use crate::start::own_modules::ModulesFile;
use crate::start::{self, listen, port_file};
use crate::state::{App, ROW_READERS_PER_ORG_MAX, RequestIds, Stores, Turns};
use crate::sweep::{self, Lifetimes, seconds};
use crate::throttle::Throttles;
use crate::tls::{self, Tls};
use crate::work;

/// Starts servers.
#[derive(Debug)]
pub struct Server;

/// A server that listens and works until it is stopped. Dropped, it ends without waiting for anything.
#[derive(Debug)]
pub struct Running {
    addr: SocketAddr,
    base_url: String,
    credentials: Option<Credentials>,
    draining: CancellationToken,
    accepting: JoinHandle<()>,
    working: JoinHandle<()>,
    delivering: JoinHandle<()>,
    sweeping: JoinHandle<()>,
    reloading: JoinHandle<()>,
    /// Held until the server has ended: a temporary store goes with it.
    _data: Data,
}

/// Serves until `shutdown` is done, then ends in order: requests in flight are answered, a running chunk is finished
/// or left for the next start.
///
/// # Errors
/// [`ServeError`] if it cannot start.
pub async fn run(config: Config, shutdown: impl Future<Output = ()>) -> Result<(), ServeError> {
    let running = Server::start(config).await?;
    tracing::info!(url = running.base_url(), "ready");
    shutdown.await;
    running.stop().await;
    Ok(())
}

impl Server {
    /// Opens the store, listens, and returns as soon as requests are answered. Nothing has been changed where it fails
    /// before the data directory was made.
    ///
    /// # Errors
    /// [`ServeError`], by what can be done about it.
    pub async fn start(config: Config) -> Result<Running, ServeError> {
        listen::check(&config)?;
        start::descriptors::raise(config.connections.connections_max);
        let tls = Tls::of(&config)?;
        if let Some(path) = &config.port_file {
            port_file::remove(path)?;
        }
        let modules = config.modules.as_deref().map(ModulesFile::read).transpose()?;
        let data = Data::of(&config.mode)?;
        let (store, catalog) = start::open_store(&data, modules, config.failure_points.clone()).await?;
        Server::over(store.into(), config, tls, data, catalog).await
    }

    /// Listens over a store that is open.
    pub(crate) async fn over(
        stores: Stores,
        config: Config,
        tls: Option<Tls>,
        data: Data,
        catalog: Arc<Catalog>,
    ) -> Result<Running, ServeError> {
        let listener = listen::bind(config.listen).await?;
        let addr = listen::address_of(&listener, config.listen)?;
        let links = Links::new(&config, Scheme::of(tls.as_ref()), addr)?;
        let scratch = start::scratch(&data)?;
        if config.mode == Mode::Dev {
            // The example job was made before a file of one's own demanded anything.
            let catalog = Arc::new(catalog.undemanding());
            let seeding = app(&config, stores.clone(), catalog, links.clone(), scratch.clone());
            start::dev::seed(&Arc::new(seeding)).await?;
        }
        let app = Arc::new(App { tls, ..app(&config, stores, catalog, links, scratch) });
        let credentials = match &config.mode {
            Mode::Serve { data } => start::first::credentials(&app, data).await?,
            Mode::Dev => Some(start::dev::credentials(&app)),
        };
        start::webhook_keys::complete(&app).await?;
        if let Some(known) = &credentials {
            let _ = app.admin_secret.set(SecretHash::of(&known.admin_secret));
        }
        if let Some(tls) = &app.tls {
            tls.publish(&config.tls_ca_file)?;
        }
        listen::warn(&config);
        let running = Running::begin(listener, addr, app, credentials, data);
        if let Some(path) = &config.port_file {
            port_file::write(path, addr)?;
        }
        Ok(running)
    }
}

impl Running {
    /// Where it listens.
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// The base of its URLs, without a slash at the end.
    pub fn base_url(&self) -> &str {
        &self.base_url
    }

    /// What opens it: the content of credentials.json, or the documented ones of `dev`. `None` if somebody has taken
    /// the file away since the first start: secrets are stored nowhere else.
    pub fn credentials(&self) -> Option<&Credentials> {
        self.credentials.as_ref()
    }

    /// Ends in order: no new connections, requests in flight are answered, a running chunk is finished or left for the
    /// next start.
    pub async fn stop(mut self) {
        self.draining.cancel();
        let tasks =
            [&mut self.accepting, &mut self.working, &mut self.delivering, &mut self.sweeping, &mut self.reloading];
        for task in tasks {
            if let Err(error) = task.await {
                tracing::error!(%error, "a part of the server ended early");
            }
        }
    }

    fn begin(
        listener: TcpListener,
        addr: SocketAddr,
        app: Arc<App>,
        credentials: Option<Credentials>,
        data: Data,
    ) -> Self {
        let draining = app.draining.clone();
        Running {
            addr,
            base_url: app.links.base().to_owned(),
            credentials,
            accepting: tokio::spawn(accept::serve(listener, app.clone(), draining.clone())),
            working: tokio::spawn(work::serve(app.clone())),
            delivering: tokio::spawn(deliver::serve(app.clone())),
            sweeping: tokio::spawn(sweep::serve(app.clone())),
            reloading: tokio::spawn(tls::reload::serve(app)),
            draining,
            _data: data,
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.draining.cancel();
    }
}

/// Where the data are.
#[derive(Debug)]
pub(crate) enum Data {
    Kept(PathBuf),
    Temporary(TempDir),
}

impl Data {
    /// Where they are.
    pub(crate) fn directory(&self) -> &Path {
        match self {
            Data::Kept(directory) => directory,
            Data::Temporary(directory) => directory.path(),
        }
    }

    fn of(mode: &Mode) -> Result<Self, ServeError> {
        match mode {
            Mode::Serve { data } => Ok(Data::Kept(data.clone())),
            Mode::Dev => {
                let made = tempfile::Builder::new().prefix("bulkwright-dev-").tempdir();
                let failed = |source| ServeError::Directory { path: std::env::temp_dir(), source };
                made.map(Data::Temporary).map_err(failed)
            }
        }
    }
}

/// What all parts share, over a store that is open.
pub(crate) fn app(config: &Config, stores: Stores, catalog: Arc<Catalog>, links: Links, scratch: PathBuf) -> App {
    App {
        store: stores.store,
        upkeep: stores.upkeep,
        catalog,
        clock: config.clock.clone(),
        limits: config.limits.clone(),
        lifetimes: Lifetimes::of(config),
        sweep_interval: config.sweep_interval,
        connections: config.connections.clone(),
        tls: None,
        tls_check_interval: config.tls_check_interval,
        behind_proxy: config.behind_proxy,
        links,
        callbacks: Callbacks::new(config),
        admin_secret: OnceLock::new(),
        mode: config.mode.clone(),
        throttles: Throttles::new(),
        administration: Default::default(),
        quotas: Quotas::default(),
        uploads: Turns::new(config.connections.uploads_per_org_max),
        row_readers: Turns::new(ROW_READERS_PER_ORG_MAX),
        in_progress: Arc::default(),
        answer_lifetime: seconds(config.answer_lifetime),
        disk_free_min: config.disk_free_min,
        data: match &config.mode {
            Mode::Serve { data } => Some(data.clone()),
            Mode::Dev => None,
        },
        scratch,
        work: Notify::new(),
        news: Arc::default(),
        request_ids: RequestIds::new(random_hex::<4>()),
        metrics: Metrics::new(),
        failure_points: config.failure_points.clone(),
        draining: CancellationToken::new(),
    }
}
