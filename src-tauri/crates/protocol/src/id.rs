//! Identifiers: newtypes over strings, so that one kind cannot be passed for another.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

macro_rules! id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, TS)]
        pub struct $name(pub String);

        impl $name {
            /// A new identifier that sorts by its time of creation (UUID version 7).
            #[must_use]
            pub fn new() -> Self {
                Self(uuid::Uuid::now_v7().to_string())
            }

            /// The identifier as text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl Default for $name {
            fn default() -> Self {
                Self::new()
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl From<String> for $name {
            fn from(text: String) -> Self {
                Self(text)
            }
        }

        impl From<&str> for $name {
            fn from(text: &str) -> Self {
                Self(text.to_owned())
            }
        }
    };
}

id!(
    /// A machine: reached over SSH, or this computer ([`HostId::local`]).
    HostId
);
id!(
    /// One task of the executor, from its start to its terminal message.
    RequestId
);
id!(
    /// One conversation.
    SessionId
);
id!(
    /// One message of a conversation.
    MessageId
);
id!(
    /// One folder of conversations.
    FolderId
);
id!(
    /// One file that is sent with a message.
    AttachmentId
);
id!(
    /// One message that waits for the answer before it.
    QueuedId
);
id!(
    /// One kept set of instructions and sampling.
    PresetId
);
id!(
    /// One text of the prompt library.
    SnippetId
);
id!(
    /// One stretch of a conversation that is not sent any more.
    CompactionId
);
id!(
    /// One question that a task asks the user.
    PromptId
);

impl HostId {
    /// This computer: a host that needs no SSH.
    #[must_use]
    pub fn local() -> Self {
        Self("local".to_owned())
    }

    /// Whether this is this computer.
    #[must_use]
    pub fn is_local(&self) -> bool {
        self.0 == "local"
    }
}
