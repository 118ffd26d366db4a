"""The HTTP interface of Ollama: pulling a model, and what is known of it."""

import contextlib
import http.client
import json
import os
import subprocess
import time

from slipway_host.engine.device import UNKNOWN, device
from slipway_host.fault import Failure
from slipway_host.probe.ollama import service_version
from slipway_host.supervisor.readiness import choose_port
from slipway_host.units import size_text
from slipway_host.wire import OUT

START_LIMIT_S = 30
SILENCE_S = 120


def service_is_up(host, port):
    return service_version(host, port) is not None


@contextlib.contextmanager
def own_server(binary):
    """A server for the time of a pull, on a free port; its port."""
    port = choose_port(None)
    process = subprocess.Popen([binary, "serve"], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                               stderr=subprocess.DEVNULL, cwd="/",
                               env=dict(os.environ, OLLAMA_HOST="127.0.0.1:%d" % port))
    try:
        deadline = time.monotonic() + START_LIMIT_S
        while not service_is_up("127.0.0.1", port):
            OUT.check()
            if process.poll() is not None or time.monotonic() > deadline:
                raise Failure("engine_install_failed", "Ollama does not start.",
                              detail="exit status %s" % process.poll())
            time.sleep(0.1)
        yield port
    finally:
        process.terminate()
        try:
            process.wait(5)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def loaded_device(host, port):
    """{used, detail} of the model that is loaded, by the memory that it takes on a card."""
    try:
        with contextlib.closing(http.client.HTTPConnection(host, port, timeout=2)) as connection:
            connection.request("GET", "/api/ps")
            answer = connection.getresponse()
            models = json.loads(answer.read(4 * 1024 * 1024).decode("utf-8"))["models"]
            if not models:
                return dict(UNKNOWN, detail="no model is loaded")
            size, on_card = (sum(int(model[name]) for model in models) for name in ("size", "size_vram"))
    except (OSError, http.client.HTTPException, ValueError, KeyError, TypeError):
        return UNKNOWN
    return device("gpu" if on_card else "cpu", "%s of %s on a card" % (size_text(on_card), size_text(size)))


def request(host, port, path, body):
    """A connection and its answer to a POST; the caller closes the connection."""
    connection = http.client.HTTPConnection(host, port, timeout=SILENCE_S)
    try:
        connection.request("POST", path, json.dumps(body), {"Content-Type": "application/json"})
        return connection, connection.getresponse()
    except BaseException:
        connection.close()
        raise


def pull(host, port, name):
    """Pulls a model with its progress; whether it was not there before."""
    if installed_model(host, port, name):
        return False
    detail = ""
    try:
        connection, answer = request(host, port, "/api/pull", {"model": name, "stream": True})
        with contextlib.closing(connection):
            for line in answer:
                event = json.loads(line.decode("utf-8"))
                if event.get("error"):
                    detail = str(event["error"])
                    break
                if isinstance(event.get("total"), int):
                    OUT.progress("model", name, event.get("completed") or 0, event["total"])
                else:
                    OUT.check()
    except (OSError, http.client.HTTPException, ValueError, AttributeError) as error:
        detail = "%s: %s" % (type(error).__name__, error)
    if not detail and installed_model(host, port, name):
        return True
    if "not exist" in detail or "not found" in detail:
        raise Failure("model_not_found", "Ollama's library has no model %s." % name, path=name)
    raise Failure("model_unreachable", "Ollama cannot pull %s: %s." % (name, detail or "it is not there afterwards"),
                  url=name, detail=detail)


def installed_model(host, port, name):
    """{family, parameters, quantisation, context} of a pulled model, or None."""
    try:
        connection, answer = request(host, port, "/api/show", {"model": name})
        with contextlib.closing(connection):
            if answer.status != 200:
                return None
            found = json.loads(answer.read(16 * 1024 * 1024).decode("utf-8"))
    except (OSError, http.client.HTTPException, ValueError):
        return None
    details = found.get("details") if isinstance(found.get("details"), dict) else {}
    info = found.get("model_info") if isinstance(found.get("model_info"), dict) else {}
    context = info.get("%s.context_length" % info.get("general.architecture"))
    return {"family": details.get("family"), "parameters": details.get("parameter_size"),
            "quantisation": details.get("quantization_level"), "context": context if isinstance(context, int) else None}
