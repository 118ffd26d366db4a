import type { ChatSettings, Preset, PresetId } from "../ipc/bindings";
import { call, NOTHING } from "../ipc/call";

/** Instructions and sampling under names. */
class PresetState {
  list = $state.raw<readonly Preset[]>([]);
  #loading: Promise<void> | null = null;

  /** Reads them, once; a failed reading is tried again at the next call. */
  load(): Promise<void> {
    this.#loading ??= call("preset_list", NOTHING).then(
      (list) => {
        this.list = list;
      },
      (thrown: unknown) => {
        this.#loading = null;
        throw thrown;
      },
    );
    return this.#loading;
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
