//! What has to hold after a fault.

use slipway_core::Program;
use slipway_protocol::HostId;

use crate::app::App;
use crate::engine;
use crate::files::files;
use crate::processes::{eventually, output, with_argument};
use crate::sshd::Sshd;

/// What was deployed before the fault answers, or starts and answers.
pub async fn served_before(app: &App, host: &HostId) {
    app.connect(host).await;
    let mut send = crate::app::chat(host, "Still there?");
    send.settings.sampling.max_tokens = Some(5);
    let started = app.program.chat_send(send).await.unwrap();
    app.answered(&started).await;
    let views = app.program.host_list().await.unwrap();
    let view = views.into_iter().find(|view| view.host.id == *host).unwrap();
    assert!(view.deployment.is_some_and(|deployment| deployment.practice));
}

/// One server runs, nothing is locked, nothing is half there, and the database knows of one
/// deployment without an error.
pub async fn expect_order(program: &Program, machine: &Sshd) {
    let root = machine.root_inside();
    let working = || machine.engine_processes();
    assert!(eventually(15, || working().len() == 2), "not two processes: {}", described(machine));
    let state = engine::state(&root);
    assert_eq!(state["state"], "ready", "{state}");
    assert!(eventually(5, || !root.join("lock").exists()), "locked");
    // An upload of the script that broke off goes with the leftovers of killed runs, an hour later.
    let parts = || -> Vec<String> {
        let found = files(&root).into_iter().filter(|path| path.contains(".part"));
        found.filter(|path| !path.starts_with("script/")).collect()
    };
    assert!(eventually(5, || parts().is_empty()), "left: {:?}", parts());
    let views = program.host_list().await.unwrap();
    let deployed: Vec<_> = views.iter().filter(|view| view.deployment.is_some()).collect();
    assert_eq!(deployed.len(), 1, "{views:?}");
    assert!(views.iter().all(|view| view.last_error.is_none()), "{views:?}");
}

/// The processes that belong to what was put on a machine.
fn described(machine: &Sshd) -> String {
    let pids = with_argument(&machine.root());
    let pids: Vec<String> = pids.iter().map(u32::to_string).collect();
    output("ps", &["-ww", "-o", "pid=,ppid=,args=", "-p", &pids.join(",")])
}
