import type { ChatSettings, Preset, PresetId } from "../ipc/bindings";
import { call, NOTHING } from "../ipc/call";
import { KeptList } from "./kept-list.svelte";

/** Instructions and sampling under names. */
class PresetState extends KeptList<Preset> {
  protected read(): Promise<Preset[]> {
    return call("preset_list", NOTHING);
  }

  /** Makes one, or changes the one with this id. */
  async put(id: PresetId | null, name: string, settings: ChatSettings): Promise<void> {
    this.list = await call("preset_put", { id, name: name.trim(), settings });
  }

  async remove(id: PresetId): Promise<void> {
    this.list = await call("preset_remove", { preset_id: id });
  }

  /** The preset that says exactly what a conversation is set to. */
  matching(settings: ChatSettings): Preset | undefined {
    return this.list.find((preset) => same(preset.settings, settings));
  }
}

/** Whether two settings ask for the same. */
export function same(a: ChatSettings, b: ChatSettings): boolean {
  const canonical = ({ system_prompt, overflow, sampling }: ChatSettings): string =>
    JSON.stringify([system_prompt, overflow, Object.entries(sampling).sort(([x], [y]) => (x < y ? -1 : 1))]);
  return canonical(a) === canonical(b);
}

/** The presets. */
export const presets = new PresetState();
