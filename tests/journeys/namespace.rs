//! Tests that need a process of their own: to count its files, or to have a network of its own.

use std::process::Command;

/// Set in the process that runs a test alone.
const ALONE: &str = "SLIPWAY_JOURNEY_ALONE";

/// Runs a test of this binary in a process of its own; true in that process.
pub fn alone(name: &str) -> bool {
    std::env::var_os(ALONE).is_some() || again(name, Command::new(std::env::current_exe().unwrap()))
}

/// The same with variables of the environment, which are the whole process's.
pub fn alone_with(name: &str, variables: &[(&str, &std::path::Path)]) -> bool {
    if std::env::var_os(ALONE).is_some() {
        return true;
    }
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.envs(variables.iter().copied());
    again(name, command)
}

/// The same in a network namespace that has nothing but loopback (`127.0.0.1`). Needs root on
/// Linux; says so where that is not given, and is false then.
pub fn alone_in_a_network(name: &str) -> bool {
    if std::env::var_os(ALONE).is_some() {
        return true;
    }
    let enter = ["--net", "--", "sh", "-c", "ip link set lo up && exec \"$0\" \"$@\""];
    let tried = Command::new("unshare").args(enter).arg("true").output();
    if !tried.is_ok_and(|tried| tried.status.success()) {
        println!("skipped: a network of its own needs root, unshare and ip on Linux");
        return false;
    }
    let mut command = Command::new("unshare");
    command.args(enter).arg(std::env::current_exe().unwrap());
    again(name, command)
}

fn again(name: &str, mut command: Command) -> bool {
    let ran = command.args(["--exact", name, "--nocapture"]).env(ALONE, "1").output().unwrap();
    let out = String::from_utf8_lossy(&ran.stdout);
    print!("{out}");
    assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stderr));
    assert!(out.contains("1 passed"), "{name} is not the test's name");
    false
}

/// Gives this namespace an address that is not loopback's, as another network would.
pub fn add_address(address: &str) {
    let added = Command::new("ip").args(["addr", "add", address, "dev", "lo"]).status();
    assert!(added.unwrap().success(), "ip addr add {address}");
}
