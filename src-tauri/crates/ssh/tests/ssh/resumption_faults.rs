//! Unfinished uploads that are of no use, or of another content; hosts that take no more.

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};

use slipway_ssh::Error;

use crate::questions::unasked;
use crate::resumption::{AGAIN, Case, MIB, names};
use crate::small_disk::SmallDisk;
use crate::sshd::Sshd;

/// Puts something in the part's place, uploads, and says whether that very file became the real one.
async fn goes_on_with(sshd: &Sshd, case: &Case, part: &[u8], kept: u64) -> bool {
    let _ = fs::remove_file(&case.dest);
    fs::write(case.part(), part).unwrap();
    let file = fs::metadata(case.part()).unwrap().ino();
    // Keeps the number of its inode from being given to the next one.
    let open = fs::File::open(case.part()).unwrap();
    let session = unasked(&sshd.options()).await.unwrap();
    case.upload_from(&session, kept).await;
    drop(open);
    fs::metadata(&case.dest).unwrap().ino() == file
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_not_its_content_is_made_anew() {
    let sshd = Sshd::start();
    let case = Case::new(&sshd, 44 * MIB);
    let right = &case.content[..40 * MIB];
    let sure = 40 * MIB as u64 - AGAIN;
    assert!(goes_on_with(&sshd, &case, right, sure).await);

    let with = |at: usize, length: usize| {
        let mut part = right.to_vec();
        part[at..at + length].fill(0);
        part
    };
    let end = usize::try_from(sure).unwrap();
    // Holes as writes leave them that come out of order: after the sure part, which is kept.
    assert!(goes_on_with(&sshd, &case, &with(end, 255 * 1024), sure).await);
    assert!(goes_on_with(&sshd, &case, &with(40 * MIB - 1, 1), sure).await);
    // The last byte before it: of no use.
    assert!(!goes_on_with(&sshd, &case, &with(end - 1, 1), 0).await);
    assert!(!goes_on_with(&sshd, &case, &with(0, 1), 0).await);
    // As small as what is sent again anyway: written over.
    assert!(goes_on_with(&sshd, &case, &[1; MIB], 0).await);
    assert!(goes_on_with(&sshd, &case, &[], 0).await);
    // Longer than it should be.
    assert!(!goes_on_with(&sshd, &case, &vec![1; 44 * MIB + 1], 0).await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_part_that_is_complete_is_put_in_place() {
    let sshd = Sshd::start();
    let case = Case::new(&sshd, 40 * MIB);
    let total = case.content.len() as u64;
    assert!(goes_on_with(&sshd, &case, &case.content, total).await);
    let mut part = case.content.clone();
    *part.last_mut().unwrap() ^= 1;
    assert!(goes_on_with(&sshd, &case, &part, total - AGAIN).await);
}

#[tokio::test]
async fn things_in_the_part_s_place() {
    let sshd = Sshd::start();
    let case = Case::new(&sshd, MIB);
    let session = unasked(&sshd.options()).await.unwrap();
    let bystander = sshd.path("bystander");
    fs::write(&bystander, "mine").unwrap();
    symlink(&bystander, case.part()).unwrap();
    case.upload_from(&session, 0).await;
    assert_eq!(fs::read_to_string(&bystander).unwrap(), "mine");

    fs::remove_file(&case.dest).unwrap();
    // As an upload leaves it that had its last permissions already.
    fs::write(case.part(), &case.content[..1000]).unwrap();
    fs::set_permissions(case.part(), fs::Permissions::from_mode(0o400)).unwrap();
    case.upload_from(&session, 0).await;

    fs::remove_file(&case.dest).unwrap();
    fs::create_dir(case.part()).unwrap();
    let (result, _) = case.upload(&session).await;
    assert!(matches!(result, Err(Error::RemoteIo { .. })), "{result:?}");
}

#[tokio::test]
async fn another_content_leaves_a_part_alone() {
    let sshd = Sshd::start();
    let mut case = Case::new(&sshd, 2 * MIB);
    let part = case.part();
    fs::write(&part, &case.content[..MIB]).unwrap();
    case.content[5] ^= 1;
    fs::write(&case.file, &case.content).unwrap();
    assert_ne!(case.part(), part);
    let session = unasked(&sshd.options()).await.unwrap();
    let (result, steps) = case.upload(&session).await;
    result.unwrap();
    assert_eq!(steps.first(), Some(&(0, 2 * MIB as u64)));
    assert!(fs::read(&case.dest).unwrap() == case.content);
    assert_eq!(fs::metadata(&part).unwrap().len(), MIB as u64);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_that_changes_meanwhile_is_not_put_in_place() {
    let sshd = Sshd::start();
    let case = Case::new(&sshd, 24 * MIB);
    let session = unasked(&sshd.options()).await.unwrap();
    let mut changed = false;
    let dest = case.dest.to_str().unwrap();
    let result = session.upload_resumable(&case.file, dest, 0o640, |_, _| {
        if !changed {
            let mut other = case.content.clone();
            other[20 * MIB..].fill(7);
            fs::write(&case.file, other).unwrap();
            changed = true;
        }
    });
    let result = result.await;
    assert!(matches!(result, Err(Error::LocalFile { .. })), "{result:?}");
    assert_eq!(names(case.dest.parent().unwrap()), Vec::<String>::new());
}

#[tokio::test]
async fn a_missing_folder_and_a_missing_source() {
    let sshd = Sshd::start();
    let mut case = Case::new(&sshd, 10);
    let session = unasked(&sshd.options()).await.unwrap();
    case.dest = sshd.path("none/file");
    let (result, _) = case.upload(&session).await;
    assert!(matches!(result, Err(Error::RemoteNotFound { .. })), "{result:?}");
    case.file = sshd.path("no source");
    let (result, _) = case.upload(&session).await;
    assert!(matches!(result, Err(Error::LocalFile { .. })), "{result:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_host_that_takes_no_more_and_then_does() {
    // The kernel refuses each byte beyond 40 MiB of a file, as it does on a full disk.
    let limited = |_: &std::path::Path| {
        let limit = "ulimit -f $((40 * 2048)); trap '' XFSZ; exec \"$@\"";
        ["sh", "-c", limit, "sh"].map(str::to_owned).to_vec()
    };
    let mut sshd = Sshd::within("", limited);
    let case = Case::new(&sshd, 48 * MIB);
    let session = unasked(&sshd.options()).await.unwrap();
    let (result, _) = case.upload(&session).await;
    assert!(matches!(result, Err(Error::RemoteWriteFailed { .. })), "{result:?}");
    let size = fs::metadata(case.part()).unwrap().len();
    assert!(size > AGAIN && size <= 40 * MIB as u64, "{size}");
    sshd.kill();
    sshd.restart();
    let session = unasked(&sshd.options()).await.unwrap();
    case.upload_from(&session, size - AGAIN).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_disk_and_then_room_again() {
    let sshd = Sshd::start();
    let case = Case::new(&sshd, 48 * MIB);
    let dir = case.dest.parent().unwrap();
    let Some(_disk) = SmallDisk::mount(dir, 64) else {
        eprintln!("skipped: mounting a tmpfs takes root; the test before this one does without");
        return;
    };
    let filler = dir.join("filler");
    fs::write(&filler, vec![1; 24 * MIB]).unwrap();
    let session = unasked(&sshd.options()).await.unwrap();
    let (result, _) = case.upload(&session).await;
    assert!(matches!(result, Err(Error::RemoteDiskFull { .. })), "{result:?}");
    let size = fs::metadata(case.part()).unwrap().len();
    assert!(size > AGAIN, "{size}");
    fs::remove_file(&filler).unwrap();
    case.upload_from(&session, size - AGAIN).await;
}
