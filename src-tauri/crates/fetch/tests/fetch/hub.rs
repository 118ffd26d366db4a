//! A hub's interface, with a stand-in: pages, refusals, tokens, files that lie on another server.

use secrecy::SecretString;
use slipway_fetch::{Error, Expected, Hub, ModelFormat};

use crate::stand_in::{Downloads, Reply, Request, StandIn, content, fetcher, sum};

pub const COMMIT: &str = "0123456789abcdef0123456789abcdef01234567";
const TOKEN: &str = "hf_secretsecretsecret";

pub fn hub(server: &StandIn, token: Option<&str>) -> Hub {
    Hub { base_url: server.url.clone(), token: token.map(SecretString::from) }
}

fn answer(request: &Request, store: &str) -> Reply {
    let token = request.header("authorization");
    let right = token == Some("Bearer hf_secretsecretsecret");
    let target = request.target.trim_start_matches("/api/models");
    let coded = |status: &str, code: &str| Reply::new(status, "").with("X-Error-Code", code);
    if target.starts_with("/org/gated/") && !right {
        let status = if token.is_some() { "403 Forbidden" } else { "401 Unauthorized" };
        return coded(status, if token.is_some() { "" } else { "GatedRepo" });
    }
    if target.starts_with("/org/absent/") {
        return if token.is_some() {
            coded("404 Not Found", "RepoNotFound")
        } else {
            coded("401 Unauthorized", "RepoNotFound")
        };
    }
    if target.starts_with("/org/private/") && !right {
        return Reply::new("401 Unauthorized", "");
    }
    let (_, rest) = target.trim_start_matches('/').split_once('/').unwrap();
    let (repo, rest) = rest.split_once('/').unwrap();
    match rest {
        "revision/main" | "revision/refs%2Fpr%2F1" => {
            let gated = if repo == "gated" { "\"manual\"" } else { "false" };
            let private = repo == "private";
            Reply::ok(format!(r#"{{"sha":"{COMMIT}","gated":{gated},"private":{private}}}"#))
        }
        "revision/nothing" => Reply::ok("{}"),
        rest if rest == format!("tree/{COMMIT}?recursive=true") => {
            let next = match repo {
                "far" => "http://127.0.0.1:9/next".to_owned(),
                _ => format!("/api/models/org/{repo}/tree/{COMMIT}?recursive=true&cursor=x"),
            };
            let page = format!(
                r#"[{{"type":"directory","path":"sub"}},
                {{"type":"file","path":"../evil.gguf","size":1}},
                {{"type":"file","path":"tiny-Q8_0.gguf","size":130,"lfs":{{"oid":"{}","size":3000}}}}]"#,
                sum(b"tiny")
            );
            Reply::ok(page).with("Link", &format!("<{next}>; rel=\"next\""))
        }
        rest if rest.ends_with("&cursor=x") => Reply::ok(
            r#"[{"type":"file","path":"sub/tiny-Q4_K_M.gguf","size":2000,"lfs":{"oid":"odd"}}, 7,
            {"type":"file","path":"README.md","size":5}, {"type":"file","path":"a.gguf","size":-1}]"#,
        ),
        rest if rest.starts_with("resolve/") => Reply::redirect(&format!("{store}/blob")),
        _ => coded("404 Not Found", "RevisionNotFound"),
    }
}

async fn start(store: &str) -> StandIn {
    let store = store.to_owned();
    StandIn::start(move |request, _| answer(request, &store)).await
}

#[tokio::test]
async fn a_listing_over_pages() {
    let server = start("").await;
    let listing = fetcher().hub_listing(&hub(&server, None), "org/open", None).await.unwrap();
    assert_eq!((listing.commit.as_str(), listing.revision.as_str()), (COMMIT, "main"));
    assert!(!listing.gated && !listing.private);
    let paths: Vec<_> = listing.files.iter().map(|file| file.path.as_str()).collect();
    assert_eq!(paths, ["tiny-Q8_0.gguf", "sub/tiny-Q4_K_M.gguf", "README.md"]);
    let choices: Vec<_> = listing
        .choices
        .iter()
        .map(|choice| {
            (choice.format, choice.file.as_deref(), choice.quantisation.as_deref(), choice.bytes)
        })
        .collect();
    let gguf = ModelFormat::Gguf;
    assert_eq!(
        choices,
        [
            (gguf, Some("sub/tiny-Q4_K_M.gguf"), Some("Q4_K_M"), 2000),
            (gguf, Some("tiny-Q8_0.gguf"), Some("Q8_0"), 3000),
        ]
    );
    assert_eq!(listing.choices[1].parts[0].sha256, Some(sum(b"tiny")));
    assert_eq!(listing.choices[0].parts[0].sha256, None, "what is no sum is none");
    let revision = fetcher().hub_listing(&hub(&server, None), "org/open", Some("refs/pr/1")).await;
    assert_eq!(revision.unwrap().commit, COMMIT);
}

#[tokio::test]
async fn the_token_goes_to_the_hub_alone() {
    let body = content(3000);
    let served = body.clone();
    let store = StandIn::start(move |_, _| Reply::ok(served.clone())).await;
    let server = start(&store.url).await;
    let hub = hub(&server, Some(TOKEN));
    for (repo, gated, private) in [("org/gated", true, false), ("org/private", false, true)] {
        let listing = fetcher().hub_listing(&hub, repo, None).await.unwrap();
        assert_eq!((listing.gated, listing.private), (gated, private));
        let source = hub.source(repo, &listing.commit, "tiny-Q8_0.gguf").unwrap();
        let downloads = Downloads::new();
        let dest = downloads.path("file");
        fetcher().file(&source, &dest, &Expected::default(), |_, _| {}).await.unwrap();
        assert!(std::fs::read(&dest).unwrap() == body);
    }
    assert!(server.requests().iter().all(|request| request.header("authorization").is_some()));
    assert!(store.requests().iter().all(|request| request.header("authorization").is_none()));
    assert_eq!(store.requests().len(), 2);
}

#[tokio::test]
async fn refusals_are_told_apart() {
    let server = start("").await;
    let ask = async |repo: &str, revision: Option<&str>, token: Option<&str>| {
        fetcher().hub_listing(&hub(&server, token), repo, revision).await.unwrap_err()
    };
    let error = ask("org/gated", None, None).await;
    assert!(matches!(error, Error::Refused { gated: true, token_given: false, .. }), "{error:?}");
    let error = ask("org/gated", None, Some("hf_other")).await;
    assert!(matches!(error, Error::Refused { gated: true, token_given: true, .. }), "{error:?}");
    let error = ask("org/private", None, Some("hf_other")).await;
    assert!(
        matches!(error, Error::Refused { status: 401, gated: false, token_given: true, .. }),
        "{error:?}"
    );
    for (repo, revision, token) in [
        ("org/private", None, None),
        ("org/absent", None, None),
        ("org/absent", None, Some(TOKEN)),
        ("org/open", Some("other"), None),
    ] {
        let error = ask(repo, revision, token).await;
        assert!(matches!(error, Error::NotFound { file: None, .. }), "{repo}: {error:?}");
    }
    let error = ask("org/open", Some("nothing"), None).await;
    assert!(matches!(error, Error::BadResponse { .. }), "{error:?}");
    let error = ask("org/far", None, Some(TOKEN)).await;
    assert!(matches!(error, Error::BadResponse { .. }), "the token would go along: {error:?}");
    let error = ask("../other", None, None).await;
    assert!(matches!(error, Error::InvalidInput { what: "repo", .. }), "{error:?}");
}
