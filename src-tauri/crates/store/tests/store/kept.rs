//! What a chat keeps beside its messages.

use slipway_protocol::{
    AttachmentId, AttachmentKind, ChatSettings, Compaction, CompactionId, Conversation,
    ConversationSetup, ConversationState, Draft, Folder, FolderId, Message, MessageId, Overflow,
    Preset, PresetId, QueuedId, Role, Sampling, SessionId, Snippet, SnippetId, SpeakingOrder,
};
use slipway_store::Error;

use crate::sample::{database, file, line, message, queued, session};

#[tokio::test]
async fn folders_and_snippets_have_names_of_their_own() {
    let db = database().await;
    let (folders, snippets) = (db.store.folders(), db.store.snippets());
    let mut work = Folder { id: FolderId::new(), name: "Работа".into() };
    let home = Folder { id: FolderId::new(), name: "дом".into() };
    folders.put(&work).await.unwrap();
    folders.put(&home).await.unwrap();
    assert_eq!(folders.list().await.unwrap(), [home.clone(), work.clone()]);
    let same = Folder { id: FolderId::new(), name: "РАБОТА".into() };
    let refused = folders.put(&same).await.unwrap_err();
    assert!(matches!(&refused, Error::Taken { noun: "folder", name } if name == "РАБОТА"));
    work.name = "РАБОТА".into();
    folders.put(&work).await.unwrap();
    let refused = folders.put(&Folder { name: "Дом".into(), ..work.clone() }).await;
    assert!(matches!(refused, Err(Error::Taken { .. })), "{refused:?}");
    folders.remove(&home.id).await.unwrap();
    let gone = folders.remove(&home.id).await;
    assert!(matches!(gone, Err(Error::NotFound { noun: "folder", .. })), "{gone:?}");
    assert_eq!(folders.list().await.unwrap(), [work]);

    let mut letter =
        Snippet { id: SnippetId::new(), name: "letter".into(), text: "{{кому}}".into() };
    snippets.put(&letter).await.unwrap();
    let same = Snippet { id: SnippetId::new(), name: "Letter".into(), text: String::new() };
    let refused = snippets.put(&same).await;
    assert!(matches!(refused, Err(Error::Taken { noun: "snippet", .. })), "{refused:?}");
    letter.text = "new".into();
    snippets.put(&letter).await.unwrap();
    assert_eq!(snippets.list().await.unwrap(), [letter.clone()]);
    snippets.remove(&letter.id).await.unwrap();
    assert!(matches!(snippets.remove(&letter.id).await, Err(Error::NotFound { .. })));
}

fn settings() -> ChatSettings {
    ChatSettings {
        system_prompt: "Отвечай кратко.".into(),
        sampling: Sampling {
            temperature: Some(0.1),
            top_k: Some(0),
            stop: vec!["\n".into()],
            json_schema: Some("{}".into()),
            ..Sampling::default()
        },
        overflow: Overflow::Summarise,
    }
}

#[tokio::test]
async fn presets_and_settings_keep_every_value() {
    let db = database().await;
    let presets = db.store.presets();
    let mut one = Preset { id: PresetId::new(), name: "Б".into(), settings: settings() };
    let two = Preset { id: PresetId::new(), name: "а".into(), settings: ChatSettings::default() };
    presets.put(&one).await.unwrap();
    presets.put(&two).await.unwrap();
    assert_eq!(presets.list().await.unwrap(), [two.clone(), one.clone()]);
    one.settings.overflow = Overflow::DropOldest;
    presets.put(&one).await.unwrap();
    presets.remove(&two.id).await.unwrap();
    assert!(matches!(presets.remove(&two.id).await, Err(Error::NotFound { .. })));
    assert_eq!(presets.list().await.unwrap(), [one]);

    let (session, nobody) = (session(), SessionId::new());
    let sessions = db.store.sessions();
    sessions.insert(&session).await.unwrap();
    assert_eq!(sessions.settings_of(&session.id).await.unwrap(), ChatSettings::default());
    sessions.configure(&session.id, &settings()).await.unwrap();
    assert_eq!(sessions.settings_of(&session.id).await.unwrap(), settings());
    assert!(matches!(sessions.settings_of(&nobody).await, Err(Error::NotFound { .. })));
    let refused = sessions.configure(&nobody, &settings()).await;
    assert!(matches!(refused, Err(Error::NotFound { .. })), "{refused:?}");

    assert_eq!(sessions.conversation_of(&session.id).await.unwrap(), None);
    let conversation = Conversation {
        setup: ConversationSetup {
            participants: Vec::new(),
            order: SpeakingOrder::Random,
            turns: 10,
            tokens: None,
            end_phrase: "конец".into(),
            summary_by: Some(1),
            opening: "Начнём".into(),
        },
        state: ConversationState::Paused,
        turns_done: 3,
        tokens_used: 99,
        next_speaker: 1,
    };
    sessions.set_conversation(&session.id, &conversation).await.unwrap();
    assert_eq!(sessions.conversation_of(&session.id).await.unwrap(), Some(conversation));
    assert!(matches!(sessions.conversation_of(&nobody).await, Err(Error::NotFound { .. })));
}

