//! A host that has nothing: no Python, no way out, a home directory with spaces in its name and a
//! login that talks. One confirmation, and this computer brings what it needs.

mod shelf;

use std::fs;
use std::path::{Path, PathBuf};

use slipway_protocol::{
    BringQuestion, BroughtPart, DeployRequest, ErrorCode, HostAdd, HostId, ModelSource,
    PromptQuestion, PromptReply, RequestId, Settings, TaskBody, TaskMessage, TaskOutcome,
};

use crate::app::{App, chat, uninstall};
use crate::cli::Cli;
use crate::files::{files, listing};
use crate::host_faults::HIDE_PYTHON;
use crate::namespace::alone_with;
use crate::processes::{eventually, output};
use crate::sshd::{Machine, Sshd, can_mount};
use crate::web::Web;
use shelf::shelf;

const NOISE: &str = "echo 'Welcome to the machine!'; printf 'no line end'; echo oops >&2\n\
    printf '\\033[1mstatus: \\342\\200\\224\\033[0m\\n{\"event\":\"error\"}\\n'\n";
const BUILDS: &str = "SLIPWAY_PYTHON_BUILDS";
const CONFIG: &str = "SLIPWAY_SSH_CONFIG";

/// The host, and what this computer can bring there.
struct Bare {
    machine: Sshd,
    shelf: Web,
    before: Vec<String>,
}

impl Bare {
    /// `config` is where OpenSSH's configuration is written to, with the host as `bare`.
    fn start(config: &Path, builds: &Path) -> Self {
        let shelf = shelf(builds);
        let machine = Sshd::with(&Machine {
            mounts: HIDE_PYTHON,
            bare: true,
            cut_off: true,
            home: Some("my home ключ"),
            ..Machine::default()
        });
        for name in [".bashrc", ".profile", ".zshenv"] {
            fs::write(machine.home().join(name), NOISE).unwrap();
        }
        // The parents of Slipway's own folder are the user's, and stay.
        fs::create_dir_all(machine.home().join(".local/share")).unwrap();
        let text = format!(
            "Host bare\n  HostName 127.0.0.1\n  User {}\n  Port {}\n  ProxyCommand {}\n",
            output("id", &["-un"]),
            machine.port,
            machine.way_in()
        );
        fs::write(config, text).unwrap();
        let before = listing(&machine.home());
        Self { machine, shelf, before }
    }

    fn host_add(&self) -> HostAdd {
        HostAdd { address: "bare".into(), ..self.machine.host_add() }
    }

    /// A model that this computer reaches, and the host does not.
    fn model(&self) -> String {
        format!("{}/m.gguf", self.shelf.url)
    }

    /// Everything that was put there is Slipway's own folder.
    fn expect_only_below_the_root(&self) {
        let root = self.machine.root();
        let new =
            listing(&self.machine.home()).into_iter().filter(|path| !self.before.contains(path));
        for path in new {
            let (path, parent) = (Path::new(&path), root.parent().unwrap());
            assert!(path.starts_with(&root) || path == parent, "{}", path.display());
        }
    }

    fn expect_as_before(&self) {
        let now = || listing(&self.machine.home());
        assert!(eventually(5, || now() == self.before), "{:?}", files(&self.machine.home()));
        let working = || self.machine.engine_processes();
        assert!(eventually(5, || working().is_empty()), "left {:?}", working());
    }
}

/// Runs a test in a process whose environment names files of its own; their paths in it.
fn apart(name: &str) -> Option<(PathBuf, PathBuf)> {
    if !can_mount() {
        return None;
    }
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    if !alone_with(name, &[(CONFIG, &path("config")), (BUILDS, &path("builds.json"))]) {
        return None;
    }
    let named = |name| PathBuf::from(std::env::var_os(name).unwrap());
    Some((named(CONFIG), named(BUILDS)))
}

async fn program(bare: &Bare) -> (App, HostId) {
    let app = App::open().await;
    let package_index = format!("{}/simple", bare.shelf.url);
    app.program.settings_set(Settings { package_index, ..Settings::default() }).await.unwrap();
    let host = app.program.host_add(bare.host_add()).await.unwrap().id;
    (app, host)
}

async fn start(app: &App, host: &HostId, bare: &Bare) -> RequestId {
    let model = ModelSource::Url { url: bare.model(), sha256: None };
    app.start_deploy(host, model).await
}

fn questions(messages: &[TaskMessage]) -> Vec<&PromptQuestion> {
    let asked = messages.iter().filter_map(|message| match &message.body {
        TaskBody::Prompt(prompt) => Some(&prompt.question),
        _ => None,
    });
    asked.collect()
}

