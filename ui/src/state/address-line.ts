import { m } from "../paraglide/messages.js";

/** What no login name and no host name contains; `ssh` itself would take some of it for a command. */
const FORBIDDEN = /[\s/\\'"`$;&|<>()]/;

/**
 * Why a line cannot be an address, in a sentence; empty when it can be one. While it is typed only what
 * no further letter can mend is told; `complete` asks for the rest too. The backend reads the line again.
 */
export function addressProblem(typed: string, complete: boolean): string {
  const line = typed.trim().replace(/^ssh:\/\//, "").replace(/\/+$/, "");
  // `ssh me@box -p 22` pasted whole is a line too; the backend takes it apart.
  if (line === "" || line === "ssh" || /^ssh\s/.test(line)) return "";
  const at = line.lastIndexOf("@");
  const user = at < 0 ? null : line.slice(0, at);
  const rest = line.slice(at + 1);
  if (/\s/.test(line)) return m.servers_line_space();
  if (user === "") return m.servers_line_user();
  if (line.startsWith("-") || rest.startsWith("-") || FORBIDDEN.test(line)) return m.servers_line_sign();
  const { host, port, open } = hostAndPort(rest);
  if (port !== null && port !== "" && !isPort(port)) return m.servers_line_port({ port });
  if (!complete) return "";
  if (open) return m.servers_line_bracket();
  if (port === "") return m.servers_line_port_missing();
  return host === "" ? m.servers_line_host() : "";
}

/** An IPv6 address with a port stands in brackets; without them more than one colon is the address. */
function hostAndPort(rest: string): { host: string; port: string | null; open: boolean } {
  if (rest.startsWith("[")) {
    const end = rest.indexOf("]");
    if (end < 0) return { host: rest.slice(1), port: null, open: true };
    const after = rest.slice(end + 1);
    return { host: rest.slice(1, end), port: after.startsWith(":") ? after.slice(1) : null, open: false };
  }
  const colons = rest.split(":").length - 1;
  if (colons !== 1) return { host: rest, port: null, open: false };
  const colon = rest.indexOf(":");
  return { host: rest.slice(0, colon), port: rest.slice(colon + 1), open: false };
}

function isPort(digits: string): boolean {
  return /^\d{1,5}$/.test(digits) && Number(digits) >= 1 && Number(digits) <= 65_535;
}
