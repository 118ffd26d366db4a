//! Just enough HTTP for the journeys: asking an engine, and serving a model file with faults.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpStream};
use std::path::Path;
use std::time::Duration;

use serde_json::Value;

/// The status and the body of a GET with the engine's key.
pub fn get(base: &str, path: &str, key: Option<&str>) -> std::io::Result<(u16, String)> {
    let authority = base.strip_prefix("http://").unwrap();
    let mut stream = TcpStream::connect(authority)?;
    stream.set_read_timeout(Some(Duration::from_secs(10)))?;
    let key = key.map_or(String::new(), |key| format!("Authorization: Bearer {key}\r\n"));
    write!(stream, "GET {path} HTTP/1.0\r\nHost: {authority}\r\n{key}\r\n")?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    let (head, body) = answer.split_once("\r\n\r\n").unwrap_or((&answer, ""));
    let status = head.split(' ').nth(1).and_then(|word| word.parse().ok()).unwrap_or(0);
    Ok((status, body.to_owned()))
}

/// How many slots of an engine work, asked with the key from its deployment's folder.
pub fn busy_slots(base: &str, deployment: &Path) -> usize {
    let key = std::fs::read_to_string(deployment.join("api.key")).unwrap();
    let (status, body) = get(base, "/slots", Some(key.trim())).unwrap();
    assert_eq!(status, 200, "{body}");
    let slots: Value = serde_json::from_str(&body).unwrap();
    let slots = slots.as_array().unwrap();
    slots.iter().filter(|slot| slot["is_processing"] == Value::Bool(true)).count()
}

/// Whether something listens on a port of this computer.
pub fn listens(port: u16) -> bool {
    TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_ok()
}
