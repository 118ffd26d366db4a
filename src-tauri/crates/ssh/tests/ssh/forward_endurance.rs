//! Tunnels that are used for long, hard and badly.

use std::io::{Read, Seek};
use std::net::Ipv4Addr;
use std::process::Command;
use std::time::{Duration, Instant};

use futures_util::future::{join_all, try_join_all};
use slipway_ssh::{DisconnectReason, Forwarder, RemoteTarget};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

use crate::forward::{echo, eventually, open, round};
use crate::questions::unasked;
use crate::sshd::Sshd;

const MIB: usize = 1024 * 1024;

/// Sends so many bytes to whoever connects, then closes.
async fn source(bytes: usize) -> (u16, JoinSet<()>) {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let mut serving = JoinSet::new();
    serving.spawn(async move {
        let mut streams = JoinSet::new();
        while let Ok((mut stream, _)) = listener.accept().await {
            streams.spawn(async move {
                let piece = vec![7; 64 * 1024];
                let mut left = bytes;
                while left > 0 {
                    let length = left.min(piece.len());
                    if stream.write_all(&piece[..length]).await.is_err() {
                        return;
                    }
                    left -= length;
                }
            });
        }
    });
    (port, serving)
}

/// Connections of this process on a local port: neither listening nor merely remembered by the
/// kernel.
#[cfg(target_os = "linux")]
fn open_sockets(port: u16) -> usize {
    let table = std::fs::read_to_string("/proc/self/net/tcp").unwrap();
    let mut count = 0;
    for line in table.lines().skip(1) {
        let fields: Vec<&str> = line.split_whitespace().collect();
        let local = fields[1].rsplit_once(':').unwrap().1;
        let is_open = !matches!(fields[3], "0A" | "06");
        count += usize::from(is_open && u16::from_str_radix(local, 16).unwrap() == port);
    }
    count
}

