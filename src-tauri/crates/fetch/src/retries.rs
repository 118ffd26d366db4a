//! Trying again what may pass, with growing pauses.

use std::time::Duration;

use tokio::time::sleep;

use crate::error::Failure;
use crate::{Patience, Result};

/// The longest wait that a server may ask for.
const LONGEST_WAIT: Duration = Duration::from_secs(30);

/// Counts the tries of one call.
pub(crate) struct Retries<'a> {
    patience: &'a Patience,
    used: u32,
}

impl<'a> Retries<'a> {
    pub(crate) fn new(patience: &'a Patience) -> Self {
        Self { patience, used: 0 }
    }

    /// Something was gained: the count begins anew.
    pub(crate) fn reset(&mut self) {
        self.used = 0;
    }

    /// Waits until it is time for the next try.
    ///
    /// # Errors
    /// What the last try ended with, when no further one would help or is left.
    pub(crate) async fn pause(&mut self, failure: Failure) -> Result<()> {
        let (error, wanted) = match failure {
            Failure::Lasting(error) => return Err(error),
            Failure::Passing(error, _) if self.used >= self.patience.retries => return Err(error),
            Failure::Passing(error, wanted) => (error, wanted),
        };
        let pause = self.patience.pause.saturating_mul(1 << self.used.min(16));
        self.used += 1;
        let pause = pause.max(wanted.unwrap_or_default().min(LONGEST_WAIT));
        tracing::debug!(%error, ?pause, "trying again");
        sleep(pause).await;
        Ok(())
    }
}
