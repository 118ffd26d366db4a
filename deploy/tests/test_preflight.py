"""What the preflight makes of tools and hosts that are not here: their documented output, and odd ones."""

import http.server
import json
import os
import threading
import time
import unittest
import unittest.mock

from script_case import ScriptCase
from slipway_host.probe import surroundings
from slipway_host.probe.containers import container_facts
from slipway_host.probe.findings import Findings
from slipway_host.probe.gpu import gpu_report
from slipway_host.probe.gpu_nvidia import gpu_line, process_line
from slipway_host.probe.host_findings import gpu_findings, place_findings
from slipway_host.probe.ollama import ollama_facts
from slipway_host.process import run_text
from stand_in import stand_in

GPU = "0, GPU-5f2c, NVIDIA GeForce RTX 4090, 24564, 23010, 570.86.15, 8.9"
SUMMARY = "| NVIDIA-SMI 570.86.15      Driver Version: 570.86.15      CUDA Version: 12.8     |"
AMD_STATIC = [{"gpu": 0, "asic": {"market_name": "AMD Instinct MI300X", "asic_serial": "0x12", "vendor_id": "0x1002",
                                  "target_graphics_version": "gfx942"},
               "driver": {"name": "amdgpu", "version": "6.10.5"},
               "vram": {"type": "HBM", "size": {"value": 196592, "unit": "MB"}}}]
AMD_METRIC = [{"gpu": 0, "mem_usage": {"total_vram": {"value": 196592, "unit": "MB"},
                                       "used_vram": {"value": 592, "unit": "MB"},
                                       "free_vram": {"value": 196000, "unit": "MB"}}}]
ROCM = {"card0": {"VRAM Total Memory (B)": "25753026560", "VRAM Total Used Memory (B)": "536870912",
                  "Card Series": "Radeon RX 7900 XTX", "GFX Version": "gfx1100"},
        "system": {"Driver version": "6.7.0"}}


def by_code(data):
    return {item["code"]: item for item in data["findings"]}


