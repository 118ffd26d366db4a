/** Names as short as tells them apart: `Qwen3`, `Llama-3.1`, `Llama-3.3`, `gpt-oss`. */
export function shortNames(names: readonly string[]): string[] {
  const parts = names.map(partsOf);
  return names.map((name, at) => {
    const own = parts[at] ?? [];
    for (let count = 1; count < own.length; count += 1) {
      const short = own.slice(0, count).join("");
      if (short.length < LEAST) continue;
      const isShared = names.some((other, index) => other !== name && (parts[index] ?? []).slice(0, count).join("") === short);
      if (!isShared) return short;
    }
    return own.join("");
  });
}

/** Shorter than this says little: `gpt`. */
const LEAST = 4;

/** The words of a name with the sign before each; whose repository it is does not matter. */
function partsOf(name: string): string[] {
  const own = name.slice(name.lastIndexOf("/") + 1);
  return own.match(/[-_: ]*[^-_: ]+/g) ?? [name];
}
