//! The command line: what it prints, how it ends, and that it frees what it held.

use std::io::{BufRead, BufReader};
use std::time::Duration;

use slipway_protocol::{
    ConnectionState, DeployStep, Host, HostView, LinkState, LogRecord, Progress, StepState,
    TaskBody, TaskMessage, TaskResult,
};

use crate::cli::Cli;
use crate::engine;
use crate::http;
use crate::processes::{eventually, signal};
use crate::sshd::{Machine, Sshd, free_port};

fn messages(ran: &crate::cli::Ran) -> Vec<TaskMessage> {
    ran.json().into_iter().map(|line| serde_json::from_value(line).unwrap()).collect()
}

#[test]
fn from_adding_a_host_to_uninstalling_it() {
    let machine = Sshd::start();
    let cli = Cli::new();
    cli.add(&machine);
    let listed = cli.ok(&["host", "list"]);
    assert!(listed.out.contains("local") && listed.out.contains(&machine.address()));
    let views: Vec<HostView> = cli
        .ok(&["host", "list", "--json"])
        .json()
        .into_iter()
        .map(|line| serde_json::from_value(line).unwrap())
        .collect();
    assert_eq!(views.len(), 2);
    let checked = cli.ok(&["host", "check", "box"]);
    assert!(checked.out.contains('✓') && !checked.out.contains('✗'), "{}", checked.out);
    assert!(checked.out.contains("✓ Login") && checked.out.contains("– Engine"), "{}", checked.out);

    let deployed = cli.ok(&["deploy", "box", "--json"]);
    let all = messages(&deployed);
    assert!(all.windows(2).all(|pair| pair[0].seq < pair[1].seq));
    let steps: Vec<_> = all
        .iter()
        .filter_map(|message| match &message.body {
            TaskBody::Progress(Progress::Step(step)) if step.state == StepState::Done => {
                Some(step.step)
            }
            _ => None,
        })
        .collect();
    assert_eq!(steps, DeployStep::ALL);
    let last = &all.last().unwrap().body;
    let TaskBody::Complete(TaskResult::Deploy(result)) = last else { panic!("{last:?}") };
    assert!(result.deployment.practice);
    assert_eq!(deployed.err, "");

    let checked = messages(&cli.ok(&["host", "check", "box", "--json"]));
    let links = checked.iter().filter_map(|message| match &message.body {
        TaskBody::Progress(Progress::Link(found)) => Some(found.state),
        _ => None,
    });
    assert_eq!(links.collect::<Vec<_>>(), [LinkState::Ok; 9]);
    let ended = checked.iter().filter(|message| message.body.is_terminal()).count();
    assert_eq!(ended, 2, "the diagnosis, then the report");

    let said = cli.ok(&["chat", "box", "Hello!", "--seed", "7"]);
    assert!(said.out.trim().len() > 2 && said.err.contains("tok/s"), "{} {}", said.out, said.err);
    let again = cli.ok(&["chat", "box", "Hello!", "--seed", "7", "--no-stream", "--json"]);
    let text: String = messages(&again)
        .into_iter()
        .filter_map(|message| match message.body {
            TaskBody::Chunk(chunk) => Some(chunk.text),
            _ => None,
        })
        .collect();
    assert!(!text.is_empty());
    let status = cli.ok(&["status"]);
    assert!(status.out.contains("practice") && status.out.contains("nothing deployed"));
    let logs: Vec<LogRecord> = cli
        .ok(&["logs", "--lines", "500", "--json"])
        .json()
        .into_iter()
        .map(|line| serde_json::from_value(line).unwrap())
        .collect();
    assert!(logs.iter().any(|record| record.line.text.contains("step 7 of 7")));
    assert!(logs.iter().any(|record| record.request_id.is_some()));

    let removed = cli.ok(&["uninstall", "box"]);
    assert!(removed.out.contains("MB"));
    assert!(!machine.root().exists() && machine.engine_processes().is_empty());
    assert!(!cli.ok(&["status"]).out.contains("practice"));
    cli.ok(&["host", "remove", "box"]);
    assert!(!cli.ok(&["host", "list"]).out.contains("box"));
}

