//! What goes in comes out, for every table.

use slipway_protocol::{
    ErrorCode, HostAddress, HostId, Language, Message, MessageState, ModelSource, Role, Settings,
    Theme,
};
use slipway_store::Error;

use crate::sample::{answer, database, deployment, error, execute, host, message, session, stats};

#[tokio::test]
async fn this_computer_is_a_host_from_the_start() {
    let db = database().await;
    let hosts = db.store.hosts().list().await.unwrap();
    assert_eq!(hosts.len(), 1);
    assert_eq!(hosts[0].id, HostId::local());
    assert_eq!(hosts[0].name, "local");
    assert_eq!(hosts[0].address, HostAddress::Local);
    assert!(hosts[0].created_at > 1_700_000_000_000);
}

#[tokio::test]
async fn hosts_are_added_renamed_removed_and_restored() {
    let db = database().await;
    let hosts = db.store.hosts();
    let mut first = host("box");
    hosts.insert(&first).await.unwrap();
    assert_eq!(hosts.get(&first.id).await.unwrap(), first);
    assert_eq!(hosts.by_name("box").await.unwrap(), first);

    let second = host("box");
    assert!(matches!(hosts.insert(&second).await, Err(Error::NameTaken { name }) if name == "box"));
    assert!(matches!(
        hosts.rename(&first.id, "local").await,
        Err(Error::NameTaken { name }) if name == "local"
    ));
    first.name = "ящик 📦".to_owned();
    assert_eq!(hosts.rename(&first.id, &first.name).await.unwrap(), first);
    assert!(matches!(hosts.insert(&first).await, Err(Error::NameTaken { .. })));
    let same_id = slipway_protocol::Host { name: "other".to_owned(), ..first.clone() };
    assert!(matches!(hosts.insert(&same_id).await, Err(Error::Database(_))));

    hosts.remove(&first.id).await.unwrap();
    assert!(matches!(hosts.get(&first.id).await, Err(Error::NotFound { noun: "host", .. })));
    assert!(matches!(hosts.by_name(&first.name).await, Err(Error::NotFound { .. })));
    assert!(matches!(hosts.rename(&first.id, "x").await, Err(Error::NotFound { .. })));
    assert!(matches!(hosts.remove(&first.id).await, Err(Error::NotFound { .. })));
    assert_eq!(hosts.list().await.unwrap().len(), 1);
    assert_eq!(hosts.restore(&first.id).await.unwrap(), first);
    assert_eq!(hosts.restore(&first.id).await.unwrap(), first);

    hosts.remove(&first.id).await.unwrap();
    let namesake = host(&first.name);
    hosts.insert(&namesake).await.unwrap();
    assert!(matches!(
        hosts.restore(&first.id).await,
        Err(Error::NameTaken { name }) if name == first.name
    ));
    assert!(matches!(hosts.restore(&HostId::new()).await, Err(Error::NotFound { .. })));
}

#[tokio::test]
async fn deployments_and_errors_belong_to_hosts() {
    let db = database().await;
    let (hosts, deployments) = (db.store.hosts(), db.store.deployments());
    let host = host("box");
    hosts.insert(&host).await.unwrap();
    assert_eq!(deployments.get(&host.id).await.unwrap(), None);

    for source in [
        ModelSource::Practice,
        ModelSource::HostPath("/m/модель.gguf".to_owned()),
        ModelSource::LocalFile("C:\\m.gguf".to_owned()),
        ModelSource::Url { url: "https://example.org/m.gguf".to_owned(), sha256: None },
    ] {
        let mut deployment = deployment(&host.id, source);
        deployments.put(&deployment).await.unwrap();
        assert_eq!(deployments.get(&host.id).await.unwrap().as_ref(), Some(&deployment));
        deployment.context_size = None;
        deployment.first_token_ms = None;
        deployment.tokens_per_second = None;
        deployments.put(&deployment).await.unwrap();
        assert_eq!(deployments.get(&host.id).await.unwrap(), Some(deployment));
    }

    deployments.set_error(&host.id, Some(&error())).await.unwrap();
    assert_eq!(deployments.error(&host.id).await.unwrap(), Some(error()));
    let views = hosts.views().await.unwrap();
    assert_eq!(views.len(), 2);
    assert_eq!(views[0].host.id, HostId::local());
    assert_eq!(views[0].deployment, None);
    assert_eq!(views[1].host, host);
    assert_eq!(views[1].deployment, deployments.get(&host.id).await.unwrap());
    assert_eq!(views[1].last_error, Some(error()));

    let works = deployment(&host.id, ModelSource::Practice);
    deployments.put(&works).await.unwrap();
    assert_eq!(deployments.error(&host.id).await.unwrap(), None);
    deployments.set_error(&host.id, Some(&error())).await.unwrap();
    deployments.set_error(&host.id, None).await.unwrap();
    assert_eq!(deployments.error(&host.id).await.unwrap(), None);
    deployments.remove(&host.id).await.unwrap();
    deployments.remove(&host.id).await.unwrap();
    assert_eq!(deployments.get(&host.id).await.unwrap(), None);

    let nobody = HostId::new();
    let nowhere = deployment(&nobody, ModelSource::Practice);
    assert!(matches!(deployments.put(&nowhere).await, Err(Error::NotFound { noun: "host", .. })));
    assert!(matches!(
        deployments.set_error(&nobody, Some(&error())).await,
        Err(Error::NotFound { .. })
    ));
}

