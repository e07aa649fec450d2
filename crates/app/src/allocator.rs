//! The system's allocator, told to give back what a job has used.
//!
//! A job runs on threads of its own and fills buffers of many megabytes. glibc gives threads arenas of their own and, once a
//! large block was freed, keeps the next ones inside them: a server that had run thousands of mixed jobs held 734 MB where a
//! fresh one held 131 MB. Two arenas, and blocks from 1 MiB on that go back when they are freed, hold it near what a job
//! needs: `benches/memory` prints both. Other allocators were tried on the same jobs (mimalloc, jemalloc) and kept more.

/// The variables that glibc reads when a process starts, and what they are set to.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
const SETTINGS: [(&str, &str); 2] = [("MALLOC_ARENA_MAX", "2"), ("MALLOC_MMAP_THRESHOLD_", "1048576")];

/// Starts this program again in the same process with these settings, unless the environment has some already. Where that is
/// not possible the program just goes on.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
pub(crate) fn settle() {
    use std::os::unix::process::CommandExt;
    use std::process::Command;

    if SETTINGS.iter().any(|(name, _)| std::env::var_os(name).is_some()) {
        return;
    }
    let mut arguments = std::env::args_os();
    let Some(name) = arguments.next() else { return };
    // It comes back only if it has failed.
    let _ = Command::new("/proc/self/exe").arg0(name).args(arguments).envs(SETTINGS).exec();
}

/// Other allocators are left as they are.
#[cfg(not(all(target_os = "linux", target_env = "gnu")))]
pub(crate) fn settle() {}
