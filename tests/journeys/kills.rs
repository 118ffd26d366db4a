//! The program killed in the middle of an answer, at random moments: nothing that was shown a second
//! before is lost, and the next start opens the same conversation. `make soak-chat` does it 200 times.

use std::io::BufRead;
use std::path::Path;
use std::process::Command;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use slipway_protocol::{
    ChatRetry, ChatSettings, ConnectionState, HostId, HostRef, MessageState, Sampling, SessionRead,
    SessionView,
};

use crate::app::App;
use crate::cli::Cli;
use crate::processes::{eventually, signal};
use crate::{engine, http};

const QUESTION: &str = "Go on and on.";
/// The promise.
const SECOND: Duration = Duration::from_secs(1);

#[tokio::test(flavor = "multi_thread")]
async fn ten_kills_in_mid_answer_lose_at_most_a_second_each() {
    kill_often(10).await;
}

#[test]
#[ignore = "takes minutes: make soak-chat"]
fn kills_at_any_moment_lose_at_most_a_second_each() {
    let kills = std::env::var("SLIPWAY_SOAK_KILLS").ok().and_then(|text| text.parse().ok());
    tokio::runtime::Runtime::new().unwrap().block_on(kill_often(kills.unwrap_or(200)));
}

async fn kill_often(kills: u32) {
    let seed = std::env::var("SLIPWAY_SOAK_SEED").ok().and_then(|text| text.parse().ok());
    let seed = seed.unwrap_or_else(|| rand::rng().random_range(0..1 << 32));
    println!("{kills} kills, SLIPWAY_SOAK_SEED={seed}");
    let mut chance = StdRng::seed_from_u64(seed);
    let cli = Cli::new();
    let root = cli.data().join("v1");
    engine::link_into(&root);
    let model = format!("host:{}", engine::endless_model().display());
    cli.ok(&["deploy", "local", "--model", &model]);
    let mut worst = Duration::ZERO;
    for number in 1..=kills {
        // The last one is gone on with below: it has to fit into the model's window.
        let longest = if number == kills { 300 } else { 2500 };
        let after = Duration::from_millis(chance.random_range(0..longest));
        let shown = answer_until_killed(&cli, after);
        check_copy(&cli, &shown);
        let view = restarted(&cli.data()).await;
        let lost = lost(&shown, &view);
        worst = worst.max(lost);
        assert!(lost <= SECOND, "kill {number}: {lost:?} of shown text is lost");
        let [question, answer] = &view.messages[..] else { panic!("{view:?}") };
        assert_eq!(
            (question.content.as_str(), answer.state),
            (QUESTION, MessageState::Interrupted)
        );
    }
    println!("{kills} kills; the longest stretch lost: {worst:?}");
    goes_on(&cli, &root).await;
}

/// What was printed when, as a person would have seen it, and when the end came.
struct Shown {
    pieces: Vec<(Instant, String)>,
    /// When the database was copied, as after a power cut, and when the program was killed.
    copied: Instant,
    killed: Instant,
}

impl Shown {
    /// The text that was shown before a moment.
    fn before(&self, moment: Instant) -> String {
        let before = self.pieces.iter().filter(|(at, _)| *at < moment);
        before.map(|(_, text)| text.as_str()).collect()
    }
}

fn answer_until_killed(cli: &Cli, after: Duration) -> Shown {
    let mut child = cli.spawn(&["chat", "local", QUESTION, "--json"]);
    let pieces = Arc::new(Mutex::new(Vec::<(Instant, String)>::new()));
    let out = child.stdout.take().unwrap();
    let reader = {
        let pieces = pieces.clone();
        std::thread::spawn(move || {
            for line in std::io::BufReader::new(out).lines().map_while(Result::ok) {
                let Ok(value) = serde_json::from_str::<serde_json::Value>(&line) else { continue };
                if value["body"]["type"] == "chunk" {
                    let text = value["body"]["data"]["text"].as_str().unwrap().to_owned();
                    pieces.lock().unwrap().push((Instant::now(), text));
                }
            }
        })
    };
    assert!(eventually(30, || !pieces.lock().unwrap().is_empty()));
    std::thread::sleep(after / 2);
    let copied = Instant::now();
    copy_database(&cli.data(), &cli.dir.path().join("copy"));
    std::thread::sleep(after / 2);
    let killed = Instant::now();
    signal(child.id(), "KILL");
    child.wait().unwrap();
    reader.join().unwrap();
    let pieces = std::mem::take(&mut *pieces.lock().unwrap());
    Shown { pieces, copied, killed }
}

