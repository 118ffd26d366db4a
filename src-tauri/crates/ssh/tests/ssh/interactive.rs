//! Prompts of the server's own, and logins of several steps.

use std::sync::atomic::Ordering;

use slipway_ssh::{Asked, ConnectOptions, Error, InteractiveField, Question};

use crate::login_server::{LoginServer, Step};
use crate::password::options;
use crate::questions::answering;
use crate::sshd::keygen;

/// Accepts the host key, answers the password, and the prompts with these.
fn with_answers(answers: &'static [&'static str]) -> impl FnMut(Question) {
    move |question| match question {
        Question::HostKey { answer, .. } => answer.send(true).unwrap(),
        Question::Password { answer, .. } => answer.send(Some("right".into())).unwrap(),
        Question::Interactive { answer, .. } => {
            answer.send(Some(answers.iter().map(|a| (*a).into()).collect())).unwrap();
        }
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn several_prompts_and_rounds() {
    let dir = tempfile::tempdir().unwrap();
    let server = LoginServer::start(&[Step::Rounds]).await;
    let mut seen = Vec::new();
    answering(&options(&dir, server.port), |question| match question {
        Question::HostKey { answer, .. } => answer.send(true).unwrap(),
        // A lone "Password:" is a password, so that a kept one can answer it.
        Question::Password { attempt, user, answer, .. } => {
            assert_eq!((attempt, user.as_str()), (1, "ada"));
            answer.send(Some("right".into())).unwrap();
        }
        Question::Interactive { user, title, instructions, fields, answer, .. } => {
            assert_eq!(user, "ada");
            assert_eq!(
                (title.as_str(), instructions.as_str()),
                ("Second factor", "Look at your phone.")
            );
            seen = fields;
            answer.send(Some(vec!["123456".into(), "42".into()])).unwrap();
        }
        other => panic!("{other:?}"),
    })
    .await
    .unwrap();
    let field = |label: &str, echo| InteractiveField { label: label.to_owned(), echo };
    assert_eq!(seen, [field("Your code:", false), field("Your PIN:", true)]);
}

#[tokio::test]
async fn a_wrong_code_is_asked_again() {
    let dir = tempfile::tempdir().unwrap();
    let server = LoginServer::start(&[Step::Code]).await;
    let mut codes = ["000000", "123456"].into_iter();
    answering(&options(&dir, server.port), |question| match question {
        Question::HostKey { answer, .. } => answer.send(true).unwrap(),
        Question::Interactive { answer, .. } => {
            answer.send(Some(vec![codes.next().unwrap().into()])).unwrap();
        }
        other => panic!("{other:?}"),
    })
    .await
    .unwrap();
    assert_eq!(server.tries.load(Ordering::Relaxed), 2);
}

#[tokio::test]
async fn no_answer_or_too_few_cancel() {
    let dir = tempfile::tempdir().unwrap();
    let server = LoginServer::start(&[Step::Rounds]).await;
    let error =
        answering(&options(&dir, server.port), with_answers(&["123456"])).await.unwrap_err();
    assert!(matches!(error, Error::Cancelled(Asked::Interactive)), "{error:?}");
    let error = answering(&options(&dir, server.port), |question| match question {
        Question::Password { answer, .. } => answer.send(Some("right".into())).unwrap(),
        other => drop(other),
    })
    .await
    .unwrap_err();
    assert!(matches!(error, Error::Cancelled(Asked::Interactive)), "{error:?}");
}

#[tokio::test]
async fn chains_of_password_key_and_code() {
    let dir = tempfile::tempdir().unwrap();
    let key = dir.path().join("id");
    keygen(&key, &["-t", "ed25519", "-N", ""]);
    let chains: [&'static [Step]; 4] = [
        &[Step::Password, Step::Code],
        &[Step::Key, Step::Password],
        &[Step::Password, Step::Key],
        &[Step::Key, Step::Code, Step::Password],
    ];
    for (index, steps) in chains.into_iter().enumerate() {
        let server = LoginServer::start(steps).await;
        let options =
            ConnectOptions { identities: vec![key.clone()], ..options(&dir, server.port) };
        let result = answering(&options, with_answers(&["123456"])).await;
        assert!(result.is_ok(), "chain {index}: {result:?}");
    }
}

#[tokio::test]
async fn a_step_that_is_missing_is_told() {
    let dir = tempfile::tempdir().unwrap();
    let key = dir.path().join("id");
    keygen(&key, &["-t", "ed25519", "-N", ""]);
    let server = LoginServer::start(&[Step::Key, Step::Key]).await;
    let options = ConnectOptions { identities: vec![key], ..options(&dir, server.port) };
    match answering(&options, with_answers(&[])).await.unwrap_err() {
        // The same key is not shown twice.
        Error::AuthenticationRefused { tried, .. } => {
            assert_eq!(tried.len(), 1, "{tried:?}");
            assert_eq!(tried[0].why, "accepted, but more is needed");
        }
        other => panic!("{other:?}"),
    }
}

/// Processor time of this thread, on which everything of such a test runs, in clock ticks (10 ms).
#[cfg(target_os = "linux")]
fn ticks() -> u64 {
    let stat = std::fs::read_to_string("/proc/thread-self/stat").unwrap();
    let fields: Vec<&str> = stat.rsplit_once(')').unwrap().1.split_whitespace().collect();
    fields[11].parse::<u64>().unwrap() + fields[12].parse::<u64>().unwrap()
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn an_open_question_costs_no_processor_time() {
    use std::time::Duration;
    let dir = tempfile::tempdir().unwrap();
    for steps in [&[Step::Password] as &'static [Step], &[Step::Code]] {
        let server = LoginServer::start(steps).await;
        // The keep-alive falls due many times while nobody is logged in.
        let options = ConnectOptions {
            keepalive_interval: Duration::from_millis(50),
            ..options(&dir, server.port)
        };
        let (sender, mut questions) = tokio::sync::mpsc::channel(1);
        let connecting = slipway_ssh::connect(&options, sender);
        let person = async {
            while let Some(question) = questions.recv().await {
                let before = ticks();
                tokio::time::sleep(Duration::from_secs(2)).await;
                let spent = ticks() - before;
                assert!(spent < 20, "{spent} ticks of 200");
                with_answers(&["123456"])(question);
            }
        };
        let (session, ()) = tokio::join!(connecting, person);
        session.unwrap();
    }
}
