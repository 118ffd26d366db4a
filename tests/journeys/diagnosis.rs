//! A diagnosis names the one link that is broken, whatever broke it.

use std::fs;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpListener};
use std::time::Duration;

use slipway_protocol::{
    DiagnosisLink as Link, ErrorCode, HostAdd, HostId, HostRef, LinkFinding, LinkState,
    ModelSource, Progress, TaskBody, TaskOutcome, TaskRef, TaskResult,
};

use crate::app::App;
use crate::engine;
use crate::engine_faults::{request, stand_in};
use crate::namespace::{add_address, alone_in_a_network};
use crate::processes::{eventually, signal};
use crate::sshd::{Machine, Sshd, can_mount, free_port, keygen};

/// All links of a host, which are also told one by one.
async fn diagnosed(app: &App, host: &HostId) -> Vec<LinkFinding> {
    let task = app.program.host_diagnose(HostRef { host_id: host.clone() }).await.unwrap();
    let outcome = app.outcome(&task.request_id).await;
    let TaskOutcome::Complete(TaskResult::Diagnose(diagnosis)) = outcome else {
        panic!("{outcome:?}")
    };
    let told =
        app.messages(&task.request_id).into_iter().filter_map(|message| match message.body {
            TaskBody::Progress(Progress::Link(found)) => Some(found),
            _ => None,
        });
    assert_eq!(told.collect::<Vec<_>>(), diagnosis.links);
    assert_eq!(diagnosis.host_id, *host);
    assert_eq!(diagnosis.links.len(), 9);
    for found in &diagnosis.links {
        assert!(!found.message.en.is_empty() && !found.message.ru.is_empty(), "{found:?}");
        assert_eq!(found.fault.is_some(), found.state == LinkState::Broken, "{found:?}");
    }
    diagnosis.links
}

/// Asserts that one link is broken, that all before it hold, and that none behind it is looked at.
#[track_caller]
fn broken(links: &[LinkFinding], link: Link, code: ErrorCode) -> String {
    let at = links.iter().position(|found| found.state == LinkState::Broken);
    let at = at.unwrap_or_else(|| panic!("nothing is broken: {links:#?}"));
    let found = &links[at];
    let fault = found.fault.as_ref().unwrap();
    assert_eq!((found.link, fault.code), (link, code), "{links:#?}");
    assert!(links[..at].iter().all(|found| found.state == LinkState::Ok), "{links:#?}");
    assert!(links[at + 1..].iter().all(|found| found.state == LinkState::Skipped), "{links:#?}");
    format!("{} {}", fault.message.en, fault.fix.en)
}

#[track_caller]
fn all_well(links: &[LinkFinding]) {
    assert!(links.iter().all(|found| found.state == LinkState::Ok), "{links:#?}");
}

/// Adds a line as somebody would type it.
async fn typed(app: &App, name: &str, address: String) -> HostId {
    let add =
        HostAdd { address, name: Some(name.into()), identity: None, accepted_fingerprint: None };
    app.program.host_add(add).await.unwrap().id
}

/// A TCP server that is no SSH server: it says `words` to whoever comes.
fn other_server(words: &'static str) -> u16 {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            std::thread::spawn(move || {
                let _ = stream.set_read_timeout(Some(Duration::from_secs(60)));
                if stream.write_all(words.as_bytes()).is_ok() && words.is_empty() {
                    let _ = stream.read_to_end(&mut Vec::new());
                }
            });
        }
    });
    port
}

