//! A conversation between models: who takes part, in which order, and when it ends.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::chat::Sampling;
use crate::id::{HostId, SessionId};

/// One who takes part.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS)]
pub struct Participant {
    /// Its name, 1 to 40 characters, unique in the conversation.
    pub name: String,
    /// Whose model speaks.
    pub host_id: HostId,
    /// Which of its models; the one it serves when absent.
    pub model: Option<String>,
    /// Its instructions.
    pub system_prompt: String,
    /// Sampling.
    pub sampling: Sampling,
}

/// Who speaks next.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum SpeakingOrder {
    /// One after the other, as listed.
    #[default]
    InTurn,
    /// At random, but never the same twice in a row.
    Random,
}

/// Participants and rules; can be changed while it does not run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS)]
pub struct ConversationSetup {
    /// Two to four.
    pub participants: Vec<Participant>,
    /// Who speaks next.
    pub order: SpeakingOrder,
    /// It ends after so many turns, 1 to 1000.
    pub turns: u32,
    /// It ends when all turns together have so many tokens; no such limit when absent.
    pub tokens: Option<u32>,
    /// It ends when a turn contains this text, whatever its case; empty for none.
    pub end_phrase: String,
    /// What all are told first, as said by the person. Not empty.
    pub opening: String,
    /// Who sums it up when its turns or tokens are used or the phrase has ended it, by place among the
    /// participants; nobody when absent.
    pub summary_by: Option<u32>,
}

/// Where a conversation between models is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum ConversationState {
    /// Nobody has spoken yet.
    Ready,
    /// It runs.
    Running,
    /// It will pause when the present turn is over.
    Pausing,
    /// It waits for a step, or to be run on.
    Paused,
    /// One of its limits was reached; raising it lets it go on.
    Finished,
    /// A turn failed; its message says why. Running on tries that turn again.
    Failed,
}

/// A conversation between models as it is now.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS)]
pub struct Conversation {
    /// Participants and rules.
    pub setup: ConversationSetup,
    /// Where it is.
    pub state: ConversationState,
    /// Turns that are over.
    pub turns_done: u32,
    /// Tokens that the turns had so far.
    pub tokens_used: u32,
    /// Who speaks now or next.
    pub next_speaker: u32,
}

/// The command `conversation_put`: makes one, or changes its setup. Returns the session's view.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS)]
pub struct ConversationPut {
    /// Which to change; a new one when absent.
    pub session_id: Option<SessionId>,
    /// Participants and rules.
    pub setup: ConversationSetup,
}

/// The command `conversation_run`: lets it run, as a task of kind `conversation` whose cancel stops
/// it in mid-sentence and keeps the text.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct ConversationRun {
    /// Which.
    pub session_id: SessionId,
    /// Only so many turns ("step": 1); up to its limits when absent.
    pub steps: Option<u32>,
}

/// The command `conversation_say`: a line of the person, heard before the next turn.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct ConversationSay {
    /// Which.
    pub session_id: SessionId,
    /// The line.
    pub text: String,
    /// Who alone hears it, by place among the participants; all when absent.
    pub audience: Option<u32>,
}

/// The command `compare_start`: a comparison with one column for each of two to four.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct CompareStart {
    /// Who answers in each column.
    pub columns: Vec<CompareColumn>,
}

/// Who answers in a column.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct CompareColumn {
    /// Whose model.
    pub host_id: HostId,
    /// Which of its models; the one it serves when absent.
    pub model: Option<String>,
}
