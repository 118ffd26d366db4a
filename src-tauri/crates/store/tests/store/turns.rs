//! A turn begins as a whole or not at all.

use std::time::Duration;

use slipway_protocol::{
    AttachmentId, Message, MessageId, MessageState, RequestId, Role, SessionId,
};
use slipway_store::Error;

use crate::sample::{database, error, file, line, message, queued, session};

#[tokio::test]
async fn a_turn_makes_the_session_and_both_messages() {
    let db = database().await;
    let sessions = db.store.sessions();
    let mut session = session();
    let user = message(&session.id, Role::User, "hello");
    let answer = message(&session.id, Role::Assistant, "");
    let turn = sessions.begin_turn(&session, &user, &answer).await.unwrap();
    session.updated_at = answer.created_at;
    session.message_count = 2;
    session.last_state = Some(MessageState::Streaming);
    assert_eq!(turn.session, session);
    assert_eq!(turn.user_message, user);
    assert_eq!((turn.answer.position, &turn.answer.id), (1, &answer.id));
    assert_eq!(turn.answer.parent_id, Some(user.id));
    assert_eq!(sessions.leaf(&session.id).await.unwrap(), Some(answer.id.clone()));

    let mut again = session.clone();
    again.title = "ignored".to_owned();
    let mut user = message(&session.id, Role::User, "more");
    user.parent_id = Some(answer.id);
    let mut answer = message(&session.id, Role::Assistant, "");
    answer.created_at += 5;
    answer.model = Some("other".to_owned());
    let turn = sessions.begin_turn(&again, &user, &answer).await.unwrap();
    assert_eq!(turn.session.title, session.title);
    assert_eq!(turn.session.updated_at, answer.created_at);
    assert_eq!(turn.session.model, answer.model);
    assert_eq!(turn.session.message_count, 4);
    assert_eq!((turn.user_message.position, turn.answer.position), (2, 3));
    let all = db.store.messages().branch(&session.id).await.unwrap();
    assert_eq!(all[2..], [turn.user_message, turn.answer]);
}

#[tokio::test]
async fn a_turn_that_fails_writes_nothing() {
    let db = database().await;
    let sessions = db.store.sessions();
    let session = session();
    let user = message(&session.id, Role::User, "hello");
    let mut answer = message(&session.id, Role::Assistant, "");
    answer.id = user.id.clone();
    assert!(matches!(sessions.begin_turn(&session, &user, &answer).await, Err(Error::Database(_))));
    assert!(matches!(sessions.get(&session.id).await, Err(Error::NotFound { .. })));
    assert!(db.store.messages().all(&session.id).await.unwrap().is_empty());

    answer.id = MessageId::new();
    let mut with_file = user.clone();
    with_file.attachments.push(file(AttachmentId::new(), b"never added"));
    let nowhere = Message { parent_id: Some(MessageId::new()), ..user.clone() };
    for (user, missing) in [(&with_file, "attachment"), (&nowhere, "message")] {
        let refused = sessions.begin_turn(&session, user, &answer).await;
        assert!(matches!(refused, Err(Error::NotFound { noun, .. }) if noun == missing));
        assert!(db.store.messages().all(&session.id).await.unwrap().is_empty());
    }

    sessions.begin_turn(&session, &user, &answer).await.unwrap();
    sessions.delete(&session.id, 1).await.unwrap();
    let mut more = message(&session.id, Role::User, "more");
    more.parent_id = Some(answer.id.clone());
    let next = message(&session.id, Role::Assistant, "");
    assert!(matches!(
        sessions.begin_turn(&session, &more, &next).await,
        Err(Error::NotFound { noun: "session", .. })
    ));
    assert_eq!(db.store.messages().all(&session.id).await.unwrap().len(), 2);
}

#[tokio::test]
async fn a_queued_message_is_in_the_queue_or_in_the_conversation() {
    let db = database().await;
    let (session, said) = line(&db.store, &["first"]).await;
    let waits = queued(&session.id, "second");
    db.store.queue().put(&waits).await.unwrap();
    let mut user = message(&session.id, Role::User, "second");
    user.parent_id = Some(MessageId::new());
    let answer = message(&session.id, Role::Assistant, "");
    let sessions = db.store.sessions();
    let refused = sessions.begin_queued_turn(&waits.id, &session, &user, &answer).await;
    assert!(matches!(refused, Err(Error::NotFound { noun: "message", .. })), "{refused:?}");
    assert_eq!(db.store.queue().first(&session.id).await.unwrap(), Some(waits.clone()));

    user.parent_id = Some(said[0].id.clone());
    sessions.begin_queued_turn(&waits.id, &session, &user, &answer).await.unwrap();
    assert!(db.store.queue().list(&session.id).await.unwrap().is_empty());
    let refused = sessions.begin_queued_turn(&waits.id, &session, &user, &answer).await;
    assert!(matches!(refused, Err(Error::NotFound { noun: "queued message", .. })), "{refused:?}");
    assert_eq!(db.store.messages().branch(&session.id).await.unwrap().len(), 3);
}

