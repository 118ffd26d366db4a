//! A line with a long round trip: two network namespaces, a TUN device in each, and a pump that
//! carries packets between them, each a fixed time after it came.
//!
//! netem would do the same inside the kernel, but is a module that many kernels lack. All that is
//! measured still goes through the kernel's own TCP.

use std::net::{IpAddr, Ipv4Addr};
use std::process::Command;
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use tun_rs::{DeviceBuilder, SyncDevice};

use crate::Outcome;
use crate::place::{Place, Site};

/// Time that a packet is under way, in each direction.
const ONE_WAY: Duration = Duration::from_millis(20);
/// Large packets keep the pump itself from being the limit.
const MTU: &str = "16000";
/// The addresses of both ends: private ones (RFC 1918), seen in the two namespaces only.
const ADDRESSES: [Ipv4Addr; 2] = [Ipv4Addr::new(10, 201, 77, 1), Ipv4Addr::new(10, 201, 77, 2)];
/// What the names of namespaces begin with; the process and the end follow.
const PREFIX: &str = "slipway-bench";

/// The line. Dropping it removes the namespaces and what is in them.
pub struct DelayedLine {
    ends: [End; 2],
}

impl DelayedLine {
    /// Needs root, `ip netns` and `/dev/net/tun`.
    pub fn lay() -> Outcome<Self> {
        remove_left_behind();
        let [near, far] = ADDRESSES;
        let (near, near_device) = End::new("near", near)?;
        let (far, far_device) = End::new("far", far)?;
        let line = Self { ends: [near, far] };
        let (near_device, far_device) =
            (std::sync::Arc::new(near_device), std::sync::Arc::new(far_device));
        pump(near_device.clone(), far_device.clone());
        pump(far_device, near_device);
        Ok(line)
    }

    /// The two sites of the line.
    pub fn place(&self) -> Place {
        let [near, far] = &self.ends;
        Place { name: "40 ms", near: near.site(), far: far.site(), round_trip: ONE_WAY * 2 }
    }
}

/// A namespace with a device. Dropping it removes both.
struct End {
    namespace: String,
    address: Ipv4Addr,
}

impl End {
    fn new(name: &str, address: Ipv4Addr) -> Outcome<(Self, SyncDevice)> {
        let pid = std::process::id();
        let namespace = format!("{PREFIX}-{pid}-{name}");
        ip(&["netns", "add", &namespace])?;
        let end = Self { namespace, address };
        // Interface names have 15 characters at most.
        let device_name = format!("sw{pid}{}", name.chars().next().unwrap_or('x'));
        let device = DeviceBuilder::new().name(&device_name).build_sync()?;
        let at = end.namespace.as_str();
        ip(&["link", "set", "dev", &device_name, "netns", at])?;
        ip(&["-n", at, "address", "add", &format!("{address}/30"), "dev", &device_name])?;
        ip(&[
            "-n",
            at,
            "link",
            "set",
            "dev",
            &device_name,
            "mtu",
            MTU,
            "txqueuelen",
            "10000",
            "up",
        ])?;
        ip(&["-n", at, "link", "set", "dev", "lo", "up"])?;
        Ok((end, device))
    }

    fn site(&self) -> Site {
        Site { namespace: Some(self.namespace.clone()), address: IpAddr::V4(self.address) }
    }
}

impl Drop for End {
    fn drop(&mut self) {
        // The device goes with its namespace, and the pump's read with the device.
        let _ = ip(&["netns", "delete", &self.namespace]);
    }
}

/// Carries packets from one device to the other until either is gone.
fn pump(from: std::sync::Arc<SyncDevice>, to: std::sync::Arc<SyncDevice>) {
    let (sender, packets) = mpsc::channel::<(Instant, Vec<u8>)>();
    thread::spawn(move || {
        let mut buffer = vec![0; 65536];
        while let Ok(length) = from.recv(&mut buffer) {
            let packet = buffer.get(..length).unwrap_or_default().to_vec();
            if sender.send((Instant::now() + ONE_WAY, packet)).is_err() {
                return;
            }
        }
    });
    thread::spawn(move || {
        for (due, packet) in packets {
            thread::sleep(due.saturating_duration_since(Instant::now()));
            // A packet that does not fit is lost, as on any line.
            let _ = to.send(&packet);
        }
    });
}

fn ip(arguments: &[&str]) -> Outcome<String> {
    let output = Command::new("ip").args(arguments).output()?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    let said = String::from_utf8_lossy(&output.stderr).trim().to_owned();
    Err(format!("ip {}: {said}", arguments.join(" ")).into())
}

/// Removes the namespaces of a run that was killed.
fn remove_left_behind() {
    for line in ip(&["netns", "list"]).unwrap_or_default().lines() {
        let name = line.split_whitespace().next().unwrap_or_default();
        let Some(rest) = name.strip_prefix(PREFIX).and_then(|rest| rest.strip_prefix('-')) else {
            continue;
        };
        let pid = rest.split('-').next().unwrap_or_default();
        if !std::path::Path::new("/proc").join(pid).exists() {
            let _ = ip(&["netns", "delete", name]);
        }
    }
}
