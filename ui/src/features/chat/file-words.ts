import { m } from "../../paraglide/messages.js";
import { bytes } from "../../i18n/format";
import { IMAGE_LIMIT, TEXT_LIMIT, type FileProblem } from "../../state/file-reading";

/** Why a file cannot be sent, and what can be done instead. */
export function problemWords(problem: FileProblem): string {
  switch (problem) {
    case "empty":
      return m.thread_file_empty();
    case "binary":
      return m.thread_file_binary();
    case "office":
      return m.thread_file_office();
    case "image_kind":
      return m.thread_file_image_kind();
    case "text_too_big":
      return m.thread_file_text_too_big({ limit: bytes(TEXT_LIMIT) });
    case "image_too_big":
      return m.thread_file_image_too_big({ limit: bytes(IMAGE_LIMIT) });
    case "pdf_password":
      return m.thread_file_pdf_password();
    case "pdf_without_text":
      return m.thread_file_pdf_without_text();
    case "pdf_broken":
      return m.thread_file_pdf_broken();
    case "unreadable":
      return m.thread_file_unreadable();
  }
}
