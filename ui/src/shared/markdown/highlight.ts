/** Syntax colours. Each language is loaded when a block first needs it. */
import hljs from "highlight.js/lib/core";
import type { LanguageFn } from "highlight.js";

import { sanitizeHighlighted } from "./sanitize";

/** Longest code that gets colours; colouring more would be felt while scrolling. */
const SIZE_LIMIT = 64 * 1024;
/** Coloured blocks kept, so that a block that is drawn again looks the same at once. */
const CACHE_LIMIT = 64;

const LOADERS: Record<string, () => Promise<{ default: LanguageFn }>> = {
  bash: () => import("highlight.js/lib/languages/bash"),
  c: () => import("highlight.js/lib/languages/c"),
  cpp: () => import("highlight.js/lib/languages/cpp"),
  csharp: () => import("highlight.js/lib/languages/csharp"),
  css: () => import("highlight.js/lib/languages/css"),
  diff: () => import("highlight.js/lib/languages/diff"),
  dockerfile: () => import("highlight.js/lib/languages/dockerfile"),
  elixir: () => import("highlight.js/lib/languages/elixir"),
  go: () => import("highlight.js/lib/languages/go"),
  graphql: () => import("highlight.js/lib/languages/graphql"),
  haskell: () => import("highlight.js/lib/languages/haskell"),
  ini: () => import("highlight.js/lib/languages/ini"),
  java: () => import("highlight.js/lib/languages/java"),
  javascript: () => import("highlight.js/lib/languages/javascript"),
  json: () => import("highlight.js/lib/languages/json"),
  kotlin: () => import("highlight.js/lib/languages/kotlin"),
  lua: () => import("highlight.js/lib/languages/lua"),
  makefile: () => import("highlight.js/lib/languages/makefile"),
  markdown: () => import("highlight.js/lib/languages/markdown"),
  nginx: () => import("highlight.js/lib/languages/nginx"),
  perl: () => import("highlight.js/lib/languages/perl"),
  php: () => import("highlight.js/lib/languages/php"),
  powershell: () => import("highlight.js/lib/languages/powershell"),
  python: () => import("highlight.js/lib/languages/python"),
  r: () => import("highlight.js/lib/languages/r"),
  ruby: () => import("highlight.js/lib/languages/ruby"),
  rust: () => import("highlight.js/lib/languages/rust"),
  scala: () => import("highlight.js/lib/languages/scala"),
  scss: () => import("highlight.js/lib/languages/scss"),
  sql: () => import("highlight.js/lib/languages/sql"),
  swift: () => import("highlight.js/lib/languages/swift"),
  typescript: () => import("highlight.js/lib/languages/typescript"),
  xml: () => import("highlight.js/lib/languages/xml"),
  yaml: () => import("highlight.js/lib/languages/yaml"),
};

const ALIASES: Record<string, string> = {
  "c#": "csharp", "c++": "cpp", cc: "cpp", cjs: "javascript", cs: "csharp", docker: "dockerfile", ex: "elixir",
  golang: "go", h: "c", hpp: "cpp", hs: "haskell", html: "xml", js: "javascript", jsonc: "json", jsx: "javascript",
  kt: "kotlin", make: "makefile", md: "markdown", mjs: "javascript", patch: "diff", pl: "perl", postgresql: "sql",
  ps1: "powershell", py: "python", python3: "python", rb: "ruby", rs: "rust", sh: "bash", shell: "bash", svg: "xml",
  toml: "ini", ts: "typescript", tsx: "typescript", vue: "xml", yml: "yaml", zsh: "bash",
};

const loading = new Map<string, Promise<void>>();
const cache = new Map<string, DocumentFragment>();

/** The language that a fence's label stands for, if it can be coloured. */
export function languageOf(label: string): string | null {
  const name = label.toLowerCase();
  const known = Object.hasOwn(ALIASES, name) ? ALIASES[name] : name;
  return known && Object.hasOwn(LOADERS, known) ? known : null;
}

/** Coloured nodes of a code text, or null while the language is not loaded or the text too long. */
export function highlighted(text: string, language: string): DocumentFragment | null {
  if (text.length > SIZE_LIMIT || !hljs.getLanguage(language)) return null;
  const key = `${language}\n${text}`;
  let nodes = cache.get(key);
  if (!nodes) {
    nodes = sanitizeHighlighted(hljs.highlight(text, { language, ignoreIllegals: true }).value);
    cache.set(key, nodes);
    const oldest = cache.keys().next();
    if (cache.size > CACHE_LIMIT && !oldest.done) cache.delete(oldest.value);
  }
  return nodes.cloneNode(true) as DocumentFragment;
}

/** Loads a language once. Resolves too when it cannot be loaded: the code then stays plain. */
export function loadLanguage(language: string): Promise<void> {
  let pending = loading.get(language);
  if (!pending) {
    pending = importLanguage(language);
    loading.set(language, pending);
  }
  return pending;
}

async function importLanguage(language: string): Promise<void> {
  try {
    const definition = await LOADERS[language]?.();
    if (definition) hljs.registerLanguage(language, definition.default);
  } catch {
    loading.delete(language);
  }
}
