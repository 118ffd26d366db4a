//! Models that speak with each other, and side by side, on the real engine.

use slipway_protocol::{
    ChatSend, ChatSettings, CompareColumn, CompareStart, Conversation, ConversationPut,
    ConversationRun, ConversationSay, ConversationSetup, ConversationState, HostId, MessageState,
    ModelSource, Participant, Progress, Role, Sampling, SessionId, SessionKind, SessionRead,
    SessionRef, SessionView, SpeakingOrder, TaskBody, TaskRef, TaskResult,
};

use crate::app::{App, chat};
use crate::engine;
use crate::sshd::Sshd;

fn participant(host: &HostId, name: &str, tokens: u32) -> Participant {
    Participant {
        name: name.to_owned(),
        host_id: host.clone(),
        model: None,
        system_prompt: format!("You are {name}."),
        sampling: Sampling { max_tokens: Some(tokens), ..Sampling::default() },
    }
}

fn setup(host: &HostId, turns: u32, tokens: u32) -> ConversationSetup {
    ConversationSetup {
        participants: vec![participant(host, "Ann", tokens), participant(host, "Bob", tokens)],
        order: SpeakingOrder::InTurn,
        turns,
        tokens: None,
        end_phrase: String::new(),
        opening: "One repository or many?".to_owned(),
        summary_by: None,
    }
}

/// The program with a host whose model never ends by itself.
async fn with_endless_model(machine: &Sshd) -> (App, HostId) {
    let app = App::open().await;
    let host = app.add(machine).await;
    let model = ModelSource::HostPath(engine::endless_model().to_string_lossy().into_owned());
    app.deploy(&host, model).await;
    app.connect(&host).await;
    (app, host)
}

async fn view(app: &App, id: &SessionId) -> SessionView {
    app.program.session_get(&SessionRead::whole(id.clone())).await.unwrap()
}

