//! Uploads that break off, and go on.

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::time::Duration;

use sha2::{Digest, Sha256};
use slipway_ssh::{ConnectOptions, Error, Session, Uploaded};

use crate::long_line::LongLine;
use crate::questions::unasked;
use crate::sshd::Sshd;

pub const MIB: usize = 1024 * 1024;
/// What is sent again of a file that broke off: 128 writes of 255 KiB.
pub const AGAIN: u64 = 128 * 255 * 1024;

/// No two MiB of it are the same.
pub fn content(length: usize) -> Vec<u8> {
    let block: Vec<u8> = (0..MIB).map(|n| (n * 31 % 253) as u8).collect();
    let mut content = Vec::with_capacity(length + MIB);
    for number in 0..=(length / MIB) {
        content.extend_from_slice(&(number as u64 + 1).to_le_bytes());
        content.extend_from_slice(&block[8..]);
    }
    content.truncate(length);
    content
}

/// A file to upload and its place on the host's side.
pub struct Case {
    pub content: Vec<u8>,
    pub file: PathBuf,
    pub dest: PathBuf,
}

impl Case {
    pub fn new(sshd: &Sshd, length: usize) -> Self {
        let dir = sshd.path("host");
        fs::create_dir_all(&dir).unwrap();
        let (content, file) = (content(length), sshd.path("model.gguf"));
        fs::write(&file, &content).unwrap();
        Self { content, file, dest: dir.join("a model's file.gguf") }
    }

    pub fn sha256(&self) -> String {
        Sha256::digest(&self.content).iter().map(|byte| format!("{byte:02x}")).collect()
    }

    pub fn part(&self) -> PathBuf {
        PathBuf::from(format!("{}.part-{}", self.dest.display(), &self.sha256()[..16]))
    }

    /// Uploads; gives what progress told as well.
    pub async fn upload(&self, session: &Session) -> (Result<Uploaded, Error>, Vec<(u64, u64)>) {
        let mut steps = Vec::new();
        let dest = self.dest.to_str().unwrap();
        let step = |done, total| steps.push((done, total));
        let result = session.upload_resumable(&self.file, dest, 0o640, step).await;
        (result, steps)
    }

    /// Uploads to the end, of which so many bytes need not be sent.
    pub async fn upload_from(&self, session: &Session, kept: u64) {
        let (result, steps) = self.upload(session).await;
        let total = self.content.len() as u64;
        assert_eq!(result.unwrap(), Uploaded { bytes: total, sha256: self.sha256() });
        assert_eq!(steps.first(), Some(&(kept, total)));
        assert_eq!(steps.last(), Some(&(total, total)));
        assert!(steps.is_sorted(), "{steps:?}");
        self.assert_in_place();
    }

    pub fn assert_in_place(&self) {
        assert!(fs::read(&self.dest).unwrap() == self.content);
        assert_eq!(fs::metadata(&self.dest).unwrap().permissions().mode() & 0o7777, 0o640);
        assert_eq!(names(self.dest.parent().unwrap()), ["a model's file.gguf"]);
    }

    /// Uploads over a connection that is cut, with its server, once so many bytes are there. Gives the
    /// size of what is left.
    pub async fn cut(&self, sshd: &mut Sshd, options: &ConnectOptions, at: u64) -> u64 {
        let session = unasked(options).await.unwrap();
        let (sender, mut come) = tokio::sync::watch::channel(0);
        let dest = self.dest.to_str().unwrap();
        let uploading = session
            .upload_resumable(&self.file, dest, 0o640, |done, _| _ = sender.send_replace(done));
        let cutting = async {
            come.wait_for(|done| *done >= at).await.unwrap();
            sshd.kill();
        };
        let (result, ()) = tokio::join!(uploading, cutting);
        assert!(matches!(result, Err(Error::ConnectionLost)), "{result:?}");
        sshd.restart();
        let left = fs::metadata(self.part()).unwrap();
        assert_eq!(left.permissions().mode() & 0o7777, 0o600, "closed until it is complete");
        assert!(left.len() >= at && left.len() < self.content.len() as u64, "{}", left.len());
        left.len()
    }
}

