//! What a connected host and its engine are busy with: the script watches the host, the engine is
//! asked through the tunnel.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use serde::Deserialize;
use serde_json::json;
use slipway_protocol::{GpuGauge, Host, HostGauges};

use super::engine::Engine;
use crate::clock::now_ms;
use crate::deploy::{ScriptEvent, ScriptRun, Subcommand};
use crate::host::Machine;
use crate::program::Program;
use crate::tasks::TaskContext;

/// Seconds between two looks at the host.
const EVERY_S: u32 = 10;
/// Before the script is started again that watched and ended.
const PAUSE: Duration = Duration::from_secs(60);
/// For one question to the engine.
const ASK_LIMIT: Duration = Duration::from_secs(2);

/// The script's event `gauges`. See deploy_llm_server.py, "watch".
#[derive(Clone, Debug, Deserialize)]
struct Told {
    #[serde(default)]
    gpus: Vec<ToldGpu>,
    memory: ToldMemory,
    disk: ToldDisk,
    engine: Option<ToldEngine>,
}

#[derive(Clone, Debug, Deserialize)]
struct ToldGpu {
    name: String,
    utilisation_percent: Option<f64>,
    memory_used_mb: Option<u64>,
    memory_total_mb: Option<u64>,
}

#[derive(Clone, Debug, Deserialize)]
struct ToldMemory {
    total_bytes: Option<u64>,
    available_bytes: Option<u64>,
}

#[derive(Clone, Debug, Deserialize)]
struct ToldDisk {
    free_bytes: Option<u64>,
    total_bytes: Option<u64>,
}

#[derive(Clone, Debug, Deserialize)]
struct ToldEngine {
    memory_bytes: Option<u64>,
}

/// The host as the script saw it last.
#[derive(Clone, Debug, Default)]
pub(super) struct Gauges {
    told: Arc<Mutex<Option<Told>>>,
}

impl Gauges {
    /// Watches the host for as long as it is awaited.
    pub(super) async fn watch(
        &self,
        program: &Program,
        context: &TaskContext,
        host: &Host,
        machine: &Machine,
    ) {
        loop {
            let run = ScriptRun::new(context, machine, program.script_root(host));
            let told = self.told.clone();
            let on_event = move |event: &ScriptEvent| {
                if let ScriptEvent::Gauges { data } = event
                    && let Ok(seen) = serde_json::from_value(data.clone())
                {
                    *told.lock().unwrap_or_else(PoisonError::into_inner) = Some(seen);
                }
            };
            let params = json!({ "interval_s": EVERY_S });
            if let Err(fault) = run.over_stdin(Subcommand::Watch, params, on_event).await {
                tracing::debug!(target: "connect", "the host is not watched: {fault}");
            }
            self.take();
            tokio::time::sleep(PAUSE).await;
        }
    }

    /// What was seen since the last time, with what the engine says of itself.
    pub(super) async fn read(&self, engine: Option<&Engine>) -> Option<HostGauges> {
        let told = self.take()?;
        let mut gauges = HostGauges {
            at: now_ms(),
            gpus: told.gpus.into_iter().map(gpu).collect(),
            memory_total_bytes: told.memory.total_bytes,
            memory_used_bytes: match (told.memory.total_bytes, told.memory.available_bytes) {
                (Some(total), Some(available)) => Some(total.saturating_sub(available)),
                _ => None,
            },
            disk_total_bytes: told.disk.total_bytes,
            disk_free_bytes: told.disk.free_bytes,
            engine_memory_bytes: told.engine.and_then(|engine| engine.memory_bytes),
            slots_total: None,
            slots_busy: None,
            queue: None,
            kv_cache_used: None,
        };
        if let Some(engine) = engine {
            // An engine that is slow to tell must not keep its connection from being looked at.
            let _ = tokio::time::timeout(ASK_LIMIT, ask(engine, &mut gauges)).await;
        }
        Some(gauges)
    }

    fn take(&self) -> Option<Told> {
        self.told.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

fn gpu(told: ToldGpu) -> GpuGauge {
    GpuGauge {
        name: told.name,
        used: told.utilisation_percent.map(|percent| (percent / 100.0).clamp(0.0, 1.0)),
        memory_used_mb: told.memory_used_mb,
        memory_total_mb: told.memory_total_mb,
    }
}

async fn ask(engine: &Engine, gauges: &mut HostGauges) {
    let count = |number: usize| u32::try_from(number).ok();
    if engine.tells_slots
        && let Ok(slots) = engine.client.slots().await
    {
        gauges.slots_total = count(slots.len());
        gauges.slots_busy = count(slots.iter().filter(|slot| slot.is_processing).count());
    }
    if let Some(path) = &engine.metrics_path
        && let Ok(load) = engine.client.load(path).await
    {
        gauges.slots_busy = gauges.slots_busy.or(load.running);
        gauges.queue = load.waiting;
        gauges.kv_cache_used = load.kv_cache_used;
    }
}
