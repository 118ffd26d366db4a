//! The way to a server: redirects, what goes along with them, and proxies.

use std::process::Command;

use secrecy::SecretString;
use slipway_fetch::{Error, Expected, Source};

use crate::stand_in::{Downloads, Reply, StandIn, content, exactly, fetcher, ranged};

const TOKEN: &str = "hf_token";

fn with_token(server: &StandIn, path: &str) -> Source {
    Source { bearer: Some(SecretString::from(TOKEN)), ..server.source(path) }
}

#[tokio::test]
async fn the_token_stays_with_the_first_server() {
    let body = content(1000);
    let served = body.clone();
    let store = StandIn::start(move |request, before| {
        let reply = ranged(request, &served, "\"a\"");
        if before == 0 { reply.cut_after(400) } else { reply }
    })
    .await;
    let blob = format!("{}/blob?signature=x", store.url);
    let hub = StandIn::start(move |request, _| match request.target.as_str() {
        "/file" => Reply::redirect("/moved"),
        _ => Reply::redirect(&blob),
    })
    .await;
    let downloads = Downloads::new();
    let dest = downloads.path("file");
    let source = with_token(&hub, "/file");
    fetcher().file(&source, &dest, &exactly(&body), |_, _| {}).await.unwrap();
    let shown: Vec<_> =
        hub.requests().iter().map(|r| r.header("authorization").map(str::to_owned)).collect();
    assert_eq!(shown, vec![Some(format!("Bearer {TOKEN}")); 4], "two requests, two servers' steps");
    assert!(store.requests().iter().all(|request| request.header("authorization").is_none()));
    assert!(store.requests().iter().all(|request| request.header("referer").is_none()));
    // The part goes on behind the redirect as well.
    assert_eq!(store.starts(), [None, Some(400)]);
    assert_eq!(store.requests()[1].header("if-range"), Some("\"a\""));
}

#[tokio::test]
async fn a_login_in_an_address_stays_with_its_server() {
    let store = StandIn::start(|_, _| Reply::ok("content")).await;
    let target = format!("{}/blob", store.url);
    let index = StandIn::start(move |_, _| Reply::redirect(&target)).await;
    let url = index.url.replace("http://", "http://user:password@") + "/file";
    let source = Source { url, bearer: None };
    let downloads = Downloads::new();
    let dest = downloads.path("file");
    fetcher().file(&source, &dest, &Expected::default(), |_, _| {}).await.unwrap();
    assert_eq!(index.requests()[0].header("authorization"), Some("Basic dXNlcjpwYXNzd29yZA=="));
    assert_eq!(store.requests()[0].header("authorization"), None);
}

#[tokio::test]
async fn redirects_come_to_an_end() {
    let downloads = Downloads::new();
    let dest = downloads.path("file");
    let expected = Expected::default();
    let steps = |count: usize| {
        StandIn::start(move |_, before| {
            if before < count { Reply::redirect("/again") } else { Reply::ok("content") }
        })
    };
    let server = steps(10).await;
    fetcher().file(&server.source("/"), &dest, &expected, |_, _| {}).await.unwrap();
    let server = steps(11).await;
    let error = fetcher().file(&server.source("/"), &dest, &expected, |_, _| {}).await.unwrap_err();
    assert!(matches!(error, Error::BadResponse { .. }), "{error:?}");
    assert_eq!(server.requests().len(), 11);
}

/// Set for the process that is to find a proxy in its environment.
const ROLE: &str = "SLIPWAY_FETCH_TEST_BEHIND_PROXY";

/// The environment of a process is changed by starting another one: this test does both sides.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_environment_s_proxy_is_asked_except_for_this_computer() {
    let downloads = Downloads::new();
    if let Ok(direct) = std::env::var(ROLE) {
        let expected = Expected::default();
        for url in ["http://model.invalid/file", &format!("{direct}/file")] {
            let source = Source { url: url.to_owned(), bearer: None };
            fetcher().file(&source, &downloads.path("file"), &expected, |_, _| {}).await.unwrap();
        }
        return;
    }
    let proxy = StandIn::start(|_, _| Reply::ok("through the proxy")).await;
    let direct = StandIn::start(|_, _| Reply::ok("direct")).await;
    let mut child = Command::new(std::env::current_exe().unwrap());
    child.args(["--exact", "routes::the_environment_s_proxy_is_asked_except_for_this_computer"]);
    child
        .env(ROLE, &direct.url)
        .env("http_proxy", &proxy.url)
        .env_remove("no_proxy")
        .env_remove("NO_PROXY");
    let output = tokio::task::spawn_blocking(move || child.output().unwrap()).await.unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
    let targets = |server: &StandIn| -> Vec<String> {
        server.requests().into_iter().map(|request| request.target).collect()
    };
    assert_eq!(targets(&proxy), ["http://model.invalid/file"]);
    assert_eq!(targets(&direct), ["/file"]);
}
