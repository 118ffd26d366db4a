//! Directories on the host.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::time::{Duration, Instant};

use slipway_ssh::{Error, TreeFile, UploadSource};

use crate::questions::unasked;
use crate::sshd::Sshd;

fn file(path: &str, mode: u32, content: &[u8]) -> TreeFile {
    TreeFile { path: path.into(), mode, source: UploadSource::Bytes(content.into()) }
}

fn names(dir: &Path) -> Vec<String> {
    let entries = fs::read_dir(dir).unwrap();
    let mut names: Vec<String> =
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o7777
}

/// With tar, and on a server that only knows SFTP.
const SERVERS: [&str; 2] = ["", "ForceCommand internal-sftp"];

#[tokio::test]
async fn a_directory_arrives_whole_and_replaces_the_old_one() {
    for settings in SERVERS {
        let sshd = Sshd::with(settings);
        let host = sshd.path("host");
        let dest = host.join("a model's parts");
        fs::create_dir_all(dest.join("old/deep")).unwrap();
        fs::write(dest.join("old/deep/file"), "old").unwrap();
        let local = sshd.path("local file");
        let content: Vec<u8> = (0..3_000_000).map(|n| (n * 31 % 253) as u8).collect();
        fs::write(&local, &content).unwrap();
        let long = format!("{}/{}", "d".repeat(120), "f".repeat(120));
        let files = vec![
            file("run.sh", 0o755, b"#!/bin/sh\n"),
            file("deep/er/empty", 0o640, b""),
            file("-n ünïcode $HOME 'quoted'.txt", 0o600, b"x"),
            file(&long, 0o600, b"long"),
            TreeFile { path: "deep/big".into(), mode: 0o644, source: UploadSource::File(local) },
        ];
        let session = unasked(&sshd.options()).await.unwrap();
        let mut steps = Vec::new();
        let uploaded = session
            .upload_tree(files, dest.to_str().unwrap(), |done, total| steps.push((done, total)))
            .await
            .unwrap();
        assert_eq!((uploaded.files, uploaded.bytes), (5, 3_000_015), "{settings}");
        assert_eq!(names(&host), ["a model's parts"], "{settings}");
        assert!(fs::read(dest.join("deep/big")).unwrap() == content);
        assert_eq!(fs::read(dest.join("deep/er/empty")).unwrap(), b"");
        assert_eq!(fs::read(dest.join("-n ünïcode $HOME 'quoted'.txt")).unwrap(), b"x");
        assert_eq!(fs::read(dest.join(long)).unwrap(), b"long");
        assert_eq!(names(&dest).len(), 4, "{:?}", names(&dest));
        assert_eq!((mode(&dest.join("run.sh")), mode(&dest.join("deep/big"))), (0o755, 0o644));
        assert_eq!((mode(&dest), mode(&dest.join("deep/er/empty"))), (0o755, 0o640));
        assert_eq!(*steps.last().unwrap(), (3_000_015, 3_000_015));
        assert!(steps.windows(2).all(|pair| pair[0].0 <= pair[1].0));
    }
}

#[tokio::test]
async fn five_hundred_small_files_take_no_time_each() {
    for settings in SERVERS {
        let sshd = Sshd::with(settings);
        let dest = sshd.path("many");
        let files = (0..500u32).map(|n| file(&format!("f{n}"), 0o600, &n.to_be_bytes()));
        let session = unasked(&sshd.options()).await.unwrap();
        let uploading = session.upload_tree(files.collect(), dest.to_str().unwrap(), |_, _| {});
        tokio::time::timeout(Duration::from_secs(30), uploading).await.unwrap().unwrap();
        assert_eq!(names(&dest).len(), 500);
        assert_eq!(fs::read(dest.join("f499")).unwrap(), 499u32.to_be_bytes());
    }
}

#[tokio::test]
async fn an_unsafe_path_is_refused_before_anything_is_sent() {
    let sshd = Sshd::start();
    let session = unasked(&sshd.options()).await.unwrap();
    let dest = sshd.path("dest");
    let files = vec![file("good", 0o600, b"x"), file("../bad", 0o600, b"x")];
    let error = session.upload_tree(files, dest.to_str().unwrap(), |_, _| {}).await.unwrap_err();
    assert!(matches!(error, Error::UnsafePath { ref path } if path == "../bad"), "{error:?}");
    assert!(!dest.exists() && !sshd.path("bad").exists());
}

#[tokio::test]
async fn a_failed_upload_leaves_the_old_directory_and_nothing_else() {
    for settings in SERVERS {
        let sshd = Sshd::with(settings);
        let host = sshd.path("host");
        fs::create_dir_all(host.join("dest")).unwrap();
        fs::write(host.join("dest/old"), "old").unwrap();
        let session = unasked(&sshd.options()).await.unwrap();
        let dest = host.join("dest");

        let absent = TreeFile {
            path: "b".into(),
            mode: 0o600,
            source: UploadSource::File(sshd.path("absent")),
        };
        let files = vec![file("a", 0o600, &[1; 300_000]), absent];
        let error = session.upload_tree(files, dest.to_str().unwrap(), |_, _| {}).await;
        assert!(matches!(error, Err(Error::LocalFile { .. })), "{error:?}");

        let nowhere = host.join("nowhere/dest");
        let files = vec![file("a", 0o600, b"x")];
        let error = session.upload_tree(files, nowhere.to_str().unwrap(), |_, _| {}).await;
        assert!(matches!(error, Err(Error::RemoteNotFound { .. })), "{settings}: {error:?}");

        let patience = Instant::now() + Duration::from_secs(10);
        while names(&host) != ["dest"] {
            assert!(Instant::now() < patience, "{:?}", names(&host));
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        assert_eq!(fs::read(dest.join("old")).unwrap(), b"old");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cancelled_upload_of_a_directory_leaves_nothing() {
    for settings in SERVERS {
        let sshd = Sshd::with(settings);
        let host = sshd.path("host");
        fs::create_dir(&host).unwrap();
        let dest = host.join("dest");
        let session = unasked(&sshd.options()).await.unwrap();
        let files = (0..40).map(|n| file(&format!("d/{n}"), 0o600, &vec![n; 2_000_000])).collect();
        let (started, mut begun) = tokio::sync::watch::channel(false);
        let uploading = session.upload_tree(files, dest.to_str().unwrap(), |done, _| {
            started.send_replace(done > 0);
        });
        tokio::select! {
            result = uploading => panic!("{result:?}"),
            _ = begun.wait_for(|begun| *begun) => {}
        }
        let patience = Instant::now() + Duration::from_secs(15);
        while !names(&host).is_empty() {
            assert!(Instant::now() < patience, "{settings}: {:?}", names(&host));
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        session.ping().await.unwrap();
    }
}
