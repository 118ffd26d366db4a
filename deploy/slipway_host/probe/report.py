"""probe: the preflight report, without writing anything."""

import os
import platform
import socket
import sys

from slipway_host.engine.brought_wheels import wheels_folder
from slipway_host.engine.llama_server import find_llama_server, llama_server_version
from slipway_host.engine.pins import ENGINE_VERSION, PACKAGE, this_wheel
from slipway_host.engine.requirements import platform_failure
from slipway_host.engine.wheel import installed_engine
from slipway_host.filesystem import disk_space, is_noexec, is_writable
from slipway_host.layout import Layout
from slipway_host.params import flag_param, number_param, object_param, text_param
from slipway_host.probe.containers import container_facts
from slipway_host.probe.directories import directory_facts
from slipway_host.probe.gpu import gpu_report
from slipway_host.probe.hardware import cpu_facts, memory_facts
from slipway_host.probe.host_findings import host_findings
from slipway_host.probe.judgement import deployment_findings
from slipway_host.probe.ollama import ollama_facts
from slipway_host.probe.package_index import index_address, index_facts
from slipway_host.probe.python import engine_python_of, find_pythons
from slipway_host.probe.services import service_facts
from slipway_host.probe.surroundings import clock_facts, place_facts, proxy_names
from slipway_host.probe.system import libc_facts, libc_text, os_release, user_name
from slipway_host.process import run_together
from slipway_host.runs import history
from slipway_host.status import status_of
from slipway_host.units import version_text
from slipway_host.wire import handle_signals

# Of a package index that nobody needs.
NOT_ASKED = {"index": None, "reachable": None, "detail": "", "local": False}


def command_probe(params):
    handle_signals()
    layout = Layout(params)
    wheels_folder(params)
    facts = gather(params, layout)
    findings = deployment_findings(params, layout, facts)
    host_findings(findings, facts)
    engine_python = facts["engine_python"]
    status = status_of(layout)
    gpu = facts["gpu"]
    return {
        "os": platform.system(), "arch": platform.machine(), "libc": libc_text(), "libc_version": libc_facts(),
        "os_release": os_release().get("PRETTY_NAME") or "%s %s" % (platform.system(), platform.release()),
        "hostname": socket.gethostname(), "user": user_name(), "home": os.path.expanduser("~"), "root": layout.root,
        "python": {"path": sys.executable, "version": version_text(sys.version_info[:3]),
                   "venv": any(item["path"] == sys.executable and venv_works(item) for item in facts["pythons"]),
                   "engine_python": engine_python["path"] if engine_python else None,
                   "pythons": [{"path": item["path"], "version": version_text(item["version"]), "venv": item["venv"],
                                "ensurepip": item["ensurepip"], "pip": item["pip"], "ssl": item["ssl"],
                                "venv_works": venv_works(item), "cpython": item["cpython"],
                                "brought": item["brought"]}
                               for item in facts["pythons"]]},
        "disk": disk_space(layout.root), "places": facts["places"],
        "directories": facts["directories"], "memory": facts["memory"], "cpu": facts["cpu"],
        "gpus": gpu["gpus"], "gpu_processes": gpu["processes"], "gpu_tools": gpu["tools"], "cuda": gpu["cuda"],
        "llama_server": facts["llama_server"], "llama_server_version": facts["llama_server_version"],
        "services": facts["services"], "containers": facts["containers"], "ollama": facts["ollama"],
        "proxies": facts["proxies"], "clock": facts["clock"],
        "writable": is_writable(layout.root), "noexec": is_noexec(layout.root),
        "index_reachable": facts["index"]["reachable"], "index_address": index_address(facts["index"]),
        "engine_wheel": engine_wheel(layout), "engine_installed": installed_engine(layout) is not None,
        "deployment": status if status["deployed"] else None,
        "runs": history.described(layout), "findings": findings.items}


def engine_wheel(layout):
    """The wheel that this host needs for llama_cpp, whoever fetches it; None where none runs."""
    if platform_failure():
        return None
    name, _, sha256, size = this_wheel()
    return {"file": name, "sha256": sha256, "bytes": size, "version": ENGINE_VERSION, "package": PACKAGE,
            "installed": installed_engine(layout) is not None}


def venv_works(python):
    """Whether it makes an environment with pip inside."""
    return bool(python["venv"] and (python["ensurepip"] or python["pip"]))


def gather(params, layout):
    """All facts, asked at the same time: each tool takes a moment, some take five seconds."""
    facts = {"clock": clock_facts(number_param(params, "time", 0, 1e11)), "proxies": proxy_names()}
    chosen = text_param(params, "python")
    model = object_param(params, "model", {})
    folder = os.path.dirname(os.path.expanduser(model["path"])) if isinstance(model.get("path"), str) else None

    def python_and_index():
        if flag_param(params, "brief") and installed_engine(layout):
            facts.update(pythons=[], engine_python=None, index=NOT_ASKED)
            return
        facts["pythons"] = find_pythons(chosen, layout.python)
        facts["engine_python"] = engine_python_of(facts["pythons"])
        facts["index"] = index_facts(facts["pythons"], facts["engine_python"], installed_engine(layout) is None)

    def llama_server():
        binary = find_llama_server()
        facts["llama_server"] = binary
        facts["llama_server_version"] = llama_server_version(binary) if binary else None

    run_together([python_and_index, llama_server,
                  lambda: facts.update(gpu=gpu_report()), lambda: facts.update(cpu=cpu_facts()),
                  lambda: facts.update(memory=memory_facts()), lambda: facts.update(services=service_facts()),
                  lambda: facts.update(containers=container_facts()), lambda: facts.update(ollama=ollama_facts()),
                  lambda: facts.update(places=place_facts(layout, folder)),
                  lambda: facts.update(directories=directory_facts(layout))])
    return facts
