import { paraglideVitePlugin } from "@inlang/paraglide-js";
import { svelte } from "@sveltejs/vite-plugin-svelte";
import type { Plugin } from "vite";
import { defineConfig } from "vitest/config";

/** KaTeX offers each font in three formats; every web view that Slipway supports reads the first. */
const onlyWoff2: Plugin = {
  name: "only-woff2",
  enforce: "pre",
  transform: (code, id) =>
    id.includes("katex.min.css") ? code.replace(/,url\([^)]*\.(?:woff|ttf)\) format\("[^"]*"\)/g, "") : undefined,
};

/** Reading the script takes as long as painting the frame of index.html: the frame comes first (public/begin.js). */
const frameFirst: Plugin = {
  name: "frame-first",
  apply: "build",
  transformIndexHtml: {
    order: "post",
    handler(html) {
      const tag = /<script type="module" crossorigin src="([^"]+)"><\/script>/g;
      if (!tag.test(html)) throw new Error("index.html has no script to begin later");
      return html
        .replaceAll(tag, '<link rel="modulepreload" crossorigin href="$1">')
        .replace("</body>", '  <script src="/begin.js"></script>\n  </body>');
    },
  },
};

export default defineConfig(({ mode }) => ({
  plugins: [
    onlyWoff2,
    frameFirst,
    paraglideVitePlugin({
      project: "./project.inlang",
      outdir: "./src/paraglide",
      emitTsDeclarations: true,
      strategy: ["baseLocale"],
    }),
    svelte({
      // Bits UI reaches a few components through its own .svelte files; their runes mode is their own.
      dynamicCompileOptions: ({ filename }) => (filename.includes("node_modules") ? { runes: undefined } : undefined),
    }),
  ],
  // Svelte has a server build too; tests need the one that mounts.
  // One typesetter: Mermaid brings its own, which the formulas of the labels of diagrams would use if there were any.
  resolve: { dedupe: ["katex"], ...(mode === "test" ? { conditions: ["browser"] } : {}) },
  // Tauri's messages stay visible beside Vite's.
  clearScreen: false,
  server: { host: "127.0.0.1", port: 5183, strictPort: true },
  build: {
    // The oldest system web views that Slipway supports: WebKitGTK 2.44, macOS 13, WebView2.
    target: ["safari16.4", "chrome111"],
    // The strict content security policy knows neither data: fonts nor inline scripts.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    chunkSizeWarningLimit: 700,
    // Few files: WebKitGTK fetches each through the main thread of the program, which is busy at the start.
    rolldownOptions: {
      output: {
        codeSplitting: {
          groups: [
            { name: "base", tags: ["$initial"], priority: 1 },
            { name: "panes", test: /\/src\/(?!shared\/markdown)|\/(bits-ui|lucide|virtua)\//, minShareCount: 2 },
          ],
        },
      },
    },
  },
  test: {
    environment: "jsdom",
    include: ["src/**/*.test.ts"],
    setupFiles: ["src/test-setup.ts"],
    restoreMocks: true,
  },
}));
