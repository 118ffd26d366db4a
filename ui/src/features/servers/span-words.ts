import type { ConnectionState } from "../../ipc/bindings";
import { clock, lasting, UNKNOWN } from "../../i18n/format";
import { text } from "../../i18n/locale.svelte";
import { m } from "../../paraglide/messages.js";
import type { PlacedSpan } from "../../state/timeline";

/** How a state is drawn; states that a person need not tell apart at a glance are drawn alike. */
export type SpanLook = "up" | "slow" | "lost" | "attention" | "opening" | "off";

/** The looks, the best first. */
export const LOOKS: readonly SpanLook[] = ["up", "slow", "opening", "lost", "attention", "off"];

const LOOK_OF: Record<ConnectionState, SpanLook> = {
  connecting: "opening",
  authenticating: "opening",
  waiting_for_user: "opening",
  loading: "opening",
  connected: "up",
  degraded: "slow",
  reconnecting: "lost",
  disconnected: "off",
  needs_attention: "attention",
};

export function lookOf(state: ConnectionState): SpanLook {
  return LOOK_OF[state];
}

/** What a look is called in the legend. */
export function lookWords(look: SpanLook): string {
  switch (look) {
    case "up":
      return m.servers_connected();
    case "slow":
      return m.servers_degraded();
    case "lost":
      return m.servers_reconnecting();
    case "attention":
      return m.servers_attention();
    case "opening":
      return m.host_timeline_opening();
    case "off":
      return m.host_timeline_disconnected();
  }
}

/** A state of a connection in a word. */
export function stateWords(state: ConnectionState): string {
  switch (state) {
    case "connecting":
      return m.servers_connecting();
    case "authenticating":
      return m.servers_authenticating();
    case "waiting_for_user":
      return m.servers_waiting();
    case "loading":
      return m.servers_loading();
    default:
      return lookWords(lookOf(state));
  }
}

/** A span in a sentence: its state, its times, how long it was. */
export function spanWords({ span, from, until }: PlacedSpan): string {
  const inputs = { state: stateWords(span.state), from: clock(from), lasts: lasting(until - from) };
  return span.until === null ? m.host_timeline_lasting(inputs) : m.host_timeline_span({ ...inputs, until: clock(until) });
}

/** Why a span was what it was; empty when there is nothing to say. */
export function spanReason({ span }: PlacedSpan): string {
  return span.reason ? text(span.reason.message) : "";
}

/** A cell that may have nothing to say. */
export function orUnknown(words: string): string {
  return words || UNKNOWN;
}
