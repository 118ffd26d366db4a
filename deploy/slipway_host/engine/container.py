"""A container image that serves llama.cpp or vLLM, through docker or podman."""

import os
import re
import signal
import subprocess
import sys

from slipway_host.engine.kinds import Plan
from slipway_host.engine.program import need_program, option_list
from slipway_host.engine.vllm import key_file
from slipway_host.fault import Failure, model_unsupported
from slipway_host.guard import die_with_pipe
from slipway_host.layout import Layout
from slipway_host.params import bad_param, object_param, text_param
from slipway_host.probe.containers import container_facts
from slipway_host.probe.gpu import gpu_facts
from slipway_host.process import run_text
from slipway_host.wire import OUT

IMAGES = {"llama_cpp": "ghcr.io/ggml-org/llama.cpp:server", "vllm": "vllm/vllm-openai:v0.33.0"}
CUDA_IMAGE = "ghcr.io/ggml-org/llama.cpp:server-cuda"
IMAGE = re.compile(r"[a-z0-9][A-Za-z0-9._:/-]{0,200}(@sha256:[0-9a-f]{64})?\Z")
PORT_INSIDE = "8080"
PULL_LIMIT_S = 3600
# The engine process stays and has to outlive its supervisor for a moment, to end the container.
GUARDS = True


class ContainerPlan(Plan):
    def __init__(self, params, layout, model_plan):
        engine = object_param(params, "engine", {})
        self.options = option_list(engine)
        self.serves = text_param(engine, "serves", "llama_cpp")
        if self.serves not in IMAGES:
            raise bad_param("engine.serves", " or ".join(IMAGES))
        if model_plan.format != {"llama_cpp": "gguf", "vllm": "safetensors"}[self.serves]:
            raise model_unsupported("The container", "GGUF files" if self.serves == "llama_cpp"
                                    else "models as safetensors")
        wanted = text_param(engine, "tool", "auto")
        if wanted not in ("auto", "docker", "podman"):
            raise bad_param("engine.tool", "auto, docker or podman")
        usable = [tool for tool in container_facts() if tool["usable"] and wanted in ("auto", tool["tool"])]
        if not usable:
            raise Failure("container_unavailable", "Neither docker nor podman can be used on the host.", tool=wanted)
        # Without a daemon of root's if there is a choice.
        self.tool = sorted(usable, key=lambda tool: tool["rootless"] is not True)[0]
        vendors = {gpu["vendor"] for gpu in gpu_facts()} & {"nvidia", "amd"}
        self.gpu = text_param(engine, "gpu", "auto")
        if self.gpu not in ("auto", "none", "nvidia", "amd"):
            raise bad_param("engine.gpu", "auto, none, nvidia or amd")
        if self.gpu == "auto":
            self.gpu = "nvidia" if "nvidia" in vendors else "amd" if "amd" in vendors else "none"
        default = CUDA_IMAGE if (self.serves, self.gpu) == ("llama_cpp", "nvidia") else IMAGES[self.serves]
        self.image = text_param(engine, "image", default)
        if not IMAGE.match(self.image):
            raise bad_param("engine.image", "the name of an image")

    def carry_out(self):
        program = self.tool["path"]
        digest = image_id(program, self.image)
        changed = digest is None
        if changed:
            OUT.log("Pulling %s." % self.image)
            pull(program, self.image)
            digest = image_id(program, self.image)
            if digest is None:
                raise Failure("engine_install_failed", "The image was pulled and is not there.", detail=self.image)
        return {"kind": "container", "source": self.tool["tool"], "version": self.image, "python": None,
                "binary": program, "image": digest, "serves": self.serves, "gpu": self.gpu, "extra": self.options,
                "seconds": 0.0}, changed


plan = ContainerPlan


def image_id(program, image):
    """The content of an image that is there, as sha256:…, or None."""
    status, text = run_text([program, "image", "inspect", "--format", "{{.Id}}", image], 20)
    match = re.search(r"^(?:sha256:)?([0-9a-f]{64})$", text, re.MULTILINE)
    return "sha256:" + match.group(1) if status == 0 and match else None


