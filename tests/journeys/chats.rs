//! What a person does with a chat beyond sending and stopping, against the real engine.

use slipway_protocol::{
    AttachmentAdd, AttachmentKind, ChatRetry, ChatSend, ChatSettings, ConnectionState, Continued,
    DraftPut, ErrorCode, ErrorFacts, Hop, HostId, MessageRef, MessageState, MetricsQuery,
    ModelSource, Overflow, Progress, QueuePut, QueueRef, Sampling, SessionDuplicate, SessionQuery,
    SessionRead, SessionView, TaskBody, TaskRef,
};

use crate::app::{App, chat};
use crate::engine;
use crate::processes::eventually;
use crate::sshd::Sshd;

/// The endless model by its path on the machine, which here is this computer too.
fn endless() -> ModelSource {
    ModelSource::HostPath(engine::endless_model().to_string_lossy().into_owned())
}

fn short(tokens: u32) -> ChatSettings {
    let sampling = Sampling { max_tokens: Some(tokens), ..Sampling::default() };
    ChatSettings { sampling, ..ChatSettings::default() }
}

fn again(host: &HostId, session: &slipway_protocol::SessionId, tokens: u32) -> ChatRetry {
    ChatRetry {
        session_id: session.clone(),
        message_id: None,
        host_id: host.clone(),
        model: None,
        settings: short(tokens),
    }
}

impl App {
    async fn view(&self, session: &slipway_protocol::SessionId) -> SessionView {
        self.program.session_get(&SessionRead::whole(session.clone())).await.unwrap()
    }

