//! The command line after the first deploy: plans that write nothing, versions, what is left over,
//! the engine's log, stopping and removing.

use std::io::{BufRead, BufReader, Read, Write};
use std::process::Stdio;

use slipway_protocol::{TaskBody, TaskMessage, TaskResult};

use crate::cli::Cli;
use crate::engine;
use crate::files::{files, files_with, listing};
use crate::host_faults::HIDE_PYTHON;
use crate::processes::{eventually, is_running, output, signal, telling};
use crate::sshd::{Machine, Sshd, can_mount};

fn another() -> String {
    format!("host:{}", engine::practice_model(&["--context", "2048"]).display())
}

#[test]
fn a_plan_writes_nothing_and_its_exit_code_says_what_stops_the_deploy() {
    let machine = Sshd::start();
    let cli = Cli::new();
    cli.add(&machine);
    let before = listing(&machine.home());
    let planned = cli.ok(&["deploy", "box", "--plan"]);
    assert!(
        planned.out.contains("llama.cpp") && planned.out.contains("practice"),
        "{}",
        planned.out
    );
    assert!(planned.err.contains("Nothing was changed"), "{}", planned.err);
    let same = cli.ok(&["host", "plan", "box", "--model", &another(), "--json"]);
    let last = same.json().pop().unwrap();
    let message: TaskMessage = serde_json::from_value(last).unwrap();
    let TaskBody::Complete(TaskResult::Plan(planned)) = message.body else { panic!("{message:?}") };
    assert!(planned.plan.unwrap().fit.is_some());
    let missing = format!("host:{}", machine.path("none.gguf").display());
    let ran = cli.run(&["deploy", "box", "--plan", "--model", &missing]);
    assert_eq!(ran.code, Some(6), "{} {}", ran.out, ran.err);
    assert_eq!(listing(&machine.home()), before);
    assert!(!cli.ok(&["status"]).out.contains("practice"));
}

#[test]
fn a_plan_for_a_host_without_python_says_what_would_be_brought() {
    if !can_mount() {
        return;
    }
    let machine = Sshd::with(&Machine { mounts: HIDE_PYTHON, bare: true, ..Machine::default() });
    let cli = Cli::new();
    cli.add(&machine);
    let before = listing(&machine.home());
    let ran = cli.run(&["host", "plan", "box"]);
    assert_eq!(ran.code, Some(5), "{} {}", ran.out, ran.err);
    assert!(ran.out.contains("Python"), "{}", ran.out);
    assert_eq!(listing(&machine.home()), before);
}

#[test]
fn versions_are_listed_gone_back_to_and_cleaned_up_after() {
    let machine = Sshd::start();
    let cli = Cli::new();
    cli.add(&machine);
    cli.ok(&["deploy", "box"]);
    cli.ok(&["deploy", "box", "--model", &another()]);
    let listed = cli.ok(&["host", "versions", "box"]);
    let lines: Vec<&str> = listed.out.lines().collect();
    assert!(lines[0].contains("current") && lines[0].contains("runs"), "{}", listed.out);
    assert!(lines[1].contains("previous") && lines[1].contains("practice"), "{}", listed.out);
    let back = cli.ok(&["host", "rollback", "box"]);
    assert!(back.out.contains("practice"), "{}", back.out);
    assert!(cli.ok(&["chat", "box", "Hello!", "--max-tokens", "3"]).out.trim().len() > 1);
    let ran = cli.run(&["host", "rollback", "box", "--to", "no-such-version"]);
    assert_eq!(ran.code, Some(2), "{}", ran.err);
    assert!(ran.err.contains("no-such-version"), "{}", ran.err);

    let forgotten = machine.root().join("models/forgotten.gguf");
    std::fs::write(&forgotten, vec![0; 50_000]).unwrap();
    // Nobody is there to be asked.
    let ran = cli.run(&["host", "clean", "box"]);
    assert_eq!(ran.code, Some(2), "{} {}", ran.out, ran.err);
    assert!(ran.out.contains("forgotten.gguf") && forgotten.exists(), "{}", ran.out);
    let cleaned = cli.ok(&["host", "clean", "box", "--yes"]);
    assert!(cleaned.out.contains("forgotten.gguf") && !forgotten.exists(), "{}", cleaned.out);
    assert!(cli.ok(&["host", "clean", "box"]).out.contains("Nothing is left over."));
    assert_eq!(machine.engine_processes().len(), 2);
}

