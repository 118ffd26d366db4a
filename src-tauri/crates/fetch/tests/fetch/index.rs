//! Package indexes: as JSON, as pages, and the page that Python's own server writes.

use std::fs;
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

use slipway_fetch::{Error, IndexFile, Source};

use crate::stand_in::{Downloads, Reply, StandIn, content, exactly, fetcher, single_try};

const WHEEL: &str = "llama_cpp-1.0+cpu-py3-none-any.whl";
const SUM: &str = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08";

async fn json_index(body: String) -> StandIn {
    StandIn::start(move |request, _| match request.target.as_str() {
        "/simple/llama-cpp/" => {
            Reply::ok(body.clone()).with("Content-Type", "application/vnd.pypi.simple.v1+json")
        }
        _ => Reply::new("404 Not Found", ""),
    })
    .await
}

async fn page_index(body: String) -> StandIn {
    StandIn::start(move |request, _| match request.target.as_str() {
        "/simple/llama-cpp/" => {
            Reply::ok(body.clone()).with("Content-Type", "text/html; charset=utf-8")
        }
        _ => Reply::new("404 Not Found", ""),
    })
    .await
}

#[tokio::test]
async fn a_file_of_a_json_index() {
    let index = json_index(format!(
        r#"{{"meta":{{"api-version":"1.1"}},"name":"llama-cpp","files":[
            {{"filename":"other.whl","url":"other.whl","hashes":{{}}}},
            {{"filename":"{WHEEL}","url":"../../files/w.whl","hashes":{{"sha256":"{SUM}","md5":"x"}},"size":77}}]}}"#
    ))
    .await;
    let found =
        fetcher().index_file(&format!("{}/simple", index.url), "Llama_CPP", WHEEL).await.unwrap();
    let url = format!("{}/files/w.whl", index.url);
    assert_eq!(found, IndexFile { url, sha256: Some(SUM.to_owned()), bytes: Some(77) });
    let accept = index.requests()[0].header("accept").unwrap().to_owned();
    assert!(accept.starts_with("application/vnd.pypi.simple.v1+json, "), "{accept}");
    let found =
        fetcher().index_file(&format!("{}/simple/", index.url), "llama.cpp", "other.whl").await;
    assert_eq!(found.unwrap().sha256, None);
}

#[tokio::test]
async fn a_file_of_a_page() {
    let index = page_index(format!(
        "<!DOCTYPE html><html><body><a href=\"other.whl\">other.whl</a>\
         <a href=\"../../files/{}?a=1&amp;b=2#sha256={}\">{WHEEL}</a></body></html>",
        WHEEL.replace('+', "%2B"),
        SUM.to_uppercase(),
    ))
    .await;
    let found =
        fetcher().index_file(&format!("{}/simple", index.url), "llama-cpp", WHEEL).await.unwrap();
    let url = format!("{}/files/{}?a=1&b=2", index.url, WHEEL.replace('+', "%2B"));
    assert_eq!(found, IndexFile { url, sha256: Some(SUM.to_owned()), bytes: None });
}

#[tokio::test]
async fn what_is_not_there_is_told_apart() {
    let index = page_index("<a href=other.whl>other.whl</a>".to_owned()).await;
    let simple = format!("{}/simple", index.url);
    let error = fetcher().index_file(&simple, "llama-cpp", WHEEL).await.unwrap_err();
    assert!(
        matches!(&error, Error::NotFound { file: Some(file), .. } if file == WHEEL),
        "{error:?}"
    );
    let error = fetcher().index_file(&simple, "absent", WHEEL).await.unwrap_err();
    assert!(matches!(&error, Error::NotFound { file: None, .. }), "{error:?}");
}

#[tokio::test]
async fn hostile_names_reach_no_server() {
    let index = page_index(String::new()).await;
    let simple = format!("{}/simple", index.url);
    for (package, file) in [("../llama-cpp", WHEEL), ("a/b", WHEEL), ("llama-cpp", "../evil.whl")] {
        let error = fetcher().index_file(&simple, package, file).await.unwrap_err();
        assert!(matches!(error, Error::InvalidInput { .. }), "{error:?}");
    }
    assert_eq!(index.requests().len(), 0);
}

