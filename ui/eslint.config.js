import svelte from "eslint-plugin-svelte";
import globals from "globals";
import ts from "typescript-eslint";
import svelteConfig from "./svelte.config.js";

const TAURI = { group: ["@tauri-apps/*"], message: "Only ipc/ speaks with Tauri." };
const IPC = { group: ["**/ipc/**", "!**/ipc/bindings"], message: "Only state/ calls the backend." };
const FEATURES = ["chat", "connect", "deploy", "first-run", "library", "logs", "metrics", "palette", "servers", "settings"];

/** One layer of ARCHITECTURE.md: what the files of a folder must not import. */
function layer(folder, patterns) {
  return {
    files: [`src/${folder}/**/*.{ts,svelte}`],
    rules: { "no-restricted-imports": ["error", { patterns }] },
  };
}

const outside = (folders, message) => ({ group: folders.flatMap((f) => [`**/${f}`, `**/${f}/**`]), message });

export default ts.config(
  { ignores: ["dist/", "node_modules/", "src/paraglide/", "src/ipc/bindings.ts"] },
  ...ts.configs.strict,
  ...svelte.configs.recommended,
  {
    languageOptions: { globals: { ...globals.browser } },
    rules: {
      "no-console": "error",
      "no-eval": "error",
      eqeqeq: "error",
      "@typescript-eslint/consistent-type-imports": "error",
      "@typescript-eslint/no-invalid-void-type": "off",
    },
  },
  {
    files: ["**/*.svelte", "**/*.svelte.ts"],
    languageOptions: { parserOptions: { parser: ts.parser, svelteConfig } },
    rules: {
      "svelte/no-at-html-tags": "error",
      // The strict content security policy blocks style attributes in markup; `style:` goes through the DOM.
      "no-restricted-syntax": [
        "error",
        { selector: "SvelteAttribute[key.name='style']", message: "The content security policy blocks it: use style:…" },
      ],
      "svelte/prefer-svelte-reactivity": "off",
    },
  },
  { files: ["*.js", "*.mjs", "vite.config.ts"], languageOptions: { globals: { ...globals.node } } },
  layer("ipc", [outside(["state", "features", "shared", "app"], "ipc/ depends on nothing else.")]),
  layer("i18n", [TAURI, outside(["state", "features", "shared", "app"], "i18n/ depends on nothing else.")]),
  layer("state", [TAURI, outside(["features", "shared", "app"], "state/ knows only ipc/ and i18n/.")]),
  layer("shared", [
    TAURI,
    outside(["ipc", "state", "features", "app"], "shared/ knows neither the domain nor the backend."),
  ]),
  ...FEATURES.map((own) =>
    layer(`features/${own}`, [
      TAURI,
      IPC,
      outside(["app"], "app/ composes the features, not the other way round."),
      {
        group: FEATURES.filter((name) => name !== own).flatMap((name) => [`**/${name}/**`, `**/features/${name}`]),
        message: "Features never import each other; app/ composes them.",
      },
    ]),
  ),
  layer("app", [TAURI, IPC]),
  // A test plays the backend's part.
  { files: ["src/**/*.test.ts"], rules: { "no-restricted-imports": "off" } },
);
