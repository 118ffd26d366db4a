//! Stop really stops, a crash keeps the text, and many chats at once all end.

use std::time::{Duration, Instant};

use slipway_protocol::{
    ChatSend, ConnectionState, DeployRequest, ErrorCode, MessageState, ModelSource, Progress,
    SessionRead, Settings, TaskBody, TaskRef,
};

use crate::app::{App, chat};
use crate::processes::eventually;
use crate::sshd::Sshd;
use crate::{engine, http};

/// The endless model by its path on the machine, which here is this computer too.
fn endless() -> ModelSource {
    ModelSource::HostPath(engine::endless_model().to_string_lossy().into_owned())
}

#[tokio::test(flavor = "multi_thread")]
async fn stop_frees_the_engine_within_a_second_and_keeps_the_text() {
    let machine = Sshd::start();
    let app = App::open().await;
    let host = app.add(&machine).await;
    let result = app.deploy(&host, endless()).await;
    // Whoever takes the file by its path gets the practice model's settings all the same.
    assert!(result.deployment.practice);
    let url = app.connect(&host).await.local_url.unwrap();
    let seq = app.program.bus().last_seq();
    let started = app.send(&host, "Go on and on.").await;
    let chunk = |m: &slipway_protocol::TaskMessage| matches!(m.body, TaskBody::Chunk(_));
    let first = app.next(seq, chunk).await;
    app.next(first.seq + 20, chunk).await;
    assert_eq!(http::busy_slots(&url, &machine.deployment()), 1);

    let stopped = Instant::now();
    app.program.task_cancel(&TaskRef { request_id: started.request_id.clone() });
    let idle = eventually(5, || http::busy_slots(&url, &machine.deployment()) == 0);
    assert!(idle && stopped.elapsed() < Duration::from_secs(1), "{:?}", stopped.elapsed());
    let (result, answer) = app.answered(&started).await;
    assert!(result.stopped);
    assert_eq!(answer.state, MessageState::Stopped);
    assert!(answer.content.len() > 20);
    assert_eq!(answer.content, app.streamed(&started), "what was shown is what is kept");
    assert_eq!(app.terminals(&started.request_id), 1);

    // The conversation goes on from there.
    let mut more = chat(&host, "And now?");
    more.session_id = Some(started.session.id.clone());
    more.settings.sampling.max_tokens = Some(3);
    let more = app.program.chat_send(more).await.unwrap();
    let (result, _) = app.answered(&more).await;
    assert_eq!(result.stats.finish_reason.as_deref(), Some("length"));
    app.program.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_whole_answer_can_be_stopped_too() {
    let machine = Sshd::start();
    let app = App::open().await;
    let host = app.add(&machine).await;
    app.deploy(&host, endless()).await;
    let url = app.connect(&host).await.local_url.unwrap();
    let mut whole = chat(&host, "Go on and on.");
    whole.stream = false;
    let started = app.program.chat_send(whole).await.unwrap();
    assert!(eventually(10, || http::busy_slots(&url, &machine.deployment()) == 1));
    app.program.task_cancel(&TaskRef { request_id: started.request_id.clone() });
    assert!(eventually(2, || http::busy_slots(&url, &machine.deployment()) == 0));
    let (result, answer) = app.answered(&started).await;
    assert!(result.stopped && answer.state == MessageState::Stopped);
    app.program.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_link_lost_in_mid_answer_keeps_what_came() {
    let mut machine = Sshd::start();
    let app = App::open().await;
    let host = app.add(&machine).await;
    app.deploy(&host, endless()).await;
    app.connect(&host).await;
    let seq = app.program.bus().last_seq();
    let started = app.send(&host, "Go on and on.").await;
    let first = app.next(seq, |m| matches!(m.body, TaskBody::Chunk(_))).await;
    app.next(first.seq + 20, |m| matches!(m.body, TaskBody::Chunk(_))).await;
    machine.kill();
    let error = app.failure(&started.request_id).await;
    assert_eq!(error.code, ErrorCode::StreamBroken);
    let answer = app.message(&started).await;
    assert_eq!(answer.state, MessageState::Failed);
    assert_eq!(answer.error.map(|error| error.code), Some(ErrorCode::StreamBroken));
    assert_eq!(answer.content, app.streamed(&started));
    assert!(!answer.content.is_empty());

    // The same question again, once the link is back, in place of the broken answer.
    machine.resume();
    app.state(seq, &host, ConnectionState::Connected).await;
    let retry = slipway_protocol::ChatRetry {
        session_id: started.session.id.clone(),
        message_id: None,
        host_id: host.clone(),
        model: None,
        settings: slipway_protocol::ChatSettings::default(),
    };
    let retried = app.program.chat_retry(retry).await.unwrap();
    app.next(retried_seq(&app), |m| {
        m.request_id == retried.request_id && matches!(m.body, TaskBody::Chunk(_))
    })
    .await;
    app.program.task_cancel(&TaskRef { request_id: retried.request_id.clone() });
    app.answered(&retried).await;
    let session = SessionRead::whole(started.session.id);
    assert_eq!(app.program.session_get(&session).await.unwrap().messages.len(), 2);
    app.program.shutdown().await;
}

fn retried_seq(app: &App) -> u64 {
    app.program.bus().last_seq().saturating_sub(1)
}

#[tokio::test(flavor = "multi_thread")]
async fn twenty_chats_at_once_all_end() {
    let machine = Sshd::start();
    let app = App::open().await;
    let settings = Settings { chat_limit: 20, ..Settings::default() };
    app.program.settings_set(settings).await.unwrap();
    let host = app.add(&machine).await;
    let request = DeployRequest {
        parallel: Some(8),
        ..DeployRequest::new(host.clone(), ModelSource::Practice)
    };
    let task = app.program.deploy_start(request).await.unwrap();
    app.outcome(&task.request_id).await;
    let url = app.connect(&host).await.local_url.unwrap();
    let mut chats = Vec::new();
    for number in 0..20 {
        chats.push(app.send(&host, &format!("Question {number}?")).await);
    }
    for started in &chats {
        let (result, answer) = app.answered(started).await;
        assert!(!result.stopped && answer.state == MessageState::Complete);
        assert_eq!(answer.content, app.streamed(started));
        assert_eq!(app.terminals(&started.request_id), 1);
    }
    assert_eq!(app.program.session_list().await.unwrap().len(), 20);
    assert_eq!(http::busy_slots(&url, &machine.deployment()), 0);
    // A second answer in one conversation is refused while the first is written.
    let mut slow = chat(&host, "Slow one.");
    slow.settings.sampling.grammar = Some("root ::= [a-z]{3000}".into());
    let slow = app.program.chat_send(slow).await.unwrap();
    let second =
        ChatSend { session_id: Some(slow.session.id.clone()), ..chat(&host, "Too early.") };
    let refused = app.program.chat_send(second).await.unwrap_err();
    assert_eq!(refused.code, ErrorCode::Busy);
    app.program.task_cancel(&TaskRef { request_id: slow.request_id.clone() });
    app.outcome(&slow.request_id).await;
    app.program.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn shutdown_ends_running_work_within_three_seconds() {
    let machine = Sshd::start();
    let app = App::open().await;
    let host = app.add(&machine).await;
    app.deploy(&host, endless()).await;
    let status = app.connect(&host).await;
    let seq = app.program.bus().last_seq();
    let mut chats = Vec::new();
    for _ in 0..6 {
        chats.push(app.send(&host, "Go on and on.").await);
    }
    let waiting = &chats[5];
    app.program.task_cancel(&TaskRef { request_id: waiting.request_id.clone() });
    let (stopped, _) = app.answered(waiting).await;
    assert!(stopped.stopped, "stopped before it was its turn");
    app.next(seq, |m| matches!(m.body, TaskBody::Chunk(_))).await;
    let second = app.start_deploy(&host, ModelSource::Practice).await;
    app.next(seq, |m| {
        m.request_id == second && matches!(m.body, TaskBody::Progress(Progress::Step(_)))
    })
    .await;
    let begun = Instant::now();
    app.program.shutdown().await;
    println!("shutdown in {:?}", begun.elapsed());
    assert!(begun.elapsed() < Duration::from_secs(3), "{:?}", begun.elapsed());
    for id in chats.iter().map(|chat| &chat.request_id).chain([&second, &status.request_id]) {
        assert_eq!(app.terminals(id), 1, "{:?}", app.messages(id).last());
    }
    let port = status.local_url.unwrap().rsplit(':').next().unwrap().parse().unwrap();
    assert!(!http::listens(port));
    // All that was shown is on disk, and no answer seems to be written still.
    let program = crate::app::open(app.dir.path()).await.unwrap();
    for chat in &chats {
        let session_id = chat.session.id.clone();
        let view = program.session_get(&SessionRead::whole(session_id)).await.unwrap();
        let answer = view.messages.last().unwrap();
        assert_ne!(answer.state, MessageState::Streaming);
        assert!(answer.content.len() >= app.streamed(chat).len());
    }
    program.shutdown().await;
}
