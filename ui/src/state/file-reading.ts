import type { AttachmentAdd } from "../ipc/bindings";

/** Why a file cannot be sent. */
export type FileProblem =
  | "empty"
  | "binary"
  | "office"
  | "image_kind"
  | "text_too_big"
  | "image_too_big"
  | "pdf_password"
  | "pdf_without_text"
  | "pdf_broken"
  | "unreadable";

/** A file that cannot be sent. */
export class FileRefused extends Error {
  readonly problem: FileProblem;

  constructor(problem: FileProblem) {
    super(problem);
    this.name = "FileRefused";
    this.problem = problem;
  }
}

/** Bytes of a text, as the backend takes it. */
export const TEXT_LIMIT = 4 * 1024 ** 2;
/** Bytes of a picture. */
export const IMAGE_LIMIT = 20 * 1024 ** 2;
/** A PDF holds much besides its text; one that is larger is not opened. */
const PDF_LIMIT = 200 * 1024 ** 2;

const startsWith = (bytes: Uint8Array, ...wanted: number[]): boolean => wanted.every((byte, at) => bytes[at] === byte);

/** The type of a picture that models take, by its first bytes: names and types of files may lie. */
function imageType(head: Uint8Array): string | null {
  if (startsWith(head, 0x89, 0x50, 0x4e, 0x47)) return "image/png";
  if (startsWith(head, 0xff, 0xd8, 0xff)) return "image/jpeg";
  if (startsWith(head, 0x47, 0x49, 0x46, 0x38)) return "image/gif";
  const isRiff = startsWith(head, 0x52, 0x49, 0x46, 0x46);
  return isRiff && startsWith(head.subarray(8), 0x57, 0x45, 0x42, 0x50) ? "image/webp" : null;
}

/** The text of bytes that are one: UTF-8, or UTF-16 that says so. */
export function textOf(bytes: Uint8Array): string | null {
  const encoding = startsWith(bytes, 0xff, 0xfe) ? "utf-16le" : startsWith(bytes, 0xfe, 0xff) ? "utf-16be" : "utf-8";
  if (encoding === "utf-8" && bytes.includes(0)) return null;
  try {
    return new TextDecoder(encoding, { fatal: true }).decode(bytes);
  } catch {
    return null;
  }
}

function base64(file: Blob): Promise<string> {
  return new Promise((resolve, reject) => {
    const reader = new FileReader();
    reader.onload = () => resolve(String(reader.result).replace(/^[^,]*,/, ""));
    reader.onerror = () => reject(new FileRefused("unreadable"));
    reader.readAsDataURL(file);
  });
}

function bytesOf(file: Blob): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    const reader = new FileReader();
    reader.onload = () => resolve(new Uint8Array(reader.result as ArrayBuffer));
    reader.onerror = () => reject(new FileRefused("unreadable"));
    reader.readAsArrayBuffer(file);
  });
}

/** Reads a file as it is sent: a picture as it is, of everything else its text. Rejects with a {@link FileRefused}. */
export async function readFile(file: File): Promise<AttachmentAdd> {
  const name = (file.name.split(/[\\/]/).pop() ?? "").slice(-255) || "file";
  if (file.size === 0) throw new FileRefused("empty");
  const head = await bytesOf(file.slice(0, 16));
  const image = imageType(head);
  if (image) {
    if (file.size > IMAGE_LIMIT) throw new FileRefused("image_too_big");
    return { name, mime: image, kind: "image", data: await base64(file) };
  }
  if (startsWith(head, 0x25, 0x50, 0x44, 0x46)) {
    if (file.size > PDF_LIMIT) throw new FileRefused("text_too_big");
    const { textOfPdf } = await import("./pdf-text");
    return textFile(name, "application/pdf", await textOfPdf(await bytesOf(file)));
  }
  if (file.type.startsWith("image/") && file.type !== "image/svg+xml") throw new FileRefused("image_kind");
  if (startsWith(head, 0x50, 0x4b, 0x03, 0x04) && /\.(docx|xlsx|pptx|odt|ods|odp)$/i.test(name)) throw new FileRefused("office");
  // UTF-16 shrinks to half of its bytes.
  if (file.size > TEXT_LIMIT * 2) throw new FileRefused("text_too_big");
  const text = textOf(await bytesOf(file));
  if (text === null) throw new FileRefused("binary");
  return textFile(name, file.type || "text/plain", text);
}

function textFile(name: string, mime: string, data: string): AttachmentAdd {
  if (data.trim() === "") throw new FileRefused("empty");
  if (new TextEncoder().encode(data).length > TEXT_LIMIT) throw new FileRefused("text_too_big");
  return { name, mime, kind: "text", data };
}
