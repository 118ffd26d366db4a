//! The thread that carries all SSH traffic of the process.
//!
//! Each packet goes through three tasks: the session loop, the pump of its stream, the local
//! socket. On one thread they hand it over without waking each other's threads, which costs more
//! than the cipher does; and nothing else that the program does can hold a stream up. One thread
//! carries more than a gigabyte a second. Its life is that of the process; the work on it belongs
//! to sessions and forwarders.

use std::future::pending;
use std::sync::OnceLock;
use std::thread;

use tokio::runtime::{Builder, Handle};
use tokio::task::JoinSet;

/// A buffer of this size is freed once at the start, see [`keep_freed_memory`].
const KEPT: usize = 8 * 1024 * 1024;

/// The runtime of the thread; the caller's own where none can be started.
pub(crate) fn runtime() -> Handle {
    static RUNTIME: OnceLock<Option<Handle>> = OnceLock::new();
    RUNTIME.get_or_init(start).clone().unwrap_or_else(Handle::current)
}

fn start() -> Option<Handle> {
    let runtime = Builder::new_current_thread().enable_all().build();
    let runtime =
        runtime.inspect_err(|error| tracing::warn!(%error, "no runtime for SSH alone")).ok()?;
    let handle = runtime.handle().clone();
    let serve = move || {
        keep_freed_memory();
        runtime.block_on(pending::<()>());
    };
    let started = thread::Builder::new().name("slipway-ssh".to_owned()).spawn(serve);
    started.inspect_err(|error| tracing::warn!(%error, "no thread for SSH alone")).ok()?;
    Some(handle)
}

/// glibc gives freed memory back beyond a threshold, and bulk data would make it do so for every
/// few packets, only to fault the pages in again. Freeing one large buffer raises that threshold
/// to twice its size (mallopt(3), `M_MMAP_THRESHOLD`); elsewhere it does nothing.
fn keep_freed_memory() {
    drop(std::hint::black_box(Vec::<u8>::with_capacity(KEPT)));
}

/// Runs something there to its end; it is aborted when the future is dropped. `None` if it
/// panicked.
pub(crate) async fn run<T: Send + 'static>(
    work: impl Future<Output = T> + Send + 'static,
) -> Option<T> {
    let mut task = JoinSet::new();
    task.spawn_on(work, &runtime());
    task.join_next().await?.ok()
}
