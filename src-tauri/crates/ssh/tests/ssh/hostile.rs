//! Servers that are slow, mute, talkative, or gone in the middle.

use std::net::Ipv4Addr;
use std::time::{Duration, Instant};

use slipway_ssh::{ConnectOptions, Error};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

use crate::password::options;
use crate::questions::{answering, unasked};
use crate::sshd::Sshd;

/// Serves each connection with `serve` and returns what comes of connecting.
async fn meet<F>(serve: impl Fn(TcpStream) -> F + Send + 'static) -> (Error, Duration)
where
    F: Future<Output = ()> + Send + 'static,
{
    let dir = tempfile::tempdir().unwrap();
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let mut serving = JoinSet::new();
    serving.spawn(async move {
        let mut streams = JoinSet::new();
        while let Ok((stream, _)) = listener.accept().await {
            streams.spawn(serve(stream));
        }
    });
    let options = ConnectOptions { connect_timeout: Duration::from_secs(1), ..options(&dir, port) };
    let started = Instant::now();
    let error = unasked(&options).await.unwrap_err();
    (error, started.elapsed())
}

async fn hold(mut stream: TcpStream) {
    let mut buffer = [0; 4096];
    while let Ok(1..) = stream.read(&mut buffer).await {}
}

#[tokio::test]
async fn mute_from_the_start_or_after_the_banner() {
    for banner in ["", "SSH-2.0-Mute\r\n", "SSH-2.0-Half"] {
        let (error, took) = meet(move |mut stream| async move {
            stream.write_all(banner.as_bytes()).await.unwrap();
            hold(stream).await;
        })
        .await;
        assert!(matches!(error, Error::Timeout { .. }), "{banner:?}: {error:?}");
        assert!(took < Duration::from_secs(3), "{banner:?}: {took:?}");
    }
}

#[tokio::test]
async fn one_byte_at_a_time() {
    let (error, took) = meet(|mut stream| async move {
        for byte in b"SSH-2.0-Slow".iter().cycle() {
            if stream.write_all(&[*byte]).await.is_err() {
                return;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    })
    .await;
    assert!(matches!(error, Error::Timeout { .. }), "{error:?}");
    assert!(took < Duration::from_secs(3), "{took:?}");
}

#[tokio::test]
async fn a_banner_of_64_kib() {
    // One line without an end, and many lines without an identification.
    for line in ["x".repeat(65536), "welcome\r\n".repeat(8192)] {
        let (error, took) = meet(move |mut stream| {
            let line = line.clone();
            async move {
                let _ = stream.write_all(line.as_bytes()).await;
                hold(stream).await;
            }
        })
        .await;
        assert!(
            matches!(error, Error::NotSsh { .. } | Error::Protocol(_) | Error::Timeout { .. }),
            "{error:?}"
        );
        assert!(took < Duration::from_secs(3), "{took:?}");
    }
}

#[tokio::test]
async fn garbage_after_the_banner() {
    for length in [0_u32, 1, 35_000, u32::MAX] {
        let (error, took) = meet(move |mut stream| async move {
            stream.write_all(b"SSH-2.0-Garbage\r\n").await.unwrap();
            let _ = stream.write_all(&length.to_be_bytes()).await;
            let _ = stream.write_all(&[0xa5; 4096]).await;
            hold(stream).await;
        })
        .await;
        assert!(
            matches!(error, Error::Protocol(_) | Error::ConnectionLost | Error::Timeout { .. }),
            "{length}: {error:?}"
        );
        assert!(took < Duration::from_secs(3), "{length}: {took:?}");
    }
}

/// Passes on so many bytes of a real server, then hangs up, or falls silent.
async fn cut_after(bytes: u64, server: u16, mut near: TcpStream, silent: bool) {
    let far = TcpStream::connect((Ipv4Addr::LOCALHOST, server)).await.unwrap();
    let (mut from_far, mut to_far) = far.into_split();
    let (mut from_near, mut to_near) = near.split();
    let mut limited = (&mut from_far).take(bytes);
    tokio::select! {
        _ = tokio::io::copy(&mut limited, &mut to_near) => {}
        _ = tokio::io::copy(&mut from_near, &mut to_far) => {}
    }
    if silent {
        hold(near).await;
    }
}

#[tokio::test]
async fn gone_or_silent_in_each_phase() {
    let sshd = Sshd::start();
    let real = sshd.port;
    // Within the banner, the key exchange, between packets of the login, and within them.
    let mut cuts: Vec<u64> = vec![4, 30, 45, 300, 1000, 1100, 1180];
    cuts.extend((1200..2600).step_by(100));
    let (mut logged_in, mut failed) = (0, 0);
    for bytes in cuts {
        for silent in [false, true] {
            let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
            let port = listener.local_addr().unwrap().port();
            let mut serving = JoinSet::new();
            serving.spawn(async move {
                while let Ok((stream, _)) = listener.accept().await {
                    cut_after(bytes, real, stream, silent).await;
                }
            });
            let options = ConnectOptions {
                port,
                connect_timeout: Duration::from_millis(700),
                ..sshd.options()
            };
            let _ = std::fs::remove_file(sshd.path("own_known_hosts"));
            let started = Instant::now();
            match unasked(&options).await {
                // The rest of the bytes is not needed for the login.
                Ok(_) => logged_in += 1,
                Err(Error::ConnectionLost | Error::Timeout { .. } | Error::Protocol(_)) => {
                    failed += 1;
                }
                Err(other) => panic!("after {bytes} bytes: {other:?}"),
            }
            let took = started.elapsed();
            assert!(took < Duration::from_secs(4), "after {bytes} bytes: {took:?}");
        }
    }
    assert!(failed > 10, "{failed} failed, {logged_in} logged in");
}

#[tokio::test]
async fn a_login_banner_of_64_kib_is_no_obstacle() {
    let sshd = Sshd::with_files(|dir| {
        std::fs::write(dir.join("banner"), "no entry\n".repeat(7000)).unwrap();
        format!("Banner {}/banner", dir.display())
    });
    answering(&sshd.options(), |question| panic!("{question:?}")).await.unwrap();
}
