//! The accept loop: every connection is under limits from its first byte, and ends in order when the server does.

use std::collections::HashMap;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec};
use tokio::io::unix::AsyncFd;
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::connection;
use crate::metrics::Open;
use crate::seats::{Seat, Seats};
use crate::state::App;

/// How long the loop rests when the system refuses a connection: it is out of file descriptors or memory.
const REST_AFTER_REFUSAL: Duration = Duration::from_millis(100);

/// Accepts until `draining` is cancelled, then waits for the requests in flight, at most for the limit's time.
pub(crate) async fn serve(listener: TcpListener, app: Arc<App>, draining: CancellationToken) {
    let limits = app.connections.clone();
    let accepting = Acceptor {
        app,
        seats: Seats::new(limits.connections_max),
        addresses: Arc::default(),
        connections: TaskTracker::new(),
        draining: draining.clone(),
        ending: CancellationToken::new(),
    };
    tokio::select! {
        () = draining.cancelled() => {}
        ended = accepting.accept(listener) => {
            if let Err(error) = ended {
                tracing::error!(%error, "no connection can be accepted any more");
            }
        }
    }
    accepting.finish(limits.shutdown_time_max).await;
}

struct Acceptor {
    app: Arc<App>,
    seats: Arc<Seats>,
    addresses: Arc<AddressCounts>,
    connections: TaskTracker,
    /// Requests in flight end, no new ones begin.
    draining: CancellationToken,
    /// Nothing is waited for any more.
    ending: CancellationToken,
}

impl Acceptor {
    /// Nobody is asked to make room before somebody waits, and whoever waits is not accepted before there is room: so
    /// the listener is watched, not asked for a connection.
    async fn accept(&self, listener: TcpListener) -> io::Result<()> {
        let listener = watched(listener)?;
        loop {
            let mut waiting = listener.readable().await?;
            // What it was told of last may have been accepted already.
            if !somebody_waits(listener.get_ref()) {
                waiting.clear_ready();
                continue;
            }
            let seat = self.seats.take().await;
            match waiting.try_io(|listener| listener.get_ref().accept()) {
                Ok(Ok((stream, peer))) => self.admit(stream, peer, seat),
                Ok(Err(error)) => {
                    tracing::warn!(%error, "a connection could not be accepted");
                    tokio::time::sleep(REST_AFTER_REFUSAL).await;
                }
                // Whoever waited has gone.
                Err(_) => {}
            }
        }
    }

    fn admit(&self, stream: std::net::TcpStream, peer: SocketAddr, seat: Seat) {
        let most = self.app.connections.connections_per_address_max;
        let counted = counted_address(peer.ip(), self.app.behind_proxy);
        let Some(counted) = self.addresses.clone().enter(counted, most) else {
            tracing::warn!(address = %peer.ip(), most, "too many connections of one address");
            return;
        };
        let stream = match stream.set_nonblocking(true).and_then(|()| TcpStream::from_std(stream)) {
            Ok(stream) => stream,
            Err(error) => return tracing::warn!(%error, "a connection could not be accepted"),
        };
        let open = Open::counted_by(&self.app.metrics.connections_open);
        let (app, draining, ending) = (self.app.clone(), self.draining.clone(), self.ending.clone());
        self.connections.spawn(async move {
            tokio::select! {
                () = ending.cancelled() => {}
                () = connection::serve(stream, peer, &seat, app, draining) => {}
            }
            drop((seat, counted, open));
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

/// Whether the listen queue holds a connection. If that cannot be told, it is tried.
fn somebody_waits(listener: &std::net::TcpListener) -> bool {
    let mut asked = [PollFd::new(listener, PollFlags::IN)];
    rustix::event::poll(&mut asked, Some(&Timespec::default())).map_or(true, |ready| ready > 0)
}

#[expect(
    deprecated,
    reason = "what it is deprecated for, descriptors that others may close, a listener that owns its own cannot have"
)]
fn watched(listener: TcpListener) -> io::Result<AsyncFd<std::net::TcpListener>> {
    AsyncFd::new(listener.into_std()?)
}

/// The address that a connection is counted for. Loopback is never counted: it is many people behind one address on a
/// machine. Neither is a proxy, which is everybody.
fn counted_address(address: IpAddr, behind_proxy: bool) -> Option<IpAddr> {
    (!address.is_loopback() && !behind_proxy).then_some(address)
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
    /// Counts a connection of an address that is counted; `None` if it has `most` already.
    fn enter(self: Arc<Self>, address: Option<IpAddr>, most: usize) -> Option<Counted> {
        if let Some(address) = address {
            let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            let count = counts.entry(address).or_default();
            if *count >= most {
                return None;
            }
            *count += 1;
        }
        Some(Counted { counts: self, address })
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
    fn addresses_are_counted_up_to_their_bound() {
        let counts = Arc::new(AddressCounts::default());
        let enter = |address: Option<&str>| counts.clone().enter(address.map(|text| text.parse().unwrap()), 2);
        let held: Vec<_> = (0..2).map(|_| enter(Some("192.0.2.7")).unwrap()).collect();
        assert!(enter(Some("192.0.2.7")).is_none());
        assert!(enter(Some("192.0.2.8")).is_some());
        let uncounted: Vec<_> = (0..5).map(|_| enter(None)).collect();
        assert!(uncounted.iter().all(Option::is_some));
        let counted = |address: &str, behind_proxy| counted_address(address.parse().unwrap(), behind_proxy).is_some();
        assert!(counted("192.0.2.7", false) && !counted("192.0.2.7", true) && !counted("127.0.0.1", false));
        drop(held);
        assert!(counts.0.lock().unwrap().is_empty());
    }
}
