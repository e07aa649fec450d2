//! What each endpoint does, once a request has passed the gate.

pub(crate) mod oauth;

pub(crate) mod upload;

pub(crate) mod create;

pub(crate) mod refusal;

pub(crate) mod details;

pub(crate) mod download;

pub(crate) mod account;

pub(crate) mod settings;
mod targets;

pub(crate) mod layouts;

pub(crate) mod records;

pub(crate) mod search;

mod record_query;

mod record_view;

mod multipart;

pub(crate) mod own;
