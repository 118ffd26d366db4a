import type { DeployStep } from "../../ipc/bindings";
import { m } from "../../paraglide/messages.js";

/** What a step is called. */
export function stepLabel(step: DeployStep): string {
  switch (step) {
    case "connect":
      return m.deploy_step_connect();
    case "check":
      return m.deploy_step_check();
    case "directory":
      return m.deploy_step_directory();
    case "upload":
      return m.deploy_step_upload();
    case "run":
      return m.deploy_step_run();
    case "verify":
      return m.deploy_step_verify();
    case "finish":
      return m.deploy_step_finish();
  }
}
