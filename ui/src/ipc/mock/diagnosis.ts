import type { DiagnosisLink, ErrorInfo, LinkFinding } from "../bindings";
import type { MockTask } from "./deploy";
import { fault, KEY_CHANGED, LOGIN_REFUSED } from "./faults";
import { both, sleep } from "./stream";

type Words = [string, string];

/** What each link says when it is good, and how long the look takes. */
const GOOD: [DiagnosisLink, Words, number][] = [
  ["network", ["This computer is on a network: eth0, 10.0.4.17.", "Компьютер в сети: eth0, 10.0.4.17."], 1],
  ["name", ["gpu-box is 192.0.2.40.", "gpu-box — это 192.0.2.40."], 14],
  ["port", ["192.0.2.40 port 2222 accepts connections.", "192.0.2.40 порт 2222 принимает подключения."], 31],
  ["ssh", ["OpenSSH 9.6, and the host key is the known one.", "OpenSSH 9.6, ключ сервера тот же, что записан."], 58],
  ["login", ["Logged in as ml with the key ~/.ssh/id_ed25519.", "Вход выполнен как ml с ключом ~/.ssh/id_ed25519."], 122],
  ["forwarding", ["The server forwards to 127.0.0.1:40311.", "Сервер пересылает на 127.0.0.1:40311."], 24],
  ["engine", ["llama.cpp runs, process 48211, for 26 h.", "llama.cpp работает, процесс 48211, 26 ч."], 96],
  ["health", ["/health answers “ok”.", "/health отвечает «ok»."], 12],
  ["model", ["Qwen3-30B-A3B answers: first token after 0.41 s.", "Qwen3-30B-A3B отвечает: первый токен через 0,41 с."], 411],
];

function broken(code: ErrorInfo["code"], message: Words, fix: Words): ErrorInfo {
  return fault(code, message, fix, "d-d1a6");
}

const FAULTS: Record<DiagnosisLink, ErrorInfo> = {
  network: broken("no_network", ["This computer is on no network.", "Этот компьютер не в сети."], ["Turn on Wi-Fi or plug the cable in; Slipway reconnects by itself.", "Включите Wi-Fi или вставьте кабель; Slipway переподключится сам."]),
  name: broken("host_not_found", ["No machine is called gpu-box.lan.", "Машины с именем gpu-box.lan нет."], ["Check the spelling and the VPN, or write its address instead.", "Проверьте написание и VPN или укажите адрес."]),
  port: broken("connection_refused", ["192.0.2.40 is there but refuses port 2222.", "192.0.2.40 на месте, но отклоняет порт 2222."], ["Start sshd on the machine, or correct the port.", "Запустите sshd на машине или исправьте порт."]),
  ssh: KEY_CHANGED,
  login: LOGIN_REFUSED,
  forwarding: broken("forwarding_forbidden", ["The server forbids forwarding: AllowTcpForwarding no, /etc/ssh/sshd_config line 87.", "Сервер запрещает пересылку: AllowTcpForwarding no, /etc/ssh/sshd_config, строка 87."], ["Set “AllowTcpForwarding local” there and run: sudo systemctl reload ssh", "Задайте там «AllowTcpForwarding local» и выполните: sudo systemctl reload ssh"]),
  engine: broken("engine_out_of_memory", ["The engine was killed: out of memory on the GPU.", "Движок остановлен: не хватило памяти видеокарты."], ["Deploy again with a smaller context or a smaller model.", "Разверните снова с меньшим контекстом или моделью."]),
  health: broken("foreign_port", ["Another program answers on port 40311.", "На порту 40311 отвечает другая программа."], ["Deploy again: Slipway takes a free port.", "Разверните снова: Slipway займёт свободный порт."]),
  model: broken("engine_loading", ["The engine still loads the model.", "Движок ещё загружает модель."], ["Wait; a model of 19 GB takes about a minute.", "Подождите: модель на 19 ГБ загружается около минуты."]),
};

/** Plays a diagnosis: the links in order up to the broken one, the rest is skipped. */
export async function playDiagnosis(task: MockTask, hostId: string): Promise<void> {
  const { stream, id, world } = task;
  const subject = { kind: "diagnose" as const, host_id: hostId, session_id: null, message_id: null };
  stream.say(id, { type: "progress", data: { type: "started", data: subject } });
  const links: LinkFinding[] = [];
  let ended = false;
  for (const [link, [en, ru], took] of GOOD) {
    if (!ended) await sleep(Math.max(took, world.stepMs / 2));
    while (link === world.diagnosis.stuck && !task.cancelled()) await sleep(100);
    if (task.cancelled()) {
      const words = fault("cancelled", ["Cancelled.", "Отменено."], ["", ""], "");
      return stream.say(id, { type: "error", data: words });
    }
    const finding = found(link, both(en, ru), took, ended, link === world.diagnosis.broken);
    ended ||= finding.state === "broken";
    links.push(finding);
    stream.say(id, { type: "progress", data: { type: "link", data: finding } });
  }
  stream.say(id, {
    type: "complete",
    data: { type: "diagnose", data: { host_id: hostId, at: Date.now(), links } },
  });
}

function found(link: DiagnosisLink, message: LinkFinding["message"], took_ms: number, ended: boolean, isBroken: boolean): LinkFinding {
  if (ended) return { link, state: "skipped", message: both("Not looked at.", "Не проверялось."), fault: null, took_ms: 0 };
  if (isBroken) return { link, state: "broken", message: FAULTS[link].message, fault: FAULTS[link], took_ms };
  return { link, state: "ok", message, fault: null, took_ms };
}
