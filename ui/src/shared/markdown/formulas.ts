/** Typesets the formulas of drawn text. Until the typesetter is there, and where it fails, the source is shown. */
import { KEEP } from "./morph";
import { keepHeight } from "./heights";

/** Formulas kept, so that one that is drawn again looks the same at once. */
const CACHE_LIMIT = 300;
/** Longest source that is typeset. */
const SIZE_LIMIT = 8_000;

const WAITING = ".math:not(.is-set, .is-wrong)";

interface Typeset {
  nodes: DocumentFragment | null;
  /** Why the source cannot be typeset. */
  error: string;
}

type Typesetter = (source: string, display: boolean) => DocumentFragment;

let typesetter: Typesetter | null = null;
let loading: Promise<void> | null = null;
const cache = new Map<string, Typeset>();

/** Marks the formulas of new nodes, so that a later drawing of the same text leaves them alone. */
export function markFormulas(root: ParentNode): void {
  for (const element of root.querySelectorAll<HTMLElement>(".math")) {
    element.setAttribute(KEEP, `${element.className} ${element.dataset.math ?? ""} ${element.textContent}`);
  }
}

/**
 * Typesets what waits under a node until a moment of `performance.now()`. Tells whether all is done;
 * nothing is while the typesetter is not loaded.
 */
export function typesetFormulas(root: ParentNode, deadline: number): boolean {
  for (const element of root.querySelectorAll<HTMLElement>(WAITING)) {
    if (!typesetter || performance.now() > deadline) return false;
    show(element, typeset(element, typesetter));
  }
  return true;
}

/** Loads the typesetter once. Resolves too when it cannot be loaded: formulas then stay source. */
export function loadTypesetter(): Promise<void> {
  loading ??= import("./katex").then(
    (module) => void (typesetter = module.typesetNodes),
    () => void (loading = null),
  );
  return loading;
}

/** Whether formulas can be typeset now. */
export function canTypeset(): boolean {
  return typesetter !== null;
}

function typeset(element: HTMLElement, run: Typesetter): Typeset {
  const delimiter = Number(element.dataset.math);
  const text = element.textContent;
  const source = text.slice(delimiter, text.length - delimiter);
  const display = element.classList.contains("is-display");
  const key = `${display} ${source}`;
  let found = cache.get(key);
  if (!found) {
    found = attempt(source, display, run);
    cache.set(key, found);
    const oldest = cache.keys().next();
    if (cache.size > CACHE_LIMIT && !oldest.done) cache.delete(oldest.value);
  }
  return found;
}

function attempt(source: string, display: boolean, run: Typesetter): Typeset {
  if (source.length > SIZE_LIMIT) return { nodes: null, error: "" };
  try {
    return { nodes: run(source, display), error: "" };
  } catch (thrown) {
    // Too deep for the typesetter's own recursion is one of its errors too.
    return { nodes: null, error: thrown instanceof Error ? thrown.message.replace(/^KaTeX parse error: /, "") : "" };
  }
}

function show(element: HTMLElement, { nodes, error }: Typeset): void {
  if (nodes) {
    keepHeight(element, () => {
      element.classList.add("is-set");
      element.replaceChildren(nodes.cloneNode(true));
    });
  } else {
    element.classList.add("is-wrong");
    if (error) element.title = error;
  }
}
