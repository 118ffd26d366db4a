//! A time limit that stands still while a person is being asked.

use std::time::Duration;

use tokio::sync::watch;
use tokio::time::Instant;

/// Limits how long a machine may take. While a [`Pause`] exists, no time passes.
#[derive(Debug, Clone)]
pub(crate) struct Deadline {
    limit: Duration,
    pauses: watch::Sender<usize>,
}

/// Holds the clock of a [`Deadline`] until it is dropped.
#[derive(Debug)]
pub(crate) struct Pause(watch::Sender<usize>);

/// The limit has passed.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Elapsed;

impl Deadline {
    pub(crate) fn new(limit: Duration) -> Self {
        Self { limit, pauses: watch::Sender::new(0) }
    }

    /// Stops the clock.
    pub(crate) fn pause(&self) -> Pause {
        self.pauses.send_modify(|count| *count += 1);
        Pause(self.pauses.clone())
    }

    /// Runs a future for at most the limit, pauses not counted. Each call has the whole limit.
    pub(crate) async fn run<F: Future>(&self, future: F) -> Result<F::Output, Elapsed> {
        tokio::select! {
            biased;
            output = future => Ok(output),
            () = self.expire() => Err(Elapsed),
        }
    }

    async fn expire(&self) {
        let mut pauses = self.pauses.subscribe();
        let mut left = self.limit;
        // A watch only fails when its sender is gone, and `self` holds one.
        while pauses.wait_for(|count| *count == 0).await.is_ok() {
            let started = Instant::now();
            tokio::select! {
                () = tokio::time::sleep(left) => return,
                _ = pauses.wait_for(|count| *count > 0) => {
                    left = left.saturating_sub(started.elapsed());
                }
            }
        }
    }
}

impl Drop for Pause {
    fn drop(&mut self) {
        self.0.send_modify(|count| *count = count.saturating_sub(1));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn time_under_a_pause_does_not_count() {
        let deadline = Deadline::new(Duration::from_millis(200));
        let step = async {
            let pause = deadline.pause();
            tokio::time::sleep(Duration::from_millis(500)).await;
            drop(pause);
        };
        assert!(deadline.run(step).await.is_ok());
        assert!(deadline.run(std::future::pending::<()>()).await.is_err());
    }
}
