// A real OpenSSH server for one journey: own keys, own configuration, on 127.0.0.1 only.
import { execFile, spawn } from "node:child_process";
import { createWriteStream } from "node:fs";
import { copyFile, mkdir, writeFile } from "node:fs/promises";
import { userInfo } from "node:os";
import { join } from "node:path";
import { connect } from "node:net";
import { promisify } from "node:util";

import { endTree, eventually, freePort } from "./process.mjs";
import { ARTIFACTS, usePreparedEngine } from "./window.mjs";

const run = promisify(execFile);

/**
 * Starts sshd below the folder of `home`. The machine that it leads to has a home directory of its
 * own there, and lets in the key that is put into `home` as ~/.ssh/id_ed25519.
 */
export async function startSshd(home) {
  const folder = join(home.folder, "sshd");
  const remoteHome = join(home.folder, "remote-home");
  await mkdir(folder, { mode: 0o700 });
  await mkdir(remoteHome, { mode: 0o700 });
  await usePreparedEngine(remoteHome);
  const hostKey = join(folder, "host_ed25519");
  const clientKey = join(home.folder, ".ssh/id_ed25519");
  for (const key of [hostKey, clientKey]) await run("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-C", "slipway-e2e", "-f", key]);
  const authorized = join(folder, "authorized_keys");
  await copyFile(`${clientKey}.pub`, authorized);

  const port = await freePort();
  const config = join(folder, "sshd_config");
  const lines = [
    "ListenAddress 127.0.0.1",
    `Port ${port}`,
    `HostKey ${hostKey}`,
    `AuthorizedKeysFile ${authorized}`,
    `PidFile ${join(folder, "sshd.pid")}`,
    // The folder is below /tmp, which strict modes do not like.
    "StrictModes no",
    "UsePAM no",
    "PasswordAuthentication no",
    "KbdInteractiveAuthentication no",
    "PermitRootLogin prohibit-password",
    "Subsystem sftp internal-sftp",
    // One line: sshd takes the first SetEnv only.
    `SetEnv HOME=${remoteHome} XDG_DATA_HOME=${remoteHome}/.local/share XDG_CACHE_HOME=${remoteHome}/.cache`,
  ];
  await writeFile(config, `${lines.join("\n")}\n`);

  const program = await sshdPath();
  await run(program, ["-t", "-f", config]);
  const log = createWriteStream(join(ARTIFACTS, "sshd.log"), { flags: "a" });
  let server;

  /** Starts the server, again on the same port after `stop`. */
  const start = async () => {
    server = spawn(program, ["-D", "-e", "-f", config], { stdio: ["ignore", "ignore", "pipe"] });
    server.stderr.pipe(log, { end: false });
    await eventually("sshd", () => accepts(port));
  };
  /** Ends the server and every connection that it holds, as a machine that loses power does. */
  const stop = () => endTree(server.pid);

  home.stopAtEnd(async () => {
    await stop();
    log.end();
  });
  await start();
  const fingerprint = (await run("ssh-keygen", ["-l", "-f", `${hostKey}.pub`])).stdout.split(" ")[1];
  return { address: `${userInfo().username}@127.0.0.1:${port}`, fingerprint, remoteHome, start, stop };
}

/** sshd wants to be called by its absolute path. */
async function sshdPath() {
  const { stdout } = await run("sh", ["-c", "PATH=$PATH:/usr/sbin:/usr/local/sbin command -v sshd"]);
  return stdout.trim();
}

function accepts(port) {
  return new Promise((resolve) => {
    const socket = connect({ host: "127.0.0.1", port });
    socket.once("connect", () => {
      socket.destroy();
      resolve(true);
    });
    socket.once("error", () => resolve(false));
  });
}