async fn run(app: &App, id: &SessionId, steps: Option<u32>) -> Conversation {
    let run = ConversationRun { session_id: id.clone(), steps };
    let task = app.program.conversation_run(run).await.unwrap();
    match app.result(task).await {
        TaskResult::Conversation(progress) => progress.conversation,
        other => panic!("{other:?}"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn two_models_talk_ten_turns_stopped_in_mid_sentence_and_restored() {
    let machine = Sshd::start();
    let (app, host) = with_endless_model(&machine).await;
    let put = ConversationPut { session_id: None, setup: setup(&host, 10, 400) };
    let made = app.program.conversation_put(put).await.unwrap();
    let id = made.session.id.clone();
    assert_eq!(made.session.kind, SessionKind::Conversation);

    // Stopped in the middle of the first turn.
    let seq = app.program.bus().last_seq();
    let task = ConversationRun { session_id: id.clone(), steps: None };
    let task = app.program.conversation_run(task).await.unwrap();
    app.next(seq, |m| matches!(m.body, TaskBody::Chunk(_))).await;
    app.program.task_cancel(&TaskRef { request_id: task.request_id.clone() });
    let TaskResult::Conversation(stopped) = app.result(task).await else { panic!() };
    assert_eq!(stopped.conversation.state, ConversationState::Paused);
    let cut = view(&app, &id).await.messages[1].clone();
    assert_eq!((cut.speaker, cut.state), (Some(0), MessageState::Stopped));
    assert!(!cut.content.is_empty());

    // The next start finds it so; the sentence is gone on with, and the rest follows.
    let app = app.reopened().await;
    app.connect(&host).await;
    assert_eq!(view(&app, &id).await.messages[1].content, cut.content);
    let shorter = ConversationPut { session_id: Some(id.clone()), setup: setup(&host, 10, 5) };
    app.program.conversation_put(shorter).await.unwrap();
    let after_one = run(&app, &id, Some(1)).await;
    assert_eq!((after_one.turns_done, after_one.state), (1, ConversationState::Paused));
    let whole = view(&app, &id).await.messages[1].clone();
    assert_eq!(whole.id, cut.id);
    assert!(whole.content.starts_with(&cut.content) && whole.content.len() > cut.content.len());
    let text = "Assume 60 engineers.".to_owned();
    let say = ConversationSay { session_id: id.clone(), text, audience: Some(1) };
    app.program.conversation_say(say).await.unwrap();
    let ended = run(&app, &id, None).await;
    assert_eq!((ended.turns_done, ended.state), (10, ConversationState::Finished));
    assert!(ended.tokens_used >= 20);

    let said = view(&app, &id).await.messages;
    let speakers: Vec<_> = said.iter().filter_map(|message| message.speaker).collect();
    assert_eq!(speakers, [0, 1, 0, 1, 0, 1, 0, 1, 0, 1]);
    assert_eq!(said[2].role, Role::User);
    assert!(said.iter().all(|message| message.state == MessageState::Complete));
    // Its limit is reached: it says so instead of running on.
    let more = ConversationRun { session_id: id.clone(), steps: None };
    assert!(app.program.conversation_run(more).await.is_err());
    app.program.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_summary_follows_the_last_turn_and_is_gone_on_with_after_a_restart() {
    let machine = Sshd::start();
    let (app, host) = with_endless_model(&machine).await;
    let summed = ConversationSetup { summary_by: Some(0), ..setup(&host, 2, 5) };
    let put = ConversationPut { session_id: None, setup: summed };
    let id = app.program.conversation_put(put).await.unwrap().session.id;

    // Stopped in its middle.
    let seq = app.program.bus().last_seq();
    let task = ConversationRun { session_id: id.clone(), steps: Some(2) };
    let task = app.program.conversation_run(task).await.unwrap();
    let began = |body: &TaskBody| match body {
        TaskBody::Progress(Progress::TurnBegan(turn)) => turn.answer.summary,
        _ => false,
    };
    let seq = app.next(seq, |m| began(&m.body)).await.seq;
    app.next(seq, |m| matches!(m.body, TaskBody::Chunk(_))).await;
    app.program.task_cancel(&TaskRef { request_id: task.request_id.clone() });
    let TaskResult::Conversation(stopped) = app.result(task).await else { panic!() };
    assert_eq!(stopped.conversation.state, ConversationState::Paused);
    assert_eq!(stopped.conversation.turns_done, 2);
    let cut = view(&app, &id).await.messages[3].clone();
    assert_eq!((cut.speaker, cut.summary), (Some(0), true));
    assert_eq!(cut.state, MessageState::Stopped);

    let app = app.reopened().await;
    app.connect(&host).await;
    let ended = run(&app, &id, None).await;
    assert_eq!((ended.turns_done, ended.state), (2, ConversationState::Finished));
    let said = view(&app, &id).await.messages;
    assert_eq!(said.len(), 4);
    assert_eq!((&said[3].id, said[3].state), (&cut.id, MessageState::Complete));
    assert!(said[3].content.starts_with(&cut.content));
    let more = ConversationRun { session_id: id.clone(), steps: None };
    assert!(app.program.conversation_run(more).await.is_err());
    app.program.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn columns_answer_by_themselves_and_one_is_taken() {
    let machine = Sshd::start();
    let app = App::open().await;
    let host = app.add(&machine).await;
    app.deploy(&host, ModelSource::Practice).await;
    app.connect(&host).await;
    let column = || CompareColumn { host_id: host.clone(), model: None };
    let start = CompareStart { columns: vec![column(), column()] };
    let head = app.program.compare_start(start).await.unwrap();
    assert_eq!(head.columns.len(), 2);
    assert_eq!(app.program.session_list().await.unwrap().len(), 1, "columns are not listed");
    let sampling = Sampling { max_tokens: Some(4), ..Sampling::default() };
    let settings = ChatSettings { sampling, ..ChatSettings::default() };
    let mut answers = Vec::new();
    for column in &head.columns {
        let send = ChatSend {
            session_id: Some(column.id.clone()),
            settings: settings.clone(),
            ..chat(&host, "Which is better?")
        };
        answers.push(app.program.chat_send(send).await.unwrap());
    }
    for started in &answers {
        app.answered(started).await;
    }
    let named = view(&app, &head.session.id).await;
    assert_eq!(named.session.title, "Which is better?");
    assert!(named.columns.iter().all(|column| column.title == "Which is better?"));
    let taken = SessionRef { session_id: head.columns[1].id.clone() };
    let taken = app.program.compare_take(taken).await.unwrap();
    assert_eq!((taken.group_id, taken.column), (None, None));
    assert_eq!(app.program.session_list().await.unwrap().len(), 2);
    assert_eq!(view(&app, &head.session.id).await.columns.len(), 1);
    app.program.shutdown().await;
}
