//! The accept loop: every connection is under limits from its first byte, and ends in order when the server does.

use std::collections::HashMap;
use std::convert::Infallible;
use std::net::{IpAddr, SocketAddr};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use http::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::config::ConnectionLimits;
use crate::gate::{self, Peer};
use crate::head_guard::{HeadGuard, Phase};
use crate::metrics::Open;
use crate::stall_guard::StallGuard;
use crate::state::App;

/// How long the loop rests when the system refuses a connection: it is out of file descriptors or memory.
const REST_AFTER_REFUSAL: Duration = Duration::from_millis(100);

/// Accepts until `draining` is cancelled, then waits for the requests in flight, at most for the limit's time.
pub(crate) async fn serve(listener: TcpListener, app: Arc<App>, draining: CancellationToken) {
    let limits = app.connections.clone();
    let slots = Arc::new(Semaphore::new(limits.connections_max));
    let accepting = Acceptor {
        app,
        slots,
        addresses: Arc::default(),
        connections: TaskTracker::new(),
        draining: draining.clone(),
        ending: CancellationToken::new(),
    };
    tokio::select! {
        () = draining.cancelled() => {}
        () = accepting.accept(&listener) => {}
    }
    drop(listener);
    accepting.finish(limits.shutdown_time_max).await;
}

struct Acceptor {
    app: Arc<App>,
    slots: Arc<Semaphore>,
    addresses: Arc<AddressCounts>,
    connections: TaskTracker,
    /// Requests in flight end, no new ones begin.
    draining: CancellationToken,
    /// Nothing is waited for any more.
    ending: CancellationToken,
}

impl Acceptor {
    async fn accept(&self, listener: &TcpListener) {
        loop {
            let Ok(slot) = self.slots.clone().acquire_owned().await else { return };
            match listener.accept().await {
                Ok((stream, peer)) => self.admit(stream, peer, slot),
                Err(error) => {
                    tracing::warn!(%error, "a connection could not be accepted");
                    tokio::time::sleep(REST_AFTER_REFUSAL).await;
                }
            }
        }
    }

    fn admit(&self, stream: TcpStream, peer: SocketAddr, slot: OwnedSemaphorePermit) {
        let most = self.app.connections.connections_per_address_max;
        let Some(counted) = self.addresses.clone().enter(peer.ip(), most) else {
            tracing::warn!(address = %peer.ip(), most, "too many connections of one address");
            return;
        };
        let open = Open::counted_by(&self.app.metrics.connections_open);
        let (app, draining, ending) = (self.app.clone(), self.draining.clone(), self.ending.clone());
        self.connections.spawn(async move {
            tokio::select! {
                () = ending.cancelled() => {}
                () = serve_connection(stream, peer, app, draining) => {}
            }
            drop((slot, counted, open));
        });
    }

    async fn finish(&self, time_max: Duration) {
        self.connections.close();
        if tokio::time::timeout(time_max, self.connections.wait()).await.is_err() {
            tracing::warn!(connections = self.connections.len(), "requests did not end in time and are cut");
            self.ending.cancel();
            self.connections.wait().await;
        }
    }
}

async fn serve_connection(stream: TcpStream, peer: SocketAddr, app: Arc<App>, draining: CancellationToken) {
    // Answers are written whole; waiting to fill a packet would only delay them.
    let _ = stream.set_nodelay(true);
    let builder = http_builder(&app.connections);
    let phase = Phase::default();
    let stream = StallGuard::new(stream, app.connections.write_stall_max);
    let io = TokioIo::new(HeadGuard::new(stream, phase.clone(), app.connections.header_time_max));
    let has_asked = Arc::new(AtomicBool::new(false));
    let asked = has_asked.clone();
    let service = service_fn(move |mut request: Request<Incoming>| {
        request.extensions_mut().insert(Peer(peer.ip()));
        let (app, phase) = (app.clone(), phase.clone());
        asked.store(true, Ordering::Relaxed);
        phase.request_begins();
        async move {
            let answer = gate::answer(&app, request).await;
            // The request's body is drained by now: what comes next is another head.
            phase.request_ends();
            Ok::<_, Infallible>(answer)
        }
    });
    let mut connection = std::pin::pin!(builder.serve_connection(io, service));
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        // Who has not asked anything yet is not waited for.
        () = draining.cancelled() => {
            if !has_asked.load(Ordering::Relaxed) {
                return;
            }
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = ended {
        tracing::debug!(%error, "a connection ended early");
    }
}

fn http_builder(limits: &ConnectionLimits) -> http1::Builder {
    let mut builder = http1::Builder::new();
    builder
        .timer(TokioTimer::new())
        .header_read_timeout(limits.idle_time_max)
        .max_headers(limits.headers_max)
        .max_buf_size(limits.header_bytes_max);
    builder
}

/// How many connections each address holds.
#[derive(Default)]
struct AddressCounts(Mutex<HashMap<IpAddr, usize>>);

/// One counted connection; gone, it is counted no more.
struct Counted {
    counts: Arc<AddressCounts>,
    address: Option<IpAddr>,
}

impl AddressCounts {
    /// Counts a connection; `None` if its address has `most` already. Loopback is never counted: it is many people
    /// behind one address on a machine, and a proxy's own.
    fn enter(self: Arc<Self>, address: IpAddr, most: usize) -> Option<Counted> {
        if address.is_loopback() {
            return Some(Counted { counts: self, address: None });
        }
        {
            let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            let count = counts.entry(address).or_default();
            if *count >= most {
                return None;
            }
            *count += 1;
        }
        Some(Counted { counts: self, address: Some(address) })
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        let Some(address) = self.address else { return };
        let mut counts = self.counts.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = counts.get_mut(&address) {
            *count -= 1;
            if *count == 0 {
                counts.remove(&address);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_counted_and_loopback_is_not() {
        let counts = Arc::new(AddressCounts::default());
        let far: IpAddr = "192.0.2.7".parse().unwrap();
        let held: Vec<_> = (0..2).map(|_| counts.clone().enter(far, 2).unwrap()).collect();
        assert!(counts.clone().enter(far, 2).is_none());
        assert!(counts.clone().enter("192.0.2.8".parse().unwrap(), 2).is_some());
        let near: Vec<_> = (0..5).map(|_| counts.clone().enter("127.0.0.1".parse().unwrap(), 2)).collect();
        assert!(near.iter().all(Option::is_some));
        drop(held);
        assert!(counts.0.lock().unwrap().is_empty());
    }
}