#[test]
fn a_host_is_kept_and_its_broken_links_are_named() {
    let machine = Sshd::with(&Machine { config: "AllowTcpForwarding no", ..Machine::default() });
    let cli = Cli::new();
    cli.add(&machine);
    let kept = cli.ok(&["host", "keep", "box", "on", "--json"]).json().remove(0);
    assert!(serde_json::from_value::<Host>(kept).unwrap().keep);
    assert!(cli.ok(&["host", "list"]).out.contains("kept"));
    cli.ok(&["host", "keep", "box", "off"]);
    assert!(!cli.ok(&["host", "list"]).out.contains("kept"));
    assert_eq!(cli.run(&["host", "keep", "box", "maybe"]).code, Some(2));
    assert_eq!(cli.run(&["host", "keep", "nobody", "on"]).code, Some(2));

    // The login works, so what the host has is shown too.
    let ran = cli.run(&["host", "check", "box"]);
    assert_eq!(ran.code, Some(3), "{} {}", ran.out, ran.err);
    assert!(ran.out.contains("✗ Port forwarding") && ran.out.contains("GB RAM"), "{}", ran.out);
    assert!(ran.err.contains("AllowTcpForwarding"), "{}", ran.err);

    cli.ok(&["host", "add", "nowhere", "me@nowhere.invalid"]);
    let ran = cli.run(&["host", "check", "nowhere"]);
    assert_eq!(ran.code, Some(3), "{} {}", ran.out, ran.err);
    assert!(ran.out.contains("✗ Name") && !ran.out.contains("GB RAM"), "{}", ran.out);
}

#[test]
fn connect_says_each_change_of_its_state() {
    let mut machine = Sshd::start();
    let cli = Cli::new();
    cli.add(&machine);
    cli.ok(&["deploy", "box"]);
    let mut child = cli.spawn(&["connect", "box"]);
    let mut said = BufReader::new(child.stderr.take().unwrap()).lines().map_while(Result::ok);
    let mut until = |word: &str| said.find(|line| line.contains(word)).unwrap();
    until("box: connected");
    machine.kill();
    until("box: reconnecting");
    machine.resume();
    until("box: connected");
    std::fs::write(machine.path("authorized_keys"), "").unwrap();
    machine.kill();
    machine.resume();
    until("box: needs attention");
    assert_eq!(child.wait().unwrap().code(), Some(4));
}

#[test]
fn connect_stays_until_interrupted_and_frees_its_port() {
    let machine = Sshd::start();
    let cli = Cli::new();
    cli.add(&machine);
    cli.ok(&["deploy", "box"]);
    for (number, signal_name) in ["INT", "TERM"].into_iter().enumerate() {
        let arguments: &[&str] =
            if number == 0 { &["connect", "box"] } else { &["connect", "box", "--json"] };
        let mut child = cli.spawn(arguments);
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let url = if number == 0 {
            lines.next().unwrap().unwrap()
        } else {
            lines
                .map_while(Result::ok)
                .find_map(|line| match serde_json::from_str::<TaskMessage>(&line).unwrap().body {
                    TaskBody::Progress(Progress::Connection(status)) => {
                        status.local_url.filter(|_| status.state == ConnectionState::Connected)
                    }
                    _ => None,
                })
                .unwrap()
        };
        assert_eq!(http::busy_slots(&url, &machine.deployment()), 0);
        let (unauthorized, _) = http::get(&url, "/v1/models", None).unwrap();
        assert_eq!(unauthorized, 401);
        let port = url.rsplit(':').next().unwrap().parse().unwrap();
        std::thread::sleep(Duration::from_millis(100));
        assert!(child.try_wait().unwrap().is_none(), "it stays");
        signal(child.id(), signal_name);
        assert_eq!(child.wait().unwrap().code(), Some(130), "{signal_name}");
        assert!(!http::listens(port));
        assert!(eventually(5, || machine.sessions().is_empty()));
    }
    assert_eq!(machine.engine_processes().len(), 2, "the engine runs on");
}