#[test]
fn a_deploy_works_with_one_confirmation() {
    let Some((config, builds)) = apart("bare_hosts::a_deploy_works_with_one_confirmation") else {
        return;
    };
    let bare = Bare::start(&config, &builds);
    tokio::runtime::Runtime::new().unwrap().block_on(async {
        let (app, host) = program(&bare).await;
        let request = DeployRequest::new(host.clone(), ModelSource::Practice);
        let planned = app.program.deploy_plan(request).await.unwrap();
        app.result(planned).await;
        bare.expect_as_before();

        let begun = std::time::Instant::now();
        let request_id = start(&app, &host, &bare).await;
        app.answer(&request_id, 0, PromptReply::Accept).await;
        let outcome = app.outcome(&request_id).await;
        let TaskOutcome::Complete(_) = outcome else { panic!("{outcome:?}") };
        println!("deployed on a bare host in {:.1} s", begun.elapsed().as_secs_f64());
        let messages = app.messages(&request_id);
        let asked = questions(&messages);
        let [PromptQuestion::Bring(BringQuestion { parts, directory })] = &asked[..] else {
            panic!("{asked:?}")
        };
        let parts: Vec<_> = parts.iter().map(|part| part.what).collect();
        assert_eq!(parts, [BroughtPart::Python, BroughtPart::Engine, BroughtPart::Model]);
        assert_eq!(*directory, bare.machine.root().to_string_lossy());
        bare.expect_only_below_the_root();
        let python = bare.machine.root().join("python/bin/python3");
        let library = [python.to_str().unwrap(), "-c", "import os; print(os.__file__)"];
        let library = output("env", &[&["-i"][..], &library].concat());
        assert!(Path::new(&library).starts_with(bare.machine.root()), "{library}");
        assert!(!bare.machine.root().join("wheels").exists(), "they were only on the way");

        app.connect(&host).await;
        let mut send = chat(&host, "Hello!");
        send.settings.sampling.max_tokens = Some(5);
        let started = app.program.chat_send(send).await.unwrap();
        app.answered(&started).await;
        // Nothing has to be brought twice, so nobody is asked.
        let seen = bare.shelf.seen().len();
        let again = start(&app, &host, &bare).await;
        let outcome = app.outcome(&again).await;
        let TaskOutcome::Complete(_) = outcome else { panic!("{outcome:?}") };
        assert!(questions(&app.messages(&again)).is_empty(), "asked again");
        println!("requests of the second deploy: {:?}", &bare.shelf.seen()[seen..]);

        app.result(app.program.uninstall_start(uninstall(&host)).await.unwrap()).await;
        bare.expect_as_before();
        app.program.shutdown().await;
    });
}

#[test]
fn what_is_declined_is_not_brought() {
    let Some((config, builds)) = apart("bare_hosts::what_is_declined_is_not_brought") else {
        return;
    };
    let bare = Bare::start(&config, &builds);
    tokio::runtime::Runtime::new().unwrap().block_on(async {
        let (app, host) = program(&bare).await;
        let request_id = start(&app, &host, &bare).await;
        app.answer(&request_id, 0, PromptReply::Decline).await;
        assert_eq!(app.failure(&request_id).await.code, ErrorCode::Cancelled);
        assert_eq!(questions(&app.messages(&request_id)).len(), 1);
        bare.expect_as_before();
        assert!(bare.shelf.seen().is_empty(), "{:?}", bare.shelf.seen());
        app.program.shutdown().await;
    });
}

#[test]
fn the_command_line_is_told_beforehand() {
    if !can_mount() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let (config, builds) = (folder.path().join("config"), folder.path().join("builds.json"));
    let bare = Bare::start(&config, &builds);
    let cli = Cli::new();
    let index = format!("{}/simple", bare.shelf.url);
    let run = |arguments: &[&str]| {
        let mut command = cli.command(arguments);
        command.env(CONFIG, &config).env(BUILDS, &builds).env("PIP_INDEX_URL", &index);
        let output = command.output().unwrap();
        (output.status.code(), String::from_utf8(output.stderr).unwrap())
    };
    let add = bare.host_add();
    let (identity, fingerprint) = (add.identity.unwrap(), add.accepted_fingerprint.unwrap());
    let trusted = ["--identity", &identity, "--accept-new-host-key", &fingerprint];
    assert_eq!(run(&[&["host", "add", "box", "bare"][..], &trusted].concat()).0, Some(0));
    let model = bare.model();
    let deploy = ["deploy", "box", "--model", &model];
    // Nobody is there to be asked, or a no was given: it says what would be brought.
    let (code, words) = run(&deploy);
    assert_eq!(code, Some(130), "{words}");
    assert!(words.contains("--bring yes") && words.contains("Python"), "{words}");
    assert_eq!(run(&[&deploy[..], &["--bring", "no"]].concat()).0, Some(130));
    bare.expect_as_before();
    let (code, words) = run(&[&deploy[..], &["--bring", "yes"]].concat());
    assert_eq!(code, Some(0), "{words}");
    bare.expect_only_below_the_root();
    let (code, words) = run(&["uninstall", "box"]);
    assert_eq!(code, Some(0), "{words}");
    bare.expect_as_before();
}
