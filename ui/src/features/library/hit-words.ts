import type { SearchHit } from "../../ipc/bindings";
import { whenOf } from "../../i18n/when";
import { hostName } from "../../state/host-name";
import { hosts } from "../../state/hosts.svelte";
import { library } from "../../state/library.svelte";

/** Where a hit lies: folder, model, server and time, as far as they are known. */
export function placeOf({ session, at }: SearchHit, now: number): string {
  const view = hosts.get(session.host_id);
  const parts = [library.folder(session.folder_id)?.name, session.model, view && hostName(view.host), whenOf(at, now)];
  return parts.filter(Boolean).join(" · ");
}
