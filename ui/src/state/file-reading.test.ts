import { describe, expect, it } from "vitest";

import { readFile } from "./file-reading";

const file = (name: string, bytes: BlobPart, type = ""): File => new File([bytes], name, { type });

describe("a file", () => {
  it("is read as text whatever its name, when it is text", async () => {
    expect(await readFile(file("Makefile", "all:\n\tcargo build\n"))).toEqual({
      name: "Makefile", mime: "text/plain", kind: "text", data: "all:\n\tcargo build\n",
    });
    const utf16 = new Uint8Array([0xff, 0xfe, 0x36, 0x04, 0x21, 0x00]);
    expect(await readFile(file("a.txt", utf16))).toMatchObject({ kind: "text", data: "ж!" });
  });

  it("is a picture by its bytes, not by its name", async () => {
    const png = new Uint8Array([0x89, 0x50, 0x4e, 0x47, 13, 10, 26, 10]);
    expect(await readFile(file("photo.txt", png, "text/plain"))).toEqual({
      name: "photo.txt", mime: "image/png", kind: "image", data: "iVBORw0KGgo=",
    });
  });

  it("loses the folders of its name", async () => {
    expect((await readFile(file("../../etc/passwd", "x"))).name).not.toMatch(/[/\\]/);
  });

  it.each([
    ["empty", file("a.txt", "")],
    ["empty", file("b.txt", " \n ")],
    ["binary", file("a.bin", new Uint8Array([1, 0, 2]))],
    ["binary", file("latin.txt", new Uint8Array([0x66, 0xfc, 0x72]))],
    ["image_kind", file("a.heic", new Uint8Array([0, 0, 0, 24]), "image/heic")],
    ["office", file("a.docx", new Uint8Array([0x50, 0x4b, 3, 4, 0]))],
    ["text_too_big", file("a.txt", "x".repeat(4 * 1024 ** 2 + 1))],
  ])("is refused as %s", async (problem, refused) => {
    await expect(readFile(refused)).rejects.toMatchObject({ problem });
  });
});