/// The database and its log as they are at this moment; the shared index is made anew from them.
fn copy_database(from: &Path, to: &Path) {
    let _ = std::fs::remove_dir_all(to);
    std::fs::create_dir(to).unwrap();
    // The log last: it is the one that grows, and a checkpoint moves from it to the database.
    for name in ["slipway.db", "slipway.db-wal"] {
        if from.join(name).exists() {
            std::fs::copy(from.join(name), to.join(name)).unwrap();
        }
    }
}

/// A copy from the middle of the writing is a whole database, and holds what was a second old.
fn check_copy(cli: &Cli, shown: &Shown) {
    let copy = cli.dir.path().join("copy/slipway.db");
    let answers =
        "SELECT content FROM messages WHERE role = 'assistant' ORDER BY created_at DESC LIMIT 1";
    // An SQLite before 3.42 calls an absent JSON text no valid one, so constraints are left out.
    let script = format!(
        "import sqlite3, sys\nd = sqlite3.connect(sys.argv[1])\n\
         d.execute('PRAGMA ignore_check_constraints = ON')\n\
         print(d.execute('PRAGMA integrity_check').fetchone()[0])\n\
         print(d.execute(\"{answers}\").fetchone()[0], end='')"
    );
    let ran = Command::new("python3").arg("-c").arg(script).arg(&copy).output().unwrap();
    let out = String::from_utf8(ran.stdout).unwrap();
    let (integrity, kept) = out.split_once('\n').unwrap_or((&out, ""));
    assert_eq!(integrity, "ok", "{}", String::from_utf8_lossy(&ran.stderr));
    let safe = shown.before(shown.copied - SECOND);
    assert!(kept.starts_with(&safe), "the copy lost text older than a second");
}

/// The latest conversation as the next start of the program finds it.
async fn restarted(data: &Path) -> SessionView {
    let program = crate::app::open(data).await.unwrap();
    let sessions = program.session_list().await.unwrap();
    let session_id = sessions[0].id.clone();
    let view = program.session_get(&SessionRead::whole(session_id)).await.unwrap();
    program.shutdown().await;
    view
}

/// How old the oldest text was, at the kill, that was shown and is not kept.
fn lost(shown: &Shown, view: &SessionView) -> Duration {
    let kept = &view.messages.last().unwrap().content;
    let whole = shown.before(shown.killed);
    assert!(whole.starts_with(kept.as_str()) || kept.starts_with(&whole), "another text");
    let mut length = 0;
    for (at, text) in &shown.pieces {
        length += text.len();
        if length > kept.len() && *at < shown.killed {
            return shown.killed - *at;
        }
    }
    Duration::ZERO
}

/// The engine has noticed that nobody listens any more, and the answer can be gone on with.
async fn goes_on(cli: &Cli, root: &Path) {
    let app = App { program: crate::app::open(&cli.data()).await.unwrap(), dir: data_dir() };
    let seq = app.program.bus().last_seq();
    app.program.connect_start(HostRef { host_id: HostId::local() }).await.unwrap();
    app.state(seq, &HostId::local(), ConnectionState::Connected).await;
    let deployment = root.join("deployments/default");
    let state = std::fs::read_to_string(deployment.join("run/state.json")).unwrap();
    let state: serde_json::Value = serde_json::from_str(&state).unwrap();
    let url = format!("http://127.0.0.1:{}", state["port"]);
    assert!(eventually(5, || http::busy_slots(&url, &deployment) == 0));
    let session_id = app.program.session_list().await.unwrap()[0].id.clone();
    let sampling = Sampling { max_tokens: Some(4), ..Sampling::default() };
    let retry = ChatRetry {
        session_id: session_id.clone(),
        message_id: None,
        host_id: HostId::local(),
        model: None,
        settings: ChatSettings { sampling, ..ChatSettings::default() },
    };
    let before = app.program.session_get(&SessionRead::whole(session_id)).await.unwrap();
    let cut = before.messages.last().unwrap().content.clone();
    let started = app.program.chat_continue(retry).await.unwrap();
    let (_, answer) = app.answered(&started).await;
    assert!(answer.content.starts_with(&cut) && answer.content.len() > cut.len());
    app.program.shutdown().await;
}

fn data_dir() -> tempfile::TempDir {
    tempfile::Builder::new().prefix("slipway-data-").tempdir().unwrap()
}
