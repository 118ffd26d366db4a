import type { Snippet, SnippetId } from "../ipc/bindings";
import { call, NOTHING } from "../ipc/call";
import { KeptList } from "./kept-list.svelte";

/** What a text may be called: it is typed after the slash. */
const NAME = /^[\p{L}\p{N}_-]{1,40}$/u;

/** The prompt library: texts that are put into the composer by name. */
class SnippetState extends KeptList<Snippet> {
  protected read(): Promise<Snippet[]> {
    return call("snippet_list", NOTHING);
  }

  /** Texts whose name begins with what was typed, then those that contain it. */
  matching(typed: string): Snippet[] {
    const wanted = typed.toLocaleLowerCase();
    const begins = this.list.filter(({ name }) => name.toLocaleLowerCase().startsWith(wanted));
    const contains = this.list.filter(({ name }) => name.toLocaleLowerCase().indexOf(wanted) > 0);
    return [...begins, ...contains];
  }

  async put(id: SnippetId | null, name: string, text: string): Promise<void> {
    this.list = await call("snippet_put", { id, name, text });
  }

  async remove(id: SnippetId): Promise<void> {
    this.list = await call("snippet_remove", { snippet_id: id });
  }

  /** Why a text cannot be called so. */
  problem(name: string, id: SnippetId | null): "form" | "taken" | null {
    if (!NAME.test(name)) return "form";
    const isTaken = this.list.some((one) => one.id !== id && one.name.toLowerCase() === name.toLowerCase());
    return isTaken ? "taken" : null;
  }
}

/** A place of a text that is to be filled in. */
export interface Place {
  from: number;
  to: number;
}

/** The first `{{word}}` of a text from a position on. */
export function nextPlace(text: string, from = 0): Place | null {
  const found = /\{\{[^{}\n]{1,80}\}\}/g;
  found.lastIndex = from;
  const match = found.exec(text);
  return match ? { from: match.index, to: match.index + match[0].length } : null;
}

/** The prompt library. */
export const snippets = new SnippetState();
