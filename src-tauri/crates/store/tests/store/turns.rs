//! A turn begins as a whole or not at all.

use std::time::Duration;

use slipway_protocol::{MessageId, Role, SessionId};
use slipway_store::Error;

use crate::sample::{database, message, session};

#[tokio::test]
async fn a_turn_makes_the_session_and_both_messages() {
    let db = database().await;
    let mut session = session();
    let user = message(&session.id, Role::User, "hello");
    let answer = message(&session.id, Role::Assistant, "");
    let turn = db.store.sessions().begin_turn(&session, &user, &answer).await.unwrap();
    session.updated_at = answer.created_at;
    session.message_count = 2;
    assert_eq!(turn.session, session);
    assert_eq!(turn.user_message, user);
    assert_eq!((turn.answer.position, &turn.answer.id), (1, &answer.id));

    let mut again = session.clone();
    again.title = "ignored".to_owned();
    let user = message(&session.id, Role::User, "more");
    let mut answer = message(&session.id, Role::Assistant, "");
    answer.created_at += 5;
    answer.model = Some("other".to_owned());
    let turn = db.store.sessions().begin_turn(&again, &user, &answer).await.unwrap();
    assert_eq!(turn.session.title, session.title);
    assert_eq!(turn.session.updated_at, answer.created_at);
    assert_eq!(turn.session.model, answer.model);
    assert_eq!(turn.session.message_count, 4);
    assert_eq!((turn.user_message.position, turn.answer.position), (2, 3));
    let all = db.store.messages().list(&session.id).await.unwrap();
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
    assert!(db.store.messages().list(&session.id).await.unwrap().is_empty());

    answer.id = MessageId::new();
    sessions.begin_turn(&session, &user, &answer).await.unwrap();
    sessions.delete(&session.id, 1).await.unwrap();
    let more = message(&session.id, Role::User, "more");
    let next = message(&session.id, Role::Assistant, "");
    assert!(matches!(
        sessions.begin_turn(&session, &more, &next).await,
        Err(Error::NotFound { .. })
    ));
    assert_eq!(db.store.messages().list(&session.id).await.unwrap().len(), 2);
}

#[tokio::test]
async fn a_retry_takes_the_place_of_the_last_answer() {
    let db = database().await;
    let sessions = db.store.sessions();
    let session = session();
    let user = message(&session.id, Role::User, "hello");
    let old = message(&session.id, Role::Assistant, "");
    sessions.begin_turn(&session, &user, &old).await.unwrap();

    let clash = message(&session.id, Role::Assistant, "");
    let clash = slipway_protocol::Message { id: user.id.clone(), ..clash };
    assert!(matches!(
        sessions.begin_retry(&session.id, Some(&old.id), &clash).await,
        Err(Error::Database(_))
    ));
    assert_eq!(db.store.messages().get(&old.id).await.unwrap().position, 1);

    let new = message(&session.id, Role::Assistant, "");
    let turn = sessions.begin_retry(&session.id, Some(&old.id), &new).await.unwrap();
    assert_eq!(turn.user_message, user);
    assert_eq!((turn.answer.position, &turn.answer.id), (1, &new.id));
    assert_eq!(turn.session.message_count, 2);

    for wrong in [&old.id, &user.id, &MessageId::new()] {
        let next = message(&session.id, Role::Assistant, "");
        assert!(matches!(
            sessions.begin_retry(&session.id, Some(wrong), &next).await,
            Err(Error::NotFound { noun: "message", .. })
        ));
    }
    let next = message(&session.id, Role::Assistant, "");
    assert!(matches!(
        sessions.begin_retry(&session.id, None, &next).await,
        Err(Error::NotFound { .. })
    ));
    db.store.messages().remove(&new.id).await.unwrap();
    let turn = sessions.begin_retry(&session.id, None, &next).await.unwrap();
    assert_eq!(turn.answer.position, 1);
    assert!(matches!(
        sessions.begin_retry(&SessionId::new(), None, &next).await,
        Err(Error::NotFound { noun: "session", .. })
    ));
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
