//! Engines that do not do what they should, played by a stand-in for `llama-server`.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use slipway_protocol::{
    DeployRequest, DeployStep, EngineChoice, ErrorCode, HostId, ModelSource, Progress, TaskBody,
    TaskRef,
};

use crate::app::App;
use crate::processes::eventually;
use crate::sshd::Sshd;

/// A `llama-server` that serves `answer`, or plays the fault that its first line names.
const STAND_IN: &str = r##"
import http.server, json, os, socket, socketserver, sys, time
if "--version" in sys.argv:
    sys.exit(print("version: 1 (stand-in)"))
if "--help" in sys.argv:
    sys.exit(print("--slots --metrics"))
if PLAY == "crash":
    sys.exit("error: GGML_ASSERT failed")
if PLAY == "silent":
    time.sleep(600)
if PLAY == "processor":
    print("load_tensors: offloaded 0/3 layers to GPU", flush=True)
if PLAY == "memory":
    sys.exit("ggml_backend_cuda_buffer_type_alloc_buffer: cudaMalloc failed: out of memory")
value = lambda name: sys.argv[sys.argv.index(name) + 1]
key = open(value("--api-key-file")).read().strip()

class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def send(self, status, body, kind="application/json"):
        body = body.encode()
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self):
        if self.path == "/health" and os.path.exists(value("--api-key-file") + ".loading"):
            self.send(503, '{"error":{"code":503,"message":"Loading model","type":"unavailable_error"}}')
        elif self.path == "/health":
            self.send(200, '{"status":"ok"}')
        elif PLAY == "unauthorized" or self.headers.get("Authorization") != "Bearer " + key:
            self.send(401, '{"error":{"code":401,"message":"Invalid API Key","type":"authentication_error"}}')
        else:
            self.send(200, json.dumps({"data": [{"id": "stand-in", "meta": {"n_ctx": 512}}]}))

    def do_POST(self):
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if PLAY == "broken":
            return self.send(500, '{"error":{"code":500,"message":"boom","type":"server_error"}}')
        if PLAY == "garbage":
            return self.send(200, "data: {\"choices\": [{\"delta\": {\"content\": \"a\"\n\n", "text/event-stream")
        if PLAY == "answer" and not asked.get("stream"):
            return self.send(200, '{"choices": [{"message": {"content": "Hi."}, "finish_reason": "stop"}]}')
        pieces = [{"choices": [{"delta": {"content": "Hi."}}]},
                  {"choices": [{"delta": {}, "finish_reason": "stop"}]},
                  {"choices": [], "usage": {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2}}]
        lines = ["data: " + json.dumps(piece) for piece in pieces]
        if PLAY != "cut":
            lines.append("data: [DONE]")
        else:
            lines = lines[:1]
        self.send(200, "\n\n".join(lines) + "\n\n", "text/event-stream")

    def log_message(self, *_):
        pass

class OnSocket(http.server.ThreadingHTTPServer):
    address_family = socket.AF_UNIX

    def server_bind(self):
        socketserver.TCPServer.server_bind(self)
        self.server_name, self.server_port = "localhost", 0

# As llama.cpp takes it: a name that ends so is a socket.
if value("--host").endswith(".sock"):
    OnSocket(value("--host"), Handler).serve_forever()
http.server.ThreadingHTTPServer(("127.0.0.1", int(value("--port"))), Handler).serve_forever()
"##;

/// Puts the stand-in on a machine, playing one part; its path there.
pub fn stand_in(machine: &Sshd, part: &str) -> String {
    let path = machine.path(&format!("llama-server-{part}"));
    let text = format!("#!/usr/bin/env python3\nPLAY = {part:?}\n{STAND_IN}");
    fs::write(&path, text).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    path.to_string_lossy().into_owned()
}

pub fn request(host_id: &HostId, engine_binary: String) -> DeployRequest {
    DeployRequest {
        engine: EngineChoice::LlamaCpp { binary: Some(engine_binary) },
        ..DeployRequest::new(host_id.clone(), ModelSource::Practice)
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn each_fault_is_one_clear_error_and_no_engine_stays() {
    let machine = Sshd::start();
    let app = App::open().await;
    let host = app.add(&machine).await;
    let cases = [
        ("broken", ErrorCode::EngineError, "boom"),
        ("unauthorized", ErrorCode::EngineUnauthorized, "key"),
        ("garbage", ErrorCode::EngineError, ""),
        ("cut", ErrorCode::StreamBroken, ""),
        ("memory", ErrorCode::EngineOutOfMemory, "memory"),
    ];
    for (part, code, word) in cases {
        let task =
            app.program.deploy_start(request(&host, stand_in(&machine, part))).await.unwrap();
        let error = app.failure(&task.request_id).await;
        assert_eq!(error.code, code, "{part}: {error:?}");
        assert!(error.message.en.contains(word), "{part}: {error:?}");
        let working = || machine.engine_processes();
        assert!(eventually(5, || working().is_empty()), "{part} left {:?}", working());
    }
    let missing = machine.path("no such server").to_string_lossy().into_owned();
    let task = app.program.deploy_start(request(&host, missing)).await.unwrap();
    assert_eq!(app.failure(&task.request_id).await.code, ErrorCode::EngineInstallFailed);
    // The pinned engine repairs it all.
    app.deploy(&host, ModelSource::Practice).await;
    app.connect(&host).await;
    let started = app.send(&host, "Hello!").await;
    app.answered(&started).await;
    app.program.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_that_never_gets_ready_can_be_cancelled_and_leaves_nothing() {
    let machine = Sshd::start();
    let app = App::open().await;
    let host = app.add(&machine).await;
    let task =
        app.program.deploy_start(request(&host, stand_in(&machine, "silent"))).await.unwrap();
    // The wait is seen: the step says that the model is being loaded.
    app.next(0, |m| {
        m.request_id == task.request_id
            && matches!(&m.body, TaskBody::Progress(Progress::Step(now))
                if now.step == DeployStep::Run
                    && now.activity.as_ref().is_some_and(|a| a.label.en == "Loading the model"))
    })
    .await;
    assert!(eventually(5, || !machine.engine_processes().is_empty()));
    app.program.task_cancel(&TaskRef { request_id: task.request_id.clone() });
    assert_eq!(app.failure(&task.request_id).await.code, ErrorCode::Cancelled);
    assert_eq!(app.terminals(&task.request_id), 1);
    let working = || machine.engine_processes();
    assert!(eventually(10, || working().is_empty()), "left {:?}", working());
    app.program.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_that_crashes_at_each_start_is_given_up() {
    let machine = Sshd::start();
    let app = App::open().await;
    let host = app.add(&machine).await;
    let task = app.program.deploy_start(request(&host, stand_in(&machine, "crash"))).await.unwrap();
    let error = app.failure(&task.request_id).await;
    assert_eq!(error.code, ErrorCode::EngineCrashed, "{error:?}");
    assert!(eventually(5, || machine.engine_processes().is_empty()));
    app.program.shutdown().await;
}
