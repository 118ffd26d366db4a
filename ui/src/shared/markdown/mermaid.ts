/** The drawer of diagrams: a part of the program that is loaded when a diagram first needs it. */
import mermaid from "mermaid";

import { throughCssom, type Drawn } from "./cssom";

/** Most characters and edges of one diagram; laying out more would stop the window. */
const SIZE_LIMIT = 10_000;
const EDGE_LIMIT = 100;

/** What a text may set about its own drawing by directives: nothing. */
const DIRECTIVES = /%%\{[\s\S]*?\}%%/g;
const FRONT_MATTER = /^\s*---\s*\n[\s\S]*?\n\s*---\s*(?:\n|$)/;
const FILLED = /^[ \t]*(?:style|classDef)[ \t].*fill:[ \t]*#(?:([\da-f]{2})([\da-f]{2})([\da-f]{2})|([\da-f])([\da-f])([\da-f]))\b.*$/gim;
/** A picture from elsewhere in a node. */
const IMAGE = /(@\{[^}]*?)\bimg\s*:\s*(?:"[^"]*"|'[^']*'|[^,}\s]+)\s*,?/g;
const TITLE = /^title:[ \t]*(.*)$/m;

/** Colours and fonts of the window at the moment. */
export interface Look {
  dark: boolean;
  font: string;
  ground: string;
  raised: string;
  sunken: string;
  text: string;
  quiet: string;
  line: string;
  edge: string;
  accent: string;
  accentTint: string;
  accentLine: string;
  warnTint: string;
  warnLine: string;
}

/** A drawn diagram: a picture that runs and fetches nothing. */
export interface Picture {
  url: string;
  width: number;
  height: number;
}

const SVG = "http://www.w3.org/2000/svg";

let count = 0;

/** Draws a diagram. Throws the parser's error when the text is none. */
export async function drawDiagram(source: string, look: Look): Promise<Picture> {
  mermaid.initialize({
    startOnLoad: false,
    securityLevel: "strict",
    htmlLabels: false,
    flowchart: { htmlLabels: false, useMaxWidth: false },
    class: { htmlLabels: false, useMaxWidth: false },
    sequence: { useMaxWidth: false, actorFontSize: 14, messageFontSize: 14, noteFontSize: 13 },
    suppressErrorRendering: true,
    maxTextSize: SIZE_LIMIT,
    maxEdges: EDGE_LIMIT,
    logLevel: "fatal",
    theme: "base",
    themeVariables: themeOf(look),
    fontFamily: look.font,
  });
  const box = document.createElement("div");
  box.className = "diagram-measure";
  box.setAttribute("aria-hidden", "true");
  box.inert = true;
  document.body.append(box);
  count += 1;
  const id = `diagram-${count}`;
  try {
    return pictureOf(await throughCssom(box, () => mermaid.render(id, withoutSettings(source), box)));
  } finally {
    box.remove();
  }
}

/** A fill that the text chose gets words that can be read on it, in both themes. */
function withReadableFills(source: string): string {
  return source.replace(FILLED, (line: string, ...groups: (string | undefined)[]) => {
    if (/[ ,]color:/.test(line)) return line;
    const parts = groups.slice(0, 6).filter((part) => part !== undefined);
    const [r = 0, g = 0, b = 0] = parts.map((part) => Number.parseInt(part.length === 1 ? part + part : part, 16));
    return `${line.trimEnd().replace(/[;,]$/, "")},color:${0.299 * r + 0.587 * g + 0.114 * b > 140 ? "#000" : "#fff"}`;
  });
}

/** The text without directives and settings, which could undo ours; a title stays. */
export function withoutSettings(source: string): string {
  // Formulas in labels would be HTML.
  const text = withReadableFills(source.replace(DIRECTIVES, "").replace(IMAGE, "$1").replaceAll("$$", "$"));
  const settings = FRONT_MATTER.exec(text)?.[0];
  if (settings === undefined) return text;
  const title = TITLE.exec(settings)?.[1]?.trim() ?? "";
  const kept = title === "" ? "" : `---\ntitle: ${JSON.stringify(title.replace(/^(["'])(.*)\1$/, "$2"))}\n---\n`;
  return kept + text.slice(settings.length);
}

function themeOf(look: Look): Record<string, string | boolean> {
  return {
    darkMode: look.dark,
    fontFamily: look.font,
    fontSize: "14px",
    background: look.ground,
    primaryColor: look.raised,
    primaryTextColor: look.text,
    primaryBorderColor: look.line,
    secondaryColor: look.accentTint,
    secondaryTextColor: look.text,
    secondaryBorderColor: look.accentLine,
    tertiaryColor: look.sunken,
    tertiaryTextColor: look.text,
    tertiaryBorderColor: look.edge,
    lineColor: look.quiet,
    textColor: look.text,
    titleColor: look.text,
    nodeTextColor: look.text,
    edgeLabelBackground: look.ground,
    clusterBkg: look.sunken,
    clusterBorder: look.edge,
    noteBkgColor: look.warnTint,
    noteTextColor: look.text,
    noteBorderColor: look.warnLine,
    activationBkgColor: look.accentTint,
    activationBorderColor: look.accent,
    pie1: look.accentLine,
    pie2: look.warnLine,
    pie3: look.edge,
    pie4: look.accentTint,
    pie5: look.warnTint,
    pieOpacity: "1",
    pieOuterStrokeColor: look.line,
    pieStrokeColor: look.ground,
    pieTitleTextSize: "15px",
    pieSectionTextSize: "13px",
    pieLegendTextSize: "13px",
  };
}

/** The drawing as a document of its own; as a picture it runs and reaches nothing. */
function pictureOf({ svg, styles }: Drawn): Picture {
  const [, , width = 0, height = 0] = (svg.getAttribute("viewBox") ?? "").split(/[\s,]+/).map(Number);
  if (!(width > 0) || !(height > 0)) throw new Error("");
  for (const element of [...svg.querySelectorAll("*")]) {
    if (/^(?:style|script|foreignObject|image)$/i.test(element.localName)) element.remove();
    for (const { name } of [...element.attributes]) if (/^on|href$/i.test(name)) element.removeAttribute(name);
  }
  const style = document.createElementNS(SVG, "style");
  style.textContent = `${styles}\n*{animation:none!important;transition:none!important}`;
  svg.removeAttribute("style");
  svg.setAttribute("width", String(width));
  svg.setAttribute("height", String(height));
  const text = new XMLSerializer().serializeToString(svg);
  const inside = text.indexOf(">") + 1;
  const whole = text.slice(0, inside) + new XMLSerializer().serializeToString(style) + text.slice(inside);
  return { url: `data:image/svg+xml;charset=utf-8,${encodeURIComponent(whole)}`, width, height };
}
