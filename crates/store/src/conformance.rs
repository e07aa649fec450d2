//! What every backend must do, as code: the guarantees of [`crate::Store`] and of the engine's
//! [`RecordStore`](bulkwright_engine::record_store::RecordStore), one function each.
//!
//! A backend's tests call [`record_store`] and [`store`] with a function that makes a new, empty one. A broken
//! guarantee panics in the function that is named after it.

mod access;
mod blobs;
mod chunk;
mod jobs;
mod listing;
#[cfg(test)]
pub(crate) mod model;
mod queue;
mod records;

use bulkwright_engine::record_store::RecordStore;

use crate::Store;

/// Checks a record store. `fresh` makes an empty one.
pub fn record_store<R: RecordStore>(mut fresh: impl FnMut() -> R) {
    for guarantee in records::GUARANTEES {
        guarantee(&mut fresh());
    }
}

/// Checks a store. `fresh` makes an empty one.
pub async fn store<S: Store>(mut fresh: impl FnMut() -> S) {
    access::what_is_added_is_read_back(&fresh()).await;
    access::tokens_are_found_by_hash_and_kind(&fresh()).await;
    blobs::bytes_come_back(&fresh()).await;
    blobs::a_file_is_taken_in(&fresh()).await;
    blobs::a_broken_stream_is_an_error(&fresh()).await;
    blobs::uploads_belong_to_an_organisation(&fresh()).await;
    jobs::ids_rise_even_if_the_clock_goes_back(&fresh()).await;
    jobs::a_job_is_read_back_whole(&fresh()).await;
    jobs::a_job_ends_with_what_it_is_told(&fresh()).await;
    queue::the_oldest_waits_first(&fresh()).await;
    queue::a_lease_that_ended_can_be_taken_and_fences(&fresh()).await;
    queue::a_released_job_waits_again(&fresh()).await;
    queue::a_block_is_reserved_once(&fresh()).await;
    listing::records_are_read_back(&fresh()).await;
    listing::organisations_are_apart(&fresh()).await;
    listing::pages_follow_every_order(&fresh()).await;
    listing::only_one_writes_at_a_time(fresh()).await;
    fresh().check().await.expect("an empty store is ready");
}

#[cfg(test)]
mod tests {
    use bulkwright_engine::memory::MemoryStore;

    /// The engine's own model keeps the guarantees too: what is tested against it holds for real stores.
    #[test]
    fn the_model_is_a_record_store() {
        super::record_store(|| MemoryStore::new(super::access::ORG));
    }
}