#[tokio::test]
async fn drafts_go_with_their_conversation() {
    let db = database().await;
    let drafts = db.store.drafts();
    let session = session();
    db.store.sessions().insert(&session).await.unwrap();
    for text in ["первый", "второй 👋", ""] {
        drafts.put(None, text, &[]).await.unwrap();
        drafts.put(Some(&session.id), &format!("{text}!"), &[]).await.unwrap();
        assert_eq!(drafts.get(None).await.unwrap().text, text);
        assert_eq!(drafts.get(Some(&session.id)).await.unwrap().text, format!("{text}!"));
    }
    let nobody = drafts.put(Some(&SessionId::new()), "x", &[]).await;
    assert!(matches!(nobody, Err(Error::NotFound { noun: "session", .. })), "{nobody:?}");
    db.store.sessions().delete(&session.id, 1).await.unwrap();
    assert_eq!(drafts.get(Some(&session.id)).await.unwrap().text, "!", "it may be restored");
    db.store.sessions().purge_deleted_before(2).await.unwrap();
    assert_eq!(drafts.get(Some(&session.id)).await.unwrap(), Draft::default());
}

#[tokio::test]
async fn the_queue_keeps_its_order() {
    let db = database().await;
    let queue = db.store.queue();
    let session = session();
    db.store.sessions().insert(&session).await.unwrap();
    let mut waiting = ["a", "b", "c"].map(|text| queued(&session.id, text));
    for message in &waiting {
        queue.put(message).await.unwrap();
    }
    waiting[0].send.text = "a, edited".into();
    queue.put(&waiting[0]).await.unwrap();
    assert_eq!(queue.list(&session.id).await.unwrap(), waiting);
    queue.drop(&waiting[1].id).await.unwrap();
    let gone = queue.drop(&waiting[1].id).await;
    assert!(matches!(gone, Err(Error::NotFound { noun: "queued message", .. })), "{gone:?}");
    let first = queue.first(&session.id).await.unwrap();
    assert_eq!(first.as_ref(), Some(&waiting[0]));
    assert_eq!(queue.pop_first(&session.id).await.unwrap(), first);
    assert_eq!(queue.pop_first(&session.id).await.unwrap().as_ref(), Some(&waiting[2]));
    assert_eq!(queue.pop_first(&session.id).await.unwrap(), None);

    db.store.sessions().delete(&session.id, 1).await.unwrap();
    let refused = queue.put(&queued(&session.id, "late")).await;
    assert!(matches!(refused, Err(Error::NotFound { noun: "session", .. })), "{refused:?}");
    let mut nowhere = queued(&session.id, "x");
    nowhere.send.session_id = None;
    assert!(matches!(queue.put(&nowhere).await, Err(Error::NotFound { .. })));
    assert!(queue.list(&SessionId::new()).await.unwrap().is_empty());
    assert!(matches!(queue.drop(&QueuedId::new()).await, Err(Error::NotFound { .. })));
}

