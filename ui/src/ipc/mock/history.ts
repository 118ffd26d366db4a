import type { ConnectionHistory, ConnectionSpan, ConnectionState, TunnelSample } from "../bindings";
import { LOST, SLOW } from "./faults";
import type { World } from "./world";

const MINUTE = 60_000;
const SAMPLE_MS = 5_000;

/** The hour of a busy connection: minutes ago that each state began. */
const BUSY: [number, ConnectionState][] = [
  [74, "connecting"],
  [73.9, "authenticating"],
  [73.8, "loading"],
  [73.2, "connected"],
  [41, "reconnecting"],
  [38.5, "connected"],
  [24, "degraded"],
  [17, "connected"],
  [9, "disconnected"],
  [7.5, "connecting"],
  [7.4, "waiting_for_user"],
  [6.8, "connected"],
];

function reasonOf(state: ConnectionState) {
  return state === "reconnecting" ? LOST : state === "degraded" ? SLOW : null;
}

function busySpans(now: number): ConnectionSpan[] {
  return BUSY.map(([ago, state], index) => {
    const next = BUSY[index + 1];
    return { state, from: now - ago * MINUTE, until: next ? now - next[0] * MINUTE : null, reason: reasonOf(state) };
  });
}

/** A smooth figure between 9 and 30 ms with one slow stretch. */
function samplesOf(spans: ConnectionSpan[], now: number, bytes: { down: number; up: number }): TunnelSample[] {
  const samples: TunnelSample[] = [];
  for (let at = now - 60 * MINUTE; at <= now; at += SAMPLE_MS) {
    const span = spans.find(({ from, until }) => from <= at && (until ?? Infinity) > at);
    if (span?.state !== "connected" && span?.state !== "degraded") continue;
    const ago = now - at;
    const noise = Math.sin(at / 61_000) * 2 + Math.sin(at / 17_000) * 1.5;
    const slow = span.state === "degraded" ? 18 : 0;
    samples.push({
      at,
      round_trip_ms: 12 + noise + slow,
      open_streams: at % 7 > 4 ? 2 : 1,
      bytes_down: Math.max(0, Math.round(bytes.down - (ago / 1000) * 48_000)),
      bytes_up: Math.max(0, Math.round(bytes.up - (ago / 1000) * 1_900)),
    });
  }
  return samples;
}

/** What a connection did in the last hour. */
export function historyOf(world: World, hostId: string): ConnectionHistory {
  const now = Date.now();
  const status = world.connections.find((item) => item.host_id === hostId);
  if (!status) return { spans: [], samples: [] };
  const spans: ConnectionSpan[] = world.busyHosts.has(hostId)
    ? [...busySpans(now).slice(0, -1), { state: status.state, from: now - 6.8 * MINUTE, until: null, reason: status.reason }]
    : [{ state: status.state, from: status.since, until: null, reason: status.reason }];
  return { spans, samples: samplesOf(spans, now, { down: status.bytes_down, up: status.bytes_up }) };
}
