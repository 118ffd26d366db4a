/**
 * Pictures in answers. One that is part of the text is shown; one from elsewhere is a link that says where
 * it would come from, and nothing is fetched.
 */
import type { Token } from "markdown-it";

/** Longest data URL that is shown: five megabytes as base64. */
const SIZE_LIMIT = Math.ceil((5 * 1024 * 1024 * 4) / 3) + 64;
const INLINE_IMAGE = /^data:image\/(?:png|jpeg|webp|gif);base64,[A-Za-z0-9+/=]*$/;
const IN_TEXT = /\]\((data:image\/(?:png|jpeg|webp|gif);base64,[A-Za-z0-9+/=]{64,})/g;
/** Stands for a long data URL while a text is read; the number is its place among the images. */
const SHORT = /^data:image\/png;base64,\/(\d{1,6})\/$/;

/** Data URLs that were taken out of a text. */
export type Images = string[];

/** Whether an address is a picture that is part of the text: a raster format, not too large. */
export function isInlineImage(url: string): boolean {
  return url.length <= SIZE_LIMIT && INLINE_IMAGE.test(url);
}

/** Takes long data URLs out of a text, which would be too long to be read as Markdown with them. */
export function shortenImages(text: string, images: Images): string {
  if (!text.includes("](data:image/")) return text;
  return text.replace(IN_TEXT, (_all, url: string) => `](data:image/png;base64,/${images.push(url) - 1}/`);
}

/** HTML of a picture, not yet sanitised. */
export function imageHtml(token: Token | undefined, images: Images): string {
  if (!token) return "";
  const written = String(token.attrGet("src") ?? "");
  const short = SHORT.exec(written);
  const source = short ? (images[Number(short[1])] ?? "") : written;
  const label = escape(token.content.trim());
  if (isInlineImage(source)) return `<img src="${source}" alt="${label}">`;
  if (!/^https?:/i.test(source)) return label;
  const host = escape(hostOf(source));
  return `<a class="picture" href="${escape(source)}">${label || host}<span>${host}</span></a>`;
}

function escape(text: string): string {
  return text.replace(/[&<>"]/g, (char) => `&#${char.charCodeAt(0)};`);
}

function hostOf(url: string): string {
  try {
    return new URL(url).host || url;
  } catch {
    return url;
  }
}