#[tokio::test]
async fn sessions_are_renamed_pinned_touched_deleted_restored_and_purged() {
    let db = database().await;
    let sessions = db.store.sessions();
    let mut one = session();
    let mut two = session();
    two.updated_at = 3;
    sessions.insert(&one).await.unwrap();
    sessions.insert(&two).await.unwrap();
    assert_eq!(sessions.get(&one.id).await.unwrap(), one);
    assert_eq!(sessions.list().await.unwrap(), [two.clone(), one.clone()]);
    assert!(matches!(sessions.insert(&one).await, Err(Error::Database(_))));

    one.pinned = true;
    assert_eq!(sessions.pin(&one.id, true).await.unwrap(), one);
    assert_eq!(sessions.list().await.unwrap(), [one.clone(), two.clone()]);
    one.title = "found by the model".to_owned();
    assert_eq!(sessions.set_title_by_model(&one.id, &one.title).await.unwrap(), one);
    one.title = "👩‍👩‍👧".to_owned();
    one.titled = true;
    assert_eq!(sessions.rename(&one.id, &one.title).await.unwrap(), one);
    assert_eq!(sessions.set_title_by_model(&one.id, "x").await.unwrap(), one);
    one.updated_at = 9;
    one.model = Some("m".to_owned());
    assert_eq!(sessions.touch(&one.id, None, Some("m"), 9).await.unwrap(), one);

    sessions.delete(&one.id, 100).await.unwrap();
    assert!(matches!(sessions.get(&one.id).await, Err(Error::NotFound { noun: "session", .. })));
    assert!(matches!(sessions.delete(&one.id, 101).await, Err(Error::NotFound { .. })));
    assert!(matches!(sessions.pin(&one.id, false).await, Err(Error::NotFound { .. })));
    assert!(matches!(sessions.touch(&one.id, None, None, 1).await, Err(Error::NotFound { .. })));
    assert_eq!(sessions.list().await.unwrap(), [two.clone()]);
    assert_eq!(sessions.restore(&one.id).await.unwrap(), one);

    let said = message(&one.id, Role::User, "x");
    db.store.messages().insert_after(None, &said).await.unwrap();
    sessions.delete(&one.id, 100).await.unwrap();
    assert_eq!(sessions.purge_deleted_before(100).await.unwrap(), 0);
    assert_eq!(sessions.purge_deleted_before(101).await.unwrap(), 1);
    assert!(matches!(sessions.restore(&one.id).await, Err(Error::NotFound { .. })));
    assert!(matches!(db.store.messages().get(&said.id).await, Err(Error::NotFound { .. })));
    assert_eq!(sessions.list().await.unwrap(), [two]);
}

