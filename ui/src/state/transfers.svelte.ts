import { SvelteMap } from "svelte/reactivity";
import { bytes, number } from "../i18n/format";
import type { ErrorInfo, Exported, ExportFormat, Imported, RequestId, SessionId, TaskMessage, TaskRef, TransferProgress } from "../ipc/bindings";
import { call } from "../ipc/call";
import { chooseFile, chooseSavePath } from "../ipc/dialog";
import { onMessage } from "../ipc/events";
import { m } from "../paraglide/messages.js";
import { chats } from "./chats.svelte";
import { toasts } from "./toasts.svelte";

/** What goes into a file or comes out of one. */
export type TransferKind = "export" | "backup" | "import" | "restore";

/** A file that is being written or read. */
export interface Transfer {
  id: RequestId;
  kind: TransferKind;
  /** The file's name without its folder. */
  file: string;
  progress: TransferProgress | null;
  /** Whether it was asked to end. */
  stopping: boolean;
}

/** An import that ended: what it brought, or why it brought nothing. */
export interface ImportReport {
  file: string;
  result: Imported | null;
  error: ErrorInfo | null;
}

type Ending = Extract<TaskMessage["body"], { type: "complete" | "error" }>;

const SUFFIXES: Record<ExportFormat, string> = { json: "json", markdown: "md", html: "html" };
/** Longer titles make no better file names. */
const NAME_LENGTH = 60;

/** A title as a file name that every system takes. */
export function fileName(title: string, format: ExportFormat): string {
  const safe = title
    .replace(/[\u0000-\u001f<>:"/\\|?*]+/g, " ")
    .replace(/\s+/g, " ")
    .trim()
    .slice(0, NAME_LENGTH)
    .replace(/[. ]+$/, "");
  return `${safe || "slipway"}.${SUFFIXES[format]}`;
}

function baseName(path: string): string {
  return path.split(/[/\\]/).at(-1) ?? path;
}

function today(): string {
  return new Date().toISOString().slice(0, 10);
}

/** Conversations on their way into files and out of them. */
class TransferState {
  running = new SvelteMap<RequestId, Transfer>();
  /** The last import, until its report was read. */
  report = $state.raw<ImportReport | null>(null);
  /** Commands that have not answered yet, and how tasks ended meanwhile: perhaps theirs. */
  #starting = 0;
  #endings = new Map<RequestId, Ending>();

  constructor() {
    onMessage(({ request_id, body }) => {
      const transfer = this.running.get(request_id);
      if (body.type === "progress") {
        if (transfer && body.data.type === "transfer")
          this.running.set(request_id, { ...transfer, progress: body.data.data });
      } else if (body.type === "complete" || body.type === "error") {
        if (transfer) this.#ended(transfer, body);
        else if (this.#starting > 0) this.#endings.set(request_id, body);
      }
    });
  }

  /** Writes conversations into a file that the person chooses. */
  async export(ids: SessionId[], format: ExportFormat): Promise<void> {
    const only = ids.length === 1 ? chats.sessions.get(ids[0] ?? "") : undefined;
    const name = only ? only.title : m.chats_file_chats({ date: today() });
    await this.#export("export", ids, format, m.chats_export_title(), fileName(name, format));
  }

  /** Writes everything into a file that the person chooses. */
  async backup(): Promise<void> {
    await this.#export("backup", [], "json", m.chats_backup_title(), fileName(`slipway-${today()}`, "json"));
  }

  /** Reads conversations from a file that the person chooses. */
  async import(kind: "import" | "restore"): Promise<void> {
    try {
      const title = kind === "import" ? m.chats_import_title() : m.chats_restore_title();
      const path = await chooseFile(title, [{ name: m.chats_file_kinds(), extensions: ["json", "zip"] }]);
      if (path !== null) await this.#begin(kind, path, () => call("import_start", { path }));
    } catch (thrown) {
      toasts.error(thrown);
    }
  }

  async stop(id: RequestId): Promise<void> {
    const transfer = this.running.get(id);
    if (!transfer) return;
    this.running.set(id, { ...transfer, stopping: true });
    try {
      await call("task_cancel", { request_id: id });
    } catch (thrown) {
      this.running.set(id, transfer);
      toasts.error(thrown);
    }
  }

  async #export(kind: TransferKind, ids: SessionId[], format: ExportFormat, title: string, name: string): Promise<void> {
    try {
      const path = await chooseSavePath(title, name);
      if (path !== null)
        await this.#begin(kind, path, () => call("export_start", { session_ids: ids, format, path }));
    } catch (thrown) {
      toasts.error(thrown);
    }
  }

  /** A small file is through before its command has answered. */
  async #begin(kind: TransferKind, path: string, start: () => Promise<TaskRef>): Promise<void> {
    this.#starting += 1;
    try {
      const id = (await start()).request_id;
      const transfer = { id, kind, file: baseName(path), progress: null, stopping: false };
      this.running.set(id, transfer);
      const ending = this.#endings.get(id);
      if (ending) this.#ended(transfer, ending);
    } finally {
      this.#starting -= 1;
      if (this.#starting === 0) this.#endings.clear();
    }
  }

  #ended(transfer: Transfer, ending: Ending): void {
    this.running.delete(transfer.id);
    if (ending.type === "error") this.#failed(transfer, ending.data);
    else if (ending.data.type === "export") this.#exported(transfer, ending.data.data);
    else if (ending.data.type === "import") this.report = { file: transfer.file, result: ending.data.data, error: null };
  }

  #exported({ kind, file }: Transfer, { sessions, bytes: size }: Exported): void {
    toasts.done(() => {
      const said = { count: sessions, value: number(sessions), file, size: bytes(size) };
      return kind === "backup" ? m.chats_backed_up(said) : m.chats_exported(said);
    });
  }

  #failed({ kind, file }: Transfer, error: ErrorInfo): void {
    if (error.code === "cancelled") return;
    if (kind === "import" || kind === "restore") this.report = { file, result: null, error };
    else toasts.error(error);
  }
}

/** Exports, imports, backups. */
export const transfers = new TransferState();
