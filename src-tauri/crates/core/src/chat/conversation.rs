//! Models that speak with each other, turn by turn, as one task.

pub(super) mod rules;

use slipway_protocol::{
    ChatSettings, ChatStarted, Conversation, ConversationProgress, ConversationPut,
    ConversationRun, ConversationSay, ConversationSetup, ConversationState, MessageState, Progress,
    RequestId, Role, SessionId, SessionKind, SessionRef, SessionView, TaskKind, TaskRef,
    TaskResult, TaskSubject, Text,
};

use self::rules::{checked, limit_reached, next_speaker};
use super::answer::{AnswerJob, Voice};
use super::{EXCLUSIVE, blank_session, new_message, title_of, validate};
use crate::fault::Fault;
use crate::program::Program;
use crate::settings::within;
use crate::tasks::TaskContext;

impl Program {
    /// Makes a conversation between models, or changes its setup while it does not run.
    pub async fn conversation_put(&self, put: ConversationPut) -> Result<SessionView, Fault> {
        let setup = checked(put.setup)?;
        for participant in &setup.participants {
            self.store().hosts().get(&participant.host_id).await?;
        }
        let Some(id) = put.session_id else { return self.new_conversation(setup).await };
        let mut conversation = self.conversation(&id).await?;
        self.refuse_second_answer(&id)?;
        let ended = conversation.state == ConversationState::Finished;
        conversation.setup = setup;
        if ended && limit_reached(&conversation).is_none() {
            conversation.state = ConversationState::Paused;
        }
        let speakers = conversation.setup.participants.len() as u32;
        conversation.next_speaker %= speakers;
        self.store().sessions().set_conversation(&id, &conversation).await?;
        self.tell(changed(&id, &conversation));
        self.view(&id).await
    }

    /// Lets it run, as a task.
    pub async fn conversation_run(&self, run: ConversationRun) -> Result<TaskRef, Fault> {
        if let Some(steps) = run.steps {
            within("steps", steps, 1, 1000)?;
        }
        let conversation = self.conversation(&run.session_id).await?;
        if let Some(limit) = limit_reached(&conversation) {
            return Err(limit);
        }
        let subject = TaskSubject {
            kind: TaskKind::Conversation,
            host_id: None,
            session_id: Some(run.session_id.clone()),
            message_id: None,
        };
        let program = self.clone();
        let request_id = RequestId::new();
        self.executor().submit(request_id.clone(), subject, &EXCLUSIVE, |context| async move {
            program.converse(&context, run).await.map(TaskResult::Conversation)
        })?;
        Ok(TaskRef { request_id })
    }

    /// Lets it pause when the present turn is over.
    pub async fn conversation_pause(&self, session: SessionRef) -> Result<(), Fault> {
        let mut conversation = self.conversation(&session.session_id).await?;
        if conversation.state == ConversationState::Running {
            conversation.state = ConversationState::Pausing;
            let id = &session.session_id;
            self.store().sessions().set_conversation(id, &conversation).await?;
            self.tell(changed(id, &conversation));
        }
        Ok(())
    }

    /// Adds a line of the person, heard from the next turn on.
    pub async fn conversation_say(&self, say: ConversationSay) -> Result<SessionView, Fault> {
        let id = say.session_id;
        validate::text(&say.text)?;
        if say.text.trim().is_empty() {
            return Err(Fault::invalid(
                Text::new("The line is empty.", "Реплика пустая."),
                Text::new("Write something first.", "Сначала напишите что-нибудь."),
            ));
        }
        self.conversation(&id).await?;
        let mut line = new_message(&id, Role::User, MessageState::Complete);
        line.content = say.text;
        // Behind a turn that is being written it stands as well: that turn does not hear it.
        let leaf = self.store().sessions().leaf(&id).await?;
        self.store().messages().insert_after(leaf.as_ref(), &line).await?;
        self.tell(Progress::ThreadChanged(id.clone()));
        self.view(&id).await
    }

    /// A session's participants and rules.
    pub(super) async fn conversation(&self, id: &SessionId) -> Result<Conversation, Fault> {
        self.store().sessions().get(id).await?;
        self.store().sessions().conversation_of(id).await?.ok_or_else(|| {
            Fault::invalid(
                Text::new("This is no conversation between models.", "Это не беседа моделей."),
                Text::new("Make one first.", "Сначала создайте её."),
            )
        })
    }

    async fn new_conversation(&self, setup: ConversationSetup) -> Result<SessionView, Fault> {
        let mut session = blank_session(title_of(&setup.opening));
        session.kind = SessionKind::Conversation;
        session.host_id = setup.participants.first().map(|one| one.host_id.clone());
        self.store().sessions().insert(&session).await?;
        let mut opening = new_message(&session.id, Role::User, MessageState::Complete);
        opening.content.clone_from(&setup.opening);
        self.store().messages().insert_after(None, &opening).await?;
        let conversation = Conversation {
            setup,
            state: ConversationState::Ready,
            turns_done: 0,
            tokens_used: 0,
            next_speaker: 0,
        };
        self.store().sessions().set_conversation(&session.id, &conversation).await?;
        let view = self.view(&session.id).await?;
        self.changed(view.session.clone())?;
        Ok(view)
    }

