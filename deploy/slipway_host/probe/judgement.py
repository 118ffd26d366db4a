"""Whether the engine and the model of a deployment can be had on this host."""

import os

from slipway_host.engine.brought_wheels import brought_wheel
from slipway_host.engine.kinds import engine_module, wanted_kind
from slipway_host.engine.llama_server import binary_engine
from slipway_host.engine.pins import ENGINE_DISK_BYTES, ENGINE_INODES
from slipway_host.engine.requirements import libraries_failure, platform_failure
from slipway_host.engine.wheel import installed_engine
from slipway_host.fault import Failure, no_write_permission
from slipway_host.filesystem import disk_full, disk_space, existing_ancestor, is_noexec, is_writable
from slipway_host.model.plan import ModelPlan
from slipway_host.params import object_param, text_param
from slipway_host.probe.findings import Findings
from slipway_host.probe.package_index import no_index
from slipway_host.probe.python import engine_python_failure
from slipway_host.units import size_text, version_text
from slipway_host.versions import Versions


def deployment_findings(params, layout, facts):
    """What stands in the way of this deployment, as a list."""
    findings = Findings()
    installed = installed_engine(layout) is not None
    binary = text_param(object_param(params, "engine", {}), "binary")
    # What only the wheel needs is no error on a host that has a llama-server.
    severity = "warn" if binary or facts["llama_server"] else "error"
    needed = 0
    kind = wanted_kind(params)
    if kind != "llama_cpp":
        needed = other_engine_findings(findings, kind, params, layout)
    elif binary:
        try:
            binary_engine(binary)
        except Failure as failure:
            findings.failure(failure)
    elif installed:
        findings.add("ok", "engine_ok", "The engine is already installed.")
    else:
        needed += ENGINE_DISK_BYTES
        engine_findings(findings, facts, severity, params)
    model_findings(findings, params, layout, facts["memory"])
    space = disk_space(layout.root)
    inodes_low = kind == "llama_cpp" and not binary and space["free_inodes"] is not None and space["free_inodes"] < ENGINE_INODES
    if space["free_bytes"] < needed or inodes_low:
        findings.failure(disk_full(layout.root, needed))
    else:
        findings.add("ok", "disk_ok", "%s of disk space are free." % size_text(space["free_bytes"]),
                     free=space["free_bytes"])
    if not is_writable(layout.root):
        findings.failure(no_write_permission(existing_ancestor(layout.root)))
    else:
        findings.add("ok", "writable_ok", "%s can be written." % layout.root, path=layout.root)
    if is_noexec(layout.root):
        findings.failure(Failure("noexec", "%s is on a file system where programs may not run." % layout.root,
                                 path=layout.root), severity)
    if facts["llama_server"]:
        findings.add("ok", "llama_server_ok", "The host has a llama-server: %s." % facts["llama_server"],
                     path=facts["llama_server"], version=facts["llama_server_version"] or "")
    return findings


def other_engine_findings(findings, kind, params, layout):
    """What an engine beside llama.cpp lacks; the bytes that it needs."""
    try:
        model_plan = ModelPlan(params, layout, Versions(layout).known_models())
        plan = engine_module(kind).plan(params, layout, model_plan)
    except Failure as failure:
        findings.failure(failure)
        return 0
    findings.add("ok", "engine_available", "The engine %s can be had." % kind, kind=kind)
    return plan.needed_bytes


def engine_findings(findings, facts, severity, params):
    failure = platform_failure()
    brought = False
    if failure:
        findings.failure(failure, severity)
    else:
        try:
            brought = brought_wheel(params) is not None
        except Failure as mismatch:
            findings.failure(mismatch, severity)
    if not facts["cpu"]["flags_ok"]:
        findings.failure(Failure("cpu_unsupported", "The processor of the host lacks %s, which the engine needs."
                                 % ", ".join(facts["cpu"]["missing"]), missing=",".join(facts["cpu"]["missing"])),
                         severity)
    index = facts["index"] or {}
    failure = engine_python_failure(facts["pythons"], index.get("index"), brought)
    if failure:
        findings.failure(failure, severity)
    else:
        python = facts["engine_python"]
        findings.add("ok", "python_ok", "Python %s can run the engine." % version_text(python["version"]),
                     path=python["path"], version=version_text(python["version"]))
    failure = libraries_failure()
    if failure:
        findings.failure(failure, severity)
    if brought:
        findings.add("ok", "engine_available", "The engine was brought to the host.", kind="llama_cpp")
    elif index.get("reachable") is False:
        # A folder of local packages may do as well.
        findings.failure(no_index(index.get("detail", "")), "warn" if index.get("local") else severity)
    elif index.get("reachable"):
        findings.add("ok", "index_ok", "The Python package index answers.")


def model_findings(findings, params, layout, memory):
    if not isinstance(params.get("model"), dict):
        return
    try:
        plan = ModelPlan(params, layout, Versions(layout).known_models())
        plan.check()
    except Failure as failure:
        findings.failure(failure)
        return
    if plan.kind not in ("path", "uploaded"):
        return
    size = os.stat(plan.path).st_size
    findings.add("ok", "model_ok", "The model file is a complete GGUF file of %s." % size_text(size),
                 path=plan.path, bytes=size)
    available = memory["available_bytes"]
    if available is not None and size > available:
        findings.add("warn", "memory_low", "The model has %s, but only %s of memory are free."
                     % (size_text(size), size_text(available)), bytes=size, available=available)
