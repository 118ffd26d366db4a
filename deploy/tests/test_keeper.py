"""Staying up and closed to others: units with a stand-in of systemd, sockets with the real engine."""

import json
import os
import plistlib
import shutil
import signal
import socket
import subprocess
import sys
import unittest

from script_case import ScriptCase, listing, wait_for
from slipway_host.keeper.unit_text import launchd_agent, quoted, systemd_unit
from slipway_host.process import is_running, start_time
from slipway_host.supervisor.readiness import SocketConnection

# systemctl --user as far as units of this kind need it: ExecStart, Environment and Restart=on-failure.
SYSTEMCTL = r"""#!{python} -B
import os, re, signal, subprocess, sys, time
arguments = [word for word in sys.argv[1:] if word != "--user"]
state = {state!r}
if os.path.exists(state + ".refuse"):
    sys.exit("Failed to connect to bus: No medium found")
unit = arguments[-1]
def unquoted(word):
    return word[1:-1].replace("%%", "%").replace('\\"', '"').replace("\\\\", "\\")
def words(line):
    return [unquoted(word) for word in re.findall(r'"(?:[^"\\]|\\.)*"', line)]
if arguments[0] == "enable":
    text = open(os.path.join(os.environ["XDG_CONFIG_HOME"], "systemd/user", unit)).read()
    command = [word.replace("$$", "$") for word in words(re.search("^ExecStart=(.*)$", text, re.M).group(1))]
    environment = dict(words(line)[0].split("=", 1) for line in re.findall("^Environment=(.*)$", text, re.M))
    log = re.search("^StandardOutput=append:(.*)$", text, re.M).group(1)
    if os.fork() == 0:
        os.setsid()
        for number in (0, 1, 2):
            os.dup2(os.open(os.devnull, os.O_RDWR), number)
        if os.path.exists(state + ".stop"):
            os.unlink(state + ".stop")
        while True:
            child = subprocess.Popen(command, env=dict(environment, HOME=os.environ["HOME"]), start_new_session=True,
                                     stdout=open(log, "ab"), stderr=subprocess.STDOUT)
            with open(state, "w") as out:
                out.write(str(child.pid))
            if child.wait() == 0 or os.path.exists(state + ".stop"):
                os._exit(0)
            time.sleep(0.2)
elif arguments[0] == "disable":
    open(state + ".stop", "w").close()
    try:
        pid = int(open(state).read())
        os.kill(pid, signal.SIGTERM)
        for _ in range(100):
            os.kill(pid, 0)
            time.sleep(0.05)
    except (OSError, ValueError):
        pass
elif arguments[0] == "show":
    time.sleep(0.1)
    print("MainPID=" + (open(state).read() if os.path.exists(state) else "0"))
"""


class Systemd(ScriptCase):
    def setUp(self):
        super().setUp()
        self.link_engine()
        folder = os.path.join(self.folder, "bin")
        os.makedirs(folder)
        self.state_file = os.path.join(self.folder, "unit")
        with open(os.path.join(folder, "systemctl"), "w") as out:
            out.write(SYSTEMCTL.replace("{python}", sys.executable).replace("{state!r}", repr(self.state_file)))
        os.chmod(os.path.join(folder, "systemctl"), 0o755)
        self.config = os.path.join(self.folder, "con fig ü")
        self.environment = {"PATH": folder + os.pathsep + os.environ["PATH"], "XDG_CONFIG_HOME": self.config,
                            "HOME": self.folder}
        self.addCleanup(self.run_ok, "uninstall")

    def run_ok(self, command, **params):
        run = self.call(command, environment=self.environment, **params)
        self.assertIsNone(run.code, run.output[-3000:])
        return run.data

    def units(self):
        return [name for name in listing(self.config) if name.endswith(".service")]

    def test_a_whole_life(self):
        self.run_ok("install")
        data = self.run_ok("start", keeper="systemd")
        self.assertEqual((data["keeper"], data["state"]), ("systemd", "ready"))
        self.assertEqual(len(self.units()), 1)
        with open(os.path.join(self.config, self.units()[0])) as source:
            self.assertNotIn(self.key(), source.read())
        self.assertTrue(self.run_ok("start", keeper="systemd")["already_running"])
        engine = (data["engine_pid"], start_time(data["engine_pid"]))
        os.kill(data["pid"], signal.SIGKILL)
        self.assertTrue(wait_for(lambda: not is_running(*engine)))
        self.assertTrue(wait_for(lambda: self.state().get("pid") not in (None, data["pid"])
                                 and self.state().get("state") == "ready"), "systemd starts it again")
        status = self.run_ok("status")
        self.assertEqual((status["state"], status["port"], status["keeper"]), ("ready", data["port"], "systemd"))
        self.assertNotEqual(status["pid"], data["pid"])
        self.assertTrue(self.run_ok("stop")["was_running"])
        self.assertFalse(is_running(status["engine_pid"], start_time(status["engine_pid"])))
        self.assertEqual(self.units(), [])
        self.run_ok("start", keeper="systemd")
        self.run_ok("uninstall")
        self.assertEqual(listing(self.config), {})
        self.assertFalse(os.path.exists(self.root))

    def test_without_a_bus_the_supervisor_does_it_alone(self):
        open(self.state_file + ".refuse", "w").close()
        self.run_ok("install")
        run = self.call("start", environment=self.environment, keeper="systemd")
        self.assertEqual((run.data["keeper"], run.data["state"]), ("supervisor", "ready"), run.output)
        self.assertTrue(any("No medium found" in text for text in run.logs()))
        self.assertEqual(self.units(), [])
        self.fails("script_failed", "start", keeper="cron", listen="socket")