#[tokio::test]
async fn messages_keep_every_field_and_outlive_their_host() {
    let db = database().await;
    let messages = db.store.messages();
    let session = session();
    db.store.sessions().insert(&session).await.unwrap();
    let host = host("box");
    db.store.hosts().insert(&host).await.unwrap();

    let mut kept: Vec<Message> = Vec::new();
    for (position, (role, state)) in [
        (Role::System, MessageState::Complete),
        (Role::User, MessageState::Complete),
        (Role::Assistant, MessageState::Streaming),
        (Role::Assistant, MessageState::Stopped),
        (Role::Assistant, MessageState::Failed),
        (Role::Assistant, MessageState::Interrupted),
    ]
    .into_iter()
    .enumerate()
    {
        let mut whole = message(&session.id, role, "текст\0\r\n👩🏽‍🚀 \u{fffd}'\"\\");
        whole.state = state;
        whole.reasoning = "мысль".to_owned();
        whole.host_id = Some(host.id.clone());
        whole.speaker = Some(3);
        whole.audience = Some(2);
        whole.summary = true;
        whole.stats = stats();
        whole.error = Some(error());
        whole.position = 77;
        let parent = kept.last().map(|message| &message.id);
        let inserted = messages.insert_after(parent, &whole).await.unwrap();
        whole.position = u32::try_from(position).unwrap();
        whole.parent_id = parent.cloned();
        assert_eq!(inserted, whole);
        kept.push(whole);
    }
    let mut bare = message(&session.id, Role::User, "");
    (bare.host_id, bare.model, bare.request_id) = (None, None, None);
    bare.position = 6;
    bare.parent_id = Some(kept[5].id.clone());
    kept.push(bare.clone());
    messages.insert_after(bare.parent_id.as_ref(), &bare).await.unwrap();

    db.store.hosts().remove(&host.id).await.unwrap();
    assert_eq!(messages.branch(&session.id).await.unwrap(), kept);
    let counted = db.store.sessions().get(&session.id).await.unwrap();
    assert_eq!(counted.message_count, 7);

    let orphan = message(&slipway_protocol::SessionId::new(), Role::User, "x");
    assert!(matches!(
        messages.insert_after(None, &orphan).await,
        Err(Error::NotFound { noun: "session", .. })
    ));
}

#[tokio::test]
async fn answers_grow_and_end() {
    let db = database().await;
    let messages = db.store.messages();
    let mut answer = answer(&db.store).await;
    messages.append(&answer.id, "При", "ду").await.unwrap();
    messages.append(&answer.id, "вет 👋", "").await.unwrap();
    messages.append(&answer.id, "", "маю").await.unwrap();
    messages.set_model(&answer.id, "other").await.unwrap();
    answer.content = "Привет 👋".to_owned();
    answer.reasoning = "думаю".to_owned();
    answer.model = Some("other".to_owned());
    assert_eq!(messages.get(&answer.id).await.unwrap(), answer);

    answer.content = "x".repeat(100_000) + "конец";
    answer.state = MessageState::Failed;
    answer.stats = stats();
    answer.error = Some(error());
    messages
        .finish(
            &answer.id,
            answer.state,
            &answer.content,
            &answer.reasoning,
            &answer.stats,
            answer.error.as_ref(),
        )
        .await
        .unwrap();
    assert_eq!(messages.get(&answer.id).await.unwrap(), answer);
    let nobody = slipway_protocol::MessageId::new();
    assert!(matches!(messages.append(&nobody, "", "").await, Err(Error::NotFound { .. })));
}

#[tokio::test]
async fn settings_have_defaults_and_survive_what_they_do_not_understand() {
    let db = database().await;
    let settings = db.store.settings();
    assert_eq!(settings.get().await.unwrap(), Settings::default());
    let all = Settings {
        language: Some(Language::Ru),
        theme: Theme::Dark,
        chat_limit: 1,
        deploy_limit: 8,
        monitor_interval_s: 5,
        start_at_login: true,
        tunnel_wait_s: 0,
        keepalive_timeout_s: 120,
        first_token_timeout_s: 3600,
        temperature: Some(0.7),
        max_tokens: Some(131_072),
        title_by_model: false,
        metrics_days: 1,
        close_to_tray: false,
        notify_answers: false,
        notify_after_s: 3600,
        quick_shortcut: "Alt+Space".to_owned(),
        zoom_percent: 200,
        spell_check: false,
        log_megabytes: 1,
        hub_url: "https://hub.example".to_owned(),
        package_index: "https://index.example/simple".to_owned(),
        use_service_manager: false,
    };
    settings.put(&all).await.unwrap();
    assert_eq!(settings.get().await.unwrap(), all);

    execute(
        &db.path,
        r#"UPDATE settings SET value_json = '"sepia"' WHERE name = 'theme';
           INSERT INTO settings VALUES ('from_the_future', '{"a":1}')"#,
    )
    .await;
    let understood = Settings { theme: Theme::System, ..all };
    assert_eq!(settings.get().await.unwrap(), understood);
}

#[tokio::test]
async fn an_unknown_error_code_keeps_its_sentences() {
    let db = database().await;
    let local = HostId::local();
    let deployments = db.store.deployments();
    deployments.set_error(&local, Some(&error())).await.unwrap();
    execute(
        &db.path,
        "UPDATE deploy_errors SET error_json = json_set(error_json, '$.code', 'from_the_future')",
    )
    .await;
    let read = deployments.error(&local).await.unwrap().unwrap();
    assert_eq!(read.code, ErrorCode::Internal);
    assert_eq!(read.message, error().message);
}
