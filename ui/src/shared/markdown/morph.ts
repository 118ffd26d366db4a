/** Elements with the same value of this are left as they are: they were finished after they had been drawn. */
export const KEEP = "data-keep";

/**
 * Makes a node look like another with the fewest changes, so that a growing paragraph appends to
 * one text node and a selection in it survives.
 */
export function morph(current: Element, next: Element): void {
  const kept = current.getAttribute(KEEP);
  if (kept !== null && kept === next.getAttribute(KEEP)) return;
  syncAttributes(current, next);
  let old = current.firstChild;
  let wanted = next.firstChild;
  while (wanted) {
    const following = wanted.nextSibling;
    if (!old) {
      current.append(wanted);
    } else {
      const kept = old.nextSibling;
      morphNode(current, old, wanted);
      old = kept;
    }
    wanted = following;
  }
  while (old) {
    const following = old.nextSibling;
    old.remove();
    old = following;
  }
}

function morphNode(parent: Element, old: ChildNode, wanted: ChildNode): void {
  if (old instanceof Text && wanted instanceof Text) {
    if (old.data === wanted.data) return;
    if (wanted.data.startsWith(old.data)) old.appendData(wanted.data.slice(old.data.length));
    else old.data = wanted.data;
  } else if (old instanceof Element && wanted instanceof Element && old.tagName === wanted.tagName) {
    morph(old, wanted);
  } else {
    parent.replaceChild(wanted, old);
  }
}

function syncAttributes(current: Element, next: Element): void {
  for (const { name } of [...current.attributes]) {
    if (!next.hasAttribute(name)) current.removeAttribute(name);
  }
  for (const { name, value } of [...next.attributes]) {
    if (current.getAttribute(name) !== value) current.setAttribute(name, value);
  }
}
