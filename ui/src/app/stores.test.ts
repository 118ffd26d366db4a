import { expect, it } from "vitest";
import stores from "./stores?raw";

const sources = import.meta.glob<string>("../state/*.ts", { query: "?raw", import: "default", eager: true });

it("has every store that listens to the backend there before it speaks", () => {
  const listening = Object.entries(sources).filter(
    ([path, text]) => !/\.test\.ts$|\/(app\.svelte|views)\.ts$/.test(path) && /\bon(Snapshot|Body|Message|View)\(/.test(text),
  );
  expect(listening.length).toBeGreaterThan(15);
  for (const [path] of listening) expect(stores).toContain(`import "${path.replace(/\.ts$/, "")}";`);
});
