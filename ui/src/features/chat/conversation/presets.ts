import type { ConversationSetup } from "../../../ipc/bindings";
import { m } from "../../../paraglide/messages.js";
import { newParticipant } from "../../../state/participants";

/** The least and the most who can take part. */
export const PARTICIPANTS = { min: 2, max: 4 } as const;

/** Parts to play, as a start. */
export interface Preset {
  key: string;
  label: () => string;
  opening: () => string;
  parts: readonly { name: () => string; prompt: () => string }[];
}

export const PRESETS: readonly Preset[] = [
  {
    key: "debate",
    label: m.multi_preset_debate,
    opening: m.multi_preset_debate_opening,
    parts: [
      { name: m.multi_preset_advocate, prompt: m.multi_preset_advocate_prompt },
      { name: m.multi_preset_sceptic, prompt: m.multi_preset_sceptic_prompt },
    ],
  },
  {
    key: "interview",
    label: m.multi_preset_interview,
    opening: m.multi_preset_interview_opening,
    parts: [
      { name: m.multi_preset_interviewer, prompt: m.multi_preset_interviewer_prompt },
      { name: m.multi_preset_expert, prompt: m.multi_preset_expert_prompt },
    ],
  },
  {
    key: "editing",
    label: m.multi_preset_editing,
    opening: m.multi_preset_editing_opening,
    parts: [
      { name: m.multi_preset_writer, prompt: m.multi_preset_writer_prompt },
      { name: m.multi_preset_editor, prompt: m.multi_preset_editor_prompt },
    ],
  },
];

/** Fills the parts of a preset in; models that were chosen before stay. */
export function setupOf(preset: Preset, before?: ConversationSetup): ConversationSetup {
  const participants = preset.parts.map(({ name, prompt }, index) => {
    const fresh = newParticipant(index, name(), prompt());
    const known = before?.participants[index];
    return known ? { ...fresh, host_id: known.host_id, model: known.model, sampling: known.sampling } : fresh;
  });
  const rules = before ?? { order: "in_turn" as const, turns: 12, tokens: 20_000, end_phrase: "", summary_by: null };
  const { summary_by: by } = rules;
  const summary_by = by !== null && by < participants.length ? by : null;
  return { ...rules, participants, summary_by, opening: preset.opening() };
}

/** The same without one participant; who sums it up stays who it was. */
export function withoutParticipant(setup: ConversationSetup, index: number): ConversationSetup {
  const { summary_by: by } = setup;
  const summary_by = by === null || by === index ? null : by > index ? by - 1 : by;
  return { ...setup, participants: setup.participants.filter((_, at) => at !== index), summary_by };
}
