//! Processes of this computer, seen through ps, which Linux and macOS have alike.

use std::collections::{HashMap, HashSet};
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

/// The output of a program that has to succeed.
pub fn output(program: &str, arguments: &[&str]) -> String {
    let output = Command::new(program).args(arguments).output().unwrap();
    assert!(output.status.success(), "{program} {arguments:?}");
    String::from_utf8_lossy(&output.stdout).trim().to_owned()
}

pub fn signal(pid: u32, name: &str) {
    let _ = Command::new("kill").args(["-s", name, &pid.to_string()]).output();
}

/// Whether it runs; a zombie does not.
pub fn is_running(pid: u32) -> bool {
    let listed = Command::new("ps").args(["-o", "stat=", "-p", &pid.to_string()]).output();
    let state = String::from_utf8_lossy(&listed.unwrap().stdout).trim().to_owned();
    !state.is_empty() && !state.starts_with('Z')
}

/// All processes below one.
pub fn descendants(root: u32) -> Vec<u32> {
    let listed = output("ps", &["-e", "-o", "pid=,ppid=,stat="]);
    let mut children: HashMap<u32, Vec<u32>> = HashMap::new();
    for line in listed.lines() {
        let fields: Vec<_> = line.split_whitespace().collect();
        if let [pid, parent, state] = fields[..]
            && !state.starts_with('Z')
        {
            children.entry(parent.parse().unwrap()).or_default().push(pid.parse().unwrap());
        }
    }
    let mut found = HashSet::new();
    let mut open = vec![root];
    while let Some(parent) = open.pop() {
        for child in children.remove(&parent).unwrap_or_default() {
            found.insert(child);
            open.push(child);
        }
    }
    found.into_iter().collect()
}

/// Those of some processes that are sshd's own: not the shells and programs that it started.
pub fn servers(pids: &[u32]) -> Vec<u32> {
    let listed = output("ps", &["-e", "-o", "pid=,comm="]);
    let mut found = Vec::new();
    for line in listed.lines() {
        let (pid, name) = line.trim().split_once(' ').unwrap_or_default();
        let pid = pid.parse().unwrap_or_default();
        if pids.contains(&pid) && name.contains("sshd") {
            found.push(pid);
        }
    }
    found
}

/// The processes that name a path in their arguments.
pub fn with_argument(path: &Path) -> Vec<u32> {
    let path = path.to_string_lossy();
    let listed = output("ps", &["-e", "-o", "pid=,stat=,args="]);
    let mut found = Vec::new();
    for line in listed.lines() {
        let mut fields = line.split_whitespace();
        let (Some(pid), Some(state)) = (fields.next(), fields.next()) else { continue };
        if line.contains(&*path) && !state.starts_with('Z') {
            found.push(pid.parse().unwrap());
        }
    }
    found
}

/// The processes whose arguments or environment hold a word, as far as /proc tells.
pub fn telling(word: &str) -> Vec<String> {
    let mut found = Vec::new();
    for process in std::fs::read_dir("/proc").into_iter().flatten().flatten() {
        for name in ["cmdline", "environ"] {
            let told = std::fs::read(process.path().join(name)).unwrap_or_default();
            if told.windows(word.len()).any(|window| window == word.as_bytes()) {
                let shown = String::from_utf8_lossy(&told).replace('\0', " ");
                found.push(format!("{}/{name}: {shown}", process.path().display()));
            }
        }
    }
    found
}

/// Waits, blocking, until something holds; false after the time is over.
pub fn eventually(seconds: u64, mut holds: impl FnMut() -> bool) -> bool {
    let end = Instant::now() + Duration::from_secs(seconds);
    while Instant::now() < end {
        if holds() {
            return true;
        }
        std::thread::sleep(Duration::from_millis(25));
    }
    holds()
}