    /// Turn after turn until a limit, a pause, a fault or a stop.
    async fn converse(
        &self,
        context: &TaskContext,
        run: ConversationRun,
    ) -> Result<ConversationProgress, Fault> {
        let id = run.session_id;
        let mut left = run.steps;
        let mut conversation = self.conversation(&id).await?;
        conversation.state = ConversationState::Running;
        self.note(context, &id, &conversation).await?;
        let state = loop {
            let ended = self.take_turn(context, &id, &conversation).await;
            // A pause asked for meanwhile is in the database.
            conversation = self.conversation(&id).await?;
            match ended {
                Ok(turn) => {
                    conversation.tokens_used += turn.tokens;
                    if turn.stopped {
                        break ConversationState::Paused;
                    }
                    conversation.turns_done += 1;
                    conversation.next_speaker = next_speaker(&conversation);
                    if turn.ends_it || limit_reached(&conversation).is_some() {
                        break ConversationState::Finished;
                    }
                }
                Err(fault) => {
                    conversation.state = ConversationState::Failed;
                    self.note(context, &id, &conversation).await?;
                    return Err(fault);
                }
            }
            left = left.map(|left| left - 1);
            if left == Some(0) || conversation.state == ConversationState::Pausing {
                break ConversationState::Paused;
            }
            self.note(context, &id, &conversation).await?;
        };
        conversation.state = state;
        self.note(context, &id, &conversation).await?;
        Ok(ConversationProgress { session_id: id, conversation })
    }

    /// Keeps and tells where a conversation is.
    async fn note(
        &self,
        context: &TaskContext,
        id: &SessionId,
        conversation: &Conversation,
    ) -> Result<(), Fault> {
        self.store().sessions().set_conversation(id, conversation).await?;
        context.progress(changed(id, conversation));
        Ok(())
    }

    /// The next speaker's turn. One that failed is tried again beside it, one that was stopped or
    /// cut off by the program's end is gone on with.
    async fn take_turn(
        &self,
        context: &TaskContext,
        id: &SessionId,
        conversation: &Conversation,
    ) -> Result<TurnEnd, Fault> {
        let speaker = conversation.next_speaker;
        let participant = &conversation.setup.participants[speaker as usize];
        let sessions = self.store().sessions();
        let leaf = sessions.leaf(id).await?.ok_or_else(|| Fault::internal("no opening"))?;
        let last = self.store().messages().get(&leaf).await?;
        // What of the last message is this turn already: a piece to go on with, or a failure.
        let begun = last.speaker == Some(speaker) && last.state != MessageState::Complete;
        let resumed = Some(&last)
            .filter(|last| begun && last.state != MessageState::Failed && !last.content.is_empty());
        let before = match &last.parent_id {
            Some(parent) if begun => self.store().messages().get(parent).await?,
            _ => last.clone(),
        };
        let (session, answer) = match resumed {
            Some(cut) => sessions.reopen_answer(&cut.id, context.request_id()).await?,
            None => {
                let model = participant.model.as_deref();
                let mut answer = self.new_answer(id, &participant.host_id, model);
                answer.request_id = Some(context.request_id().clone());
                answer.speaker = Some(speaker);
                sessions.begin_answer(id, &before.id, &answer).await?
            }
        };
        self.live().begin(&answer.id, &answer.content, &answer.reasoning);
        let job = AnswerJob {
            program: self.clone(),
            host_id: participant.host_id.clone(),
            model: participant.model.clone(),
            session_id: id.clone(),
            message_id: answer.id.clone(),
            voice: Voice::Participant(speaker as usize),
            settings: ChatSettings {
                sampling: participant.sampling.clone(),
                ..ChatSettings::default()
            },
            stream: true,
            resumed: resumed.cloned(),
        };
        context.progress(Progress::TurnBegan(Box::new(ChatStarted {
            request_id: context.request_id().clone(),
            session,
            user_message: before,
            answer,
        })));
        let written = job.write(context).await?;
        let phrase = conversation.setup.end_phrase.trim().to_lowercase();
        let said = self.store().messages().get(&job.message_id).await?;
        Ok(TurnEnd {
            stopped: written.stopped,
            tokens: written.stats.completion_tokens.unwrap_or(0),
            ends_it: !phrase.is_empty() && said.content.to_lowercase().contains(&phrase),
        })
    }
}

/// For the start of the program: a conversation that it left running waits.
pub(crate) async fn pause_conversations(store: &slipway_store::Store) -> Result<(), Fault> {
    for session in store.sessions().list().await? {
        if session.kind != SessionKind::Conversation {
            continue;
        }
        let Some(mut conversation) = store.sessions().conversation_of(&session.id).await? else {
            continue;
        };
        if matches!(conversation.state, ConversationState::Running | ConversationState::Pausing) {
            conversation.state = ConversationState::Paused;
            store.sessions().set_conversation(&session.id, &conversation).await?;
        }
    }
    Ok(())
}

/// How a turn ended.
struct TurnEnd {
    stopped: bool,
    tokens: u32,
    ends_it: bool,
}

fn changed(id: &SessionId, conversation: &Conversation) -> Progress {
    let (session_id, conversation) = (id.clone(), conversation.clone());
    Progress::ConversationChanged(ConversationProgress { session_id, conversation })
}
