//! The parts that this program plays when it starts itself again.

use serde::{Deserialize, Serialize};
use slipway_benches::Outcome;
use slipway_benches::upload::Upload;

use crate::visit::Visit;

/// A part.
#[derive(Debug, Serialize, Deserialize)]
pub enum Role {
    /// Slipway at work on a host. Says what each job took, a line of JSON for each.
    Visit(Visit),
    /// An upload by Slipway. Says how many seconds it took once connected.
    Upload(Upload),
}

impl slipway_benches::role::Role for Role {
    fn play(self) -> Outcome<()> {
        match self {
            Self::Visit(visit) => visit.play(),
            Self::Upload(upload) => upload.play(),
        }
    }
}
