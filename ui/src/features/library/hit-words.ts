import type { SearchHit, SnippetPiece } from "../../ipc/bindings";
import { whenOf } from "../../i18n/when";
import { signsOf } from "../../shared/markdown/signs";
import { hostName } from "../../state/host-name";
import { hosts } from "../../state/hosts.svelte";
import { library } from "../../state/library.svelte";

/** Where a hit lies: folder, model, server and time, as far as they are known. */
export function placeOf({ session, at }: SearchHit, now: number): string {
  const view = hosts.get(session.host_id);
  const parts = [library.folder(session.folder_id)?.name, session.model, view && hostName(view.host), whenOf(at, now)];
  return parts.filter(Boolean).join(" · ");
}

/** A part of a message as words alone: without the signs of Markdown, except in what was looked for. */
export function plainPieces(pieces: readonly SnippetPiece[]): SnippetPiece[] {
  const signs = signsOf(pieces.map(({ text }) => text).join(""));
  let begin = 0;
  return pieces.map(({ text, hit }) => {
    const from = begin;
    begin += text.length;
    if (hit) return { text, hit };
    let words = "";
    let at = from;
    for (const [sign, end] of signs) {
      if (sign >= begin) break;
      if (sign > at) words += text.slice(at - from, sign - from);
      at = Math.max(at, end);
    }
    return { text: words + text.slice(Math.min(at, begin) - from), hit };
  });
}
