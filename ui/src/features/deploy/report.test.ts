import { describe, expect, it } from "vitest";
import { finding, hostView, plannedDeploy } from "../../test-backend";
import { reportText } from "./report";

describe("the report as text", () => {
  it("has every line with what to do, the machine's facts, and the plan", () => {
    const planned = plannedDeploy("a", [
      finding("disk_full", { severity: "error", fix: { en: "Free some.", ru: "Освободите." }, command: "df -h" }),
      finding("system_ok"),
    ]);
    Object.assign(planned.report, {
      pythons: [{ path: "/opt/python3", version: "3.11.2", venv_works: false, brought: false }],
      containers: ["docker 27"],
      gpu_processes: [{ pid: 2114, name: "Xorg", memory_mb: 2048 }],
      clock_skew_s: -42,
    });
    if (planned.plan) planned.plan.brought = [{ what: "model", bytes: 1.6e9, reason: { en: "No way out.", ru: "Нет выхода." } }];
    const text = reportText(hostView("a").host, planned);
    for (const words of [
      "a · me@a.lan",
      "[error] disk_full: disk_full: About disk_full",
      "    Free some.",
      "    df -h",
      "[ok] system_ok",
      "Debian GNU/Linux 12, x86_64, glibc 2.36",
      "3.11.2 /opt/python3 (no venv)",
      "docker 27",
      "Xorg (pid 2114, 2.0 GB)",
      "42 s behind here",
      "llama.cpp 1 (No graphics card: llama.cpp.)",
      "Context: 8,192",
      "unix socket",
      "systemd",
      "model (1.6 GB): No way out.",
    ])
      expect(text).toContain(words);
  });
});