pub fn names(dir: &Path) -> Vec<String> {
    let entries = fs::read_dir(dir).unwrap();
    entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cut_upload_goes_on_over_another_connection() {
    let mut sshd = Sshd::start();
    let case = Case::new(&sshd, 96 * MIB + 17);
    let options = sshd.options();
    let first = case.cut(&mut sshd, &options, 40 * MIB as u64).await;
    let part = fs::metadata(case.part()).unwrap().ino();
    // And once more: a part may have been gone on with before.
    let second = case.cut(&mut sshd, &options, first + 8 * MIB as u64).await;
    let session = unasked(&options).await.unwrap();
    case.upload_from(&session, second - AGAIN).await;
    assert_eq!(fs::metadata(&case.dest).unwrap().ino(), part, "the same file all the time");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cut_on_a_long_line_where_channels_share_the_file() {
    let mut sshd = Sshd::start();
    let case = Case::new(&sshd, 96 * MIB);
    let line = LongLine::to(sshd.port, Duration::from_millis(8)).await;
    let options = ConnectOptions { port: line.port, ..sshd.options() };
    let size = case.cut(&mut sshd, &options, 48 * MIB as u64).await;
    // What the bound on the distance of writes promises.
    let sure = usize::try_from(size - AGAIN).unwrap();
    assert!(fs::read(case.part()).unwrap()[..sure] == case.content[..sure]);
    let session = unasked(&options).await.unwrap();
    case.upload_from(&session, size - AGAIN).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cancelled_upload_is_kept() {
    let sshd = Sshd::start();
    let case = Case::new(&sshd, 96 * MIB);
    let session = unasked(&sshd.options()).await.unwrap();
    let (sender, mut come) = tokio::sync::watch::channel(0);
    let dest = case.dest.to_str().unwrap();
    let uploading =
        session.upload_resumable(&case.file, dest, 0o640, |done, _| _ = sender.send_replace(done));
    tokio::select! {
        result = uploading => panic!("{result:?}"),
        _ = come.wait_for(|done| *done >= 48 * MIB as u64) => {}
    }
    // The server still takes in what was on its way.
    session.run("true", Vec::new(), Duration::from_secs(10)).await.unwrap();
    tokio::time::sleep(Duration::from_millis(300)).await;
    let size = fs::metadata(case.part()).unwrap().len();
    assert!(size >= 48 * MIB as u64);
    case.upload_from(&session, size - AGAIN).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_in_place_is_not_sent() {
    let sshd = Sshd::start();
    let case = Case::new(&sshd, 3 * MIB);
    let session = unasked(&sshd.options()).await.unwrap();
    case.upload_from(&session, 0).await;
    let file = fs::metadata(&case.dest).unwrap().ino();
    fs::set_permissions(&case.dest, fs::Permissions::from_mode(0o600)).unwrap();
    let (result, steps) = case.upload(&session).await;
    assert_eq!(result.unwrap().sha256, case.sha256());
    assert_eq!(steps, [(3 * MIB as u64, 3 * MIB as u64)]);
    case.assert_in_place();
    assert_eq!(fs::metadata(&case.dest).unwrap().ino(), file);
    // As long, but another one.
    fs::write(&case.dest, vec![1; 3 * MIB]).unwrap();
    case.upload_from(&session, 0).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_at_once_do_no_harm() {
    let sshd = Sshd::start();
    let case = Case::new(&sshd, 48 * MIB);
    let one = unasked(&sshd.options()).await.unwrap();
    let other = unasked(&sshd.options()).await.unwrap();
    let (sender, mut come) = tokio::sync::watch::channel(0);
    let dest = case.dest.to_str().unwrap();
    let first =
        one.upload_resumable(&case.file, dest, 0o640, |done, _| _ = sender.send_replace(done));
    let second = async {
        come.wait_for(|done| *done >= 16 * MIB as u64).await.unwrap();
        case.upload(&other).await.0
    };
    let (first, second) = tokio::join!(first, second);
    assert_eq!(first.unwrap().sha256, case.sha256());
    assert_eq!(second.unwrap().sha256, case.sha256());
    case.assert_in_place();
}

#[tokio::test]
async fn an_empty_file_is_a_file() {
    let sshd = Sshd::start();
    let case = Case::new(&sshd, 0);
    let session = unasked(&sshd.options()).await.unwrap();
    case.upload_from(&session, 0).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_a_shell_the_start_is_read_back() {
    let sshd = Sshd::with("ForceCommand internal-sftp");
    let case = Case::new(&sshd, 40 * MIB);
    fs::write(case.part(), &case.content[..36 * MIB]).unwrap();
    let session = unasked(&sshd.options()).await.unwrap();
    case.upload_from(&session, 36 * MIB as u64 - AGAIN).await;
}
