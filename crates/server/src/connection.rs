//! One connection, from its first byte to its end.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use http::Request;
use hyper::body::{Body, Frame, Incoming, SizeHint};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::time::timeout_at;
use tokio_util::sync::CancellationToken;

use crate::config::ConnectionLimits;
use crate::gate::{self, Peer};
use crate::head_guard::HeadGuard;
use crate::phase::{At, Phase};
use crate::reply::ReplyBody;
use crate::seats::Seat;
use crate::stall_guard::StallGuard;
use crate::state::App;
use crate::tls::Opened;

/// What a connection's requests are for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Purpose {
    /// The API.
    Api,
    /// Being told that this port speaks TLS.
    Misdirected,
}

/// Serves a connection until it ends, has to make room, or the server ends.
pub(crate) async fn serve(
    stream: TcpStream,
    peer: SocketAddr,
    seat: &Seat,
    app: Arc<App>,
    draining: CancellationToken,
) {
    // Answers are written whole; waiting to fill a packet would only delay them.
    let _ = stream.set_nodelay(true);
    let Some(tls) = &app.tls else { return converse(stream, peer, Purpose::Api, seat, &app, &draining).await };
    // The handshake is a part of the first head: both are timed from when the connection was accepted.
    let (_, accepted) = seat.phase().now();
    let opening = tokio::select! {
        opening = timeout_at(accepted + app.connections.header_time_max, tls.open(stream)) => opening,
        () = end_of(seat, &draining) => return,
    };
    match opening {
        Ok(Ok(Opened::Tls(stream))) => converse(stream, peer, Purpose::Api, seat, &app, &draining).await,
        Ok(Ok(Opened::Plain(stream))) => {
            tracing::warn!(address = %peer.ip(), "somebody speaks plain HTTP to this port, which speaks TLS");
            converse(stream, peer, Purpose::Misdirected, seat, &app, &draining).await;
        }
        // Somebody looked whether the port is open.
        Ok(Ok(Opened::Nothing)) => {}
        Ok(Err(error)) => tracing::info!(address = %peer.ip(), %error, "a TLS handshake failed"),
        Err(_) => tracing::debug!(address = %peer.ip(), "a TLS handshake took too long"),
    }
}

/// Answers requests, one after another.
async fn converse<S>(
    stream: S,
    peer: SocketAddr,
    purpose: Purpose,
    seat: &Seat,
    app: &Arc<App>,
    draining: &CancellationToken,
) where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let phase = seat.phase();
    let stream = StallGuard::new(stream, app.connections.write_stall_max);
    let io = TokioIo::new(HeadGuard::new(stream, phase.clone(), app.connections.header_time_max));
    let service = service_fn(|mut request: Request<Incoming>| {
        request.extensions_mut().insert(Peer(peer.ip()));
        phase.request_begins();
        async move {
            let answer = match purpose {
                Purpose::Api => gate::answer(app, request).await,
                Purpose::Misdirected => gate::misdirected(app, &request),
            };
            // The request's body is drained by now.
            phase.answer_begins();
            Ok::<_, Infallible>(answer.map(|body| Outgoing { body, phase: phase.clone() }))
        }
    });
    let mut connection = std::pin::pin!(http_builder(&app.connections).serve_connection(io, service));
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        () = end_of(seat, draining) => {
            // Who owes the head of a request is not waited for.
            if phase.is(At::Head) {
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

/// Done when no more requests are taken from a connection.
async fn end_of(seat: &Seat, draining: &CancellationToken) {
    tokio::select! {
        () = seat.leave() => {}
        () = draining.cancelled() => {}
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

/// An answer's body on its way out; dropped by the HTTP library when the last of it is handed to the socket.
struct Outgoing {
    body: ReplyBody,
    phase: Phase,
}

impl Body for Outgoing {
    type Data = <ReplyBody as Body>::Data;
    type Error = <ReplyBody as Body>::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Self::Data>, Self::Error>>> {
        Pin::new(&mut self.body).poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

impl Drop for Outgoing {
    fn drop(&mut self) {
        self.phase.answer_ends();
    }
}
