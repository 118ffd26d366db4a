//! The program in this process, with a data directory of its own: what a window would hold.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use slipway_core::{Bus, DataDir, Program};
use slipway_protocol::{
    ChatResult, ChatSend, ChatSettings, ChatStarted, ConnectionState, ConnectionStatus,
    DeployRequest, DeployResult, ErrorInfo, HostId, HostRef, Message, ModelSource, Progress,
    PromptAnswer, PromptReply, RequestId, SessionRead, TaskBody, TaskMessage, TaskOutcome, TaskRef,
    TaskResult, UninstallRequest,
};
use tempfile::TempDir;

use crate::engine;
use crate::sshd::Sshd;

/// Longer than anything here takes on a busy computer.
const PATIENCE: Duration = Duration::from_secs(90);

pub struct App {
    pub program: Program,
    pub dir: TempDir,
}

impl App {
    pub async fn open() -> Self {
        Self::open_in(tempfile::Builder::new().prefix("slipway-data-").tempdir().unwrap()).await
    }

    pub async fn open_in(dir: TempDir) -> Self {
        let program = open(dir.path()).await.unwrap();
        Self { program, dir }
    }

    /// Leaves and opens the same data directory again, as the next start of the window does.
    pub async fn reopened(mut self) -> Self {
        self.program.shutdown().await;
        self.program = open(self.dir.path()).await.unwrap();
        self
    }

    /// Adds a machine that lets this computer in.
    pub async fn add(&self, machine: &Sshd) -> HostId {
        self.program.host_add(machine.host_add()).await.unwrap().id
    }

    /// Starts a deploy with all else left to the defaults.
    pub async fn start_deploy(&self, host_id: &HostId, model: ModelSource) -> RequestId {
        let request = DeployRequest::new(host_id.clone(), model);
        self.program.deploy_start(request).await.unwrap().request_id
    }

    pub async fn try_deploy(
        &self,
        host_id: &HostId,
        model: ModelSource,
    ) -> Result<DeployResult, ErrorInfo> {
        let request_id = self.start_deploy(host_id, model).await;
        match self.outcome(&request_id).await {
            TaskOutcome::Complete(TaskResult::Deploy(result)) => Ok(*result),
            TaskOutcome::Error(error) => Err(error),
            other => panic!("{other:?}"),
        }
    }

    pub async fn deploy(&self, host_id: &HostId, model: ModelSource) -> DeployResult {
        self.try_deploy(host_id, model).await.unwrap()
    }

    /// How a task ended, after it ended.
    pub async fn outcome(&self, request_id: &RequestId) -> TaskOutcome {
        let last = self.next(0, |m| m.request_id == *request_id && m.body.is_terminal()).await;
        match last.body {
            TaskBody::Complete(result) => TaskOutcome::Complete(result),
            TaskBody::Error(error) => TaskOutcome::Error(error),
            other => panic!("{other:?}"),
        }
    }

    /// The result of a task that has to work.
    pub async fn result(&self, task: TaskRef) -> TaskResult {
        match self.outcome(&task.request_id).await {
            TaskOutcome::Complete(result) => result,
            TaskOutcome::Error(error) => panic!("{error:?}"),
        }
    }

    /// The error of a task that has to fail.
    pub async fn failure(&self, request_id: &RequestId) -> ErrorInfo {
        match self.outcome(request_id).await {
            TaskOutcome::Error(error) => error,
            TaskOutcome::Complete(result) => panic!("{result:?}"),
        }
    }

    /// The first message after `seq` for which something holds.
    pub async fn next(&self, seq: u64, holds: impl Fn(&TaskMessage) -> bool) -> TaskMessage {
        let bus = self.program.bus();
        let search = async {
            let mut seen = seq;
            loop {
                bus.wait_after(seen).await;
                for message in bus.after(seen).messages {
                    if holds(&message) {
                        return message;
                    }
                    seen = message.seq;
                }
            }
        };
        match tokio::time::timeout(PATIENCE, search).await {
            Ok(message) => message,
            Err(_) => panic!("waited in vain; the last messages: {:#?}", self.last_messages(12)),
        }
    }

    fn last_messages(&self, count: u64) -> Vec<TaskMessage> {
        let bus = self.program.bus();
        bus.after(bus.last_seq().saturating_sub(count)).messages
    }

