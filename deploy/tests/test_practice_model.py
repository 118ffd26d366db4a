"""The practice model: the same bytes everywhere, and a real engine behaves with it as promised."""

import glob
import hashlib
import json
import os
import subprocess
import unittest

from script_case import FOLDER, ScriptCase
import practice_model

TOOLS = [
    {"type": "function", "function": {"name": "read_file", "description": "Reads a file", "parameters": {
        "type": "object", "properties": {"path": {"type": "string"}}, "required": ["path"]}}},
    {"type": "function", "function": {"name": "weather", "description": "Tells the weather", "parameters": {
        "type": "object", "properties": {"city": {"type": "string"}, "days": {"type": "integer"}},
        "required": ["city"]}}},
]
SCHEMA = {"type": "object", "properties": {"name": {"type": "string"}, "count": {"type": "integer"},
                                           "tags": {"type": "array", "items": {"type": "string"}}},
          "required": ["name", "count", "tags"]}


class Bytes(unittest.TestCase):
    def test_the_recorded_hashes_are_right(self):
        self.assertEqual(hashlib.sha256(practice_model.build()).hexdigest(), practice_model.SHA256)
        self.assertEqual(hashlib.sha256(practice_model.build(endless=True)).hexdigest(), practice_model.ENDLESS_SHA256)

    def test_other_pythons_write_the_same(self):
        others = sorted(glob.glob(os.path.expanduser("~/.pyenv/versions/3.*/bin/python3"))) or ["/usr/bin/python3"]
        code = ("import sys, hashlib; sys.dont_write_bytecode = True; sys.path.insert(0, sys.argv[1]); "
                "import practice_model; print(hashlib.sha256(practice_model.build()).hexdigest())")
        for python in others:
            with self.subTest(python):
                answer = subprocess.run([python, "-c", code, FOLDER], stdout=subprocess.PIPE, check=True)
                self.assertEqual(answer.stdout.decode().strip(), practice_model.SHA256)


class Behaviour(ScriptCase):
    def setUp(self):
        super().setUp()
        self.link_engine()

    def test_answers_end_call_tools_and_fill_schemas(self):
        self.ok("install")
        port = self.ok("start")["port"]
        lengths = []
        for seed in range(30):
            answer = self.chat(port, "Who are you?", seed=seed)
            self.assertEqual(answer["choices"][0]["finish_reason"], "stop")
            self.assertTrue(answer["choices"][0]["message"]["content"].strip())
            lengths.append(answer["usage"]["completion_tokens"])
        self.assertGreaterEqual(min(lengths), 3)
        self.assertLessEqual(max(lengths), 260)
        for choice in ("auto", "required"):
            for seed in range(5):
                answer = self.chat(port, "Read the file", tools=TOOLS, tool_choice=choice, seed=seed)
                message = answer["choices"][0]["message"]
                self.assertGreaterEqual(len(message.get("tool_calls") or ()), 1, message)
                for tool_call in message["tool_calls"]:
                    json.loads(tool_call["function"]["arguments"])
        history = [{"role": "user", "content": "Read the file"}, message] + [
            {"role": "tool", "tool_call_id": tool_call["id"], "content": '{"text": "hi"}'}
            for tool_call in message["tool_calls"]]
        answer = self.chat(port, messages=history, tools=TOOLS)
        self.assertFalse(answer["choices"][0]["message"].get("tool_calls"))
        self.assertEqual(answer["choices"][0]["finish_reason"], "stop")
        for seed in range(5):
            answer = self.chat(port, "As JSON", seed=seed, response_format={
                "type": "json_schema", "json_schema": {"name": "answer", "schema": SCHEMA}})
            self.assertLessEqual(answer["usage"]["completion_tokens"], 120)
            self.assertEqual(set(json.loads(answer["choices"][0]["message"]["content"])), {"name", "count", "tags"})
        exact = self.chat(port, grammar='root ::= "привет 🚀 мир"')
        self.assertEqual(exact["choices"][0]["message"]["content"], "привет 🚀 мир")

    def test_streams_and_the_endless_one_never_ends(self):
        path = os.path.join(self.folder, "endless.gguf")
        practice_model.write(path, endless=True, context=8192)
        data = self.ok("install", model={"kind": "path", "path": path})
        self.assertTrue(data["model"]["practice"])
        self.assertEqual(data["model"]["label"], "endless")
        self.assertEqual(data["manifest"]["parameters"]["threads"], 1)
        port = self.ok("start")["port"]
        answer = self.chat(port, max_tokens=2000)
        self.assertEqual(answer["choices"][0]["finish_reason"], "length")
        self.assertEqual(answer["usage"]["completion_tokens"], 2000)
        status, body = self.ask(port, "/v1/chat/completions", {
            "messages": [{"role": "user", "content": "Hi"}], "stream": True, "max_tokens": 20}, self.key())
        self.assertEqual(status, 200)
        lines = [line for line in body.splitlines() if line]
        self.assertEqual(lines[-1], "data: [DONE]")
        self.assertGreater(len(lines), 15)


if __name__ == "__main__":
    unittest.main()
