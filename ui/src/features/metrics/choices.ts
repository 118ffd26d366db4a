import type { HostId, MetricsOfModel } from "../../ipc/bindings";
import { modelWords, serverWords } from "./words";

/** A line of the list that narrows what is shown. */
export interface Choice {
  key: string;
  label: string;
  requests: number;
}

/** The models and the servers of a range, those with most requests first. */
export function choicesOf(models: readonly MetricsOfModel[]): { models: Choice[]; servers: Choice[] } {
  const byModel = new Map<string, Choice>();
  const byServer = new Map<HostId, Choice>();
  for (const one of models) {
    count(byModel, one.model, () => modelWords(one.model), one.figures.requests);
    count(byServer, one.host_id, () => serverWords(one), one.figures.requests);
  }
  return { models: ordered(byModel), servers: ordered(byServer) };
}

function count(choices: Map<string, Choice>, key: string, label: () => string, requests: number): void {
  const choice = choices.get(key);
  if (choice) choice.requests += requests;
  else choices.set(key, { key, label: label(), requests });
}

function ordered(choices: Map<string, Choice>): Choice[] {
  return [...choices.values()].sort((a, b) => b.requests - a.requests || a.label.localeCompare(b.label));
}

/** The choices whose name holds the words. */
export function found(choices: readonly Choice[], words: string): Choice[] {
  const needle = words.trim().toLowerCase();
  return choices.filter(({ label }) => label.toLowerCase().includes(needle));
}
