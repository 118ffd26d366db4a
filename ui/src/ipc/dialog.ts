import { isTauri } from "@tauri-apps/api/core";
import { open, save } from "@tauri-apps/plugin-dialog";

// The development server shows the page in a browser, which has no such dialogs: there a file is taken for chosen.

/** A named group of file extensions, without dots. */
export interface FileFilter {
  name: string;
  extensions: string[];
}

/** Asks for a file of this computer; null when the user closes the dialog. */
export async function chooseFile(title: string, filters: FileFilter[] = []): Promise<string | null> {
  if (import.meta.env.DEV && !isTauri()) return "/home/me/conversations.json";
  return await open({ title, filters, multiple: false, directory: false });
}

/** Asks where to save a file; null when the user closes the dialog. */
export async function chooseSavePath(title: string, defaultPath: string): Promise<string | null> {
  if (import.meta.env.DEV && !isTauri()) return `/home/me/${defaultPath}`;
  return await save({ title, defaultPath });
}
