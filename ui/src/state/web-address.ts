const SHA256 = /^[0-9a-f]{64}$/i;

/** Whether words are an address over http or https. */
export function isWebAddress(words: string): boolean {
  try {
    return ["http:", "https:"].includes(new URL(words.trim()).protocol);
  } catch {
    return false;
  }
}

/** Whether words are a SHA-256 in hex. */
export function isSha256(words: string): boolean {
  return SHA256.test(words.trim());
}
