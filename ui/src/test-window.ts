import { render } from "@testing-library/svelte";
import { Tooltip } from "bits-ui";
import { createRawSnippet, mount, unmount, type Component } from "svelte";

/** Renders a component as the window does: icon buttons have tooltips, and those ask for their provider. */
export function renderInWindow<P extends Record<string, unknown>>(component: Component<P>, props?: P): void {
  const children = createRawSnippet(() => ({
    render: () => "<div></div>",
    setup: (target) => {
      const inner = mount(component as Component, { target, props });
      return () => void unmount(inner);
    },
  }));
  render(Tooltip.Provider, { children });
}
