//! The list of conversations, and what each one shows.

use slipway_protocol::{
    DraftPut, MessageEdit, MessageRef, MessageState, Progress, Session, SessionChange,
    SessionConfigure, SessionDuplicate, SessionId, SessionPin, SessionRead, SessionRef,
    SessionRename, SessionView, TaskKind, TaskSubject, Text,
};

use super::validate;
use crate::clock::now_ms;
use crate::fault::Fault;
use crate::program::Program;

/// Longest title in characters.
const LONGEST_TITLE: usize = 200;
/// Most tags of a conversation, and the longest in characters.
const MOST_TAGS: usize = 20;
const LONGEST_TAG: usize = 40;
/// Most conversations that one command changes.
const MOST_AT_ONCE: usize = 10_000;

impl Program {
    /// All conversations but the columns of comparisons, pinned ones first, then the latest.
    pub async fn session_list(&self) -> Result<Vec<Session>, Fault> {
        Ok(self.store().sessions().list().await?)
    }

    /// One conversation with the branch that it shows, or the end of it; an answer in the making has
    /// all its text so far.
    pub async fn session_get(&self, read: &SessionRead) -> Result<SessionView, Fault> {
        self.view_of(&read.session_id, read.last).await
    }

    /// A conversation's title, for places outside of the page; nothing once it is deleted.
    pub async fn session_title(&self, id: &SessionId) -> Option<String> {
        self.store().sessions().get(id).await.ok().map(|session| session.title)
    }

    pub(crate) async fn view(&self, id: &SessionId) -> Result<SessionView, Fault> {
        self.view_of(id, None).await
    }

    async fn view_of(&self, id: &SessionId, last: Option<u32>) -> Result<SessionView, Fault> {
        let store = self.store();
        let session = store.sessions().get(id).await?;
        let mut messages = match last {
            Some(count) => store.messages().branch_end(id, count).await?,
            None => store.messages().branch(id).await?,
        };
        for message in &mut messages {
            self.live().refresh(message);
        }
        Ok(SessionView {
            settings: store.sessions().settings_of(id).await?,
            compactions: store.compactions().list(id).await?,
            queue: store.queue().list(id).await?,
            draft: store.drafts().get(Some(id)).await?,
            conversation: store.sessions().conversation_of(id).await?,
            columns: store.sessions().columns(id).await?,
            earlier: messages.first().is_some_and(|message| message.parent_id.is_some()),
            messages,
            session,
        })
    }

    /// Gives a conversation another title.
    pub async fn session_rename(&self, rename: SessionRename) -> Result<Session, Fault> {
        let title = rename.title.trim();
        if title.is_empty() || title.chars().count() > LONGEST_TITLE {
            return Err(Fault::invalid(
                Text::new("A title has 1 to 200 characters.", "Название — от 1 до 200 знаков."),
                Text::new("Write another one.", "Введите другое."),
            ));
        }
        self.stop_title(&rename.session_id);
        self.changed(self.store().sessions().rename(&rename.session_id, title).await?)
    }

    /// Pins a conversation to the top, or not.
    pub async fn session_pin(&self, pin: SessionPin) -> Result<Session, Fault> {
        self.changed(self.store().sessions().pin(&pin.session_id, pin.pinned).await?)
    }

    /// Moves conversations between folders, into the archive or back, and tags them.
    pub async fn session_change(&self, mut change: SessionChange) -> Result<Vec<Session>, Fault> {
        if change.session_ids.len() > MOST_AT_ONCE {
            return Err(Fault::invalid(
                Text::new("These are too many chats at once.", "Слишком много чатов сразу."),
                Text::new("Choose fewer.", "Выберите меньше."),
            ));
        }
        if let Some(tags) = &mut change.tags {
            *tags = tags_of(std::mem::take(tags))?;
        }
        let changed = self.store().sessions().change(&change).await?;
        for session in &changed {
            self.tell(Progress::SessionChanged(Box::new(session.clone())));
        }
        Ok(changed)
    }

    /// Sets how a conversation is answered from now on.
    pub async fn session_configure(&self, configure: SessionConfigure) -> Result<(), Fault> {
        validate::settings(&configure.settings)?;
        let SessionConfigure { session_id, settings } = configure;
        Ok(self.store().sessions().configure(&session_id, &settings).await?)
    }

