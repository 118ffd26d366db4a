//! Questions that a task asks the user in mid-work, and their one-shot answers.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::id::{HostId, PromptId};
use crate::plan::Brought;

/// A question. The task waits until it is answered, cancelled or `expires_at` passes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct Prompt {
    /// Names it in the answer.
    pub prompt_id: PromptId,
    /// The host it is about.
    pub host_id: HostId,
    /// When the task stops waiting, ms since the epoch.
    pub expires_at: u64,
    /// What is asked.
    pub question: PromptQuestion,
}

/// What is asked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(tag = "type", content = "data", rename_all = "snake_case")]
pub enum PromptQuestion {
    /// May this host key be trusted? Answer: accept.
    HostKey(HostKeyQuestion),
    /// The login's password. Answer: secret.
    Password(PasswordQuestion),
    /// A key file's passphrase. Answer: secret.
    Passphrase(PassphraseQuestion),
    /// The server's own questions (keyboard-interactive: one-time codes, a new password). Answer:
    /// answers, one for each.
    Interactive(InteractiveQuestion),
    /// May what the host lacks be brought from this computer? Answer: accept.
    Bring(BringQuestion),
}

/// First contact with a host.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct HostKeyQuestion {
    /// The name or address dialled.
    pub address: String,
    /// The port.
    pub port: u16,
    /// For example `ssh-ed25519`.
    pub algorithm: String,
    /// `SHA256:…`, as `ssh-keygen -lf` prints it.
    pub fingerprint: String,
    /// The picture of the key that `ssh-keygen -lv` draws: 11 lines.
    pub randomart: String,
    /// Set when the host is on record with keys of other types only (it offers a new algorithm):
    /// the file and line of the first of them, `FILE:LINE`. Then it is a warning of its own.
    pub known_by_other_key: Option<String>,
}

/// A password is wanted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct PasswordQuestion {
    /// The login name.
    pub user: String,
    /// The name or address dialled.
    pub address: String,
    /// From 1; above 1 the last one was refused.
    pub attempt: u32,
}

/// A passphrase is wanted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct PassphraseQuestion {
    /// The key file.
    pub path: String,
    /// From 1; above 1 the last one was wrong.
    pub attempt: u32,
}

/// The server asks for itself (RFC 4256).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct InteractiveQuestion {
    /// The login name.
    pub user: String,
    /// The name or address dialled.
    pub address: String,
    /// The server's title, often empty.
    pub title: String,
    /// The server's instructions, often empty.
    pub instructions: String,
    /// Its questions, at least one.
    pub fields: Vec<InteractiveField>,
}

/// What a host lacks and cannot fetch for itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct BringQuestion {
    /// What would be uploaded.
    pub parts: Vec<Brought>,
    /// Below this directory of the host, and nowhere else.
    pub directory: String,
}

/// One question of a server.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct InteractiveField {
    /// In the server's words, for example `Verification code: `.
    pub label: String,
    /// Whether the answer may be shown while it is typed.
    pub echo: bool,
}

/// The answer to a question.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(tag = "type", content = "data", rename_all = "snake_case")]
pub enum PromptReply {
    /// Yes.
    Accept,
    /// The secret asked for, and whether to keep it in the system's keychain.
    Secret {
        /// The secret; it goes nowhere but to the asking task and, if `remember`, the keychain.
        value: String,
        /// Keep it in the keychain.
        remember: bool,
    },
    /// One answer for each field of [`InteractiveQuestion`]; never kept.
    Answers {
        /// In the order of the fields.
        values: Vec<String>,
    },
    /// No, or do not ask.
    Decline,
}

impl std::fmt::Debug for PromptReply {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Accept => "Accept",
            Self::Secret { .. } => "Secret(redacted)",
            Self::Answers { .. } => "Answers(redacted)",
            Self::Decline => "Decline",
        })
    }
}

/// The command `prompt_answer`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct PromptAnswer {
    /// Which question.
    pub prompt_id: PromptId,
    /// The answer.
    pub reply: PromptReply,
}

/// A question needs no answer any more.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct PromptClosed {
    /// Which question.
    pub prompt_id: PromptId,
}