#[cfg(not(target_os = "linux"))]
fn open_sockets(_: u16) -> usize {
    0
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reader_that_pauses_for_20_seconds_gets_everything_and_holds_nobody_up() {
    let sshd = Sshd::start();
    let (big, _big) = source(40 * MIB).await;
    let (small, _small) = echo().await;
    let session = unasked(&sshd.options()).await.unwrap();
    let bulk = Forwarder::bind(None).await.unwrap();
    bulk.attach(session.clone(), RemoteTarget::tcp("127.0.0.1", big));
    let chat = Forwarder::bind(None).await.unwrap();
    chat.attach(session, RemoteTarget::tcp("127.0.0.1", small));
    let mut paused = open(&bulk).await;
    let mut first = vec![0; MIB];
    paused.read_exact(&mut first).await.unwrap();
    let until = Instant::now() + Duration::from_secs(20);
    while Instant::now() < until {
        let answer = timeout(Duration::from_secs(3), round(&chat, b"token")).await;
        assert_eq!(answer.unwrap().unwrap(), b"token end");
        sleep(Duration::from_millis(50)).await;
    }
    assert!(bulk.stats().waiting > 0);
    let mut rest = Vec::new();
    paused.read_to_end(&mut rest).await.unwrap();
    assert_eq!(rest.len(), 39 * MIB);
    eventually("nothing waits any more", || bulk.stats().waiting == 0).await;
    assert_eq!(bulk.stats().bytes_down, 40 * MIB as u64);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rekeying_every_16_mebibytes_under_parallel_bulk_breaks_nothing() {
    let sshd = Sshd::with("RekeyLimit 16M\nLogLevel DEBUG1");
    let (port, _source) = source(12 * MIB).await;
    let session = unasked(&sshd.options()).await.unwrap();
    let forwarder = Forwarder::bind(None).await.unwrap();
    forwarder.attach(session.clone(), RemoteTarget::tcp("127.0.0.1", port));
    let fetching = (0..16).map(|_| async {
        let mut stream = open(&forwarder).await;
        let mut bytes = Vec::new();
        stream.read_to_end(&mut bytes).await?;
        std::io::Result::Ok(bytes.len())
    });
    let lengths = try_join_all(fetching).await.unwrap();
    assert!(lengths.iter().all(|length| *length == 12 * MIB), "{lengths:?}");
    assert!(!session.is_closed());
    let log = std::fs::read_to_string(sshd.path("sshd.log")).unwrap();
    // The first exchange of keys and those that the limit asks for.
    assert!(log.matches("SSH2_MSG_NEWKEYS received").count() > 5, "there was no rekey");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_remote_end_that_does_not_read_stops_no_other_upload() {
    let sshd = Sshd::start();
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let deaf = listener.local_addr().unwrap().port();
    let (port, _echo) = echo().await;
    let session = unasked(&sshd.options()).await.unwrap();
    let stuck = Forwarder::bind(None).await.unwrap();
    stuck.attach(session.clone(), RemoteTarget::tcp("127.0.0.1", deaf));
    let chat = Forwarder::bind(None).await.unwrap();
    chat.attach(session, RemoteTarget::tcp("127.0.0.1", port));
    let mut writer = open(&stuck).await;
    let (_held, _) = listener.accept().await.unwrap();
    // More than the window of the channel and all buffers on the way hold.
    let words = vec![1; 64 * MIB];
    let blocked = timeout(Duration::from_secs(2), writer.write_all(&words)).await;
    assert!(blocked.is_err(), "it is meant to block");
    for _ in 0..20 {
        let answer = timeout(Duration::from_secs(3), round(&chat, b"question")).await;
        assert_eq!(answer.unwrap().unwrap(), b"question end");
    }
}

#[tokio::test]
async fn a_frozen_server_is_noticed_within_ten_seconds_and_requests_in_flight_are_cut() {
    let sshd = Sshd::start();
    let (port, _echo) = echo().await;
    let session = unasked(&sshd.options()).await.unwrap();
    let forwarder = Forwarder::bind(None).await.unwrap();
    forwarder.attach(session.clone(), RemoteTarget::tcp("127.0.0.1", port));
    let mut stream = open(&forwarder).await;
    stream.write_all(b"half an answer").await.unwrap();
    let mut kept = [0; 14];
    stream.read_exact(&mut kept).await.unwrap();
    sshd.freeze();
    let started = Instant::now();
    let cut = timeout(Duration::from_secs(20), stream.read(&mut kept)).await;
    let silence = started.elapsed();
    sshd.thaw();
    assert!(cut.unwrap().is_err(), "a cut answer must not look complete");
    assert!(silence < Duration::from_secs(11), "{silence:?}");
    assert_eq!(session.closed().await.reason, DisconnectReason::KeepAliveTimeout);
}

#[tokio::test]
async fn a_request_whose_answer_has_not_begun_gets_its_error_when_the_server_is_killed() {
    let mut sshd = Sshd::start();
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let silent = listener.local_addr().unwrap().port();
    let session = unasked(&sshd.options()).await.unwrap();
    let forwarder = Forwarder::bind(None).await.unwrap();
    forwarder.attach(session, RemoteTarget::tcp("127.0.0.1", silent));
    let mut stream = open(&forwarder).await;
    stream.write_all(b"POST /v1/chat/completions HTTP/1.1\r\n\r\n").await.unwrap();
    let (mut engine, _) = listener.accept().await.unwrap();
    engine.read_exact(&mut [0; 4]).await.unwrap();
    sshd.kill();
    let mut answer = String::new();
    let reading = stream.read_to_string(&mut answer);
    timeout(Duration::from_secs(5), reading).await.unwrap().unwrap();
    assert!(answer.starts_with("HTTP/1.1 503 "), "{answer}");
    assert!(answer.contains("tunnel_down"), "{answer}");
}

#[tokio::test]
async fn fifty_connections_in_a_row_wait_for_no_delayed_acknowledgement() {
    let sshd = Sshd::start();
    let (port, _echo) = echo().await;
    let session = unasked(&sshd.options()).await.unwrap();
    let forwarder = Forwarder::bind(None).await.unwrap();
    forwarder.attach(session, RemoteTarget::tcp("127.0.0.1", port));
    round(&forwarder, b"first").await.unwrap();
    let mut times = Vec::new();
    for _ in 0..50 {
        let started = Instant::now();
        round(&forwarder, b"x").await.unwrap();
        times.push(started.elapsed());
    }
    times.sort();
    // With Nagle's algorithm on, every one of them takes 40 ms and more.
    assert!(times[25] < Duration::from_millis(30), "{times:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn three_thousand_short_connections_leave_nothing_behind() {
    let sshd = Sshd::start();
    let (port, _echo) = echo().await;
    let session = unasked(&sshd.options()).await.unwrap();
    let forwarder = Forwarder::bind(None).await.unwrap();
    forwarder.attach(session, RemoteTarget::tcp("127.0.0.1", port));
    let rounds = (0..16).map(|_| async {
        for _ in 0..188 {
            assert_eq!(round(&forwarder, b"x").await.unwrap(), b"x end");
        }
    });
    join_all(rounds).await;
    eventually("all streams are closed", || forwarder.stats().open == 0).await;
    let stats = forwarder.stats();
    assert_eq!((stats.total, stats.bytes_up, stats.bytes_down), (3008, 3008, 3008 * 5));
    eventually("no socket is left", || open_sockets(forwarder.local_port()) == 0).await;
    eventually("no channel is left on the server", || sshd.sockets() <= 2).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_link_that_flaps_each_second_keeps_its_port_and_leaks_nothing() {
    let sshd = Sshd::start();
    let (port, _echo) = echo().await;
    let forwarder = Forwarder::bind(None).await.unwrap();
    let local = forwarder.local_port();
    let flapping = async {
        for _ in 0..20 {
            let session = unasked(&sshd.options()).await.unwrap();
            forwarder.attach(session.clone(), RemoteTarget::tcp("127.0.0.1", port));
            sleep(Duration::from_millis(600)).await;
            forwarder.detach();
            session.disconnect().await;
            sleep(Duration::from_millis(300)).await;
        }
    };
    let (mut whole, mut cut) = (0u32, 0u32);
    let asking = async {
        loop {
            let words = vec![b'x'; 20_000];
            // Answered, or broken off at once: never a wrong answer, never a wait without end.
            match timeout(Duration::from_secs(5), round(&forwarder, &words)).await.unwrap() {
                Ok(answer) => {
                    assert_eq!(answer.len(), words.len() + 4);
                    whole += 1;
                }
                Err(_) => cut += 1,
            }
        }
    };
    tokio::select! {
        () = flapping => {}
        () = asking => {}
    }
    assert!(whole > 20, "{whole} whole, {cut} cut");
    assert_eq!(forwarder.local_port(), local);
    let session = unasked(&sshd.options()).await.unwrap();
    forwarder.attach(session, RemoteTarget::tcp("127.0.0.1", port));
    assert_eq!(round(&forwarder, b"healed").await.unwrap(), b"healed end");
    eventually("all streams are closed", || forwarder.stats().open == 0).await;
    eventually("no socket is left", || open_sockets(local) == 0).await;
    assert_eq!(forwarder.stats().waiting, 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thousand_idle_streams_stay_open_and_answer() {
    let sshd = Sshd::start();
    let (port, _echo) = echo().await;
    let session = unasked(&sshd.options()).await.unwrap();
    let forwarder = Forwarder::bind(None).await.unwrap();
    forwarder.attach(session, RemoteTarget::tcp("127.0.0.1", port));
    let mut streams = Vec::new();
    for _ in 0..1000 {
        let mut stream = open(&forwarder).await;
        stream.write_all(b"a").await.unwrap();
        stream.read_exact(&mut [0; 1]).await.unwrap();
        streams.push(stream);
    }
    assert_eq!(forwarder.stats().open, 1000);
    sleep(Duration::from_secs(2)).await;
    for stream in streams.iter_mut().step_by(50) {
        stream.write_all(b"b").await.unwrap();
        stream.read_exact(&mut [0; 1]).await.unwrap();
    }
    drop(streams);
    eventually("all streams are closed", || forwarder.stats().open == 0).await;
}

/// Says that this process is the one whose descriptors are few.
const CHILD: &str = "SLIPWAY_TEST_WITH_FEW_DESCRIPTORS";

/// Runs itself again in a process with a limit of its own, which spares the other tests.
#[cfg(target_os = "linux")]
#[test]
fn without_descriptors_nothing_spins_and_connections_are_served_once_there_are_some() {
    if std::env::var_os(CHILD).is_some() {
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
        return runtime.block_on(use_up_descriptors());
    }
    let name = "forward_endurance::without_descriptors_nothing_spins_and_connections_are_served_once_there_are_some";
    let output = Command::new("prlimit")
        .arg("--nofile=128")
        .arg(std::env::current_exe().unwrap())
        .args(["--exact", name, "--nocapture"])
        .env(CHILD, "1")
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && said.contains("1 passed"), "{said}{errors}");
}

#[cfg(target_os = "linux")]
async fn use_up_descriptors() {
    // The server leads to itself: one in this process would lack descriptors too.
    let sshd = Sshd::start();
    let session = unasked(&sshd.options()).await.unwrap();
    let forwarder = Forwarder::bind(None).await.unwrap();
    forwarder.attach(session, RemoteTarget::tcp("127.0.0.1", sshd.port));
    let mut greeting = [0; 4];
    open(&forwarder).await.read_exact(&mut greeting).await.unwrap();
    eventually("the first stream is closed", || forwarder.stats().open == 0).await;
    // Open before there are none left.
    let mut stat = std::fs::File::open("/proc/self/stat").unwrap();
    let mut hogs = Vec::new();
    while let Ok(file) = std::fs::File::open("/dev/null") {
        hogs.push(file);
    }
    // One for the local program, none for the forwarder.
    hogs.pop();
    let mut stream = open(&forwarder).await;
    let before = cpu_time(&mut stat);
    sleep(Duration::from_secs(2)).await;
    let used = cpu_time(&mut stat) - before;
    assert!(used < Duration::from_millis(500), "{used:?} in 2 s");
    drop(hogs);
    let mut greeting = [0; 4];
    let reading = stream.read_exact(&mut greeting);
    timeout(Duration::from_secs(5), reading).await.unwrap().unwrap();
    assert_eq!(&greeting, b"SSH-");
}

/// User and system time of this process (proc(5), fields 14 and 15 of stat, 100 per second).
#[cfg(target_os = "linux")]
fn cpu_time(file: &mut std::fs::File) -> Duration {
    let mut stat = String::new();
    file.rewind().unwrap();
    file.read_to_string(&mut stat).unwrap();
    let fields: Vec<&str> = stat.rsplit_once(')').unwrap().1.split_whitespace().collect();
    let ticks: u64 = fields[11].parse::<u64>().unwrap() + fields[12].parse::<u64>().unwrap();
    Duration::from_millis(ticks * 10)
}
