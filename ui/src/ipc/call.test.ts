import { clearMocks, mockIPC } from "@tauri-apps/api/mocks";
import { afterEach, describe, expect, it } from "vitest";
import { TestBackend, errorInfo } from "../test-backend";
import { replaceBackend } from "./backend";
import { call } from "./call";
import { CallError, toErrorInfo } from "./errors";
import { tauriBackend } from "./tauri";

describe("call", () => {
  it("hands over the request and gives back the response", async () => {
    const backend = new TestBackend();
    backend.reply("host_list", () => []);
    await expect(call("host_list", {})).resolves.toEqual([]);
    expect(backend.requests("host_list")).toEqual([{}]);
  });

  it("rejects with the typed error of the backend", async () => {
    const backend = new TestBackend();
    backend.reply("host_check", () => {
      throw errorInfo("busy");
    });
    const failure = await call("host_check", { host_id: "a" }).catch((thrown: unknown) => thrown);
    expect(failure).toBeInstanceOf(CallError);
    expect((failure as CallError).info.code).toBe("busy");
  });
});

describe("toErrorInfo", () => {
  it.each([new Error("socket gone"), "socket gone"])("makes a sentence of anything else: %s", (thrown) => {
    const info = toErrorInfo(thrown);
    expect(info.code).toBe("internal");
    expect(info.message.en).toContain("socket gone");
    expect(info.message.ru).toContain("socket gone");
    expect(info.fix.en).not.toBe("");
  });

  it("leaves a typed error as it is", () => {
    const info = errorInfo("not_found");
    expect(toErrorInfo(info)).toBe(info);
    expect(toErrorInfo(new CallError(info))).toBe(info);
  });
});

describe("the backend behind Tauri", () => {
  afterEach(() => clearMocks());

  it("wraps every request as `req` and opens the channel beside it", async () => {
    const seen: [string, unknown][] = [];
    mockIPC((command, args) => {
      seen.push([command, args]);
      return command === "subscribe" ? { complete: true } : [];
    });
    replaceBackend(tauriBackend);
    await call("log_list", { limit: 5 });
    await tauriBackend.subscribe(9, () => undefined);
    expect(seen[0]).toEqual(["log_list", { req: { limit: 5 } }]);
    expect(seen[1]?.[0]).toBe("subscribe");
    expect(seen[1]?.[1]).toMatchObject({ req: { after_seq: 9 } });
    expect(seen[1]?.[1]).toHaveProperty("channel");
  });
});
