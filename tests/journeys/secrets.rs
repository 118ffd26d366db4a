//! Secrets stay where they belong: neither the log nor the database nor an argument holds one.

use slipway_protocol::{ModelSource, TaskBody};

use crate::app::App;
use crate::cli::Cli;
use crate::files::files_with;
use crate::sshd::Sshd;

#[tokio::test(flavor = "multi_thread")]
async fn the_engines_key_leaves_its_file_for_memory_only() {
    let machine = Sshd::start();
    let app = App::open().await;
    let host = app.add(&machine).await;
    app.deploy(&host, ModelSource::Practice).await;
    app.connect(&host).await;
    let started = app.send(&host, "Hello!").await;
    app.answered(&started).await;
    let file = machine.deployment().join("api.key");
    let key = std::fs::read_to_string(&file).unwrap().trim().to_owned();
    assert_eq!(key.len(), 64);
    let mode = std::os::unix::fs::PermissionsExt::mode(&file.metadata().unwrap().permissions());
    assert_eq!(mode & 0o777, 0o600);
    let arguments = crate::processes::output("ps", &["-e", "-ww", "-o", "args="]);
    assert!(!arguments.contains(&key));
    for message in app.program.bus().after(0).messages {
        assert!(!serde_json::to_string(&message).unwrap().contains(&key), "{message:?}");
    }
    app.program.shutdown().await;
    assert_eq!(files_with(app.dir.path(), &key), Vec::<String>::new());
    let home = machine.home();
    assert_eq!(files_with(&home, &key), [file.to_string_lossy().into_owned()]);
}

#[test]
fn neither_the_log_nor_the_database_of_the_command_line_holds_a_secret() {
    let machine = Sshd::start();
    let cli = Cli::new();
    cli.add(&machine);
    cli.ok(&["deploy", "box"]);
    cli.ok(&["chat", "box", "Hello!"]);
    // An address with a password in it, which nothing answers: neither the host nor this computer,
    // which would bring what it gives.
    let url = format!("http://me:pass-horse-9902@127.0.0.1:{}/m.gguf", crate::sshd::free_port());
    let ran = cli.run(&["deploy", "box", "--model", &url, "--bring", "yes", "--json"]);
    assert_eq!(ran.code, Some(6), "{}", ran.err);
    assert!(!ran.err.contains("pass-horse-9902"), "{}", ran.err);
    for line in ran.json() {
        let message: slipway_protocol::TaskMessage = serde_json::from_value(line).unwrap();
        let said = match message.body {
            TaskBody::Error(error) => error.message.en,
            other => serde_json::to_string(&other).unwrap(),
        };
        assert!(!said.contains("pass-horse-9902"), "{said}");
    }
    let logs = cli.ok(&["logs", "--lines", "1000"]);
    assert!(logs.out.contains("step 5 of 7"), "{}", logs.out);
    let key = std::fs::read_to_string(machine.deployment().join("api.key")).unwrap();
    for word in [key.trim(), "pass-horse-9902"] {
        assert_eq!(files_with(&cli.data(), word), Vec::<String>::new());
    }
    assert_eq!(files_with(&machine.home(), "pass-horse-9902"), Vec::<String>::new());
}
