//! What every backend must do, as code: the guarantees of [`crate::Store`] and of the engine's
//! [`RecordStore`](bulkwright_engine::record_store::RecordStore), one function each.
//!
//! A backend's tests call [`record_store`] and [`store`] with a function that makes a new, empty one. A broken
//! guarantee panics in the function that is named after it.

mod access;
mod answers;
mod blobs;
mod chunk;
mod deliveries;
mod failing;
mod jobs;
mod listing;
#[cfg(test)]
pub(crate) mod model;
mod queue;
mod records;
mod rests;
#[cfg(test)]
pub(crate) mod zombies;

use bulkwright_engine::record_store::RecordStore;

use crate::Store;

pub use failing::FailingStore;

/// Checks a record store. `fresh` makes an empty one.
pub fn record_store<R: RecordStore>(mut fresh: impl FnMut() -> R) {
    for guarantee in records::GUARANTEES {
        guarantee(&mut fresh());
    }
}

/// Checks a store. `fresh` makes an empty one.
pub async fn store<S: Store>(mut fresh: impl FnMut() -> S) {
    access::what_is_added_is_read_back(&fresh()).await;
    access::an_organisation_comes_whole_or_not_at_all(&fresh()).await;
    access::tokens_are_found_by_hash_and_kind(&fresh()).await;
    access::an_organisation_begins_with_its_tokens(&fresh()).await;
    access::organisations_and_users_are_changed_whole(&fresh()).await;
    access::clients_come_and_go_with_their_tokens(&fresh()).await;
    access::tokens_are_listed_and_removed(&fresh()).await;
    access::a_code_is_taken_once(&fresh()).await;
    answers::an_answer_is_kept_with_what_it_is_about(&fresh()).await;
    blobs::bytes_come_back(&fresh()).await;
    blobs::a_file_is_taken_in(&fresh()).await;
    blobs::a_broken_stream_is_an_error(&fresh()).await;
    blobs::uploads_belong_to_an_organisation(&fresh()).await;
    jobs::ids_are_of_one_counter_that_follows_the_clock(&fresh()).await;
    jobs::ids_rise_even_if_the_clock_goes_back(&fresh()).await;
    jobs::a_job_is_read_back_whole(&fresh()).await;
    jobs::a_job_ends_with_what_it_is_told(&fresh()).await;
    jobs::jobs_are_listed_newest_first(&fresh()).await;
    jobs::figures_count_what_is_there(&fresh()).await;
    queue::the_oldest_waits_first(&fresh()).await;
    queue::a_lease_that_ended_can_be_taken_and_fences(&fresh()).await;
    queue::a_released_job_waits_again(&fresh()).await;
    queue::a_block_is_reserved_once(&fresh()).await;
    queue::a_clock_that_jumps_loses_no_job_and_breaks_no_lease(&fresh()).await;
    queue::what_concerns_no_resource_changes_nothing(&fresh()).await;
    rests::nobody_claims_a_job_that_rests(&fresh()).await;
    rests::attempts_that_failed_are_counted_in_a_row(&fresh()).await;
    deliveries::a_callback_is_promised_when_its_job_ends(&fresh()).await;
    deliveries::what_is_due_longest_comes_first(&fresh()).await;
    deliveries::a_try_is_noted_with_what_came_of_it(&fresh()).await;
    deliveries::deliveries_are_listed_and_replayed(&fresh()).await;
    listing::records_are_read_back(&fresh()).await;
    listing::chunks_of_the_ledger_are_read_beside_a_writer(&fresh()).await;
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
