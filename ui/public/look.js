// How the window looks before its own script is there: as it looked last, so that a dark one never begins white.
// A file of its own, and no module: the first picture waits for it, and for nothing else of the script.
(() => {
  const root = document.documentElement;
  let theme = "system";
  try {
    theme = JSON.parse(localStorage.getItem("slipway.look") ?? "{}").theme ?? theme;
  } catch {
    // What cannot be read is written anew by the settings.
  }
  const dark = theme === "dark" || (theme === "system" && matchMedia("(prefers-color-scheme: dark)").matches);
  root.dataset.theme = dark ? "dark" : "light";
  // Linux has no face of its own that every web view finds quickly: styles/tokens.css.
  if (navigator.platform.startsWith("Linux")) root.dataset.system = "linux";
  // The small window has no frame; one that was never used begins with the page of two doors.
  const quick = new URLSearchParams(location.search).has("quick");
  const used = localStorage.getItem("slipway.section") !== null;
  root.dataset.frame = quick ? "none" : used ? "shell" : "doors";
})();
