// Lets the frame of the window be painted before the script is read: vite.config.ts replaces the tags of the script by
// their preloads and this file.
(() => {
  /** A picture that is not there by then is not awaited, milliseconds. */
  const PICTURE_MS = 100;
  let begun = false;
  const begin = () => {
    if (begun) return;
    begun = true;
    for (const { href } of document.querySelectorAll('link[rel="modulepreload"]')) {
      const script = document.createElement("script");
      Object.assign(script, { type: "module", crossOrigin: "", src: href });
      document.head.append(script);
    }
  };
  // A window that starts in the tray has no pictures.
  if (document.hidden) return begin();
  requestAnimationFrame(() => setTimeout(begin));
  setTimeout(begin, PICTURE_MS);
})();