    /// All messages of a task so far.
    pub fn messages(&self, request_id: &RequestId) -> Vec<TaskMessage> {
        let all = self.program.bus().after(0).messages;
        all.into_iter().filter(|message| message.request_id == *request_id).collect()
    }

    /// Number of terminal messages of a task.
    pub fn terminals(&self, request_id: &RequestId) -> usize {
        self.messages(request_id).iter().filter(|message| message.body.is_terminal()).count()
    }

    /// Answers the next question of a task.
    pub async fn answer(&self, request_id: &RequestId, seq: u64, reply: PromptReply) -> u64 {
        let asked = |m: &TaskMessage| {
            m.request_id == *request_id
                && (matches!(m.body, TaskBody::Prompt(_)) || m.body.is_terminal())
        };
        let message = self.next(seq, asked).await;
        let TaskBody::Prompt(prompt) = message.body else {
            panic!("ended without the question: {:?}", message.body)
        };
        self.program.prompt_answer(PromptAnswer { prompt_id: prompt.prompt_id, reply });
        message.seq
    }

    /// Waits until a connection enters a state after message `seq`; the message's number and it.
    pub async fn state(
        &self,
        seq: u64,
        host_id: &HostId,
        wanted: ConnectionState,
    ) -> (u64, ConnectionStatus) {
        let message = self
            .next(seq, |message| match &message.body {
                TaskBody::Progress(Progress::Connection(status)) => {
                    status.host_id == *host_id && status.state == wanted
                }
                _ => false,
            })
            .await;
        match message.body {
            TaskBody::Progress(Progress::Connection(status)) => (message.seq, *status),
            other => panic!("{other:?}"),
        }
    }

    /// Connects (a deploy does it by itself) and waits until the engine answers.
    pub async fn connect(&self, host_id: &HostId) -> ConnectionStatus {
        let seq = self.program.bus().last_seq();
        self.program.connect_start(HostRef { host_id: host_id.clone() }).await.unwrap();
        self.state(seq, host_id, ConnectionState::Connected).await.1
    }

    /// Sends a message in a new conversation.
    pub async fn send(&self, host_id: &HostId, text: &str) -> ChatStarted {
        self.program.chat_send(chat(host_id, text)).await.unwrap()
    }

    /// Waits for an answer that has to come whole.
    pub async fn answered(&self, started: &ChatStarted) -> (ChatResult, Message) {
        match self.outcome(&started.request_id).await {
            TaskOutcome::Complete(TaskResult::Chat(result)) => {
                let message = self.message(started).await;
                (result, message)
            }
            other => panic!("{other:?}"),
        }
    }

    /// The answer as it is on disk now.
    pub async fn message(&self, started: &ChatStarted) -> Message {
        let session_id = started.session.id.clone();
        let view = self.program.session_get(&SessionRead::whole(session_id)).await.unwrap();
        view.messages.into_iter().find(|message| message.id == started.answer.id).unwrap()
    }

    /// The text of an answer as its chunks told it.
    pub fn streamed(&self, started: &ChatStarted) -> String {
        let chunks = self.messages(&started.request_id).into_iter();
        chunks
            .filter_map(|message| match message.body {
                TaskBody::Chunk(chunk) => Some(chunk.text),
                _ => None,
            })
            .collect()
    }
}

impl Drop for App {
    fn drop(&mut self) {
        engine::end(&self.dir.path().join("v1"));
    }
}

/// Opens the program as a front end does whose user chose the data directory.
pub async fn open(dir: &Path) -> Result<Program, slipway_core::Fault> {
    let dir = DataDir::new(Some(dir.to_owned())).unwrap();
    Program::open(dir, true, Arc::new(Bus::new()), None).await
}

/// Everything that Slipway put on a host shall go.
pub fn uninstall(host_id: &HostId) -> UninstallRequest {
    UninstallRequest { host_id: host_id.clone(), keep_models: false }
}

/// A streamed chat in a new conversation.
pub fn chat(host_id: &HostId, text: &str) -> ChatSend {
    ChatSend {
        session_id: None,
        host_id: host_id.clone(),
        model: None,
        text: text.to_owned(),
        attachments: Vec::new(),
        settings: ChatSettings::default(),
        replaces: None,
        stream: true,
    }
}