    /// A machine with the endless model, connected.
    async fn talkative(machine: &Sshd) -> (Self, HostId) {
        let app = Self::open().await;
        let host = app.add(machine).await;
        app.deploy(&host, endless()).await;
        app.connect(&host).await;
        (app, host)
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn versions_branches_and_continued_answers() {
    let machine = Sshd::start();
    let (app, host) = App::talkative(&machine).await;
    let first = ChatSend { settings: short(6), ..chat(&host, "Lighthouse keepers.") };
    let started = app.program.chat_send(first).await.unwrap();
    let (result, answer) = app.answered(&started).await;
    assert_eq!(result.stats.finish_reason.as_deref(), Some("length"));
    let id = started.session.id.clone();

    // Cut at its limit, it is gone on with where it stopped, as the same message.
    let going_on = app.program.chat_continue(again(&host, &id, 6)).await.unwrap();
    assert_eq!(going_on.answer.id, answer.id);
    let (result, longer) = app.answered(&going_on).await;
    assert_eq!(result.stats.continued, Some(Continued::Prefill));
    assert!(longer.content.starts_with(&answer.content), "{} {}", answer.content, longer.content);
    assert!(longer.content.len() > answer.content.len());

    // Another answer stands beside it; both can be shown.
    let other = app.program.chat_retry(again(&host, &id, 3)).await.unwrap();
    app.answered(&other).await;
    let view = app.view(&id).await;
    assert_eq!(view.messages.len(), 2);
    let end = SessionRead { session_id: id.clone(), last: Some(1) };
    let end = app.program.session_get(&end).await.unwrap();
    assert!(end.earlier && !view.earlier);
    assert_eq!(end.messages, view.messages[1..]);
    assert_eq!(view.messages[1].versions, [answer.id.clone(), other.answer.id.clone()]);
    assert_eq!(view.messages[1].id, other.answer.id);
    let show = MessageRef { session_id: id.clone(), message_id: answer.id.clone() };
    let view = app.program.message_show(show).await.unwrap();
    assert_eq!(view.messages[1].content, longer.content);

    // Another question in the place of the first, and a chat of its own from here.
    let edited = ChatSend {
        session_id: Some(id.clone()),
        replaces: Some(started.user_message.id.clone()),
        settings: short(3),
        ..chat(&host, "Ship wreckers.")
    };
    let edited = app.program.chat_send(edited).await.unwrap();
    app.answered(&edited).await;
    let view = app.view(&id).await;
    assert_eq!(view.messages[0].content, "Ship wreckers.");
    assert_eq!(view.messages[0].versions.len(), 2);
    assert_eq!(view.session.message_count, 5);
    let branch = SessionDuplicate { session_id: id.clone(), until: Some(edited.user_message.id) };
    let copy = app.program.session_duplicate(branch).await.unwrap();
    assert_eq!(app.view(&copy.id).await.messages.len(), 1);

    // Words of any version are found, figures are kept.
    let query =
        |text: &str| SessionQuery { text: text.to_owned(), limit: 10, ..SessionQuery::default() };
    let found = app.program.session_search(query("lighthouse keep")).await.unwrap();
    assert!(found.hits.iter().any(|hit| hit.message_id.as_ref() == Some(&started.user_message.id)));
    assert!(app.program.session_search(query("zeppelin")).await.unwrap().hits.is_empty());
    let range = MetricsQuery { until: u64::MAX >> 12, buckets: 4, ..MetricsQuery::default() };
    let figures = app.program.metrics_query(range).await.unwrap();
    assert_eq!(figures.total.requests, 4);
    assert!(figures.total.first_token_ms.p50.is_some() && figures.total.completion_tokens >= 12);
    app.program.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn messages_wait_for_the_answer_before_them() {
    let machine = Sshd::start();
    let (app, host) = App::talkative(&machine).await;
    let started = app.send(&host, "Go on and on.").await;
    let id = started.session.id.clone();
    let send = |text: &str| ChatSend {
        session_id: Some(id.clone()),
        settings: short(3),
        ..chat(&host, text)
    };
    for text in ["First.", "Dropped.", "Second."] {
        app.program.queue_put(QueuePut { id: None, send: send(text) }).await.unwrap();
    }
    let waiting = app.view(&id).await.queue;
    assert_eq!(waiting.len(), 3);
    let dropped = QueueRef { session_id: id.clone(), id: waiting[1].id.clone() };
    assert_eq!(app.program.queue_drop(dropped).await.unwrap().len(), 2);

    // A stop is no reason to go on: what waits goes on waiting, also over a restart.
    app.program.task_cancel(&TaskRef { request_id: started.request_id.clone() });
    app.answered(&started).await;
    let app = app.reopened().await;
    let seq = app.program.bus().last_seq();
    let waiting = app.view(&id).await.queue;
    assert_eq!(waiting.len(), 2);
    app.connect(&host).await;

    // "Send now": the first goes out, and the next one by itself when it is answered.
    let now = QueuePut { id: Some(waiting[0].id.clone()), send: waiting[0].send.clone() };
    assert_eq!(app.program.queue_put(now).await.unwrap().len(), 1);
    let mut began = Vec::new();
    let mut from = seq;
    while began.len() < 2 {
        let message =
            app.next(from, |m| matches!(&m.body, TaskBody::Progress(Progress::TurnBegan(_)))).await;
        from = message.seq;
        let TaskBody::Progress(Progress::TurnBegan(turn)) = message.body else { unreachable!() };
        began.push(turn);
    }
    for turn in &began {
        app.answered(turn).await;
    }
    let view = app.view(&id).await;
    let said: Vec<_> = view.messages.iter().step_by(2).map(|m| m.content.as_str()).collect();
    assert_eq!(said, ["Go on and on.", "First.", "Second."]);
    assert!(view.queue.is_empty());
    app.program.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broken_answer_names_the_hop_and_goes_on() {
    let mut machine = Sshd::start();
    let (app, host) = App::talkative(&machine).await;
    let seq = app.program.bus().last_seq();
    let started = app.send(&host, "Go on and on.").await;
    app.next(seq, |m| matches!(m.body, TaskBody::Chunk(_))).await;
    machine.kill();
    let error = app.failure(&started.request_id).await;
    assert_eq!(error.facts, Some(ErrorFacts::Hop(Hop::Tunnel)), "{error:?}");
    let broken = app.message(&started).await;
    machine.resume();
    app.state(seq, &host, ConnectionState::Connected).await;
    let id = started.session.id.clone();
    let going_on = app.program.chat_continue(again(&host, &id, 4)).await.unwrap();
    let (_, whole) = app.answered(&going_on).await;
    assert_eq!(whole.state, MessageState::Complete);
    assert!(whole.content.starts_with(&broken.content) && whole.error.is_none());
    app.program.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_context_is_asked_about_or_makes_room() {
    let machine = Sshd::start();
    let (app, host) = App::talkative(&machine).await;
    let window = app.program.snapshot().await.unwrap().connections[0].context_size.unwrap();
    // Each turn takes about a quarter of the window.
    let long = "word ".repeat(window as usize / 4);
    let mut session = None;
    let mut refused = None;
    for _ in 0..8 {
        let send =
            ChatSend { session_id: session.clone(), settings: short(2), ..chat(&host, &long) };
        let started = app.program.chat_send(send).await.unwrap();
        session = Some(started.session.id.clone());
        match app.outcome(&started.request_id).await {
            slipway_protocol::TaskOutcome::Complete(_) => {}
            slipway_protocol::TaskOutcome::Error(error) => {
                refused = Some(error);
                break;
            }
        }
    }
    assert_eq!(refused.map(|error| error.code), Some(ErrorCode::ContextExceeded));
    let id = session.unwrap();
    let drop_oldest = ChatSettings { overflow: Overflow::DropOldest, ..short(2) };
    let retry = ChatRetry { settings: drop_oldest, ..again(&host, &id, 2) };
    let retried = app.program.chat_retry(retry).await.unwrap();
    let (_, answer) = app.answered(&retried).await;
    assert_eq!(answer.state, MessageState::Complete);
    let view = app.view(&id).await;
    assert_eq!(view.compactions.len(), 1);
    let compaction = slipway_protocol::CompactionRef {
        session_id: id.clone(),
        compaction_id: view.compactions[0].id.clone(),
    };
    assert!(app.program.compaction_remove(compaction).await.unwrap().compactions.is_empty());
    app.program.shutdown().await;
}

/// SQLite's own limit stands for the disk: a page more is "database or disk is full".
#[tokio::test(flavor = "multi_thread")]
async fn a_full_disk_loses_nothing_that_was_shown_and_takes_the_rest_later() {
    let machine = Sshd::start();
    let Some(disk) = crate::small_disk::SmallDisk::mount(12) else {
        return println!("skipped: no right to mount");
    };
    let app = App::open_in(disk.folder()).await;
    let host = app.add(&machine).await;
    app.deploy(&host, endless()).await;
    app.connect(&host).await;
    let seq = app.program.bus().last_seq();
    let started = app.send(&host, "Go on and on.").await;
    app.next(seq, |m| matches!(m.body, TaskBody::Chunk(_))).await;
    let ballast = disk.fill();
    let error = app.failure(&started.request_id).await;
    assert_eq!(error.code, ErrorCode::LocalDisk, "{error:?}");
    assert_eq!(error.facts, Some(ErrorFacts::Hop(Hop::ThisApp)));
    let shown = app.streamed(&started);
    let answer = app.message(&started).await;
    assert_eq!((answer.content.as_str(), answer.state), (shown.as_str(), MessageState::Failed));
    // With room again it is written down by itself.
    std::fs::remove_file(ballast).unwrap();
    tokio::time::sleep(std::time::Duration::from_secs(5)).await;
    let app = app.reopened().await;
    let answer = app.message(&started).await;
    assert_eq!((answer.content.as_str(), answer.state), (shown.as_str(), MessageState::Failed));
    app.program.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn drafts_and_two_windows() {
    let app = App::open().await;
    let file = AttachmentAdd {
        name: "tide.txt".to_owned(),
        mime: "text/plain".to_owned(),
        kind: AttachmentKind::Text,
        data: "high at noon".to_owned(),
    };
    let file = app.program.attachment_add(file).await.unwrap();
    let attachments = vec![file.id.clone()];
    let draft = DraftPut { session_id: None, text: "half a thou".to_owned(), attachments };
    app.program.draft_put(draft).await.unwrap();
    let app = app.reopened().await;
    let draft = app.program.snapshot().await.unwrap().draft;
    assert_eq!((draft.text.as_str(), draft.attachments), ("half a thou", vec![file]));
    // What one window changes, the other hears of.
    let seq = app.program.bus().last_seq();
    let put = slipway_protocol::FolderPut { id: None, name: "Harbour".to_owned() };
    let folders = app.program.folder_put(put).await.unwrap();
    assert_eq!(folders.len(), 1);
    assert!(eventually(1, || app.program.bus().last_seq() >= seq));
    app.program.shutdown().await;
}
