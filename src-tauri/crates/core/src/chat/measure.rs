//! How much of the context a message would fill, and who could answer it.

use slipway_llm::{ChatMessage, ChatRequest, Client, Role as Speaks};
use slipway_protocol::{ChatMeasure, ContextUse, HostId, MessageState, Role};

use super::answer::not_connected;
use super::request::{effective, of_chat, sent, tokens_of, tokens_of_file};
use super::tokens::{OVERHEAD, estimate};
use super::{new_message, validate};
use crate::connect::EngineAccess;
use crate::fault::Fault;
use crate::program::Program;

impl Program {
    /// Counts what would be sent; estimated where the engine does not count.
    pub async fn chat_measure(&self, measure: ChatMeasure) -> Result<ContextUse, Fault> {
        let send = measure.send;
        validate::text(&send.text)?;
        validate::settings(&send.settings)?;
        let context_size = self.window_of_model(&send.host_id, send.model.as_deref());
        let (mut path, compactions) = match &send.session_id {
            Some(id) => (
                self.store().messages().branch(id).await?,
                self.store().compactions().list(id).await?,
            ),
            None => (Vec::new(), Vec::new()),
        };
        let session = send.session_id.clone().unwrap_or_default();
        let mut new = new_message(&session, Role::User, MessageState::Complete);
        new.content.clone_from(&send.text);
        new.attachments = self.attached(&send.attachments).await?;
        let files: u32 = new.attachments.iter().map(tokens_of_file).sum();
        let mut message_tokens = estimate(&send.text) + files + OVERHEAD;
        path.push(new);
        let instructions = &send.settings.system_prompt;
        let said = sent(&path, effective(&compactions, &path));
        let estimated = estimate(instructions) + said.iter().map(tokens_of).sum::<u32>();
        let client = self.engine_now(&send.host_id).ok();
        let counted = match &client {
            Some(client) => {
                let request = of_chat(self, instructions, &path, &compactions).await?;
                client.count(&request).await.ok()
            }
            None => None,
        };
        if let (Some(client), Some(_), true) = (&client, counted, files == 0) {
            let alone = ChatMessage::new(Speaks::User, send.text);
            if let Ok(tokens) = client.count(&ChatRequest::new(vec![alone])).await {
                message_tokens = u32::try_from(tokens).unwrap_or(u32::MAX);
            }
        }
        Ok(ContextUse {
            prompt_tokens: counted
                .map_or(estimated, |tokens| u32::try_from(tokens).unwrap_or(u32::MAX)),
            message_tokens,
            exact: counted.is_some(),
            context_size,
        })
    }

    /// The engine of a host, if it can be asked at this moment.
    pub(super) fn engine_now(&self, host: &HostId) -> Result<Client, Fault> {
        let access = self.connections().access(host).ok_or_else(not_connected)?;
        match &*access.borrow() {
            EngineAccess::Ready { client, .. } => Ok(client.clone()),
            EngineAccess::NotYet(Some(why)) => Err(why.clone().into()),
            EngineAccess::NotYet(None) | EngineAccess::Ended => Err(not_connected()),
        }
    }

    /// Tokens that the context of a host's model holds.
    pub(super) fn window_of(&self, host: &HostId) -> Option<u32> {
        self.window_of_model(host, None)
    }

    /// The same of one of several models.
    pub(super) fn window_of_model(&self, host: &HostId, model: Option<&str>) -> Option<u32> {
        let status = self.connections().status(host)?;
        let chosen = model.and_then(|model| status.models.iter().find(|served| served.id == model));
        match chosen {
            Some(served) => served.context_size,
            None => status.context_size,
        }
    }
}