class Texts(unittest.TestCase):
    def test_a_unit_takes_every_letter_literally(self):
        self.assertEqual(quoted('a "b" 50% $HOME \\'), '"a \\"b\\" 50%% $$HOME \\\\"')
        text = systemd_unit("x 5%", ["/p y/python", "-B"], {"PATH": "/a b:/c$d"}, "/l og")
        self.assertIn('ExecStart="/p y/python" "-B"\n', text)
        self.assertIn('Environment="PATH=/a b:/c$d"\n', text)
        self.assertIn("Description=x 5%%\n", text)
        if shutil.which("systemd-analyze"):
            self.assertEqual(text.count("\n[Install]\n"), 1)

    def test_an_agent(self):
        agent = plistlib.loads(launchd_agent("app.x", ["/p", "<&>"], {"PATH": "/a"}, "/log"))
        self.assertEqual((agent["Label"], agent["ProgramArguments"], agent["KeepAlive"]),
                         ("app.x", ["/p", "<&>"], {"SuccessfulExit": False}))


class Socket(ScriptCase):
    def setUp(self):
        super().setUp()
        self.link_engine()
        self.ok("install")

    def over(self, path, address, key=None, body=None):
        connection = SocketConnection(path, 10)
        try:
            connection.request("POST" if body else "GET", address, json.dumps(body) if body else None,
                               {"Authorization": "Bearer " + key, "Content-Type": "application/json"} if key else {})
            answer = connection.getresponse()
            return answer.status, answer.read().decode("utf-8")
        finally:
            connection.close()

    def test_the_real_engine_on_a_socket(self):
        data = self.ok("start", listen="socket")
        path = data["socket"]
        self.assertEqual((data["port"], os.path.dirname(path)), (None, self.layout.run))
        self.assertEqual(self.over(path, "/v1/models")[0], 401)
        status, body = self.over(path, "/v1/chat/completions", self.key(),
                                 {"messages": [{"role": "user", "content": "Hello"}], "max_tokens": 4})
        self.assertEqual(status, 200, body)
        self.assertEqual(self.ok("status")["socket"], path)
        self.assertTrue(self.ok("start", listen="socket")["already_running"])
        if os.path.isdir("/proc"):
            with open("/proc/%d/net/tcp" % data["engine_pid"]) as source:
                inodes = {line.split()[9] for line in source.read().splitlines()[1:]}
            links = [os.readlink("/proc/%d/fd/%s" % (data["engine_pid"], name))
                     for name in os.listdir("/proc/%d/fd" % data["engine_pid"])]
            self.assertFalse([link for link in links if link[8:-1] in inodes and link.startswith("socket:")])
        os.kill(data["engine_pid"], signal.SIGKILL)
        self.assertTrue(wait_for(lambda: self.state().get("restarts") == 1 and self.state()["state"] == "ready"))
        self.assertEqual(self.over(path, "/health")[0], 200)
        changed = self.ok("start", listen="port")
        self.assertFalse(changed["already_running"])
        self.assertTrue(changed["port"] and not changed["socket"] and not os.path.exists(path))
        self.ok("start", listen="socket")
        self.ok("stop")
        self.assertFalse(os.path.exists(path))

    def test_a_second_user_is_shut_out(self):
        if os.getuid() != 0 or not shutil.which("setpriv"):
            self.skipTest("needs root and setpriv to become another user")
        os.chmod(self.folder, 0o755)
        os.chmod(os.path.dirname(self.root), 0o755)
        path = self.ok("start", listen="socket")["socket"]
        code = ("import socket, sys\n"
                "s = socket.socket(socket.AF_UNIX)\n"
                "for act in (lambda: s.connect(sys.argv[1]), lambda: open(sys.argv[2])):\n"
                "    try:\n        act()\n        print('open')\n"
                "    except OSError as error:\n        print(type(error).__name__)\n")
        answer = subprocess.run(["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "/usr/bin/python3", "-c",
                                 code, path, self.layout.api_key], stdout=subprocess.PIPE, cwd="/", check=True)
        self.assertEqual(answer.stdout.decode().split(), ["PermissionError", "PermissionError"])
        with socket.socket(socket.AF_UNIX) as own:
            own.connect(path)

    def test_a_path_that_is_too_long_for_a_socket(self):
        root = os.path.join(self.folder, "l" * 80, "v1")
        self.layout = type(self.layout)({"root": root})
        self.root = root
        self.link_engine()
        self.ok("install")
        runtime = os.path.join(self.folder, "runtime")
        os.makedirs(runtime, mode=0o755)
        environment = {"XDG_RUNTIME_DIR": runtime}
        run = self.call("start", environment=environment, listen="socket")
        self.assertTrue(run.data["port"] and run.data["socket"] is None, run.output)
        os.chmod(runtime, 0o700)
        run = self.call("start", environment=environment, listen="socket")
        self.assertEqual(os.path.dirname(run.data["socket"]), runtime)
        self.assertEqual(self.over(run.data["socket"], "/health")[0], 200)
        self.ok("uninstall")
        self.assertEqual(os.listdir(runtime), [])


if __name__ == "__main__":
    unittest.main()
