//! One file a command.

mod administration;
mod backup;
mod callback;
mod explain;
mod job_create;
mod job_errors;
mod job_list;
mod job_result;
mod job_rows;
mod job_show;
mod job_view;
mod job_wait;
mod load;
mod modules;
mod record_show;
mod restore;
mod sample;
mod serve;
mod sweep;
mod upload;
mod verify;

use std::process::ExitCode;

use bulkwright_client::Exit;

use crate::args::{Cli, Command, JobCommand, RecordCommand};
use crate::exit::Failure;
use crate::logging;
use crate::ui::Ui;

/// Runs the command and gives the process its exit code.
pub(crate) fn run(cli: Cli, ui: &Ui) -> ExitCode {
    // A server starts its log when it knows its settings.
    if !matches!(cli.command, Command::Serve(_) | Command::Dev(_)) {
        logging::start_for_client(ui.quiet, ui.verbose);
    }
    let ended = match cli.command {
        Command::Sample(args) => sample::run(&args, ui),
        Command::Explain(args) => explain::run(&args, ui),
        Command::Load(args) => in_runtime(load::run(&args, ui)),
        Command::Job(JobCommand::Show(args)) => in_runtime(job_show::run(&args, ui)),
        Command::Job(JobCommand::List(args)) => in_runtime(job_list::run(&args, ui)),
        Command::Job(JobCommand::Wait(args)) => in_runtime(job_wait::run(&args, ui)),
        Command::Job(JobCommand::Result(args)) => in_runtime(job_result::run(&args, ui)),
        Command::Job(JobCommand::Rows(args)) => in_runtime(job_rows::run(&args, ui)),
        Command::Job(JobCommand::Create(args)) => in_runtime(job_create::run(&args, ui)),
        Command::Record(RecordCommand::Show(args)) => in_runtime(record_show::run(&args, ui)),
        Command::Modules(command) => modules::run(&command, ui),
        Command::Callback(command) => in_runtime(callback::run(&command, ui)),
        Command::Upload(args) => in_runtime(upload::run(&args, ui)),
        Command::Verify(args) => in_runtime(verify::run(&args, ui)),
        Command::Sweep(args) => in_runtime(sweep::run(&args, ui)),
        Command::Backup(args) => in_runtime(backup::run(&args, ui)),
        Command::Restore(args) => in_runtime(restore::run(&args, ui)),
        Command::Org(command) => in_runtime(administration::org(&command, ui)),
        Command::User(command) => in_runtime(administration::user(&command, ui)),
        Command::OauthClient(command) => in_runtime(administration::oauth_client(&command, ui)),
        Command::Token(command) => in_runtime(administration::token(&command, ui)),
        Command::Serve(args) => serve::serve(&args, ui),
        Command::Dev(args) => serve::dev(&args, ui),
    };
    let exit = match ended {
        Ok(exit) => exit,
        Err(failure) => {
            ui.fail(&failure);
            failure.exit
        }
    };
    ExitCode::from(exit.code())
}

/// Sockets and timers live in a runtime, made only for the commands that have some.
fn in_runtime(work: impl Future<Output = Result<Exit, Failure>>) -> Result<Exit, Failure> {
    let made = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let runtime =
        made.map_err(|error| Failure::new(Exit::Unexpected, format!("no thread could be started: {error}"), ""))?;
    let ended = runtime.block_on(work);
    // What still runs on a thread of its own looks after the data, and may end anywhere: nobody waits for it.
    runtime.shutdown_background();
    ended
}
