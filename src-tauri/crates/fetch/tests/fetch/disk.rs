//! This computer's disk.

use std::fs;

use slipway_fetch::{Error, Expected};

use crate::stand_in::{Downloads, StandIn, content, exactly, fetcher, ranged};

/// The kernel's own full disk stands in the part's place.
#[tokio::test]
#[cfg(target_os = "linux")]
async fn a_full_disk_and_then_room_again() {
    let body = content(1000);
    let served = body.clone();
    let server = StandIn::start(move |request, _| ranged(request, &served, "\"a\"")).await;
    let downloads = Downloads::new();
    let (source, dest, part) =
        (server.source("/a"), downloads.path("file"), downloads.path("file.part"));
    std::os::unix::fs::symlink("/dev/full", &part).unwrap();
    let error = fetcher().file(&source, &dest, &exactly(&body), |_, _| {}).await.unwrap_err();
    assert!(error.is_disk_full(), "{error:?}");
    assert!(matches!(&error, Error::LocalDisk { path, .. } if *path == part), "{error:?}");
    assert_eq!(server.requests().len(), 1, "it does not pass by asking again");
    assert!(!dest.exists());
    fs::remove_file(&part).unwrap();
    fetcher().file(&source, &dest, &exactly(&body), |_, _| {}).await.unwrap();
    assert!(fs::read(&dest).unwrap() == body);
}

#[tokio::test]
async fn a_place_where_no_file_can_be() {
    let body = content(1000);
    let served = body.clone();
    let server = StandIn::start(move |request, _| ranged(request, &served, "\"a\"")).await;
    let downloads = Downloads::new();
    fs::write(downloads.path("file"), "").unwrap();
    fs::create_dir(downloads.path("folder")).unwrap();
    for (dest, expected) in [
        ("file/below", Expected::default()),
        ("folder", Expected::default()),
        ("folder", exactly(&body)),
    ] {
        let dest = downloads.path(dest);
        let error = fetcher().file(&server.source("/a"), &dest, &expected, |_, _| {}).await;
        let error = error.unwrap_err();
        assert!(matches!(error, Error::LocalDisk { .. }) && !error.is_disk_full(), "{error:?}");
    }
}