def pull(program, image):
    """Pulls with each line as a log line; cancelling ends it."""
    process = subprocess.Popen([program, "pull", image], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                               stderr=subprocess.STDOUT, cwd="/", start_new_session=True)
    words = ""
    try:
        for line in process.stdout:
            words = line.decode("utf-8", "replace").strip() or words
            OUT.log(words)
            OUT.check()
        process.wait(PULL_LIMIT_S)
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()
        process.stdout.close()
    if process.returncode != 0:
        raise Failure("engine_install_failed", "The image could not be pulled: %s" % words, detail=words[-500:])


def check(record):
    need_program(record.get("binary"))
    if image_id(record["binary"], record["image"]) is None:
        raise Failure("engine_crashed", "The image of the engine is gone; deploy again to repair it.",
                      detail="no image " + str(record["image"]), reason="missing_engine", log="")


def container_name(layout):
    return "slipway-%d-%s" % (os.getuid(), layout.name)


def run_arguments(params, layout):
    """The command line of the container tool. The port is published on 127.0.0.1 only."""
    manifest = params["manifest"]
    engine, settings, model = manifest["engine"], manifest["parameters"], manifest["model"]
    folder = model["path"] if model.get("format") == "safetensors" else os.path.dirname(model["path"])
    arguments = [engine["binary"], "run", "--rm", "--name", container_name(layout), "--security-opt",
                 "label=disable", "--ipc", "private", "--publish", "127.0.0.1:%d:%s" % (params["port"], PORT_INSIDE),
                 "--mount", mount(folder, "/models")]
    if engine["gpu"] == "nvidia":
        arguments += ["--gpus", "all"] if engine["source"] == "docker" else ["--device", "nvidia.com/gpu=all"]
    elif engine["gpu"] == "amd":
        arguments += ["--device", "/dev/kfd", "--device", "/dev/dri", "--group-add", "video"]
    if engine["serves"] == "vllm":
        arguments += ["--shm-size", "8g", "--mount", mount(key_file(layout), "/run/slipway.yaml"), engine["image"],
                      "/models", "--served-model-name", model["label"], "--host", "0.0.0.0", "--port",
                      PORT_INSIDE, "--config", "/run/slipway.yaml", "--max-model-len", str(settings["context_size"]),
                      "--max-num-seqs", str(settings["parallel"])]
    else:
        arguments += ["--mount", mount(layout.api_key, "/run/slipway.key"), engine["image"], "--model",
                      "/models/" + os.path.basename(model["path"]), "--alias", model["label"], "--host", "0.0.0.0",
                      "--port", PORT_INSIDE, "--api-key-file", "/run/slipway.key", "--ctx-size",
                      str(settings["context_size"]), "--parallel", str(settings["parallel"]), "--metrics", "--slots"]
        if settings["gpu_layers"] is not None or engine["gpu"] != "none":
            layers = 999 if settings["gpu_layers"] is None else settings["gpu_layers"]
            arguments += ["--n-gpu-layers", str(layers)]
    return arguments + engine.get("extra", [])


def mount(source, target):
    if "," in source or '"' in source:
        # The tools read a mount as a line of comma-separated values.
        raise Failure("model_not_found", "A container cannot have %s: there is a comma or a quote in its path." % source,
                      path=source)
    return "type=bind,source=%s,target=%s,readonly" % (source, target)


def serve(params):
    """Stays as the guard: a container does not end with the program that started it."""
    layout = Layout(params)
    tool = params["manifest"]["engine"]["binary"]

    def remove():
        run_text([tool, "rm", "--force", container_name(layout)], 10)

    remove()
    child = subprocess.Popen(run_arguments(params, layout), stdin=subprocess.DEVNULL)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: child.terminate())
    die_with_pipe(params["watch_fd"], remove)
    status = child.wait()
    remove()
    sys.exit(status if status >= 0 else 128 - status)


def clean_up(layout, record):
    """After a guard that was killed: ends the container it left."""
    run_text([record["binary"], "rm", "--force", container_name(layout)], 10)


def endpoints(record):
    return {"health": "/health", "load": "/slots" if record["serves"] == "llama_cpp" else "/metrics",
            "metrics": "/metrics", "models": "/v1/models", "key": True}