#[test]
fn an_interrupted_answer_is_kept_and_an_interrupted_deploy_ends() {
    let cli = Cli::new();
    let root = cli.data().join("v1");
    engine::link_into(&root);
    let model = format!("host:{}", engine::endless_model().display());
    cli.ok(&["deploy", "local", "--model", &model]);
    let mut child = cli.spawn(&["chat", "local", "Go on and on."]);
    let mut some = [0; 64];
    std::io::Read::read_exact(child.stdout.as_mut().unwrap(), &mut some).unwrap();
    signal(child.id(), "INT");
    assert_eq!(child.wait_with_output().unwrap().status.code(), Some(130));
    let mut child = cli.spawn(&["deploy", "local", "--json"]);
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    lines.next().unwrap().unwrap();
    signal(child.id(), "INT");
    assert_eq!(child.wait().unwrap().code(), Some(130));
    assert!(eventually(5, || !root.join("lock").exists()));
    cli.ok(&["deploy", "local"]);
    cli.ok(&["uninstall", "local"]);
}

#[test]
fn failures_have_documented_exit_codes_and_say_what_to_do() {
    let machine = Sshd::start();
    let cli = Cli::new();
    let port = free_port();
    cli.ok(&["host", "add", "closed", &format!("me@127.0.0.1:{port}")]);
    cli.ok(&["host", "add", "strange", &machine.address(), "--identity", "/no/such/key"]);
    // Nobody can be asked here: the key is not trusted, and how to trust it is said.
    let identity = machine.path("id").to_string_lossy().into_owned();
    cli.ok(&["host", "add", "new", &machine.address(), "--identity", &identity]);
    let ran = cli.run(&["host", "check", "new"]);
    assert_eq!(ran.code, Some(4), "{}", ran.err);
    assert!(ran.err.contains(&machine.fingerprint()), "{}", ran.err);
    assert!(ran.err.contains("--accept-new-host-key"), "{}", ran.err);
    cli.add(&machine);
    let ran = cli.run(&["connect", "box"]);
    assert_eq!(ran.code, Some(1), "{}", ran.err);
    assert!(ran.err.contains("Deploy first"), "{}", ran.err);
    cli.ok(&["deploy", "box"]);
    let missing = format!("host:{}", machine.path("none.gguf").display());
    let cases: [(&[&str], i32, &str); 11] = [
        (&["deploy", "nobody"], 2, "slipway host list"),
        (&["host", "add", "a b", "me@x"], 2, "letters"),
        (&["host", "add", "box", "me@x"], 2, "name"),
        (&["host", "add", "x", "me@"], 2, "user@host"),
        (&["host", "remove", "local"], 2, "Uninstall"),
        (&["chat", "box", "  "], 2, "Write something"),
        (&["chat", "box", "Hi", "--temperature", "3"], 2, "0 to 2"),
        (&["host", "check", "closed"], 3, "port"),
        (&["host", "check", "strange"], 4, "another key file"),
        (&["deploy", "box", "--model", &missing], 6, "path"),
        (&["deploy", "box", "--context", "5"], 2, "256"),
    ];
    for (arguments, code, word) in cases {
        let ran = cli.run(arguments);
        assert_eq!(ran.code, Some(code), "{arguments:?}: {} {}", ran.out, ran.err);
        assert!(ran.err.contains(word), "{arguments:?}: {}", ran.err);
        assert!(ran.err.contains("slipway logs"), "{arguments:?}: {}", ran.err);
    }
    // What clap itself refuses.
    assert_eq!(cli.run(&["deploy"]).code, Some(2));
    assert_eq!(cli.run(&["--help"]).code, Some(0));
    // In Russian.
    let ran = cli.command(&["deploy", "nobody"]).env("LC_ALL", "ru_RU.UTF-8").output().unwrap();
    let words = String::from_utf8(ran.stderr).unwrap();
    assert!(words.contains("Сервера с именем nobody нет"), "{words}");
    std::fs::write(cli.data().join("slipway.db"), vec![b'x'; 5000]).unwrap();
    let _ = std::fs::remove_file(cli.data().join("slipway.db-wal"));
    assert_eq!(cli.run(&["status"]).code, Some(8));
}
