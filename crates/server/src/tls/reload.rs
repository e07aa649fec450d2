//! The certificate's files are looked at again at each interval of the server's clock.
//!
//! What stands in the files is compared, so that it does not matter how they were replaced: written over, renamed into
//! their place, or behind a link that was turned. Whoever renews a certificate writes two files, so what cannot be used
//! may be half of a pair: the old one stays in force, and the log says why, once.

use std::sync::Arc;

use super::pair::{Pair, PairFiles, PairProblem};
use super::{Origin, Shown, Tls};
use crate::start::credentials;
use crate::state::App;
use crate::sweep::{LOOK, seconds};

/// Looks until the server ends.
pub(crate) async fn serve(app: Arc<App>) {
    let Some(Tls { shown, origin: Origin::Files(files), .. }) = &app.tls else { return };
    let mut told = None;
    tokio::select! {
        () = look_at_each_interval(&app, shown, files, &mut told) => {}
        () = app.draining.cancelled() => {}
    }
}

async fn look_at_each_interval(app: &App, shown: &Shown, files: &PairFiles, told: &mut Option<PairProblem>) {
    let interval = seconds(app.tls_check_interval);
    let mut moves = app.clock.moves();
    loop {
        let mut last = app.clock.seconds();
        while app.clock.seconds() < last.saturating_add(interval) {
            tokio::select! {
                () = tokio::time::sleep(LOOK) => {}
                _ = moves.changed() => {}
            }
            // A clock that is set back must not put the next look off.
            last = last.min(app.clock.seconds());
        }
        look(app, shown, files, told).await;
    }
}

async fn look(app: &App, shown: &Shown, files: &PairFiles, told: &mut Option<PairProblem>) {
    let reading = files.clone();
    let Ok(read) = tokio::task::spawn_blocking(move || reading.read()).await else { return };
    match read {
        Ok(pair) if pair.is_like(&shown.pair()) => *told = None,
        Ok(pair) => {
            *told = None;
            files.warn_if_the_key_is_open();
            take(app, shown, pair);
        }
        Err(problem) if told.as_ref() == Some(&problem) => {}
        Err(problem) => {
            tracing::warn!(%problem, "the TLS certificate is not exchanged, and the old one stays in force");
            *told = Some(problem);
        }
    }
}

/// Shows another certificate from now on.
fn take(app: &App, shown: &Shown, pair: Pair) {
    let sha256 = pair.certificate_sha256();
    // Noted first: whoever is shown it knows it then.
    if let Some(directory) = &app.data
        && let Err(error) = credentials::note_certificate(directory, &sha256)
    {
        tracing::error!(%error, "the credentials file does not name the new certificate; commands of this machine may not trust it");
    }
    shown.replace(pair);
    tracing::info!(sha256, "the TLS certificate was exchanged");
}
