import { open, save } from "@tauri-apps/plugin-dialog";

/** A named group of file extensions, without dots. */
export interface FileFilter {
  name: string;
  extensions: string[];
}

/** Asks for a file of this computer; null when the user closes the dialog. */
export async function chooseFile(title: string, filters: FileFilter[] = []): Promise<string | null> {
  return await open({ title, filters, multiple: false, directory: false });
}

/** Asks where to save a file; null when the user closes the dialog. */
export async function chooseSavePath(title: string, defaultPath: string): Promise<string | null> {
  return await save({ title, defaultPath });
}
