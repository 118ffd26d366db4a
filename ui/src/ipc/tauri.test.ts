import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { tauriBackend } from "./tauri";

const core = vi.hoisted(() => ({ invoke: vi.fn(), Channel: vi.fn() }));
vi.mock("@tauri-apps/api/core", () => core);

beforeEach(() => core.invoke.mockReset().mockResolvedValue("asked now"));
afterEach(() => (window.slipwaySnapshot = undefined));

it("takes the snapshot that was asked for before it, once", async () => {
  window.slipwaySnapshot = Promise.resolve("asked before");
  expect(await tauriBackend.invoke("app_info", {})).toBe("asked now");
  expect(await tauriBackend.invoke("snapshot", {})).toBe("asked before");
  expect(await tauriBackend.invoke("snapshot", {})).toBe("asked now");
});

it("tells a refusal of it, and asks anew", async () => {
  window.slipwaySnapshot = Promise.reject(new Error("locked"));
  await expect(tauriBackend.invoke("snapshot", {})).rejects.toThrow("locked");
  expect(await tauriBackend.invoke("snapshot", {})).toBe("asked now");
});
