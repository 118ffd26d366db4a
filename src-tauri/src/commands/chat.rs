//! Answers.

use slipway_core::{Fault, Program};
use slipway_protocol::{ChatRetry, ChatSend, ChatStarted};

use super::Answer;

pub(super) async fn chat_send(program: Program, send: ChatSend) -> Answer<ChatStarted> {
    program.chat_send(send).await.map_err(Fault::into_info)
}

pub(super) async fn chat_retry(program: Program, retry: ChatRetry) -> Answer<ChatStarted> {
    program.chat_retry(retry).await.map_err(Fault::into_info)
}
