//! Downloads that are cut off, and go on.

use std::fs;
use std::time::Duration;

use slipway_fetch::{Error, Expected, Fetched};
use tokio::sync::watch;

use crate::stand_in::{
    Downloads, Reply, StandIn, content, exactly, fetcher, ranged, single_try, sum,
};

const MIB: usize = 1024 * 1024;
const NOTHING: Expected = Expected { sha256: None, bytes: None };

#[tokio::test]
async fn a_file_arrives_whole_and_replaces_what_was_there() {
    let body = content(5 * MIB + 17);
    let served = body.clone();
    let server = StandIn::start(move |request, _| ranged(request, &served, "\"a\"")).await;
    let downloads = Downloads::new();
    let dest = downloads.path("models/new/file.gguf");
    let mut steps = Vec::new();
    let source = server.source("/file");
    let step = |done, total| steps.push((done, total));
    let fetched = fetcher().file(&source, &dest, &NOTHING, step).await.unwrap();
    let expected = Fetched { bytes: body.len() as u64, sha256: sum(&body) };
    assert_eq!(fetched, expected);
    assert!(fs::read(&dest).unwrap() == body);
    assert_eq!(fs::read_dir(dest.parent().unwrap()).unwrap().count(), 1, "nothing lies beside it");
    assert!(steps.is_sorted() && steps.len() > 2, "{steps:?}");
    assert_eq!(steps.first(), Some(&(0, Some(expected.bytes))));
    assert_eq!(steps.last(), Some(&(expected.bytes, Some(expected.bytes))));

    fs::write(&dest, "old").unwrap();
    fetcher().file(&source, &dest, &NOTHING, |_, _| {}).await.unwrap();
    assert!(fs::read(&dest).unwrap() == body);
}

#[tokio::test]
async fn one_call_goes_on_at_the_byte_after_a_cut() {
    let body = content(3 * MIB);
    let served = body.clone();
    // More cuts than tries: each brings the file further.
    let server = StandIn::start(move |request, before| {
        let reply = ranged(request, &served, "\"a\"");
        if before < 5 { reply.cut_after(500_000) } else { reply }
    })
    .await;
    let downloads = Downloads::new();
    let dest = downloads.path("file");
    let mut steps = Vec::new();
    let fetching = fetcher();
    let source = server.source("/file");
    fetching.file(&source, &dest, &NOTHING, |done, _| steps.push(done)).await.unwrap();
    assert!(fs::read(&dest).unwrap() == body);
    let cuts =
        [None, Some(500_000), Some(1_000_000), Some(1_500_000), Some(2_000_000), Some(2_500_000)];
    assert_eq!(server.starts(), cuts);
    assert!(
        server.requests()[1..].iter().all(|request| request.header("if-range") == Some("\"a\""))
    );
    assert!(steps.is_sorted(), "{steps:?}");
}

#[tokio::test]
async fn a_later_call_goes_on_where_an_earlier_one_broke_off() {
    let body = content(MIB);
    let served = body.clone();
    let server = StandIn::start(move |request, before| {
        let reply = ranged(request, &served, "\"a\"");
        if before == 0 { reply.cut_after(300_000) } else { reply }
    })
    .await;
    let downloads = Downloads::new();
    let dest = downloads.path("file");
    let source = server.source("/file?signature=secret");
    let error = single_try().file(&source, &dest, &NOTHING, |_, _| {}).await.unwrap_err();
    match &error {
        Error::Interrupted { url, received, .. } => {
            assert_eq!(
                (url.as_str(), *received),
                (format!("{}/file", server.url).as_str(), 300_000)
            );
        }
        other => panic!("{other:?}"),
    }
    assert_eq!(downloads.names(), ["file.part", "file.part.json"]);
    assert!(!fs::read_to_string(downloads.path("file.part.json")).unwrap().contains("secret"));
    let mut first = None;
    single_try()
        .file(&source, &dest, &NOTHING, |done, _| _ = first.get_or_insert(done))
        .await
        .unwrap();
    assert_eq!(first, Some(300_000), "progress begins at what is here");
    assert_eq!(server.starts(), [None, Some(300_000)]);
    assert!(fs::read(&dest).unwrap() == body);
    assert_eq!(downloads.names(), ["file"]);
}

#[tokio::test]
async fn a_new_version_is_fetched_from_its_start() {
    // A server that keeps to If-Range, and one that sends the rest of whatever it has.
    for obedient in [true, false] {
        let (old, new) = (content(MIB), vec![7; MIB]);
        let (first, then) = (old.clone(), new.clone());
        let server = StandIn::start(move |request, before| match (before, request.start()) {
            (0, _) => ranged(request, &first, "\"old\"").cut_after(300_000),
            (_, Some(start)) if !obedient => {
                let range = format!("bytes {start}-{}/{MIB}", MIB - 1);
                let reply = Reply::new("206 Partial Content", &then[start..]);
                reply.with("ETag", "\"new\"").with("Content-Range", &range)
            }
            _ => ranged(request, &then, "\"new\""),
        })
        .await;
        let downloads = Downloads::new();
        let dest = downloads.path("file");
        fetcher().file(&server.source("/file"), &dest, &NOTHING, |_, _| {}).await.unwrap();
        assert!(fs::read(&dest).unwrap() == new, "obedient: {obedient}");
        assert_eq!(server.requests()[1].header("if-range"), Some("\"old\""));
    }
}

#[tokio::test]
async fn a_server_without_ranges_begins_anew() {
    let body = content(MIB);
    let served = body.clone();
    let server = StandIn::start(move |_, before| {
        let reply = Reply::ok(served.clone()).with("ETag", "\"a\"");
        if before == 0 { reply.cut_after(300_000) } else { reply }
    })
    .await;
    let downloads = Downloads::new();
    let dest = downloads.path("file");
    fetcher().file(&server.source("/file"), &dest, &exactly(&body), |_, _| {}).await.unwrap();
    assert_eq!(server.starts(), [None, Some(300_000)]);
    assert!(fs::read(&dest).unwrap() == body);
}