#[tokio::test]
async fn answers_that_are_no_index() {
    for (body, kind) in [
        ("plain words", "text/plain"),
        ("{\"files\": 7}", "application/json"),
        ("<html>", "application/vnd.pypi.simple.v1+json"),
    ] {
        let index = StandIn::start(move |_, _| Reply::ok(body).with("Content-Type", kind)).await;
        let error = fetcher().index_file(&index.url, "llama-cpp", WHEEL).await.unwrap_err();
        assert!(matches!(error, Error::BadResponse { .. }), "{error:?}");
    }
    for link in ["file:///etc/passwd", "data:text/plain,x"] {
        let json =
            format!(r#"{{"files":[{{"filename":"{WHEEL}","url":"{link}","hashes":{{}}}}]}}"#);
        let index = json_index(json).await;
        let simple = format!("{}/simple", index.url);
        let error = fetcher().index_file(&simple, "llama-cpp", WHEEL).await.unwrap_err();
        assert!(matches!(error, Error::BadResponse { .. }), "{error:?}");
    }
    let index = StandIn::start(|_, _| Reply::ok(vec![b'<'; 1000]).cut_after(10)).await;
    let error = single_try().index_file(&index.url, "llama-cpp", WHEEL).await.unwrap_err();
    assert!(matches!(error, Error::Interrupted { .. }), "{error:?}");
}

#[tokio::test]
async fn an_index_s_login_goes_to_its_own_files_only() {
    let elsewhere = "http://files.example/w.whl";
    let own = "/files/v.whl";
    let index = json_index(format!(
        r#"{{"files":[{{"filename":"{WHEEL}","url":"{elsewhere}","hashes":{{}}}},
            {{"filename":"v.whl","url":"{own}","hashes":{{}}}}]}}"#
    ))
    .await;
    let simple = index.url.replace("http://", "http://user:password@") + "/simple";
    let found = fetcher().index_file(&simple, "llama-cpp", WHEEL).await.unwrap();
    assert_eq!(found.url, elsewhere);
    assert_eq!(index.requests()[0].header("authorization"), Some("Basic dXNlcjpwYXNzd29yZA=="));
    let found = fetcher().index_file(&simple, "llama-cpp", "v.whl").await.unwrap();
    assert_eq!(found.url, index.url.replace("http://", "http://user:password@") + own);
    assert!(!format!("{found:?}").contains("password"));
    let error = fetcher().index_file(&simple, "llama-cpp", "x.whl").await.unwrap_err();
    assert!(!format!("{error} {error:?}").contains("password"));
}

#[tokio::test]
async fn python_s_own_server_is_an_index() {
    let downloads = Downloads::new();
    let folder = downloads.path("served/simple/llama-cpp");
    fs::create_dir_all(&folder).unwrap();
    let body = content(300_000);
    fs::write(folder.join(WHEEL), &body).unwrap();
    let server = PythonServer::start(&downloads.path("served"));
    let simple = format!("{}/simple", server.url);
    let found = fetcher().index_file(&simple, "llama-cpp", WHEEL).await.unwrap();
    let dest = downloads.path(WHEEL);
    // It knows no ranges: what is here is of no use, and must not end up in the file.
    fs::write(downloads.path(&format!("{WHEEL}.part")), &body[..1000]).unwrap();
    let source = Source { url: found.url, bearer: None };
    fetcher().file(&source, &dest, &exactly(&body), |_, _| {}).await.unwrap();
    assert!(fs::read(&dest).unwrap() == body);
}

struct PythonServer {
    url: String,
    child: Child,
}

impl PythonServer {
    fn start(folder: &std::path::Path) -> Self {
        let mut child = Command::new("python3")
            .args(["-u", "-m", "http.server", "0", "--bind", "127.0.0.1", "--directory"])
            .arg(folder)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let (_, rest) = line.split_once("port ").expect(&line);
        let url = format!("http://127.0.0.1:{}", rest.split(' ').next().unwrap());
        Self { url, child }
    }
}

impl Drop for PythonServer {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
