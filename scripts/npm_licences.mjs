// Checks that every npm package that ends up in the application has a licence that allows it.
// The packages of ui/package-lock.json that are not for development only are what Vite may bundle.
import { readFileSync } from "node:fs";

const ALLOWED = new Set(["MIT", "Apache-2.0", "BSD-2-Clause", "BSD-3-Clause", "ISC", "0BSD", "Unlicense"]);

/** What the rule cannot tell, each read by a person. The version is named: a new one is read anew. */
const READ = new Map([
  ["argparse@3.0.4", "PSF-2.0, permissive; used by markdown-it's command line, not bundled"],
  ["khroma@2.1.0", "its license file is MIT; package.json does not say so"],
  ["svelte-toolbelt@0.10.7", "its LICENSE file is MIT; package.json does not say so"],
]);

/** Whether an SPDX expression can be satisfied by allowed licences: OR needs one side, AND both. */
function allowed(expression) {
  const text = expression.replace(/[()]/g, " ").trim();
  return text.split(/\s+OR\s+/).some((side) => side.split(/\s+AND\s+/).every((name) => ALLOWED.has(name.trim())));
}

const lock = JSON.parse(readFileSync("ui/package-lock.json", "utf8"));
let checked = 0;
const refused = [];
for (const [folder, entry] of Object.entries(lock.packages)) {
  if (folder === "" || entry.dev || entry.devOptional || entry.link) continue;
  let manifest;
  try {
    manifest = JSON.parse(readFileSync(`ui/${folder}/package.json`, "utf8"));
  } catch (error) {
    if (entry.optional) continue; // built for another platform
    throw error;
  }
  checked += 1;
  const licence = typeof manifest.license === "string" ? manifest.license : (manifest.license?.type ?? "none");
  if (!allowed(licence) && !READ.has(`${manifest.name}@${manifest.version}`)) refused.push(`${manifest.name} ${manifest.version}: ${licence}`);
}

for (const line of refused) console.error(line);
console.log(`${checked} packages, ${refused.length} with a licence that is not allowed`);
process.exitCode = refused.length > 0 ? 1 : 0;
