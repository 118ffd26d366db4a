//! Random cuts of 0.1 to 60 s while requests run: what `make soak-ssh` does for some minutes.

mod traffic;
mod tunnel;

use std::sync::Arc;
use std::time::{Duration, Instant};

use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use slipway_protocol::Settings;
use tokio::task::JoinSet;

use crate::app::App;
use crate::leftovers::{alive_tasks, open_files};
use crate::processes::eventually;
use traffic::Tally;
use tunnel::{Record, Tunnel};

/// Side by side, so that many cuts fit into the time.
const TUNNELS: usize = 5;

/// A number from the environment.
fn given(name: &str) -> Option<u64> {
    std::env::var(name).ok().and_then(|text| text.parse().ok())
}

#[test]
#[ignore = "takes minutes: make soak-ssh"]
fn cuts_of_any_length_end_no_tunnel() {
    let cuts = u32::try_from(given("SLIPWAY_SOAK_CUTS").unwrap_or(100)).unwrap();
    let seed = given("SLIPWAY_SOAK_SEED").unwrap_or_else(|| rand::rng().random_range(0..1 << 32));
    println!("{cuts} cuts, SLIPWAY_SOAK_SEED={seed}");
    tokio::runtime::Runtime::new().unwrap().block_on(soak(cuts, seed));
}

async fn soak(cuts: u32, seed: u64) {
    let app = Arc::new(App::open().await);
    let settings = Settings { chat_limit: 32, ..Settings::default() };
    app.program.settings_set(settings).await.unwrap();
    let mut tunnels = Vec::new();
    for number in 0..TUNNELS {
        tunnels.push(Tunnel::new(&app, number).await);
    }
    let (files_before, tasks_before) = (open_files(), alive_tasks());

    let began = Instant::now();
    let mut running = JoinSet::new();
    for (number, tunnel) in tunnels.into_iter().enumerate() {
        let share = cuts / TUNNELS as u32 + u32::from((number as u32) < cuts % TUNNELS as u32);
        let chance = StdRng::seed_from_u64(seed + number as u64);
        running.spawn(tunnel.suffer(app.clone(), share, chance));
    }
    let (mut all, mut tunnels) = (Record::default(), Vec::new());
    while let Some(ended) = running.join_next().await {
        let (tunnel, record) = ended.unwrap();
        tunnel.stop(&app).await;
        add(&mut all, record);
        tunnels.push(tunnel);
    }
    let took = began.elapsed();
    report(&mut all, took);

    assert_eq!(all.cuts, cuts);
    assert_eq!(all.reconnects as usize, all.healed.len(), "each rebuilt link was counted");
    for defect in ["Internal", "QueueFull", "Busy", "InvalidInput", "NotFound"] {
        assert!(!all.chats.contains_key(defect), "{:?}", all.chats);
    }
    let (answers, healthy) = (all.chats.get("answer"), all.requests.get("200"));
    assert!(answers > Some(&0) && healthy > Some(&0), "nothing came through");
    // Nothing of it stays: what is open is what was open before.
    let clean = || alive_tasks() <= tasks_before && open_files().len() <= files_before.len() + 2;
    tokio::task::block_in_place(|| eventually(10, clean));
    let (files, tasks) = (open_files(), alive_tasks());
    println!(
        "files {} then {}, tasks {tasks_before} then {tasks}",
        files_before.len(),
        files.len()
    );
    assert!(tasks <= tasks_before);
    assert!(files.len() <= files_before.len() + 2, "{files_before:#?}\n{files:#?}");
    app.program.shutdown().await;
}

fn add(all: &mut Record, one: Record) {
    let sum = |into: &mut Tally, from: Tally| {
        from.into_iter().for_each(|(name, count)| *into.entry(name).or_default() += count);
    };
    all.cuts += one.cuts;
    all.reconnects += one.reconnects;
    all.healed.extend(one.healed);
    sum(&mut all.chats, one.chats);
    sum(&mut all.requests, one.requests);
}

fn report(all: &mut Record, took: Duration) {
    all.healed.sort();
    let nth = |part: usize| all.healed.get(all.healed.len() * part / 100).copied();
    println!("{} cuts in {took:.0?}, {} reconnects", all.cuts, all.reconnects);
    println!(
        "healed after: median {:.1?}, 90% {:.1?}, longest {:.1?}",
        nth(50).unwrap_or_default(),
        nth(90).unwrap_or_default(),
        all.healed.last().copied().unwrap_or_default()
    );
    println!("chats: {:?}\nrequests: {:?}", all.chats, all.requests);
}
