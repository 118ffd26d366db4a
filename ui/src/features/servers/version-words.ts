import type { DeployedVersion, VersionRole } from "../../ipc/bindings";
import { m } from "../../paraglide/messages.js";

const ROLES: Record<VersionRole, () => string> = {
  candidate: m.versions_role_candidate,
  current: m.versions_role_current,
  previous: m.versions_role_previous,
  old: m.versions_role_old,
};

/** What a version is, whether it runs, whether it still can. */
export function roleWords({ role, running, usable }: DeployedVersion): string {
  const more = running ? m.versions_running() : usable ? "" : m.versions_unusable();
  return [ROLES[role](), more].filter(Boolean).join(", ");
}
