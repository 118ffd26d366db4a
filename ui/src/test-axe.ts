import axe from "axe-core";

/**
 * What axe-core finds wrong in the page, in one line each; empty when it is clean. jsdom lays nothing out,
 * so contrast is judged in the real window, and a component alone is no page with landmarks.
 */
export async function axeFindings(element: Element = document.body): Promise<string[]> {
  const rules = { "color-contrast": { enabled: false }, region: { enabled: false } };
  const { violations } = await axe.run(element, { rules, resultTypes: ["violations"] });
  return violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(" ")}`);
}