#[tokio::test(flavor = "multi_thread")]
async fn a_name_a_port_and_a_server_that_is_no_ssh_are_told_apart() {
    let app = App::open().await;
    let host = typed(&app, "nowhere", "me@nowhere.invalid".into()).await;
    let words = broken(&diagnosed(&app, &host).await, Link::Name, ErrorCode::HostNotFound);
    assert!(words.contains("nowhere.invalid"), "{words}");

    let port = free_port();
    let host = typed(&app, "closed", format!("me@127.0.0.1:{port}")).await;
    let words = broken(&diagnosed(&app, &host).await, Link::Port, ErrorCode::ConnectionRefused);
    assert!(words.contains(&port.to_string()), "{words}");

    let web = other_server("HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n");
    let host = typed(&app, "web", format!("me@127.0.0.1:{web}")).await;
    broken(&diagnosed(&app, &host).await, Link::Ssh, ErrorCode::SshProtocol);

    // A server that takes the connection and says nothing: the diagnosis can be ended.
    let mute = other_server("");
    let host = typed(&app, "mute", format!("me@127.0.0.1:{mute}")).await;
    let task = app.program.host_diagnose(HostRef { host_id: host }).await.unwrap();
    tokio::time::sleep(Duration::from_millis(300)).await;
    app.program.task_cancel(&TaskRef { request_id: task.request_id.clone() });
    assert_eq!(app.failure(&task.request_id).await.code, ErrorCode::Cancelled);
    app.program.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_login_that_is_refused_and_a_changed_key_are_told_apart() {
    let mut machine = Sshd::start();
    let app = App::open().await;
    let host = app.add(&machine).await;
    fs::write(machine.path("authorized_keys"), "").unwrap();
    let links = diagnosed(&app, &host).await;
    broken(&links, Link::Login, ErrorCode::AuthenticationRefused);

    fs::copy(machine.path("id.pub"), machine.path("authorized_keys")).unwrap();
    broken(&diagnosed(&app, &host).await, Link::Engine, ErrorCode::NotDeployed);
    machine.kill();
    for name in ["host_key", "host_key.pub"] {
        fs::remove_file(machine.path(name)).unwrap();
    }
    keygen(&machine.path("host_key"), "");
    machine.resume();
    let links = diagnosed(&app, &host).await;
    broken(&links, Link::Ssh, ErrorCode::HostKeyChanged);
    app.program.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_opens_no_ports_names_the_line_that_says_so() {
    let config = "AllowTcpForwarding no";
    // Where this test may, the machine's own configuration is the one that the server runs with.
    let mounts = match can_mount() {
        true => "mount --bind \"$HOME_DIR/../sshd_config\" /etc/ssh/sshd_config",
        false => "",
    };
    let machine = Sshd::with(&Machine { config, mounts, ..Machine::default() });
    let app = App::open().await;
    let host = app.add(&machine).await;
    let links = diagnosed(&app, &host).await;
    let words = broken(&links, Link::Forwarding, ErrorCode::ForwardingForbidden);
    assert!(words.contains("AllowTcpForwarding"), "{words}");
    if !mounts.is_empty() {
        assert!(words.contains("/etc/ssh/sshd_config:1:AllowTcpForwarding no"), "{words}");
    }
    app.program.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_engine_is_looked_at_from_its_process_to_its_answer() {
    // On a port, which somebody else can take.
    let config = "AllowStreamLocalForwarding no";
    let machine = Sshd::with(&Machine { config, ..Machine::default() });
    let app = App::open().await;
    let host = app.add(&machine).await;
    app.deploy(&host, ModelSource::Practice).await;
    let status = app.connect(&host).await;
    // Over the open connection, then over one of its own.
    all_well(&diagnosed(&app, &host).await);
    app.program.connect_stop(&HostRef { host_id: host.clone() });
    app.outcome(&status.request_id).await;
    all_well(&diagnosed(&app, &host).await);
    assert!(eventually(5, || machine.sessions().is_empty()), "{:?}", machine.sessions());

    // Another key than the one that the engine was started with.
    let key = machine.deployment().join("api.key");
    let right = fs::read(&key).unwrap();
    fs::write(&key, "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef").unwrap();
    let links = diagnosed(&app, &host).await;
    broken(&links, Link::Model, ErrorCode::EngineUnauthorized);
    fs::write(&key, right).unwrap();

    let port = running_port(&machine);
    signal(machine.supervisor().unwrap(), "KILL");
    assert!(eventually(5, || machine.engine_processes().is_empty()));
    let links = diagnosed(&app, &host).await;
    let found = links.iter().find(|found| found.state == LinkState::Broken).unwrap();
    assert_eq!(found.link, Link::Engine, "{links:#?}");
    let code = found.fault.as_ref().unwrap().code;
    assert!([ErrorCode::EngineCrashed, ErrorCode::EngineNotHealthy].contains(&code), "{code:?}");

    // Somebody else takes the port.
    let foreign = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).unwrap();
    let links = diagnosed(&app, &host).await;
    let words = broken(&links, Link::Engine, ErrorCode::ForeignPort);
    assert!(words.contains(&port.to_string()), "{words}");
    drop(foreign);

    // Connecting mends it.
    app.connect(&host).await;
    all_well(&diagnosed(&app, &host).await);
    app.program.shutdown().await;
}

/// The port that the engine has, as its supervisor wrote it down.
fn running_port(machine: &Sshd) -> u16 {
    u16::try_from(engine::state(&machine.root())["port"].as_u64().unwrap()).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_engine_that_loads_is_a_warning() {
    let machine = Sshd::start();
    let app = App::open().await;
    let host = app.add(&machine).await;
    let deploy = request(&host, stand_in(&machine, "answer"));
    let task = app.program.deploy_start(deploy).await.unwrap();
    let outcome = app.outcome(&task.request_id).await;
    assert!(matches!(outcome, TaskOutcome::Complete(_)), "{outcome:?}");
    fs::write(machine.deployment().join("api.key.loading"), "").unwrap();
    let links = diagnosed(&app, &host).await;
    let state = |link| links.iter().find(|found| found.link == link).unwrap().state;
    assert_eq!(state(Link::Engine), LinkState::Ok);
    assert_eq!((state(Link::Health), state(Link::Model)), (LinkState::Warn, LinkState::Skipped));
    fs::remove_file(machine.deployment().join("api.key.loading")).unwrap();
    all_well(&diagnosed(&app, &host).await);
    app.program.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn this_computer_has_no_way_to_look_at() {
    let app = App::open().await;
    engine::link_into(&app.dir.path().join("v1"));
    let local = HostId::local();
    app.deploy(&local, ModelSource::Practice).await;
    let links = diagnosed(&app, &local).await;
    assert!(links[..6].iter().all(|found| found.state == LinkState::Skipped), "{links:#?}");
    all_well(&links[6..]);
    app.program.shutdown().await;
}

#[test]
fn no_network_is_told_from_a_host_that_is_down() {
    if !alone_in_a_network("diagnosis::no_network_is_told_from_a_host_that_is_down") {
        return;
    }
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let app = App::open().await;
        let host = typed(&app, "far", "me@192.0.2.7".into()).await;
        broken(&diagnosed(&app, &host).await, Link::Network, ErrorCode::NoNetwork);
        add_address("198.51.100.1/32");
        broken(&diagnosed(&app, &host).await, Link::Port, ErrorCode::HostUnreachable);
        app.program.shutdown().await;
    });
}
