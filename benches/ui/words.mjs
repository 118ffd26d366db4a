// Text as people and models write it: Markdown with code, lists and tables, the same in every run.

/** A small generator of numbers below 1 (mulberry32): the same sequence for the same seed. */
export function dice(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

const WORDS = `the a of to in and is for with that on as it by from this which are be at when server model answer tunnel port
context token memory request stream cache index table query key value file path folder thread process signal window frame
paint layout measure budget median latency queue retry timeout connection socket packet buffer schema column branch commit
merge review deploy version engine prompt sampling temperature message history search filter export import archive tag note
because therefore however usually often never already later first then next small large quick slow empty whole broken stable
reads writes holds keeps sends waits opens closes starts ends grows shrinks returns fails works matters depends changes`.split(/\s+/);

const CODE = {
  rust: `pub async fn read(&self, id: &SessionId) -> Result<Session> {
    let row = sqlx::query("SELECT title FROM sessions WHERE id = ?1")
        .bind(id.as_str())
        .fetch_one(&self.pool)
        .await?;
    Ok(Session { id: id.clone(), title: row.get(0) })
}`,
  python: `def median(samples: list[float]) -> float:
    """The middle of the samples, or the mean of the two in the middle."""
    ordered = sorted(samples)
    half = len(ordered) // 2
    if len(ordered) % 2:
        return ordered[half]
    return (ordered[half - 1] + ordered[half]) / 2`,
  typescript: `export function debounce<T extends unknown[]>(run: (...all: T) => void, ms: number) {
  let timer: ReturnType<typeof setTimeout> | undefined;
  return (...all: T): void => {
    clearTimeout(timer);
    timer = setTimeout(() => run(...all), ms);
  };
}`,
  bash: `set -euo pipefail
for host in "\${hosts[@]}"; do
  ssh -o BatchMode=yes "$host" uptime || echo "$host: no answer" >&2
done`,
};

/** A sentence of `count` words. */
export function sentence(next, count) {
  const words = Array.from({ length: count }, () => WORDS[Math.floor(next() * WORDS.length)]);
  const text = words.join(" ");
  return `${text[0].toUpperCase()}${text.slice(1)}.`;
}

function paragraph(next) {
  const parts = Array.from({ length: 2 + Math.floor(next() * 3) }, () => sentence(next, 8 + Math.floor(next() * 10)));
  if (next() < 0.5) parts.push(`Set \`${sentence(next, 1).slice(0, -1)}\` to **${sentence(next, 2).slice(0, -1)}**.`);
  return parts.join(" ");
}

function list(next) {
  return Array.from({ length: 3 + Math.floor(next() * 3) }, (_, at) => `${at + 1}. ${sentence(next, 7)}`).join("\n");
}

function table(next) {
  const cell = () => sentence(next, 1).slice(0, -1);
  const row = () => `| ${cell()} | ${Math.floor(next() * 1000)} | ${cell()} |`;
  return ["| Name | Value | Note |", "|---|---:|---|", row(), row(), row(), row()].join("\n");
}

function code(next) {
  const names = Object.keys(CODE);
  const name = names[Math.floor(next() * names.length)];
  return `\`\`\`${name}\n${CODE[name]}\n\`\`\``;
}

/** An answer: one to five blocks, every third with code, every eighth with a table. */
export function answer(next) {
  const blocks = [paragraph(next)];
  if (next() < 0.3) blocks.unshift(`### ${sentence(next, 4).slice(0, -1)}`);
  if (next() < 0.33) blocks.push(code(next), paragraph(next));
  if (next() < 0.3) blocks.push(list(next));
  if (next() < 0.12) blocks.push(table(next), paragraph(next));
  return blocks.join("\n\n");
}

/** A question. */
export function question(next) {
  return `${sentence(next, 6 + Math.floor(next() * 12)).slice(0, -1)}?`;
}
