//! Ctrl-C and SIGTERM: the first one ends in order, the second one at once.

use bulkwright_client::Exit;
use tokio_util::sync::CancellationToken;

/// A token that the first signal cancels. Signals are caught from when this returns.
pub(crate) fn stop_on_signal(on_first: impl FnOnce() + Send + 'static) -> CancellationToken {
    let stop = CancellationToken::new();
    let cancelled = stop.clone();
    let mut signals = Signals::caught();
    tokio::spawn(async move {
        signals.next().await;
        on_first();
        cancelled.cancel();
        signals.next().await;
        std::process::exit(i32::from(Exit::Interrupted.code()));
    });
    stop
}

#[cfg(unix)]
struct Signals {
    interrupt: tokio::signal::unix::Signal,
    terminate: tokio::signal::unix::Signal,
}

#[cfg(unix)]
impl Signals {
    fn caught() -> Self {
        use tokio::signal::unix::{SignalKind, signal};
        let caught = |kind| signal(kind).expect("SIGINT and SIGTERM can be listened to on every Unix");
        Signals { interrupt: caught(SignalKind::interrupt()), terminate: caught(SignalKind::terminate()) }
    }

    async fn next(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }
}

#[cfg(not(unix))]
struct Signals;

#[cfg(not(unix))]
impl Signals {
    fn caught() -> Self {
        Signals
    }

    async fn next(&mut self) {
        // Without a console there is nobody to interrupt.
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}
