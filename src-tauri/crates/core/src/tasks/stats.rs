//! Counts and durations per kind of task.

use std::collections::{BTreeMap, VecDeque};

use slipway_protocol::{TaskKind, TaskStats};

/// Durations remembered per kind.
const SAMPLES: usize = 256;

/// Limits, counts and durations of one kind.
#[derive(Debug)]
pub(super) struct KindStats {
    pub(super) limit: u32,
    pub(super) running: u32,
    done: u64,
    failed: u64,
    durations_ms: VecDeque<u64>,
}

impl KindStats {
    pub(super) fn new(limit: u32) -> Self {
        Self { limit, running: 0, done: 0, failed: 0, durations_ms: VecDeque::new() }
    }

    /// Counts an ended task.
    pub(super) fn ended(&mut self, ok: bool, duration_ms: u64) {
        if ok {
            self.done += 1;
        } else {
            self.failed += 1;
        }
        if self.durations_ms.len() == SAMPLES {
            self.durations_ms.pop_front();
        }
        self.durations_ms.push_back(duration_ms);
    }

    pub(super) fn report(&self, kind: TaskKind, queued: u32) -> TaskStats {
        let mut sorted: Vec<u64> = self.durations_ms.iter().copied().collect();
        sorted.sort_unstable();
        TaskStats {
            kind,
            limit: self.limit,
            queued,
            running: self.running,
            done: self.done,
            failed: self.failed,
            p50_ms: percentile(&sorted, 50),
            p95_ms: percentile(&sorted, 95),
        }
    }
}

/// The nearest-rank percentile of a sorted list.
fn percentile(sorted: &[u64], percent: usize) -> Option<u64> {
    let rank = (sorted.len() * percent).div_ceil(100);
    sorted.get(rank.saturating_sub(1)).copied()
}

/// The kinds with their limits at the start.
pub(super) fn initial(chat_limit: u32, deploy_limit: u32) -> BTreeMap<TaskKind, KindStats> {
    BTreeMap::from([
        (TaskKind::Check, KindStats::new(4)),
        (TaskKind::Diagnose, KindStats::new(4)),
        (TaskKind::Plan, KindStats::new(4)),
        (TaskKind::Hub, KindStats::new(4)),
        (TaskKind::Deploy, KindStats::new(deploy_limit)),
        (TaskKind::Versions, KindStats::new(4)),
        (TaskKind::Rollback, KindStats::new(2)),
        (TaskKind::Clean, KindStats::new(2)),
        (TaskKind::EngineLog, KindStats::new(16)),
        (TaskKind::Stop, KindStats::new(4)),
        (TaskKind::Uninstall, KindStats::new(2)),
        (TaskKind::Connect, KindStats::new(64)),
        (TaskKind::Chat, KindStats::new(chat_limit)),
        (TaskKind::Conversation, KindStats::new(4)),
        (TaskKind::Title, KindStats::new(2)),
        (TaskKind::Compact, KindStats::new(2)),
        (TaskKind::Export, KindStats::new(1)),
        (TaskKind::Import, KindStats::new(1)),
    ])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_by_nearest_rank() {
        assert_eq!(percentile(&[], 50), None);
        assert_eq!(percentile(&[7], 95), Some(7));
        let hundred: Vec<u64> = (1..=100).collect();
        assert_eq!(percentile(&hundred, 50), Some(50));
        assert_eq!(percentile(&hundred, 95), Some(95));
    }

    #[test]
    fn only_the_last_durations_count() {
        let mut stats = KindStats::new(1);
        for _ in 0..SAMPLES {
            stats.ended(true, 1000);
        }
        for _ in 0..SAMPLES {
            stats.ended(false, 1);
        }
        let report = stats.report(TaskKind::Chat, 0);
        assert_eq!((report.done, report.failed), (256, 256));
        assert_eq!(report.p95_ms, Some(1));
    }
}
