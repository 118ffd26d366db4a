import type { Finding, PreflightReport, Severity } from "../bindings";
import { both } from "./stream";
import type { World } from "./world";

const NOTHING = both("", "");

type More = Partial<Pick<Finding, "fix" | "command" | "can_override">>;

/** A line of a report. */
export function finding(
  severity: Severity,
  code: string,
  subject: [string, string],
  message: [string, string],
  more: More = {},
): Finding {
  return {
    severity,
    code,
    subject: both(...subject),
    message: both(...message),
    fix: NOTHING,
    command: null,
    can_override: false,
    ...more,
  };
}

export const DISK_FULL_LINE = finding(
  "error",
  "disk_full",
  ["Free disk", "Место на диске"],
  [
    "/home has 18.1 GB free, this plan needs 27.4 GB (model 18.6, engine 4.8, reserve 4).",
    "В /home свободно 18,1 ГБ, плану нужно 27,4 ГБ (модель 18,6, движок 4,8, запас 4).",
  ],
  { fix: both("Take another directory or free 9.3 GB.", "Возьмите другую папку или освободите 9,3 ГБ.") },
);

export const TOO_BIG_LINE = finding(
  "error",
  "model_too_big",
  ["Memory", "Память"],
  [
    "The model needs 29.5 GB, GPU 0 has 21.9 GB free.",
    "Модели нужно 29,5 ГБ, на видеокарте 0 свободно 21,9 ГБ.",
  ],
  { fix: both("Take a shorter context or a smaller quantisation.", "Уменьшите контекст или возьмите меньшее квантование."), can_override: true },
);

const RED: Finding[] = [
  DISK_FULL_LINE,
  TOO_BIG_LINE,
  finding(
    "error",
    "cpu_old",
    ["Processor", "Процессор"],
    ["It has no AVX2; the pinned build may end with an illegal instruction.", "Нет AVX2; готовая сборка может упасть на первой же команде."],
    { can_override: true },
  ),
];

const WARN: Finding[] = [
  finding(
    "warn",
    "gpu_shared",
    ["Other processes", "Другие процессы"],
    ["GPU 0 holds 2.1 GB for another user (Xorg, pid 2114). It is counted as taken.", "Видеокарта 0 держит 2,1 ГБ для другого пользователя (Xorg, pid 2114). Они считаются занятыми."],
  ),
  finding(
    "warn",
    "linger_off",
    ["Keeps running", "Работа после выхода"],
    ["Linger is off: the server would stop at logout.", "Linger выключен: сервер остановится при выходе."],
    { fix: both("No root is needed to turn it on; else a supervised process is used.", "Права root не нужны; иначе следить будет надзиратель."), command: "loginctl enable-linger" },
  ),
];

const FINE: Finding[] = [
  finding("ok", "system_ok", ["System", "Система"], ["Ubuntu 24.04.3, x86_64, glibc 2.39", "Ubuntu 24.04.3, x86_64, glibc 2.39"]),
  finding("ok", "python_ok", ["Python", "Python"], ["3.12.3, venv present, externally managed (handled)", "3.12.3, venv есть, управляется системой (учтено)"]),
  finding("ok", "memory_ok", ["Memory", "Память"], ["62.6 GB, 48.0 GB free", "62,6 ГБ, свободно 48,0 ГБ"]),
  finding("ok", "inodes_ok", ["Inodes", "Иноды"], ["14,120,300 free on /home", "На /home свободно 14 120 300"]),
  finding("ok", "exec_ok", ["Can execute", "Запуск файлов"], ["/home is mounted without noexec", "/home подключён без noexec"]),
  finding("ok", "forwarding_ok", ["Forwarding", "Пересылка"], ["TCP and unix socket forwarding allowed", "Разрешена пересылка портов и unix-сокетов"]),
  finding("ok", "lock_free", ["Lock", "Блокировка"], ["No other deploy is running here", "Другого развёртывания здесь нет"]),
];

const GPU_LINE = finding("ok", "gpu_ok", ["GPU 0", "Видеокарта 0"], ["NVIDIA RTX 4090, 24.0 GB, 21.9 GB free, driver 570.133", "NVIDIA RTX 4090, 24,0 ГБ, свободно 21,9 ГБ, драйвер 570.133"]);

const WALLED_LINE = finding(
  "warn",
  "index_unreachable",
  ["Package index", "Каталог пакетов"],
  ["It does not answer from here; what is needed is brought from this computer.", "Отсюда он не отвечает; нужное принесёт этот компьютер."],
);

const BARE: Finding[] = [
  finding(
    "error",
    "python_missing",
    ["Python", "Python"],
    ["There is no Python 3.8 or newer, and none can be brought to this system.", "Нет Python 3.8 или новее, и принести его на эту систему нельзя."],
    { fix: both("Install one with the system’s packages.", "Установите его из пакетов системы."), command: "apt install python3 python3-venv" },
  ),
];

function findingsOf({ machine }: World): Finding[] {
  if (machine === "bare") return [...BARE, FINE[0] as Finding];
  if (machine === "cpu") return [...WARN.slice(1), ...FINE];
  if (machine === "walled") return [WALLED_LINE, ...WARN, GPU_LINE, ...FINE];
  return [...(machine === "red" ? RED : []), ...WARN, GPU_LINE, ...FINE];
}

/** The report of a look at a host. */
export function reportOf(world: World): PreflightReport {
  const onGpu = world.machine !== "cpu" && world.machine !== "bare";
  return {
    os: "Ubuntu 24.04.3",
    arch: "x86_64",
    libc: "glibc 2.39",
    cpu: world.app.cpu,
    cores: 16,
    cpu_features: ["avx", "avx2", "fma", "f16c", "avx512f"],
    memory_total_bytes: 67_217_743_872,
    memory_available_bytes: 51_539_607_552,
    disk_free_bytes: 18.1e9,
    inodes_free: 14_120_300,
    root: "/home/ml/.local/share/slipway",
    directories: [
      { path: "/mnt/nvme/slipway", free_bytes: 402e9, total_bytes: 1_000e9 },
      { path: "/data/slipway", free_bytes: 61e9, total_bytes: 2_000e9 },
    ],
    python: world.machine === "bare" ? null : "/usr/bin/python3 3.12.3",
    pythons:
      world.machine === "bare"
        ? []
        : [
            { path: "/usr/bin/python3", version: "3.12.3", venv_works: true, brought: false },
            { path: "/opt/conda/bin/python3", version: "3.11.8", venv_works: false, brought: false },
          ],
    gpus: onGpu
      ? [
          {
            vendor: "nvidia",
            name: "NVIDIA RTX 4090",
            memory_total_mb: 24_564,
            memory_free_mb: 22_400,
            driver: "570.133",
            compute_capability: "8.9",
            unified: false,
          },
        ]
      : [],
    cuda: onGpu ? "12.8" : null,
    gpu_processes: onGpu ? [{ pid: 2114, name: "Xorg", memory_mb: 2_164 }] : [],
    containers: ["docker 27.3.1"],
    ollama: "0.6.2",
    llama_server: "/usr/local/bin/llama-server",
    index_reachable: world.machine !== "walled",
    forwarding: { tcp: true, socket: true },
    clock_skew_s: 42,
    findings: findingsOf(world),
  };
}
