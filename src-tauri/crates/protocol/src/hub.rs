//! Models of a hub that speaks Hugging Face's API.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::id::HostId;

/// A model of the hub.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct HubModel {
    /// `OWNER/NAME`.
    pub repo: String,
    /// A GGUF file there (the first part of a split one); the safetensors when absent.
    pub file: Option<String>,
    /// A branch, tag or commit; the default branch when absent.
    pub revision: Option<String>,
}

/// The command `hub_list`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct HubQuery {
    /// The host that would serve it; it is asked from there, or from here if it has no way out.
    pub host_id: HostId,
    /// `OWNER/NAME`.
    pub repo: String,
    /// A branch, tag or commit; the default branch when absent.
    pub revision: Option<String>,
}

/// The files of a model.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct HubListing {
    /// `OWNER/NAME`.
    pub repo: String,
    /// The commit that was listed.
    pub commit: String,
    /// Whether its owner has to let one in.
    pub gated: bool,
    /// Whether it is hidden from others.
    pub private: bool,
    /// Smallest first.
    pub choices: Vec<HubChoice>,
    /// Whether this computer was asked because the host has no way to the hub.
    pub from_here: bool,
}

/// One thing that can be served.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct HubChoice {
    /// The GGUF file; absent for the safetensors.
    pub file: Option<String>,
    /// For example `Q4_K_M`.
    pub quantisation: Option<String>,
    /// Bytes of all its parts.
    pub bytes: u64,
    /// Number of files.
    pub parts: u32,
}

/// The command `hub_token_set`.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct HubTokenSet {
    /// The token, kept in the keychain; absent to forget it.
    pub token: Option<String>,
}

impl std::fmt::Debug for HubTokenSet {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(if self.token.is_some() {
            "HubTokenSet(redacted)"
        } else {
            "HubTokenSet(none)"
        })
    }
}
