//! Models that speak with each other, turn by turn, as one task.

pub(super) mod rules;

use slipway_protocol::{
    ChatSettings, ChatStarted, Conversation, ConversationProgress, ConversationPut,
    ConversationRun, ConversationSay, ConversationSetup, ConversationState, Message, MessageState,
    Progress, RequestId, Role, SessionId, SessionKind, SessionRef, SessionView, TaskKind, TaskRef,
    TaskResult, TaskSubject, Text,
};

use self::rules::{Part, checked, limit_reached, next_part, next_speaker};
use super::answer::{AnswerJob, Voice};
use super::{EXCLUSIVE, blank_session, new_message, title_of, validate};
use crate::fault::Fault;
use crate::program::Program;
use crate::settings::within;
use crate::tasks::TaskContext;

/// Tokens that a summary may have however short the turns are.
const SUMMARY_TOKENS: u32 = 1024;

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
        if ended && next_part(&conversation, &self.last_said(&id).await?).is_ok() {
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
        next_part(&conversation, &self.last_said(&run.session_id).await?)?;
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

    /// Adds a line of the person, heard from the next turn on, by all or by one.
    pub async fn conversation_say(&self, say: ConversationSay) -> Result<SessionView, Fault> {
        let id = say.session_id;
        validate::text(&say.text)?;
        if say.text.trim().is_empty() {
            return Err(Fault::invalid(
                Text::new("The line is empty.", "Реплика пустая."),
                Text::new("Write something first.", "Сначала напишите что-нибудь."),
            ));
        }
        let participants = self.conversation(&id).await?.setup.participants.len();
        if say.audience.is_some_and(|one| one as usize >= participants) {
            return Err(Fault::invalid(
                Text::new("Nobody is there to hear it.", "Такого участника нет."),
                Text::new(
                    "Say it to somebody who takes part.",
                    "Обратитесь к кому-то из участников.",
                ),
            ));
        }
        let mut line = new_message(&id, Role::User, MessageState::Complete);
        line.content = say.text;
        line.audience = say.audience;
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

    /// The last message of a conversation.
    async fn last_said(&self, id: &SessionId) -> Result<Message, Fault> {
        let leaf = self.store().sessions().leaf(id).await?;
        let leaf = leaf.ok_or_else(|| Fault::internal("no opening"))?;
        Ok(self.store().messages().get(&leaf).await?)
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
        let mut part = next_part(&conversation, &self.last_said(&id).await?)?;
        conversation.state = ConversationState::Running;
        self.note(context, &id, &conversation).await?;
        let state = loop {
            let ended = self.speak(context, &id, &conversation, part).await;
            // A pause asked for meanwhile is in the database.
            conversation = self.conversation(&id).await?;
            match ended {
                Ok(spoken) => {
                    if part == Part::Turn {
                        conversation.tokens_used += spoken.tokens;
                    }
                    if spoken.stopped {
                        break ConversationState::Paused;
                    }
                    if part != Part::Turn {
                        break ConversationState::Finished;
                    }
                    conversation.turns_done += 1;
                    conversation.next_speaker = next_speaker(&conversation);
                    if spoken.ends_it || limit_reached(&conversation).is_some() {
                        let Some(speaker) = conversation.setup.summary_by else {
                            break ConversationState::Finished;
                        };
                        // It belongs to the end: neither a pause nor the number of steps keeps it back.
                        part = Part::Summary(speaker);
                        self.note(context, &id, &conversation).await?;
                        continue;
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

    /// The next speaker's turn, or the summary. One that failed is tried again beside it, one that was
    /// stopped or cut off by the program's end is gone on with.
    async fn speak(
        &self,
        context: &TaskContext,
        id: &SessionId,
        conversation: &Conversation,
        part: Part,
    ) -> Result<Spoken, Fault> {
        let (speaker, voice): (_, fn(usize) -> Voice) = match part {
            Part::Turn => (conversation.next_speaker, Voice::Participant),
            Part::Summary(speaker) => (speaker, Voice::Summary),
        };
        let summary = part != Part::Turn;
        let participant = &conversation.setup.participants[speaker as usize];
        let sessions = self.store().sessions();
        let last = self.last_said(id).await?;
        // What of the last message is this one already: a piece to go on with, or a failure.
        let begun = last.speaker == Some(speaker)
            && last.summary == summary
            && last.state != MessageState::Complete;
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
                (answer.speaker, answer.summary) = (Some(speaker), summary);
                sessions.begin_answer(id, &before.id, &answer).await?
            }
        };
        self.live().begin(&answer.id, &answer.content, &answer.reasoning);
        let mut sampling = participant.sampling.clone();
        if summary {
            // A turn may be held short; a summary of them all takes what it takes.
            sampling.max_tokens = sampling.max_tokens.map(|most| most.max(SUMMARY_TOKENS));
        }
        let job = AnswerJob {
            program: self.clone(),
            host_id: participant.host_id.clone(),
            model: participant.model.clone(),
            session_id: id.clone(),
            message_id: answer.id.clone(),
            voice: voice(speaker as usize),
            settings: ChatSettings { sampling, ..ChatSettings::default() },
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
        Ok(Spoken {
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

/// How a turn or a summary ended.
struct Spoken {
    stopped: bool,
    tokens: u32,
    ends_it: bool,
}

fn changed(id: &SessionId, conversation: &Conversation) -> Progress {
    let (session_id, conversation) = (id.clone(), conversation.clone());
    Progress::ConversationChanged(ConversationProgress { session_id, conversation })
}