#[tokio::test]
async fn without_a_version_only_a_sum_lets_it_go_on() {
    let body = content(MIB);
    for (expected, second) in [(NOTHING, None), (exactly(&body), Some(300_000))] {
        let served = body.clone();
        let server = StandIn::start(move |request, before| {
            // A weak ETag says nothing about bytes.
            let reply = ranged(request, &served, "W/\"a\"");
            if before == 0 { reply.cut_after(300_000) } else { reply }
        })
        .await;
        let downloads = Downloads::new();
        let dest = downloads.path("file");
        fetcher().file(&server.source("/file"), &dest, &expected, |_, _| {}).await.unwrap();
        assert_eq!(server.starts(), [None, second]);
        assert!(server.requests()[1].header("if-range").is_none());
        assert!(fs::read(&dest).unwrap() == body);
    }
}

#[tokio::test]
async fn a_part_of_another_file_is_given_up() {
    let body = content(MIB);
    let downloads = Downloads::new();
    let dest = downloads.path("file");
    for stale in [vec![1; 1000], vec![1; MIB], vec![1; MIB + 1000]] {
        let served = body.clone();
        let server = StandIn::start(move |request, _| ranged(request, &served, "\"a\"")).await;
        let _ = fs::remove_file(&dest);
        fs::write(downloads.path("file.part"), stale).unwrap();
        fetcher().file(&server.source("/file"), &dest, &exactly(&body), |_, _| {}).await.unwrap();
        assert!(fs::read(&dest).unwrap() == body);
        assert_eq!(downloads.names(), ["file"]);
    }
}

#[tokio::test]
async fn a_part_that_is_all_of_it_needs_no_byte_more() {
    let body = content(MIB);
    let served = body.clone();
    let server = StandIn::start(move |request, _| ranged(request, &served, "\"a\"")).await;
    let downloads = Downloads::new();
    let dest = downloads.path("file");
    // As a crash leaves it that comes right before the renaming.
    fs::write(downloads.path("file.part"), &body).unwrap();
    let origin = format!("{{\"url\":\"{}/file\",\"validator\":\"\\\"a\\\"\"}}", server.url);
    fs::write(downloads.path("file.part.json"), origin).unwrap();
    fetcher().file(&server.source("/file"), &dest, &NOTHING, |_, _| {}).await.unwrap();
    assert_eq!(server.starts(), [Some(MIB)]);
    assert!(fs::read(&dest).unwrap() == body);
}

#[tokio::test]
async fn a_server_that_always_cuts_is_given_up() {
    let server = StandIn::start(|_, _| Reply::ok(content(MIB)).cut_after(300_000)).await;
    let downloads = Downloads::new();
    let source = server.source("/file");
    let error = fetcher().file(&source, &downloads.path("file"), &NOTHING, |_, _| {}).await;
    assert!(matches!(error, Err(Error::Interrupted { received: 300_000, .. })), "{error:?}");
    // The first one, which gained something, and the tries after it.
    assert_eq!(server.requests().len(), 1 + 2);
}

#[tokio::test]
async fn what_is_there_with_its_sum_is_not_asked_for() {
    let body = content(1000);
    let served = body.clone();
    let server = StandIn::start(move |request, _| ranged(request, &served, "\"a\"")).await;
    let downloads = Downloads::new();
    let dest = downloads.path("file");
    let capitals = Expected { sha256: Some(sum(&body).to_uppercase()), bytes: None };
    let source = server.source("/file");
    for asked in [1, 1] {
        let mut last = None;
        let step = |done, total| last = Some((done, total));
        let fetched = fetcher().file(&source, &dest, &capitals, step).await.unwrap();
        assert_eq!(fetched, Fetched { bytes: 1000, sha256: sum(&body) });
        assert_eq!(last, Some((1000, Some(1000))));
        assert_eq!(server.requests().len(), asked);
    }
    fs::write(&dest, "another content").unwrap();
    fetcher().file(&source, &dest, &capitals, |_, _| {}).await.unwrap();
    assert!(fs::read(&dest).unwrap() == body);
}

#[tokio::test]
async fn a_cancelled_download_keeps_what_has_come_and_bars_nobody() {
    let body = content(MIB);
    let served = body.clone();
    let server = StandIn::start(move |request, before| {
        let reply = ranged(request, &served, "\"a\"");
        if before == 0 { reply.silent_after(300_000) } else { reply }
    })
    .await;
    let downloads = Downloads::new();
    let dest = downloads.path("file");
    let source = server.source("/file");
    // Patient enough to be cancelled first.
    let patient = slipway_fetch::Fetcher::new().unwrap();
    let (sender, mut come) = watch::channel(0);
    let one = patient.file(&source, &dest, &NOTHING, |done, _| _ = sender.send_replace(done));
    {
        tokio::pin!(one);
        tokio::select! {
            result = &mut one => panic!("{result:?}"),
            _ = come.wait_for(|done| *done == 300_000) => {}
        }
        let other = fetcher().file(&source, &dest, &NOTHING, |_, _| {}).await;
        assert!(matches!(other, Err(Error::Busy { .. })), "{other:?}");
        assert_eq!(server.requests().len(), 1, "the second one asks nobody");
    }
    tokio::time::sleep(Duration::from_millis(50)).await;
    fetcher().file(&source, &dest, &NOTHING, |_, _| {}).await.unwrap();
    assert_eq!(server.starts(), [None, Some(300_000)]);
    assert!(fs::read(&dest).unwrap() == body);
}
