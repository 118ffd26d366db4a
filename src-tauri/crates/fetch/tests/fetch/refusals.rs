//! Servers that refuse, are silent, or send something else.

use std::fs;
use std::time::{Duration, Instant};

use secrecy::SecretString;
use slipway_fetch::{Error, Expected, Fetched, Result, Source};

use crate::stand_in::{
    Downloads, Reply, Request, StandIn, content, exactly, fetcher, single_try, sum,
};

/// What comes of one download of 1000 bytes that are expected, and what is left of it.
async fn outcome(
    answer: impl Fn(&Request, usize) -> Reply + Send + Sync + 'static,
) -> (Result<Fetched>, Vec<String>, usize) {
    let server = StandIn::start(answer).await;
    let downloads = Downloads::new();
    let (source, dest) = (server.source("/file"), downloads.path("file"));
    let result = fetcher().file(&source, &dest, &exactly(&content(1000)), |_, _| {}).await;
    (result, downloads.names(), server.requests().len())
}

#[tokio::test]
async fn another_length_than_expected() {
    let (result, left, asked) = outcome(|_, _| Reply::ok(content(1001))).await;
    assert!(matches!(result, Err(Error::BadResponse { .. })), "{result:?}");
    assert!(!left.contains(&"file".to_owned()) && asked == 1);

    let (result, left, asked) = outcome(|_, _| Reply::ok(content(5000)).unannounced()).await;
    assert!(matches!(result, Err(Error::BadResponse { .. })), "{result:?}");
    assert!(!left.contains(&"file".to_owned()) && asked == 1);

    // Without a length it looks like an end; the expected one tells that it is a cut.
    let (result, _, asked) = outcome(|_, _| Reply::ok(content(900)).unannounced()).await;
    assert!(matches!(result, Err(Error::Interrupted { received: 900, .. })), "{result:?}");
    assert!(asked > 1);
}

#[tokio::test]
async fn another_sum_than_expected() {
    let (result, left, asked) = outcome(|_, _| Reply::ok(vec![1; 1000])).await;
    match result {
        Err(Error::HashMismatch { expected, actual, .. }) => {
            assert_eq!((expected, actual), (sum(&content(1000)), sum(&[1; 1000])));
        }
        other => panic!("{other:?}"),
    }
    assert_eq!((left, asked), (Vec::<String>::new(), 1));
}

#[tokio::test]
async fn a_packed_answer_is_not_the_file() {
    let (result, _, _) = outcome(|_, _| Reply::ok("packed").with("Content-Encoding", "gzip")).await;
    assert!(matches!(result, Err(Error::BadResponse { .. })), "{result:?}");
}

#[tokio::test]
async fn refusals_are_told_apart() {
    for (status, reason, token, expected) in [
        ("401 Unauthorized", None, false, Some((401, false))),
        ("401 Unauthorized", Some("GatedRepo"), false, Some((401, true))),
        ("403 Forbidden", None, true, Some((403, false))),
        ("403 Forbidden", Some("GatedRepo"), true, Some((403, true))),
        ("451 Unavailable For Legal Reasons", None, false, Some((451, false))),
        ("404 Not Found", None, true, None),
        ("410 Gone", None, false, None),
    ] {
        let server = StandIn::start(move |_, _| {
            let reply = Reply::new(status, "no");
            reason.into_iter().fold(reply, |reply, reason| reply.with("X-Error-Code", reason))
        })
        .await;
        let downloads = Downloads::new();
        let bearer = token.then(|| SecretString::from("hf_secret"));
        let source = Source { bearer, ..server.source("/file?secret=1") };
        let dest = downloads.path("file");
        let error =
            fetcher().file(&source, &dest, &Expected::default(), |_, _| {}).await.unwrap_err();
        assert!(!format!("{error} {error:?} {source:?}").contains("secret"), "{error:?}");
        let address = format!("{}/file", server.url);
        match (&error, expected) {
            (Error::Refused { url, status, gated, token_given }, Some(expected)) => {
                assert_eq!((url, *token_given), (&address, token));
                assert_eq!((*status, *gated), expected);
            }
            (Error::NotFound { url, file: None }, None) => assert_eq!(*url, address),
            (other, _) => panic!("{status}: {other:?}"),
        }
        assert_eq!(server.requests().len(), 1, "{status} does not pass");
    }
}

#[tokio::test]
async fn a_busy_server_is_asked_again() {
    for status in ["503 Service Unavailable", "429 Too Many Requests", "500 Internal Server Error"]
    {
        let (result, left, asked) = outcome(move |_, before| match before {
            0 | 1 => Reply::new(status, "later"),
            _ => Reply::ok(content(1000)),
        })
        .await;
        result.unwrap();
        assert_eq!((left, asked), (vec!["file".to_owned()], 3));
        let (result, _, asked) = outcome(move |_, _| Reply::new(status, "later")).await;
        assert!(matches!(result, Err(Error::Unreachable { .. })), "{result:?}");
        assert_eq!(asked, 3);
    }
    let (result, _, asked) = outcome(|_, _| Reply::new("400 Bad Request", "no")).await;
    assert!(matches!(result, Err(Error::Unreachable { .. })), "{result:?}");
    assert_eq!(asked, 1);
}

#[tokio::test]
async fn a_server_says_how_long_to_wait() {
    let started = Instant::now();
    let (result, _, _) = outcome(|_, before| match before {
        0 => Reply::new("429 Too Many Requests", "").with("Retry-After", "1"),
        _ => Reply::ok(content(1000)),
    })
    .await;
    result.unwrap();
    assert!(started.elapsed() >= Duration::from_secs(1));
}

#[tokio::test]
async fn a_server_that_goes_silent() {
    let (result, left, _) = outcome(|_, _| Reply::ok(content(1000)).silent_after(600)).await;
    assert!(matches!(result, Err(Error::Interrupted { received: 600, .. })), "{result:?}");
    assert_eq!(left, ["file.part", "file.part.json"]);
}

#[tokio::test]
async fn a_server_that_never_answers_and_one_that_is_not_there() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/file", listener.local_addr().unwrap());
    let source = Source { url, bearer: None };
    let downloads = Downloads::new();
    let (dest, expected) = (downloads.path("file"), Expected::default());
    let error = single_try().file(&source, &dest, &expected, |_, _| {}).await.unwrap_err();
    assert!(matches!(error, Error::Unreachable { .. }), "{error:?}");
    drop(listener);
    let error = single_try().file(&source, &dest, &expected, |_, _| {}).await.unwrap_err();
    assert!(matches!(error, Error::Unreachable { .. }), "{error:?}");
}

#[tokio::test]
async fn what_cannot_be_asked_for_is_said_at_once() {
    let downloads = Downloads::new();
    let dest = downloads.path("file");
    let bearer = Some(SecretString::from("token"));
    let expected = Expected { sha256: Some("short".to_owned()), bytes: None };
    for (url, bearer, expected, wanted) in [
        ("ftp://example.org/a", None, Expected::default(), "address"),
        ("http://user:password@127.0.0.1:9/a", bearer, Expected::default(), "address"),
        ("http://127.0.0.1:9/a", Some(SecretString::from("a b")), Expected::default(), "token"),
        ("http://127.0.0.1:9/a", None, expected, "sha256"),
    ] {
        let source = Source { url: url.to_owned(), bearer };
        let error = fetcher().file(&source, &dest, &expected, |_, _| {}).await.unwrap_err();
        assert!(matches!(&error, Error::InvalidInput { what, .. } if *what == wanted), "{error:?}");
    }
    assert!(!fs::exists(&dest).unwrap());
}
