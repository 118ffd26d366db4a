//! Files on the host.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use sha2::{Digest, Sha256};
use slipway_ssh::{Error, UploadSource};

use crate::questions::unasked;
use crate::small_disk::SmallDisk;
use crate::sshd::Sshd;

const MIB: usize = 1024 * 1024;

fn bytes(length: usize) -> Arc<[u8]> {
    (0..length).map(|n| (n * 31 % 253) as u8).collect()
}

fn names(dir: &Path) -> Vec<String> {
    let entries = fs::read_dir(dir).unwrap();
    entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
}

/// A folder for the host's side, apart from the server's own files.
fn place(sshd: &Sshd) -> std::path::PathBuf {
    let dir = sshd.path("host");
    fs::create_dir(&dir).unwrap();
    dir
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn twenty_mebibytes_arrive_whole_and_replace_what_was_there() {
    let sshd = Sshd::start();
    let dir = place(&sshd);
    let dest = dir.join("a model's file.gguf");
    fs::write(&dest, "old").unwrap();
    let source = sshd.path("source");
    let content = bytes(20 * MIB + 17);
    fs::write(&source, &content).unwrap();
    let session = unasked(&sshd.options()).await.unwrap();
    let mut steps = Vec::new();
    let uploaded = session
        .upload(UploadSource::File(source), dest.to_str().unwrap(), 0o640, |done, total| {
            steps.push((done, total));
        })
        .await
        .unwrap();
    assert_eq!(uploaded.bytes, content.len() as u64);
    let sum: String = Sha256::digest(&content).iter().map(|b| format!("{b:02x}")).collect();
    assert_eq!(uploaded.sha256, sum);
    assert!(fs::read(&dest).unwrap() == content[..]);
    assert_eq!(fs::metadata(&dest).unwrap().permissions().mode() & 0o7777, 0o640);
    assert_eq!(names(&dir).len(), 1, "{:?}", names(&dir));
    assert!(steps.windows(2).all(|pair| pair[0].0 <= pair[1].0));
    assert_eq!(*steps.last().unwrap(), (uploaded.bytes, uploaded.bytes));
    assert!(steps.len() > 50);
}

#[tokio::test]
async fn an_empty_file_is_a_file() {
    let sshd = Sshd::start();
    let dest = place(&sshd).join("empty");
    let session = unasked(&sshd.options()).await.unwrap();
    let source = UploadSource::Bytes(Arc::from([]));
    let uploaded = session.upload(source, dest.to_str().unwrap(), 0o755, |_, _| {}).await.unwrap();
    assert_eq!(uploaded.bytes, 0);
    assert_eq!(fs::metadata(&dest).unwrap().permissions().mode() & 0o7777, 0o755);
}

#[tokio::test]
async fn a_talkative_shell_does_not_garble_the_sum() {
    let sshd = Sshd::start();
    // What bash reads for every command that comes over SSH.
    fs::write(sshd.path(".bashrc"), "echo 'Welcome <sha256:to this> machine'\n").unwrap();
    let dest = place(&sshd).join("file");
    let session = unasked(&sshd.options()).await.unwrap();
    let source = UploadSource::Bytes(bytes(1000));
    session.upload(source, dest.to_str().unwrap(), 0o600, |_, _| {}).await.unwrap();
    assert!(fs::read(&dest).unwrap() == bytes(1000)[..]);
}

#[tokio::test]
async fn without_a_shell_the_sum_is_read_back() {
    let sshd = Sshd::with("ForceCommand internal-sftp");
    let dest = place(&sshd).join("file");
    let session = unasked(&sshd.options()).await.unwrap();
    let source = UploadSource::Bytes(bytes(MIB));
    session.upload(source, dest.to_str().unwrap(), 0o600, |_, _| {}).await.unwrap();
    assert!(fs::read(&dest).unwrap() == bytes(MIB)[..]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cancelled_upload_leaves_nothing() {
    let sshd = Sshd::start();
    let dir = place(&sshd);
    let dest = dir.join("file");
    let session = unasked(&sshd.options()).await.unwrap();
    let (started, mut begun) = tokio::sync::watch::channel(false);
    let uploading = session.upload(
        UploadSource::Bytes(bytes(64 * MIB)),
        dest.to_str().unwrap(),
        0o600,
        |done, _| {
            started.send_replace(done > 0);
        },
    );
    tokio::select! {
        result = uploading => panic!("{result:?}"),
        _ = begun.wait_for(|begun| *begun) => {}
    }
    let patience = Instant::now() + Duration::from_secs(15);
    while !names(&dir).is_empty() {
        assert!(Instant::now() < patience, "{:?}", names(&dir));
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    session.run("true", Vec::new(), Duration::from_secs(10)).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn cancel_and_disconnect_leave_nothing() {
    let sshd = Sshd::start();
    let dir = place(&sshd);
    let dest = dir.join("file");
    let session = unasked(&sshd.options()).await.unwrap();
    let (started, mut begun) = tokio::sync::watch::channel(false);
    let uploading = session.upload(
        UploadSource::Bytes(bytes(64 * MIB)),
        dest.to_str().unwrap(),
        0o600,
        |done, _| {
            started.send_replace(done > 0);
        },
    );
    tokio::select! {
        result = uploading => panic!("{result:?}"),
        _ = begun.wait_for(|begun| *begun) => {}
    }
    session.disconnect().await;
    assert_eq!(names(&dir), Vec::<String>::new());
}

#[tokio::test]
async fn a_place_without_permission() {
    let sshd = Sshd::start();
    let dir = place(&sshd);
    fs::set_permissions(&dir, fs::Permissions::from_mode(0o555)).unwrap();
    // Root may write anywhere but here: the kernel's own files take no new ones.
    let dir = if sshd.user == "root" { "/sys/kernel".into() } else { dir };
    let dest = dir.join("file");
    let session = unasked(&sshd.options()).await.unwrap();
    let source = UploadSource::Bytes(bytes(1000));
    let error = session.upload(source, dest.to_str().unwrap(), 0o600, |_, _| {}).await.unwrap_err();
    match error {
        Error::RemotePermission { path } => assert_eq!(path, dest.to_str().unwrap()),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_missing_folder_and_a_missing_source() {
    let sshd = Sshd::start();
    let session = unasked(&sshd.options()).await.unwrap();
    let dest = sshd.path("none/file");
    let source = UploadSource::Bytes(bytes(10));
    let error = session.upload(source, dest.to_str().unwrap(), 0o600, |_, _| {}).await.unwrap_err();
    assert!(matches!(error, Error::RemoteNotFound { .. }), "{error:?}");
    let source = UploadSource::File(sshd.path("no source"));
    let error = session.upload(source, dest.to_str().unwrap(), 0o600, |_, _| {}).await.unwrap_err();
    assert!(matches!(error, Error::LocalFile { .. }), "{error:?}");
}

#[tokio::test]
async fn a_full_disk_is_told_apart() {
    let sshd = Sshd::start();
    let dir = place(&sshd);
    let Some(_disk) = SmallDisk::mount(&dir, 2) else {
        eprintln!("skipped: mounting a 2 MiB tmpfs takes root and the right to mount");
        return;
    };
    let session = unasked(&sshd.options()).await.unwrap();
    let dest = dir.join("file");
    let source = UploadSource::Bytes(bytes(8 * MIB));
    let error = session.upload(source, dest.to_str().unwrap(), 0o600, |_, _| {}).await.unwrap_err();
    assert!(matches!(error, Error::RemoteDiskFull { .. }), "{error:?}");
    assert_eq!(names(&dir), Vec::<String>::new());
}

#[tokio::test]
async fn a_server_killed_during_an_upload() {
    let mut sshd = Sshd::start();
    let dest = place(&sshd).join("file");
    let session = unasked(&sshd.options()).await.unwrap();
    let (started, mut begun) = tokio::sync::watch::channel(false);
    let uploading = session.upload(
        UploadSource::Bytes(bytes(64 * MIB)),
        dest.to_str().unwrap(),
        0o600,
        |done, _| {
            started.send_replace(done > 0);
        },
    );
    let killing = async {
        begun.wait_for(|begun| *begun).await.unwrap();
        sshd.kill();
    };
    let (result, ()) = tokio::join!(uploading, killing);
    assert!(matches!(result, Err(Error::ConnectionLost)), "{result:?}");
    assert!(!dest.exists());
}

#[tokio::test]
async fn a_server_that_vanishes_during_an_upload() {
    let sshd = Sshd::start();
    let dest = place(&sshd).join("file");
    let session = unasked(&sshd.options()).await.unwrap();
    let (started, mut begun) = tokio::sync::watch::channel(false);
    let uploading = session.upload(
        UploadSource::Bytes(bytes(64 * MIB)),
        dest.to_str().unwrap(),
        0o600,
        |done, _| {
            started.send_replace(done > 0);
        },
    );
    let freezing = async {
        begun.wait_for(|begun| *begun).await.unwrap();
        sshd.freeze();
    };
    // With its send buffers full, the connection cannot even send a keep-alive.
    let both = async { tokio::join!(uploading, freezing).0 };
    let result = tokio::time::timeout(Duration::from_secs(40), both).await;
    sshd.thaw();
    assert!(matches!(result, Ok(Err(Error::ConnectionLost))), "{result:?}");
}

#[tokio::test]
async fn folders_files_and_their_ends() {
    let sshd = Sshd::start();
    let dir = place(&sshd);
    let session = unasked(&sshd.options()).await.unwrap();
    let deep = dir.join("a/b/c");
    session.make_dir_all(deep.to_str().unwrap(), 0o700).await.unwrap();
    session.make_dir_all(deep.to_str().unwrap(), 0o755).await.unwrap();
    assert_eq!(fs::metadata(&deep).unwrap().permissions().mode() & 0o7777, 0o700);
    let file = deep.join("file");
    fs::write(&file, "content").unwrap();
    let path = file.to_str().unwrap();
    assert_eq!(session.read_file(path, 100).await.unwrap(), b"content");
    let error = session.read_file(path, 3).await.unwrap_err();
    assert!(matches!(error, Error::RemoteFileTooLarge { limit: 3, .. }), "{error:?}");
    let error = session.make_dir_all(&format!("{path}/d"), 0o700).await.unwrap_err();
    assert!(matches!(error, Error::RemoteNotADirectory { .. }), "{error:?}");
    session.remove_file(path).await.unwrap();
    let error = session.remove_file(path).await.unwrap_err();
    assert!(matches!(error, Error::RemoteNotFound { .. }), "{error:?}");
}

#[tokio::test]
async fn no_sftp_subsystem() {
    let sshd = Sshd::with("Subsystem sftp /bin/false");
    let session = unasked(&sshd.options()).await.unwrap();
    let error = session.read_file("/etc/passwd", 100_000).await.unwrap_err();
    assert!(matches!(error, Error::SftpUnavailable), "{error:?}");
}