#[tokio::test]
async fn another_answer_stands_beside_the_first() {
    let db = database().await;
    let sessions = db.store.sessions();
    let session = session();
    let user = message(&session.id, Role::User, "hello");
    let old = message(&session.id, Role::Assistant, "");
    sessions.begin_turn(&session, &user, &old).await.unwrap();

    let clash = message(&session.id, Role::Assistant, "");
    let clash = Message { id: user.id.clone(), ..clash };
    assert!(matches!(
        sessions.begin_answer(&session.id, &user.id, &clash).await,
        Err(Error::Database(_))
    ));
    let mut new = message(&session.id, Role::Assistant, "");
    new.created_at += 1;
    new.model = Some("other".to_owned());
    let (after, answer) = sessions.begin_answer(&session.id, &user.id, &new).await.unwrap();
    assert_eq!(answer.versions, [old.id.clone(), new.id.clone()]);
    assert_eq!((answer.position, answer.parent_id.as_ref()), (1, Some(&user.id)));
    assert_eq!((after.message_count, after.model), (3, new.model.clone()));
    assert_eq!(db.store.messages().branch(&session.id).await.unwrap()[1], answer);
    assert_eq!(db.store.messages().get(&old.id).await.unwrap().versions, answer.versions);

    let next = message(&session.id, Role::Assistant, "");
    let elsewhere = line(&db.store, &["x"]).await.1.remove(0);
    for wrong in [&MessageId::new(), &elsewhere.id] {
        let refused = sessions.begin_answer(&session.id, wrong, &next).await;
        assert!(matches!(refused, Err(Error::NotFound { noun: "message", .. })), "{refused:?}");
    }
    let refused = sessions.begin_answer(&SessionId::new(), &user.id, &next).await;
    assert!(matches!(refused, Err(Error::NotFound { noun: "session", .. })), "{refused:?}");
}

#[tokio::test]
async fn an_answer_that_ended_is_written_on() {
    let db = database().await;
    let (sessions, messages) = (db.store.sessions(), db.store.messages());
    let session = session();
    let user = message(&session.id, Role::User, "hello");
    let answer = message(&session.id, Role::Assistant, "");
    sessions.begin_turn(&session, &user, &answer).await.unwrap();
    let request = RequestId::new();
    for wrong in [&answer.id, &user.id, &MessageId::new()] {
        let refused = sessions.reopen_answer(wrong, &request).await;
        assert!(matches!(refused, Err(Error::NotFound { .. })), "{refused:?}");
    }
    let stats = crate::sample::stats();
    messages
        .finish(&answer.id, MessageState::Failed, "so far", "why", &stats, Some(&error()))
        .await
        .unwrap();
    let mut other = message(&session.id, Role::Assistant, "");
    other.created_at += 1;
    sessions.begin_answer(&session.id, &user.id, &other).await.unwrap();

    let (after, reopened) = sessions.reopen_answer(&answer.id, &request).await.unwrap();
    assert_eq!(after.last_state, Some(MessageState::Streaming));
    assert_eq!(sessions.leaf(&session.id).await.unwrap(), Some(answer.id.clone()));
    assert_eq!((reopened.content.as_str(), reopened.reasoning.as_str()), ("so far", "why"));
    assert_eq!((reopened.request_id, reopened.error), (Some(request), None));
    assert_eq!(reopened.stats, stats);
    messages.append(&answer.id, ", and on", "").await.unwrap();
    assert_eq!(messages.get(&answer.id).await.unwrap().content, "so far, and on");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_turn_given_up_on_is_whole_or_absent() {
    let db = database().await;
    let sessions = db.store.sessions();
    let mut given_up = 0;
    for step in 0..300_u64 {
        let session = session();
        let user = message(&session.id, Role::User, "hello");
        let answer = message(&session.id, Role::Assistant, "");
        let limit = Duration::from_micros(step * 5);
        let turn = sessions.begin_turn(&session, &user, &answer);
        if tokio::time::timeout(limit, turn).await.is_err() {
            given_up += 1;
        }
        // One query: the commit may still be on its way when the turn is given up.
        match sessions.get(&session.id).await {
            Ok(session) => assert_eq!(session.message_count, 2),
            Err(error) => assert!(matches!(error, Error::NotFound { .. }), "{error}"),
        }
    }
    assert!(given_up > 0);
}