#[tokio::test]
async fn a_file_goes_with_the_last_message_that_it_was_sent_with() {
    let db = database().await;
    let files = db.store.attachments();
    let data = [0, 159, 146, 150];
    let ids = [(); 4].map(|()| AttachmentId::new());
    let mut kept = ids.clone().map(|id| file(id, &data));
    (kept[3].kind, kept[3].tokens) = (AttachmentKind::Image, None);
    for attachment in &kept {
        files.add(attachment, &data, 10).await.unwrap();
        assert_eq!(files.get(&attachment.id).await.unwrap(), (attachment.clone(), data.to_vec()));
    }
    assert!(matches!(files.add(&kept[0], &data, 10).await, Err(Error::Database(_))));
    assert_eq!(contents(&db.path).await, 1, "the same content is kept once");

    let (session, said) = line(&db.store, &["first"]).await;
    let mut sent = message(&session.id, Role::User, "look");
    sent.attachments = vec![kept[3].clone(), kept[0].clone()];
    let first = db.store.messages().insert_after(Some(&said[0].id), &sent).await.unwrap();
    assert_eq!(first.attachments, sent.attachments);
    let version = Message { id: MessageId::new(), ..sent };
    db.store.messages().insert_after(Some(&said[0].id), &version).await.unwrap();
    let branch = db.store.messages().branch(&session.id).await.unwrap();
    assert_eq!(branch[1].attachments, first.attachments, "another version has the same files");

    let mut waits = queued(&session.id, "later");
    waits.send.attachments.push(ids[1].clone());
    db.store.queue().put(&waits).await.unwrap();
    for (id, dropped) in [(&ids[0], false), (&ids[1], false), (&ids[2], true), (&ids[2], false)] {
        assert_eq!(files.drop_unsent(id).await.unwrap(), dropped);
    }
    assert_eq!(files.purge_unsent_before(11).await.unwrap(), 0);
    db.store.queue().drop(&waits.id).await.unwrap();
    let drafts = db.store.drafts();
    drafts.put(None, "", &ids[1..3]).await.unwrap();
    assert_eq!(files.purge_unsent_before(11).await.unwrap(), 0);
    let draft = drafts.get(None).await.unwrap();
    assert_eq!(draft.attachments, [kept[1].clone()], "the one that is there");
    drafts.put(None, "", &[]).await.unwrap();
    assert_eq!(files.purge_unsent_before(10).await.unwrap(), 0);
    assert_eq!(files.purge_unsent_before(11).await.unwrap(), 1);
    assert!(matches!(files.get(&ids[1]).await, Err(Error::NotFound { noun: "attachment", .. })));
    assert_eq!(contents(&db.path).await, 1);

    db.store.sessions().delete(&session.id, 1).await.unwrap();
    assert!(files.get(&ids[0]).await.is_ok());
    db.store.sessions().purge_deleted_before(2).await.unwrap();
    assert!(matches!(files.get(&ids[0]).await, Err(Error::NotFound { .. })));
    assert_eq!(contents(&db.path).await, 0);
}

async fn contents(path: &std::path::Path) -> i64 {
    let mut connection = crate::sample::connect(path).await;
    sqlx::query_scalar("SELECT count(*) FROM contents").fetch_one(&mut connection).await.unwrap()
}

#[tokio::test]
async fn compactions_stand_in_the_order_of_their_ends() {
    let db = database().await;
    let compactions = db.store.compactions();
    let (session, said) = line(&db.store, &["a", "b", "c"]).await;
    let compaction = |until: &MessageId, summary: Option<&str>| Compaction {
        id: CompactionId::new(),
        until: until.clone(),
        summary: summary.map(str::to_owned),
        tokens_before: 100,
        tokens_after: 10,
        created_at: 5,
    };
    let later = compaction(&said[1].id, Some("кратко"));
    let earlier = compaction(&said[0].id, None);
    compactions.add(&session.id, &later).await.unwrap();
    compactions.add(&session.id, &earlier).await.unwrap();
    assert_eq!(compactions.list(&session.id).await.unwrap(), [earlier.clone(), later.clone()]);
    let nowhere = compactions.add(&session.id, &compaction(&MessageId::new(), None)).await;
    assert!(matches!(nowhere, Err(Error::NotFound { noun: "message", .. })), "{nowhere:?}");
    compactions.remove(&earlier.id).await.unwrap();
    assert!(matches!(compactions.remove(&earlier.id).await, Err(Error::NotFound { .. })));
    assert_eq!(compactions.list(&session.id).await.unwrap(), [later]);
}