#[test]
fn the_engines_log_is_followed_until_it_is_interrupted() {
    let machine = Sshd::start();
    let cli = Cli::new();
    cli.add(&machine);
    cli.ok(&["deploy", "box"]);
    let printed = cli.ok(&["host", "engine-logs", "box", "--lines", "5"]);
    assert!((1..=5).contains(&printed.out.lines().count()), "{}", printed.out);
    let mut child = cli.spawn(&["host", "engine-logs", "box", "--lines", "1", "--follow"]);
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    lines.next().unwrap().unwrap();
    let log = machine.deployment().join("logs/engine.log");
    let mut log = std::fs::File::options().append(true).open(log).unwrap();
    writeln!(log, "a line that comes later").unwrap();
    let came = lines.by_ref().map_while(Result::ok).any(|line| line == "a line that comes later");
    assert!(came && is_running(child.id()));
    signal(child.id(), "INT");
    assert_eq!(child.wait().unwrap().code(), Some(0));
    assert!(eventually(5, || machine.sessions().is_empty()), "{:?}", machine.sessions());
    let working = || machine.engine_processes();
    assert!(eventually(5, || working().len() == 2), "left {:?}", working());
}

#[test]
fn a_stopped_engine_starts_with_the_next_chat_and_an_uninstall_may_keep_models() {
    let machine = Sshd::start();
    let cli = Cli::new();
    cli.add(&machine);
    let model = cli.dir.path().join("mine.gguf");
    std::fs::copy(engine::practice_model(&[]), &model).unwrap();
    cli.ok(&["deploy", "box", "--model", model.to_str().unwrap()]);
    cli.ok(&["host", "stop", "box"]);
    assert!(eventually(5, || machine.engine_processes().is_empty()));
    cli.ok(&["host", "stop", "box"]);
    cli.ok(&["chat", "box", "Hello!", "--max-tokens", "3"]);
    assert_eq!(machine.engine_processes().len(), 2);
    cli.ok(&["uninstall", "box", "--keep-models"]);
    assert!(machine.engine_processes().is_empty());
    let sum = &output("sha256sum", &[model.to_str().unwrap()])[..16];
    let left = files(&machine.root());
    assert!(
        left.iter().all(|path| path.starts_with("models/") || path.starts_with("engines/")),
        "{left:?}"
    );
    assert!(left.contains(&format!("models/{sum}/mine.gguf")), "{left:?}");
    cli.ok(&["uninstall", "box"]);
    assert!(!machine.root().join("models").exists());
}

#[test]
fn a_token_is_kept_from_standard_input_and_forgotten() {
    let cli = Cli::new();
    let token = "hf_donkeydonkey8841";
    let set = |typed: &str| {
        let mut command = cli.command(&["hub-token", "set"]);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        child.stdin.take().unwrap().write_all(typed.as_bytes()).unwrap();
        let told = telling(token);
        let mut words = String::new();
        child.stderr.take().unwrap().read_to_string(&mut words).unwrap();
        assert_eq!(told, Vec::<String>::new());
        (child.wait().unwrap().code(), words)
    };
    let (code, words) = set("two words\n");
    assert_eq!(code, Some(2), "{words}");
    let (code, words) = set(&format!("{token}\n"));
    assert!(code == Some(0) && words.contains("kept"), "{words}");
    assert_eq!(files_with(&cli.data(), token), Vec::<String>::new());
    cli.ok(&["hub-token", "forget"]);
    cli.ok(&["hub-token", "forget"]);
    assert!(!cli.run(&["hub-token", "set"]).err.is_empty(), "standard input was empty");
}
