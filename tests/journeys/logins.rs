//! Logins that fail: each ends in one typed error that says what to do.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use slipway_protocol::{
    ErrorCode, ErrorInfo, HostAdd, HostRef, PromptReply, RequestId, TaskBody, TaskOutcome,
};

use crate::app::App;
use crate::sshd::{Machine, Sshd, free_port, keygen};

async fn check(app: &App, add: HostAdd) -> RequestId {
    let host = app.program.host_add(add).await.unwrap();
    app.program.host_check(HostRef { host_id: host.id }).await.unwrap().request_id
}

/// The error of a check of a host that is added so.
async fn refused(add: HostAdd) -> ErrorInfo {
    let app = App::open().await;
    let request_id = check(&app, add).await;
    let error = app.failure(&request_id).await;
    assert_eq!(app.terminals(&request_id), 1);
    for text in [&error.message, &error.fix] {
        assert!(!text.en.is_empty() && !text.ru.is_empty() && text.en != text.ru, "{text:?}");
    }
    app.program.shutdown().await;
    error
}

fn secret(value: &str) -> PromptReply {
    PromptReply::Secret { value: value.into(), remember: true }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_password() {
    let machine = Sshd::with(&Machine {
        config: "PasswordAuthentication yes\nPubkeyAuthentication no",
        ..Machine::default()
    });
    let app = App::open().await;
    let request_id = check(&app, HostAdd { identity: None, ..machine.host_add() }).await;
    let mut seq = 0;
    for _ in 0..3 {
        seq = app.answer(&request_id, seq, secret("wrong-horse-7431")).await;
    }
    let error = app.failure(&request_id).await;
    assert_eq!(error.code, ErrorCode::AuthenticationRefused);
    assert!(error.message.en.contains("127.0.0.1"), "{error:?}");
    assert!(app.program.task_list().iter().all(|task| task.prompt.is_none()));
    app.program.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_password_that_nobody_gives() {
    let machine = Sshd::with(&Machine {
        config: "PasswordAuthentication yes\nPubkeyAuthentication no",
        ..Machine::default()
    });
    let app = App::open().await;
    let request_id = check(&app, HostAdd { identity: None, ..machine.host_add() }).await;
    app.answer(&request_id, 0, PromptReply::Decline).await;
    assert_eq!(app.failure(&request_id).await.code, ErrorCode::Cancelled);
    app.program.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_that_the_host_does_not_know() {
    let machine = Sshd::start();
    let stranger = machine.path("stranger");
    keygen(&stranger, "");
    let identity = Some(stranger.to_string_lossy().into_owned());
    let error = refused(HostAdd { identity, ..machine.host_add() }).await;
    assert_eq!(error.code, ErrorCode::AuthenticationRefused);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_changed_host_key_names_the_file_and_the_line() {
    let machine = Sshd::start();
    keygen(&machine.path("other_key"), "");
    let app = App::open().await;
    let known = app.dir.path().join("known_hosts");
    let line = machine.known_hosts_line("other_key.pub");
    fs::write(&known, format!("# mine\n{line}")).unwrap();
    // A fingerprint given beforehand is for a host that is unknown: it overrides no key on record.
    let request_id = check(&app, machine.host_add()).await;
    let error = app.failure(&request_id).await;
    assert_eq!(error.code, ErrorCode::HostKeyChanged);
    assert!(error.message.en.contains(&machine.fingerprint()), "{error:?}");
    for fix in [&error.fix.en, &error.fix.ru] {
        assert!(fix.contains(known.to_str().unwrap()) && fix.contains('2'), "{fix}");
    }
    app.program.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unknown_host_key_is_asked_about_once() {
    let machine = Sshd::start();
    let add = || HostAdd { accepted_fingerprint: None, ..machine.host_add() };
    let app = App::open().await;
    let host = app.program.host_add(add()).await.unwrap();
    let host = HostRef { host_id: host.id };
    let declined = app.program.host_check(host.clone()).await.unwrap().request_id;
    app.answer(&declined, 0, PromptReply::Decline).await;
    assert_eq!(app.failure(&declined).await.code, ErrorCode::HostKeyRejected);
    assert!(!app.dir.path().join("known_hosts").exists());

    let accepted = app.program.host_check(host.clone()).await.unwrap().request_id;
    app.answer(&accepted, 0, PromptReply::Accept).await;
    let asked = app.messages(&accepted).into_iter().find_map(|message| match message.body {
        TaskBody::Prompt(prompt) => Some(prompt.question),
        _ => None,
    });
    let shown = serde_json::to_string(&asked).unwrap();
    assert!(shown.contains(&machine.fingerprint()), "{shown}");
    assert!(matches!(app.outcome(&accepted).await, TaskOutcome::Complete(_)));

    // From now on it is known.
    let again = app.program.host_check(host).await.unwrap().request_id;
    assert!(matches!(app.outcome(&again).await, TaskOutcome::Complete(_)));
    let asked = |m: &slipway_protocol::TaskMessage| matches!(m.body, TaskBody::Prompt(_));
    assert!(!app.messages(&again).iter().any(asked));
    app.program.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_closed_port() {
    let add = HostAdd {
        address: format!("me@127.0.0.1:{}", free_port()),
        name: None,
        identity: None,
        accepted_fingerprint: None,
    };
    assert_eq!(refused(add).await.code, ErrorCode::ConnectionRefused);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_name_without_an_address() {
    let add = HostAdd {
        address: "me@no-such-host.invalid".into(),
        name: None,
        identity: None,
        accepted_fingerprint: None,
    };
    assert_eq!(refused(add).await.code, ErrorCode::HostNotFound);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_file_that_is_open_to_others() {
    let machine = Sshd::start();
    fs::set_permissions(machine.path("id"), fs::Permissions::from_mode(0o644)).unwrap();
    let error = refused(machine.host_add()).await;
    assert_eq!(error.code, ErrorCode::KeyFileUnusable);
    assert!(error.fix.en.contains("chmod 600"), "{error:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_file_that_is_missing() {
    let machine = Sshd::start();
    fs::remove_file(machine.path("id")).unwrap();
    assert_eq!(refused(machine.host_add()).await.code, ErrorCode::KeyFileUnusable);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_passphrase_three_times_and_then_the_right_one_is_kept() {
    let machine = Sshd::start();
    fs::remove_file(machine.path("id")).unwrap();
    keygen(&machine.path("id"), "right-horse-2218");
    fs::copy(machine.path("id.pub"), machine.path("authorized_keys")).unwrap();
    let app = App::open().await;
    let host = HostRef { host_id: app.add(&machine).await };
    let wrong = app.program.host_check(host.clone()).await.unwrap().request_id;
    let mut seq = 0;
    for _ in 0..3 {
        seq = app.answer(&wrong, seq, secret("wrong-horse-7431")).await;
    }
    assert_eq!(app.failure(&wrong).await.code, ErrorCode::KeyFileUnusable);

    let right = app.program.host_check(host.clone()).await.unwrap().request_id;
    let seq = app.answer(&right, 0, secret("wrong-horse-7431")).await;
    app.answer(&right, seq, secret("right-horse-2218")).await;
    assert!(matches!(app.outcome(&right).await, TaskOutcome::Complete(_)));

    let kept = app.program.host_check(host).await.unwrap().request_id;
    assert!(matches!(app.outcome(&kept).await, TaskOutcome::Complete(_)));
    assert!(!app.messages(&kept).iter().any(|m| matches!(m.body, TaskBody::Prompt(_))));
    app.program.shutdown().await;
    for word in ["right-horse-2218", "wrong-horse-7431"] {
        assert_eq!(crate::files::files_with(app.dir.path(), word), Vec::<String>::new());
    }
}
