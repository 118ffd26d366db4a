/** Loaded when the first PDF is attached. */
import { getDocument, GlobalWorkerOptions } from "pdfjs-dist/legacy/build/pdf.mjs";
import worker from "pdfjs-dist/legacy/build/pdf.worker.min.mjs?url";
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
      const { items } = await page.getTextContent();
      const words = items.map((item) => ("str" in item ? item.str + (item.hasEOL ? "\n" : "") : "")).join("");
      pages.push(words.trim());
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
