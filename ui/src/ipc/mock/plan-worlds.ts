import { fault } from "./faults";
import { DISK_FULL_LINE, TOO_BIG_LINE } from "./preflight";
import type { Machine, World } from "./world";

const MACHINES: readonly Machine[] = ["red", "bare", "cpu", "walled"];

const UNREACHABLE = fault(
  "connection_refused",
  ["192.0.2.40 refuses port 2222.", "192.0.2.40 не принимает соединения на порту 2222."],
  ["Look whether sshd runs there and listens on this port.", "Проверьте, работает ли там sshd и на этом ли порту."],
  "d-1c07",
);

const STOPPED = fault(
  "host_disk_full",
  ["The check of the system found 2 lines that stop this deploy.", "Проверка системы нашла 2 строки, которые мешают."],
  ["Fix them, or go on in spite of those that allow it.", "Исправьте их или продолжайте вопреки тем, что это позволяют."],
  "d-3e51",
  { type: "preflight", data: [DISK_FULL_LINE, TOO_BIG_LINE] },
);

const NO_LOG = fault(
  "connection_lost",
  ["studio stopped answering.", "studio перестал отвечать."],
  ["Connect again, then retry.", "Подключитесь снова и повторите."],
  "d-8801",
);

/** Plans to look at: `plan-red`, `plan-bare`, `plan-cpu`, `plan-walled`, `plan-fails`, `deploy-stopped`, `upkeep-failing`. */
export function fillPlans(world: World, name: string): void {
  world.machine = MACHINES.find((machine) => name === `plan-${machine}`) ?? "fine";
  if (name === "bring") world.machine = "walled";
  if (name === "plan-fails") world.planFails = UNREACHABLE;
  if (name === "deploy-stopped") world.deployFails = { step: "check", error: STOPPED };
  if (name === "upkeep-failing") world.upkeepFails = NO_LOG;
}
