/** Loaded when the first PDF is attached. */
import { getDocument, GlobalWorkerOptions, type PDFPageProxy } from "pdfjs-dist/legacy/build/pdf.mjs";
import worker from "pdfjs-dist/legacy/build/pdf.worker.min.mjs?url";
import type { TextContent } from "pdfjs-dist/types/src/display/api";
import { FileRefused } from "./file-reading";

GlobalWorkerOptions.workerSrc = worker;

/** The text of a PDF, page after page. Rejects with a {@link FileRefused}. */
export async function textOfPdf(data: Uint8Array): Promise<string> {
  const task = getDocument({ data, disableFontFace: true, useSystemFonts: false });
  try {
    const document = await task.promise;
    const pages: string[] = [];
    for (let number = 1; number <= document.numPages; number += 1) {
      const page = await document.getPage(number);
      pages.push((await textOfPage(page)).trim());
      page.cleanup();
    }
    const text = pages.join("\n\n").trim();
    if (text === "") throw new FileRefused("pdf_without_text");
    return text;
  } catch (thrown) {
    if (thrown instanceof FileRefused) throw thrown;
    throw new FileRefused(thrown instanceof Error && thrown.name === "PasswordException" ? "pdf_password" : "pdf_broken");
  } finally {
    await task.destroy();
  }
}

/** `getTextContent` of pdf.js steps through its stream with `for await`, which WebKit cannot do. */
async function textOfPage(page: PDFPageProxy): Promise<string> {
  const reader = (page.streamTextContent() as ReadableStream<TextContent>).getReader();
  let words = "";
  for (let read = await reader.read(); !read.done; read = await reader.read())
    for (const item of read.value.items) if ("str" in item) words += item.str + (item.hasEOL ? "\n" : "");
  return words;
}
