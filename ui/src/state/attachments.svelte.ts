import { SvelteMap } from "svelte/reactivity";
import type { Attachment, AttachmentId, ErrorInfo } from "../ipc/bindings";
import { call } from "../ipc/call";
import { toErrorInfo } from "../ipc/errors";
import type { Place } from "./drafts.svelte";
import { FileRefused, readFile, type FileProblem } from "./file-reading";

/** A file beside the message that is being written. */
export interface DraftFile {
  key: number;
  name: string;
  size: number;
  /** Once it is read and kept. */
  attachment: Attachment | null;
  /** Why it cannot be sent. */
  problem: FileProblem | null;
  /** Why the backend did not take it. */
  error: ErrorInfo | null;
}

const NONE: readonly DraftFile[] = [];
/** Contents kept in memory for looking at them again. */
const CONTENTS_KEPT = 24;

/** The files of the next message of each conversation. */
class AttachmentState {
  /** Told of every place whose files changed by what a person did. */
  onchange: (place: Place) => void = () => undefined;
  #byPlace = new SvelteMap<Place, readonly DraftFile[]>();
  #next = 1;

  of(place: Place): readonly DraftFile[] {
    return this.#byPlace.get(place) ?? NONE;
  }

  /** Files that are read and will be sent. */
  ready(place: Place): Attachment[] {
    return this.of(place).flatMap(({ attachment }) => attachment ?? []);
  }

  ids(place: Place): AttachmentId[] {
    return this.ready(place).map(({ id }) => id);
  }

  /** Whether a file is still being read. */
  isReading(place: Place): boolean {
    return this.of(place).some(({ attachment, problem, error }) => !attachment && !problem && !error);
  }

  /** Reads files and keeps them; each says for itself how that went. */
  async add(place: Place, files: readonly File[]): Promise<void> {
    await Promise.all(files.map((file) => this.#add(place, file)));
  }

  async #add(place: Place, file: File): Promise<void> {
    const key = this.#next++;
    const entry: DraftFile = { key, name: file.name, size: file.size, attachment: null, problem: null, error: null };
    this.#set(place, [...this.of(place), entry]);
    try {
      const attachment = await call("attachment_add", await readFile(file));
      // Taken away while it was read.
      if (!this.#change(key, { attachment })) this.#drop(attachment.id);
    } catch (thrown) {
      if (thrown instanceof FileRefused) this.#change(key, { problem: thrown.problem });
      else this.#change(key, { error: toErrorInfo(thrown) });
    }
  }

  remove(place: Place, key: number): void {
    const found = this.of(place).find((item) => item.key === key);
    this.#set(
      place,
      this.of(place).filter((item) => item.key !== key),
    );
    if (found?.attachment) this.#drop(found.attachment.id);
  }

  /** Takes the files that are ready away, to be sent; {@link bring} undoes it. */
  take(place: Place): Attachment[] {
    const taken = this.ready(place);
    if (taken.length > 0)
      this.#set(
        place,
        this.of(place).filter(({ attachment }) => !attachment),
      );
    return taken;
  }

  /** Puts files of a message that was taken back, or not taken, beside the one being written. */
  bring(place: Place, attachments: readonly Attachment[]): void {
    this.#set(place, [...this.of(place), ...this.#entries(attachments)]);
  }

  /** Puts files of a draft that was kept where they were. */
  restore(place: Place, attachments: readonly Attachment[]): void {
    this.#put(place, this.#entries(attachments));
  }

  /** The new conversation became a real one: files that did not go with its first message do now. */
  move(to: Place): void {
    const files = this.of(null);
    if (files.length === 0) return;
    this.#set(null, NONE);
    this.#set(to, [...this.of(to), ...files]);
  }

  #entries(attachments: readonly Attachment[]): DraftFile[] {
    return attachments.map((attachment) => {
      const { name, bytes: size } = attachment;
      return { key: this.#next++, name, size, attachment, problem: null, error: null };
    });
  }

  #drop(id: AttachmentId): void {
    // One that stays is a few bytes that nothing names; there is nothing for a person to do about it.
    call("attachment_drop", { attachment_id: id }).catch(() => undefined);
  }

  /** Changes a file wherever it is now; whether it is still there. */
  #change(key: number, change: Partial<DraftFile>): boolean {
    for (const [place, files] of this.#byPlace) {
      if (!files.some((item) => item.key === key)) continue;
      this.#set(
        place,
        files.map((item) => (item.key === key ? { ...item, ...change } : item)),
      );
      return true;
    }
    return false;
  }

  #set(place: Place, files: readonly DraftFile[]): void {
    this.#put(place, files);
    this.onchange(place);
  }

  #put(place: Place, files: readonly DraftFile[]): void {
    if (files.length === 0) this.#byPlace.delete(place);
    else this.#byPlace.set(place, files);
  }
}

/** What files hold, read when somebody looks. */
class ContentState {
  #kept = new Map<AttachmentId, Promise<string>>();

  /** The text, or the picture in base64. */
  read({ id }: Attachment): Promise<string> {
    const known = this.#kept.get(id);
    if (known) return known;
    const reading = call("attachment_get", { attachment_id: id }).then(({ data }) => data);
    reading.catch(() => this.#kept.delete(id));
    this.#kept.set(id, reading);
    const oldest = this.#kept.keys().next();
    if (this.#kept.size > CONTENTS_KEPT && !oldest.done) this.#kept.delete(oldest.value);
    return reading;
  }

  /** A picture's address for an image element; null when it cannot be read. */
  picture(file: Attachment): Promise<string | null> {
    return this.read(file).then(
      (data) => `data:${file.mime};base64,${data}`,
      () => null,
    );
  }
}

/** The files of the next messages. */
export const attachments = new AttachmentState();

/** What files hold. */
export const contents = new ContentState();
