//! Serves one disk to one test; see the library's `Mount`.

fn main() -> std::process::ExitCode {
    bulkwright_powerloss::serve(std::env::args_os())
}
