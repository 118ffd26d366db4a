"""A program that the user names, with a template of its command line. No shell reads any of it."""

import os
import re

from slipway_host.engine.kinds import Plan
from slipway_host.engine.program import become, need_program
from slipway_host.fault import Failure
from slipway_host.layout import Layout
from slipway_host.params import bad_param, object_param, text_param
from slipway_host.probe.program import find_program

PLACEHOLDERS = ("model", "label", "host", "port", "context", "parallel", "key_file", "socket")
PATHS = ("health", "load", "metrics", "models")


class CustomPlan(Plan):
    def __init__(self, params, layout, model_plan):
        engine = object_param(params, "engine", {})
        self.command = texts(engine.get("command"), "engine.command")
        self.environment = environment_of(engine)
        self.key = bool(engine.get("key", True))
        self.endpoints = {}
        for name in PATHS:
            path = text_param(engine, name + "_path", {"health": "/health", "models": "/v1/models"}.get(name))
            if path is not None and not re.match(r"/[!-~]{0,200}\Z", path):
                raise bad_param("engine.%s_path" % name, "a path that begins with /")
            self.endpoints[name] = path
        program = self.command[0]
        self.program = program if os.path.isabs(program) else find_program(program)
        if not self.program or not os.access(self.program, os.X_OK) or os.path.isdir(self.program):
            raise Failure("engine_install_failed", "There is no program %s on the host." % program,
                          detail="not an executable file: " + program)
        self.socket = any("{socket}" in word for word in self.command + list(self.environment.values()))
        if not self.socket and not any("{port}" in word for word in self.command + list(self.environment.values())):
            raise bad_param("engine.command", "with {port} in it: Slipway chooses the port")

    def carry_out(self):
        return {"kind": "custom", "source": "command", "version": "custom", "python": None, "binary": self.program,
                "command": self.command, "environment": self.environment, "endpoints": self.endpoints,
                "key": self.key, "socket": self.socket, "seconds": 0.0}, False


plan = CustomPlan


def texts(value, name):
    if not isinstance(value, list) or not 0 < len(value) <= 256:
        raise bad_param(name, "a list of words")
    for word in value:
        if not isinstance(word, str) or len(word) > 4000 or "\0" in word or "\n" in word:
            raise bad_param(name, "a list of lines of text")
        check_placeholders(word, name)
    if not value[0]:
        raise bad_param(name, "a list that begins with a program")
    return value


def environment_of(engine):
    environment = object_param(engine, "environment", {})
    for key, value in environment.items():
        if not re.match(r"[A-Za-z_][A-Za-z0-9_]{0,100}\Z", key) or not isinstance(value, str) or "\0" in value:
            raise bad_param("engine.environment", "an object of texts")
        check_placeholders(value, "engine.environment")
    return environment


def check_placeholders(word, name):
    for found in re.findall(r"\{(\w*)\}", word):
        if found not in PLACEHOLDERS:
            raise bad_param(name, "without {%s}; known are %s" % (found, ", ".join(PLACEHOLDERS)))


def filled(word, values):
    return re.sub(r"\{(\w+)\}", lambda match: values[match.group(1)], word)


def check(record):
    need_program(record.get("binary"))


def serve(params):
    manifest = params["manifest"]
    engine, settings, model = manifest["engine"], manifest["parameters"], manifest["model"]
    values = {"model": model["path"] or model["name"], "label": model["label"], "host": "127.0.0.1",
              "port": str(params["port"]), "socket": params["socket"] or "", "context": str(settings["context_size"]),
              "parallel": str(settings["parallel"]), "key_file": Layout(params).api_key}
    become(params, [engine["binary"]] + [filled(word, values) for word in engine["command"][1:]],
           {key: filled(value, values) for key, value in engine["environment"].items()})


def endpoints(record):
    return dict({name: record["endpoints"].get(name) for name in PATHS}, key=record["key"], socket=record.get("socket", False),
                health=record["endpoints"].get("health") or "/health")