class Tools(ScriptCase):
    def setUp(self):
        super().setUp()
        self.link_engine()
        self.bin = os.path.join(self.folder, "bin")
        self.environment = {"PATH": self.bin + os.pathsep + os.environ["PATH"]}

    def probe(self, **params):
        run = self.call("probe", environment=self.environment, **params)
        self.assertIsNone(run.code, run.output)
        return run

    def asked(self, function):
        """What a part of the probe says on that PATH, without all the others."""
        with unittest.mock.patch.dict(os.environ, self.environment):
            return function()

    def nvidia(self, gpus, processes=(0, ""), summary=(0, SUMMARY)):
        stand_in(self.bin, "nvidia-smi", [("compute_cap query-gpu",) + gpus, ("query-compute-apps",) + processes],
                 summary)

    def test_nvidia(self):
        self.nvidia((0, GPU + "\n1, GPU-77, Tesla K80, 11441 MiB, [N/A], 470.256.02, [Not Supported]"),
                    (0, "GPU-5f2c, 4242, 1400, /opt/my, odd/python\nGPU-77, 17, [N/A], [Not Found]"))
        data = self.probe().data
        self.assertEqual(data["gpus"][0], {
            "vendor": "nvidia", "index": 0, "uuid": "GPU-5f2c", "name": "NVIDIA GeForce RTX 4090",
            "memory_total_mb": 24564, "memory_free_mb": 23010, "driver": "570.86.15", "compute_capability": "8.9",
            "unified": False})
        self.assertEqual((data["gpus"][1]["memory_total_mb"], data["gpus"][1]["memory_free_mb"],
                          data["gpus"][1]["compute_capability"]), (11441, None, None))
        self.assertEqual(data["cuda"], "12.8")
        self.assertEqual(data["gpu_processes"][0], {"pid": 4242, "name": "/opt/my, odd/python", "memory_mb": 1400,
                                                    "gpu_uuid": "GPU-5f2c"})
        self.assertEqual((data["gpu_processes"][1]["name"], data["gpu_processes"][1]["memory_mb"]), ("?", None))
        found = by_code(data)
        self.assertEqual(found["gpu_busy"]["params"]["pid"], "4242")
        self.assertEqual(found["gpu_ok"]["severity"], "ok")

    def test_nvidia_before_compute_cap(self):
        stand_in(self.bin, "nvidia-smi", [
            ("compute_cap", 2, 'Field "compute_cap" is not a valid field to query.'),
            ("query-gpu", 0, GPU.rpartition(",")[0]), ("query-compute-apps", 0, "")], (0, SUMMARY))
        gpu = self.probe().data["gpus"][0]
        self.assertEqual((gpu["name"], gpu["compute_capability"]), ("NVIDIA GeForce RTX 4090", None))

    def test_nvidia_in_trouble(self):
        for text, status, code in (
                ("Failed to initialize NVML: Driver/library version mismatch\nNVML library version: 570.86", 18,
                 "gpu_driver_mismatch"),
                ("NVIDIA-SMI has failed because it couldn't communicate with the NVIDIA driver. Make sure that the "
                 "latest NVIDIA driver is installed and running.", 9, "gpu_driver_not_loaded"),
                ("No devices were found", 6, "gpu_absent"), ("No devices were found", 0, "gpu_absent"),
                ("Unable to determine the device handle for GPU 0000:01:00.0: GPU is lost.", 15, "gpu_lost"),
                ("Segmentation fault", 139, "gpu_tool_failed")):
            with self.subTest(code):
                self.nvidia((status, text), (status, text), (status, text))
                report = self.asked(gpu_report)
                self.assertEqual((report["gpus"], report["tools"][0]["code"]), ([], code))
                findings = Findings()
                gpu_findings(findings, report)
                self.assertEqual([(item["code"], item["severity"]) for item in findings.items],
                                 [(code, "ok" if code == "gpu_absent" else "warn")])

    def test_every_tool_hangs(self):
        for name in ("nvidia-smi", "amd-smi", "rocm-smi", "docker", "podman", "ollama", "systemctl", "busctl"):
            stand_in(self.bin, name, [], ("hang", ""))
        run = self.probe()
        self.assertLess(run.seconds, 10)
        found = by_code(run.data)
        self.assertEqual({tool["code"] for tool in run.data["gpu_tools"]}, {"gpu_tool_hangs"})
        self.assertIn("container_hangs", found)
        self.assertEqual([tool["reason"] for tool in run.data["containers"]], ["hangs", "hangs"])

    def test_amd(self):
        for static, metric in ((AMD_STATIC, AMD_METRIC), ({"gpu_data": AMD_STATIC}, {"gpu_data": AMD_METRIC})):
            stand_in(self.bin, "amd-smi", [("static", 0, "WARNING: user is not in [video]\n" + json.dumps(static)),
                                           ("metric", 0, json.dumps(metric))])
            gpu = self.asked(gpu_report)["gpus"][0]
            self.assertEqual((gpu["vendor"], gpu["name"], gpu["memory_total_mb"], gpu["memory_free_mb"], gpu["driver"],
                              gpu["compute_capability"]),
                             ("amd", "AMD Instinct MI300X", 196592, 196000, "6.10.5", "gfx942"))

    def test_amd_with_rocm_smi_alone(self):
        stand_in(self.bin, "amd-smi", [], (1, "ModuleNotFoundError: No module named 'amdsmi'"))
        stand_in(self.bin, "rocm-smi", [("--showmeminfo", 0, json.dumps(ROCM))])
        data = self.asked(gpu_report)
        self.assertEqual((data["gpus"][0]["name"], data["gpus"][0]["memory_total_mb"],
                          data["gpus"][0]["memory_free_mb"]), ("Radeon RX 7900 XTX", 24560, 24048))
        self.assertEqual([tool["ok"] for tool in data["tools"]], [False, True])

    def test_containers(self):
        stand_in(self.bin, "docker", [("info", 0, json.dumps({
            "ServerVersion": "27.3.1", "SecurityOptions": ["name=seccomp", "name=rootless"],
            "Runtimes": {"nvidia": {}, "runc": {}}}))])
        stand_in(self.bin, "podman", [("info", 0, "WARN[0000] cgroup v1\n" + json.dumps({
            "host": {"security": {"rootless": True}}, "version": {"Version": "5.2.0"}}))])
        data = self.probe().data
        self.assertEqual([(tool["tool"], tool["version"], tool["usable"], tool["rootless"], tool["gpu"])
                          for tool in data["containers"]],
                         [("docker", "27.3.1", True, True, True), ("podman", "5.2.0", True, True, None)])
        for text, reason in (("permission denied while trying to connect to the docker API", "denied"),
                             ("Cannot connect to the Docker daemon at unix:///var/run/docker.sock.", "not_running"),
                             ("exec format error", "failed")):
            stand_in(self.bin, "docker", [("info", 0, json.dumps({"ServerVersion": "", "ServerErrors": [text]}))])
            self.assertEqual(self.asked(container_facts)[0]["reason"], reason)

    def test_ollama(self):
        class Service(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                body = b'{"version":"0.33.0"}'
                self.send_response(200)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass

        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Service)
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        self.addCleanup(thread.join)
        self.addCleanup(server.server_close)
        self.addCleanup(server.shutdown)
        port = server.server_address[1]
        stand_in(self.bin, "ollama", [("--version", 0, "ollama version is 0.33.0")])
        for address in ("0.0.0.0:%d", "http://localhost:%d"):
            self.environment["OLLAMA_HOST"] = address % port
            self.assertEqual(self.asked(ollama_facts), {
                "path": os.path.join(self.bin, "ollama"), "version": "0.33.0", "serving": "0.33.0",
                "address": "127.0.0.1:%d" % port})
        self.environment["OLLAMA_HOST"] = ":::nonsense"
        self.assertIsNone(self.asked(ollama_facts)["serving"])

    def test_proxies_are_named_and_no_more(self):
        self.environment["HTTPS_PROXY"] = "http://me:hunter2@127.0.0.1:9"
        run = self.probe()
        self.assertEqual([name for name in run.data["proxies"] if name == "HTTPS_PROXY"], ["HTTPS_PROXY"])
        self.assertNotIn("hunter2", run.output)
        self.assertIn("HTTPS_PROXY", by_code(run.data)["proxy_set"]["params"]["names"])

    def test_the_clock(self):
        data = self.probe(time=time.time() - 2 * 86400).data
        self.assertAlmostEqual(data["clock"]["skew_s"], 2 * 86400, delta=10)
        self.assertEqual(by_code(data)["clock_skew"]["severity"], "warn")
        self.assertNotIn("clock_skew", by_code(self.probe(time=time.time()).data))
        self.assertIsNone(self.probe().data["clock"]["skew_s"])
        self.fails("script_failed", "probe", time="now")

    def test_places(self):
        data = self.probe(model={"kind": "path", "path": os.path.join(self.folder, "models/x.gguf")}).data
        places = {place["role"]: place for place in data["places"]}
        self.assertEqual(set(places), {"root", "home", "tmp", "models"})
        self.assertEqual(places["models"]["wanted"], os.path.join(self.folder, "models"))
        self.assertTrue(all(place["free_bytes"] > 0 and place["writable"] for place in places.values()))
        self.assertTrue(data["libc_version"]["name"] in ("glibc", "musl", "macos"))
        self.assertTrue(data["libc_version"]["version"])
        self.assertTrue(all(isinstance(python["venv_works"], bool) for python in data["python"]["pythons"]))


