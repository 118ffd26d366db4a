import "./styles/tokens.css";
import "./styles/base.css";
import "./styles/frame.css";
import { mount } from "svelte";
import App from "./app/App.svelte";
import { start } from "./app/start";

const target = document.getElementById("app");
if (!target) throw new Error("index.html has no #app");

await start();
document.getElementById("frame")?.remove();
export default mount(App, { target });
