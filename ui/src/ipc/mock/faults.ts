import type { ErrorCode, ErrorFacts, ErrorInfo } from "../bindings";
import { both } from "./stream";

/** An error of the backend. */
export function fault(
  code: ErrorCode,
  message: [string, string],
  fix: [string, string],
  detail_id: string,
  facts: ErrorFacts | null = null,
): ErrorInfo {
  return { code, message: both(...message), fix: both(...fix), detail_id, facts };
}

export const DISK_FULL = fault(
  "host_disk_full",
  ["Not enough disk: the model needs 19.9 GB, /home has 6.3 GB free.", "Не хватает места: модели нужно 19,9 ГБ, в /home свободно 6,3 ГБ."],
  ["Free 14 GB in /home or choose a smaller model.", "Освободите 14 ГБ в /home или возьмите модель меньше."],
  "d-91c2",
);

export const SLOW = fault(
  "engine_not_healthy",
  ["The engine answers, but the last check took 4.8 s.", "Движок отвечает, но последняя проверка заняла 4,8 с."],
  ["Look at what else uses the GPU.", "Посмотрите, что ещё занимает видеокарту."],
  "d-22b0",
);

export const LOST = fault(
  "connection_lost",
  ["The server stopped answering.", "Сервер перестал отвечать."],
  ["Slipway reconnects by itself.", "Slipway переподключится сам."],
  "d-6a10",
);

export const KEY_CHANGED = fault(
  "host_key_changed",
  ["The host key of attic.lan is not the one on record.", "Ключ сервера attic.lan не тот, что записан."],
  [
    "If the machine was set up anew: compare the new key on the machine itself, remove the old one with the command, connect again. If not, somebody may be in between.",
    "Если систему переустанавливали: сравните новый ключ на самой машине, удалите старый этой командой и подключитесь снова. Если нет, между вами может быть посторонний.",
  ],
  "d-5e07",
  {
    type: "host_key_changed",
    data: {
      expected: "SHA256:pB1zQy7sN0mV4kJr8tXwLh3Fd5uGc2EaOi9RbYqTn6M",
      actual: "SHA256:W3eKf8rUa1ZsCx6jHvPo0NdLq4TgMy7BiRk5wJu2XnE",
      file: "~/.ssh/known_hosts",
      line: 41,
      command: "ssh-keygen -R attic.lan -f ~/.ssh/known_hosts",
    },
  },
);

export const LOGIN_REFUSED = fault(
  "authentication_refused",
  ["gpu-box refused every way to log in as ml.", "gpu-box отклонил все способы входа как ml."],
  [
    "Add one of these public keys to ~/.ssh/authorized_keys on the machine, or name the right user.",
    "Добавьте один из этих открытых ключей в ~/.ssh/authorized_keys на машине или укажите верного пользователя.",
  ],
  "d-77f1",
  {
    type: "login",
    data: [
      { what: "agent key SHA256:mN4q…7Zk laptop@work", why: "not accepted by the server" },
      { what: "key ~/.ssh/id_ed25519", why: "not accepted by the server" },
      { what: "key ~/.ssh/id_rsa", why: "only SHA-1 signatures offered, which are not safe" },
      { what: "password", why: "wrong, 2 of 3 tries used" },
    ],
  },
);