    /// Copies a conversation, as a whole or up to a message.
    pub async fn session_duplicate(&self, duplicate: SessionDuplicate) -> Result<Session, Fault> {
        let SessionDuplicate { session_id, until } = duplicate;
        let old = self.store().sessions().get(&session_id).await?;
        super::refuse_other_kinds(&old)?;
        let id = SessionId::new();
        let sessions = self.store().sessions();
        let copy =
            sessions.duplicate(&session_id, until.as_ref(), &id, &old.title, now_ms()).await?;
        self.changed(copy)
    }

    /// Shows the branch that a message lies on.
    pub async fn message_show(&self, message: MessageRef) -> Result<SessionView, Fault> {
        self.message_of(&message.session_id, &message.message_id).await?;
        self.refuse_second_answer(&message.session_id)?;
        self.store().sessions().show(&message.message_id).await?;
        self.tell(Progress::ThreadChanged(message.session_id.clone()));
        self.view(&message.session_id).await
    }

    /// Adds another version of a message and shows it; nothing is sent.
    pub async fn message_edit(&self, edit: MessageEdit) -> Result<SessionView, Fault> {
        validate::text(&edit.text)?;
        self.refuse_second_answer(&edit.session_id)?;
        let old = self.message_of(&edit.session_id, &edit.message_id).await?;
        let mut new = super::new_message(&edit.session_id, old.role, MessageState::Complete);
        new.content = edit.text;
        new.speaker = old.speaker;
        new.audience = old.audience;
        new.summary = old.summary;
        new.host_id = old.host_id;
        new.model = old.model;
        new.attachments = old.attachments;
        self.store().messages().insert_after(old.parent_id.as_ref(), &new).await?;
        self.tell(Progress::ThreadChanged(edit.session_id.clone()));
        self.view(&edit.session_id).await
    }

    /// Keeps what is being written.
    pub async fn draft_put(&self, draft: DraftPut) -> Result<(), Fault> {
        validate::text(&draft.text)?;
        let DraftPut { session_id, text, attachments } = draft;
        Ok(self.store().drafts().put(session_id.as_ref(), &text, &attachments).await?)
    }

    /// Takes a conversation off the list; it can be restored for a day. What is being written in it
    /// is stopped.
    pub async fn session_delete(&self, session: &SessionRef) -> Result<(), Fault> {
        let columns = self.store().sessions().columns(&session.session_id).await?;
        for id in columns.iter().map(|column| &column.id).chain([&session.session_id]) {
            self.stop_all(id);
        }
        self.store().sessions().delete(&session.session_id, now_ms()).await?;
        self.tell(Progress::SessionRemoved(session.session_id.clone()));
        Ok(())
    }

    /// Puts a deleted conversation back.
    pub async fn session_restore(&self, session: &SessionRef) -> Result<Session, Fault> {
        self.changed(self.store().sessions().restore(&session.session_id).await?)
    }

    /// Stops all that works on a conversation.
    fn stop_all(&self, id: &SessionId) {
        let same = |subject: &TaskSubject| subject.session_id.as_ref() == Some(id);
        for kind in [TaskKind::Chat, TaskKind::Conversation, TaskKind::Title, TaskKind::Compact] {
            if let Some(task) = self.executor().active(kind, same) {
                self.executor().cancel(&task.request_id);
            }
        }
    }

    /// Tells every window of a changed conversation.
    pub(super) fn changed(&self, session: Session) -> Result<Session, Fault> {
        self.tell(Progress::SessionChanged(Box::new(session.clone())));
        Ok(session)
    }
}

/// Tags without spaces around, each once, sorted.
fn tags_of(tags: Vec<String>) -> Result<Vec<String>, Fault> {
    let mut kept: Vec<String> = tags.iter().map(|tag| tag.trim().to_owned()).collect();
    kept.retain(|tag| !tag.is_empty());
    kept.sort();
    kept.dedup();
    if kept.len() > MOST_TAGS || kept.iter().any(|tag| tag.chars().count() > LONGEST_TAG) {
        return Err(Fault::invalid(
            Text::new(
                "A chat has up to 20 tags of up to 40 characters.",
                "У чата до 20 меток, каждая до 40 знаков.",
            ),
            Text::new("Take fewer or shorter ones.", "Возьмите меньше или короче."),
        ));
    }
    Ok(kept)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_are_tidied_and_bounded() {
        let tags = |all: &[&str]| tags_of(all.iter().map(|tag| (*tag).to_owned()).collect());
        assert_eq!(tags(&[" b ", "a", "b", ""]).unwrap(), ["a", "b"]);
        assert!(tags(&["я".repeat(41).as_str()]).is_err());
        let many: Vec<_> = (0..21).map(|n| n.to_string()).collect();
        assert!(tags_of(many).is_err());
    }
}
