//! Ctrl-C and SIGTERM: the first one ends in order, the second one at once.

use bulkwright_client::Exit;
use tokio_util::sync::CancellationToken;

/// A token that the first signal cancels.
pub(crate) fn stop_on_signal(on_first: impl FnOnce() + Send + 'static) -> CancellationToken {
    let stop = CancellationToken::new();
    let cancelled = stop.clone();
    tokio::spawn(async move {
        next_signal().await;
        on_first();
        cancelled.cancel();
        next_signal().await;
        std::process::exit(i32::from(Exit::Interrupted.code()));
    });
    stop
}

#[cfg(unix)]
async fn next_signal() {
    use tokio::signal::unix::{SignalKind, signal};
    let mut terminate = signal(SignalKind::terminate()).expect("SIGTERM can be listened to on every Unix");
    tokio::select! {
        _ = tokio::signal::ctrl_c() => {}
        _ = terminate.recv() => {}
    }
}

#[cfg(not(unix))]
async fn next_signal() {
    // Without a console there is nobody to interrupt.
    if tokio::signal::ctrl_c().await.is_err() {
        std::future::pending::<()>().await;
    }
}
