"""The endpoints of vLLM, a container's server and Ollama, as far as the host script uses them.

    python stand_in_engine.py NAME ARGUMENTS…    NAME: what it stands in for
"""

import http.server
import json
import os
import subprocess
import sys


def option(arguments, name, default=None):
    return arguments[arguments.index(name) + 1] if name in arguments else default


def main(name, arguments):
    key, port, models = None, option(arguments, "--port"), set()
    if option(arguments, "--config"):
        with open(option(arguments, "--config")) as source:
            key = json.load(source)["api-key"]
    if option(arguments, "--api-key-file"):
        with open(option(arguments, "--api-key-file")) as source:
            key = source.read().strip()
    if name == "ollama":
        if arguments[:1] == ["--version"]:
            print("ollama version is 0.33.0")
            return
        port = os.environ["OLLAMA_HOST"].rpartition(":")[2]
        shelf = os.path.join(os.environ["HOME"], ".ollama")
        models = set(os.listdir(shelf)) if os.path.isdir(shelf) else set()
    if option(arguments, "--workers"):
        subprocess.Popen(["sleep", "1000"], close_fds=True)
    print("stand-in", name, json.dumps(arguments), flush=True)
    if name == "vllm":
        print("INFO 11-02 10:00:00 [__init__.py:239] Automatically detected platform cuda.", flush=True)

    class Handler(http.server.BaseHTTPRequestHandler):
        def answer(self, status, body):
            data = body if isinstance(body, bytes) else json.dumps(body).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def do_GET(self):
            if self.path == "/api/version":
                self.answer(200, {"version": "0.33.0"})
            elif self.path == "/api/ps":
                path = os.path.join(os.environ["HOME"], "ps.json")
                with open(path if os.path.exists(path) else os.devnull) as source:
                    self.answer(200, json.loads(source.read() or '{"models":[]}'))
            elif self.path == "/health":
                self.answer(200, {})
            elif key and self.headers.get("Authorization") != "Bearer " + key:
                self.answer(401, {})
            else:
                self.answer(200, {"data": [{"id": option(arguments, "--served-model-name", "m")}]})

        def do_POST(self):
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            model = body["model"].replace(":", "_")
            if self.path == "/api/show":
                known = model in models
                self.answer(200 if known else 404, {
                    "details": {"family": "qwen3", "parameter_size": "8.2B", "quantization_level": "Q4_K_M"},
                    "model_info": {"general.architecture": "qwen3", "qwen3.context_length": 40960}} if known else {})
            elif "nowhere" in model:
                self.answer(200, b'{"status":"pulling manifest"}\n{"error":"pull model manifest: file does not exist"}\n')
            else:
                os.makedirs(shelf, exist_ok=True)
                open(os.path.join(shelf, model), "w").close()
                models.add(model)
                self.answer(200, b'{"status":"pulling manifest"}\n'
                                 b'{"status":"pulling 1","digest":"sha256:1","total":100,"completed":50}\n'
                                 b'{"status":"success"}\n')

        def log_message(self, *_):
            pass

    http.server.ThreadingHTTPServer(("127.0.0.1", int(port)), Handler).serve_forever()


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])
