import axe from "axe-core";

/**
 * What axe-core finds wrong in a part of the document, one line for each place. Colours are left out: jsdom
 * draws nothing; `axe.mjs` looks at them in a browser. So are the rules about whole pages.
 */
export async function axeFindings(root: Element = document.body): Promise<string[]> {
  const off = { enabled: false };
  const { violations } = await axe.run(root, {
    rules: { "color-contrast": off, region: off, "page-has-heading-one": off, "landmark-one-main": off },
  });
  return violations.flatMap(({ id, help, nodes }) => nodes.map(({ html }) => `${id}: ${help}: ${html}`));
}
