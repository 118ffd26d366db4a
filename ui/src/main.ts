import "./styles/tokens.css";
import "./styles/base.css";
import "./styles/frame.css";
import { mount } from "svelte";
import App from "./app/App.svelte";
import { start } from "./app/start";

// Nothing can be added to what every object inherits. Not frozen, as Tauri would: libraries for diagrams give their
// own objects a `toString`, which a frozen prototype forbids.
Object.seal(Object.prototype);

const target = document.getElementById("app");
if (!target) throw new Error("index.html has no #app");

// No `await` of the module itself: it is part of every other file's graph, and WebKit then takes those for evaluated
// before they are.
void start().then(() => {
  document.getElementById("frame")?.remove();
  mount(App, { target });
});
