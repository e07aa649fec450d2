//! File descriptors: each connection takes one, and most systems let a process have fewer than it may ask for.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// Descriptors beside those of connections: databases, blobs, callbacks, the log.
const BESIDE: u64 = 128;

/// Raises the process's limit as far as it may be raised, and says so in the log if that is too few for the connections
/// that the server would take.
pub(crate) fn raise(connections_max: usize) {
    let limit = getrlimit(Resource::Nofile);
    let raised = setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, maximum: limit.maximum });
    let Some(most) = raised.map_or(limit.current, |()| limit.maximum) else { return };
    let wanted = connections_max as u64 + BESIDE;
    if most < wanted {
        tracing::warn!(
            most,
            wanted,
            "this process may open too few files for all connections that it is to take: raise its limit"
        );
    }
}
