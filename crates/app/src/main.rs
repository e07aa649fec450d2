//! The program `bulkwright`: arguments, settings, command, printer.

mod advice;
mod allocator;
mod args;
mod command;
mod config;
mod data_directory;
mod exit;
mod logging;
mod own_server;
mod sample;
mod settings;
mod signals;
mod table;
mod target;
mod ui;

use std::process::ExitCode;

fn main() -> ExitCode {
    let parsed = match args::parse(std::env::args_os()) {
        Ok(parsed) => parsed,
        Err(ending) => return ui::usage(&ending),
    };
    let ui = ui::Ui::new(&parsed.talk);
    command::run(parsed, &ui)
}
