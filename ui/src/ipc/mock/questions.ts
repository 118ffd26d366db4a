import type { PromptQuestion } from "../bindings";

const FINGERPRINT = "SHA256:mN4qT0sVb1YkR8fZ2uXcH6jLpWgD5aEoQi9nK3yB7Zk";

/** As `ssh-keygen -lv` draws it: 11 lines. */
const RANDOMART = `+--[ED25519 256]--+
|        .o+=o    |
|       . .=o.    |
|      o o= .     |
|     . +o.*      |
|    . = S+ .     |
|   . = B  .      |
|  o O @ o        |
| + B @ E .       |
|. =.*oo..        |
+----[SHA256]-----+`;

const HOST_KEY = {
  type: "host_key",
  data: {
    address: "192.0.2.40",
    port: 2222,
    algorithm: "ssh-ed25519",
    fingerprint: FINGERPRINT,
    randomart: RANDOMART,
    known_by_other_key: null,
  },
} as const;

/** The questions that a scenario can have asked, by name. */
export const QUESTIONS = {
  "host-key": HOST_KEY,
  "other-key": { ...HOST_KEY, data: { ...HOST_KEY.data, known_by_other_key: "~/.ssh/known_hosts:41" } },
  "jump-key": { ...HOST_KEY, data: { ...HOST_KEY.data, address: "bastion.example.org", port: 22 } },
  password: { type: "password", data: { user: "ml", address: "192.0.2.40", attempt: 2 } },
  passphrase: { type: "passphrase", data: { path: "~/.ssh/id_ed25519", attempt: 1 } },
  interactive: {
    type: "interactive",
    data: {
      user: "ml",
      address: "192.0.2.40",
      title: "University cluster",
      instructions: "Two-factor login. The code changes every 30 seconds.\nQuestions: help@cluster.example.org",
      fields: [
        { label: "Password: ", echo: false },
        { label: "Verification code: ", echo: true },
      ],
    },
  },
  bring: {
    type: "bring",
    data: {
      directory: "/home/ml/.local/share/slipway",
      parts: [
        { what: "python", bytes: 32.1e6, reason: { en: "The host’s Python is 3.6.", ru: "На сервере Python 3.6." } },
        {
          what: "engine",
          bytes: 412e6,
          reason: { en: "The package index does not answer from the host.", ru: "Каталог пакетов с сервера не отвечает." },
        },
        { what: "model", bytes: 18.6e9, reason: { en: "The hub does not answer from the host.", ru: "Хаб с сервера не отвечает." } },
      ],
    },
  },
} as const satisfies Record<string, PromptQuestion>;

/** The name of a question. */
export type QuestionName = keyof typeof QUESTIONS;
