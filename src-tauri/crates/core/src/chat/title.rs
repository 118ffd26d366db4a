//! The model names a new conversation after its first turn.

use slipway_llm::{ChatMessage, ChatRequest, Role as Speaks};
use slipway_protocol::{
    HostId, Message, Progress, RequestId, Role, SessionId, SessionKind, TaskKind, TaskResult,
    TaskSubject,
};

use super::compact::text_of;
use crate::fault::Fault;
use crate::program::Program;

/// What a title is asked for.
const TASK: &str = "Write a title for this conversation: at most six words, in its language, \
    without quotes. Answer with the title only.";
/// So much of each message is shown, in characters.
const SHOWN: usize = 1500;
/// Longest title that is taken, in characters.
const LONGEST: usize = 60;

impl Program {
    /// Starts to name a conversation that has had its first turn, unless a person named it or does
    /// not want that. The practice model has nothing to say, so it is not asked.
    pub(super) async fn name_session(&self, id: &SessionId) -> Result<(), Fault> {
        let session = self.store().sessions().get(id).await?;
        let wanted = self.settings().title_by_model
            && !session.titled
            && session.kind == SessionKind::Chat
            && session.group_id.is_none()
            && session.message_count == 2;
        let Some(host_id) = session.host_id.filter(|_| wanted) else { return Ok(()) };
        let deployment = self.store().deployments().get(&host_id).await?;
        if deployment.is_some_and(|deployment| deployment.practice) {
            return Ok(());
        }
        let subject = TaskSubject {
            kind: TaskKind::Title,
            host_id: Some(host_id.clone()),
            session_id: Some(id.clone()),
            message_id: None,
        };
        let (program, session) = (self.clone(), id.clone());
        self.executor().submit(
            RequestId::new(),
            subject,
            &[TaskKind::Title],
            |context| async move {
                let work = program.write_title(&session, &host_id);
                let named = context.unless_cancelled(work).await?;
                context.progress(Progress::SessionChanged(Box::new(named.clone())));
                Ok(TaskResult::Title(Box::new(named)))
            },
        )?;
        Ok(())
    }

    /// A person goes on: their message is not to wait for a title.
    pub(super) fn stop_title(&self, session: &SessionId) {
        let same = |subject: &TaskSubject| subject.session_id.as_ref() == Some(session);
        if let Some(task) = self.executor().active(TaskKind::Title, same) {
            self.executor().cancel(&task.request_id);
        }
    }

    async fn write_title(
        &self,
        id: &SessionId,
        host: &HostId,
    ) -> Result<slipway_protocol::Session, Fault> {
        let client = self.engine_now(host)?;
        let said = self.store().messages().branch(id).await?;
        let mut request = ChatRequest::new(vec![ChatMessage::new(Speaks::User, question(&said))]);
        request.model = said.last().and_then(|last| last.model.clone());
        // Room for a model that thinks first.
        request.max_tokens = Some(400);
        request.temperature = Some(0.2);
        let title = cleaned(&text_of(&client, &request).await?)
            .ok_or_else(|| Fault::internal("the model wrote no title"))?;
        Ok(self.store().sessions().set_title_by_model(id, &title).await?)
    }
}

fn question(said: &[Message]) -> String {
    let mut text = TASK.to_owned();
    for message in said {
        let who = if message.role == Role::User { "User" } else { "Assistant" };
        let shown: String = message.content.chars().take(SHOWN).collect();
        text.push_str(&format!("\n\n{who}: {shown}"));
    }
    text
}

/// The title in what the model wrote: its first line without ornaments, or nothing.
fn cleaned(text: &str) -> Option<String> {
    let line = text.lines().map(str::trim).find(|line| !line.is_empty())?;
    let line = line.trim_start_matches(['#', '*', '-', ' ']);
    let line = ["Title:", "title:", "Название:", "Заголовок:"]
        .iter()
        .find_map(|word| line.strip_prefix(word))
        .unwrap_or(line);
    let ornaments = ['"', '\'', '“', '”', '«', '»', '*', '`', '.', ' '];
    let line: String = line.trim_matches(ornaments).chars().filter(|c| !c.is_control()).collect();
    if line.is_empty() { None } else { Some(super::cut_at_word(&line, LONGEST)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ornaments_are_taken_off() {
        for (text, title) in [
            ("Harbour walks", "Harbour walks"),
            ("\n\n**Title: \"Harbour walks\"**\nmore", "Harbour walks"),
            ("# «Прогулки по гавани».", "Прогулки по гавани"),
        ] {
            assert_eq!(cleaned(text).as_deref(), Some(title), "{text}");
        }
        assert_eq!(cleaned(" \n \"\" "), None);
        assert!(cleaned(&"word ".repeat(40)).unwrap().chars().count() <= LONGEST + 1);
    }
}