class Parsing(unittest.TestCase):
    def test_lines_that_are_none(self):
        for line in ("", "Unable to load library", "WARNING: infoROM is corrupted at gpu 0000:01:00.0", "a,b,c,d,e,f,g"):
            self.assertIsNone(gpu_line(line, 7))
            self.assertIsNone(process_line(line))

    def test_unified_memory(self):
        gpu = gpu_line("0, GPU-1, NVIDIA GB10, [N/A], [N/A], 580.95.05, 12.1", 7)
        self.assertEqual((gpu["unified"], gpu["memory_total_mb"], gpu["compute_capability"]), (True, None, "12.1"))

    def test_a_tool_that_cannot_be_killed_politely(self):
        begun = time.monotonic()
        status, text = run_text(["/bin/sh", "-c", "trap '' TERM; sleep 30 & sleep 30"], 0.3)
        self.assertIsNone(status)
        self.assertIn("no answer within", text)
        self.assertLess(time.monotonic() - begun, 3)

    def test_full_places_are_warned_of(self):
        place = dict(role="tmp", path="/tmp", wanted="/tmp", free_bytes=1000, total_bytes=9, free_inodes=3,
                     noexec=True, writable=True, kind="tmpfs")
        findings = Findings()
        place_findings(findings, [place])
        self.assertEqual([item["code"] for item in findings.items], ["place_full", "inodes_low", "tmp_noexec"])

    def test_nothing_is_here(self):
        self.assertIsInstance(gpu_report()["gpus"], list)
        self.assertIsInstance(surroundings.mounted_kinds(), dict)


if __name__ == "__main__":
    unittest.main()
