"""watch: gauges of the real host and the real engine, and of cards that are not here."""

import json
import os
import signal
import subprocess
import sys
import time
import unittest
import unittest.mock

from running import Running
from script_case import FOLDER, ScriptCase, listing, wait_for
from slipway_host.gauges import amd_sysfs, card_readings, cards
from slipway_host.gauges.engine import resident_bytes
from slipway_host.process import is_running, start_time
from stand_in import stand_in

CARD = {"index", "name", "vendor", "utilisation_percent", "memory_used_mb", "memory_total_mb", "temperature_c"}


class Watch(ScriptCase):
    def watch(self, environment=None, **params):
        return Running(self.begin("watch", environment=environment, **params))

    def test_an_engine_through_its_life(self):
        self.link_engine()
        self.ok("install")
        watch = self.watch(interval_s=1)
        first = watch.event("gauges")["data"]
        self.assertEqual(set(first), {"gpus", "memory", "disk", "load1", "cores", "uptime_s", "engine"})
        self.assertEqual(first["engine"], {"state": "stopped", "pid": None, "memory_bytes": None, "restarts": 0,
                                           "since": None})
        self.assertTrue(first["memory"]["total_bytes"] >= first["memory"]["available_bytes"] > 0)
        self.assertTrue(first["disk"]["total_bytes"] > first["disk"]["free_bytes"] > 0)
        self.assertTrue(first["cores"] > 0 and first["load1"] >= 0.0 and first["uptime_s"] > 0)
        data = self.ok("start")

        def engine_of(condition):
            for _ in range(20):
                found = watch.event("gauges")["data"]["engine"]
                if condition(found):
                    return found
            raise AssertionError(found)

        ready = engine_of(lambda engine: engine["state"] == "ready")
        self.assertEqual((ready["pid"], ready["restarts"]), (data["engine_pid"], 0))
        # A Python with the engine's library and the practice model in it.
        self.assertTrue(15e6 < ready["memory_bytes"] < 1e9, ready)
        self.assertLess(abs(time.time() - ready["since"]), 60)
        os.kill(data["engine_pid"], signal.SIGKILL)
        again = engine_of(lambda engine: engine["restarts"] == 1 and engine["state"] == "ready")
        self.assertNotEqual(again["pid"], data["engine_pid"])
        self.ok("stop")
        gone = engine_of(lambda engine: engine["state"] == "stopped")
        self.assertEqual((gone["pid"], gone["memory_bytes"]), (None, None))
        self.assertEqual(watch.end().code, None)

    def test_at_once_and_then_each_interval(self):
        begun = time.monotonic()
        watch = self.watch(interval_s=1)
        times = []
        for _ in range(4):
            watch.event("gauges")
            times.append(time.monotonic())
        self.assertLess(times[0] - begun, 3)
        self.assertAlmostEqual(times[3] - times[0], 3.0, delta=0.7)
        run = watch.end()
        self.assertEqual((run.status, run.terminals), (0, 1))
        self.assertGreaterEqual(run.data["events"], 4)
        self.assertEqual(listing(self.folder), {}, "a watch writes nothing")

    def test_every_end(self):
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            with self.subTest(number):
                watch = self.watch(interval_s=3600)
                self.assertEqual(watch.event("gauges")["data"]["engine"]["state"], "absent")
                run = watch.end(number)
                self.assertLess(run.seconds, 1)
                self.assertEqual((run.status, run.data), (0, {"events": 1}), run.output)

    def test_a_closed_stdout_ends_it_without_a_word(self):
        process = self.begin("watch", interval_s=3600)
        self.assertIn(b"gauges", process.stdout.readline() + process.stdout.readline())
        process.stdout.close()
        self.assertEqual(process.wait(3), 0)

    def test_elsewhere_an_empty_line_finds_a_closed_stdout(self):
        program = ("import sys; sys.path.insert(0, %r); sys.platform = 'other'\n"
                   "from slipway_host import audience; audience.SIGN_OF_LIFE_S = 0.2\n"
                   "from slipway_host.commands.watch import command_watch\n"
                   "command_watch({'root': %r, 'interval_s': 3600})" % (FOLDER, self.root))
        process = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE)
        self.addCleanup(process.kill)
        self.assertIn(b"gauges", process.stdout.readline() + process.stdout.readline())
        self.assertEqual(process.stdout.readline(), b"\n")
        process.stdout.close()
        self.assertEqual(process.wait(5), 0)

    def test_intervals_that_are_none(self):
        for value in (0, 3601, "often", True, -1):
            self.fails("script_failed", "watch", interval_s=value)

    def test_the_memory_of_what_an_engine_started(self):
        child = "import time; held = bytearray(80 << 20); print('held', flush=True); time.sleep(60)"
        parent = "import subprocess, sys; subprocess.run([sys.executable, '-c', %r])" % child
        process = subprocess.Popen([sys.executable, "-c", parent], stdout=subprocess.PIPE, start_new_session=True)
        self.addCleanup(process.stdout.close)
        self.addCleanup(process.wait)
        self.addCleanup(os.killpg, process.pid, signal.SIGKILL)
        process.stdout.readline()
        self.assertGreater(resident_bytes(process.pid), 80 << 20)
        self.assertLess(resident_bytes(process.pid), 160 << 20)
        self.assertIsNone(resident_bytes(2 ** 30))


class Cards(ScriptCase):
    """Stand-ins print what the vendors' tools print; there is no card here."""

    NVIDIA = "0, NVIDIA GeForce RTX 4090, 37, 1554, 24564, 61\n1, Tesla T4, [N/A], 15 MiB, 15360 MiB, [Not Supported]"

    def setUp(self):
        super().setUp()
        self.bin = os.path.join(self.folder, "bin")
        self.environment = {"PATH": self.bin + os.pathsep + os.environ["PATH"]}

    def asked(self, function):
        with unittest.mock.patch.dict(os.environ, self.environment):
            return function()

    def test_a_tool_that_begins_to_hang(self):
        stand_in(self.bin, "nvidia-smi", [("query-gpu utilization.gpu temperature.gpu", 0, self.NVIDIA)])
        watch = Running(self.begin("watch", environment=self.environment, interval_s=1))
        first = watch.event("gauges")["data"]["gpus"]
        self.assertEqual(first[0], {"index": 0, "vendor": "nvidia", "name": "NVIDIA GeForce RTX 4090",
                                    "utilisation_percent": 37, "memory_used_mb": 1554, "memory_total_mb": 24564,
                                    "temperature_c": 61})
        self.assertEqual((first[1]["utilisation_percent"], first[1]["memory_used_mb"], first[1]["temperature_c"]),
                         (None, 15, None))
        stand_in(self.bin, "nvidia-smi", [], ("hang", ""))
        begun = time.monotonic()
        for number in range(30):
            card = watch.event("gauges", 4)["data"]["gpus"][0]
            if card["utilisation_percent"] is None:
                break
        self.assertEqual((card["name"], card["memory_total_mb"], card["memory_used_mb"]),
                         ("NVIDIA GeForce RTX 4090", 24564, None))
        # It went on at its pace meanwhile.
        self.assertLess(time.monotonic() - begun, 12)
        self.assertGreaterEqual(number, 3)
        begun = time.monotonic()
        watch.event("gauges", 2)
        watch.event("gauges", 2)
        self.assertLess(time.monotonic() - begun, 3, "it is not asked again at once")
        self.assertEqual(watch.end().status, 0)

    def test_a_tool_that_hangs_from_the_start_leaves_nothing(self):
        mark = os.path.join(self.folder, "pid")
        path = stand_in(self.bin, "nvidia-smi", [], (1, ""))
        with open(path, "w") as out:
            out.write("#!/bin/sh\necho $$ > %s\nsleep 30\n" % mark)
        watch = Running(self.begin("watch", environment=self.environment, interval_s=1))
        self.assertEqual(watch.event("gauges", 5)["data"]["gpus"], [])
        with open(mark) as source:
            pid = int(source.read())
        started = start_time(pid)
        self.assertTrue(started)
        self.assertLess(watch.end().seconds, 2)
        self.assertTrue(wait_for(lambda: not is_running(pid, started), 2))

    def test_a_driver_that_goes_away_and_comes_back(self):
        reader = cards.Reader(card_readings.nvidia_readings)
        for status, text, utilisation in ((0, self.NVIDIA, 37), (9, "couldn't communicate with the NVIDIA driver", None),
                                          (0, self.NVIDIA, 37)):
            stand_in(self.bin, "nvidia-smi", [("query-gpu", status, text)])
            self.asked(reader.read)
            self.assertEqual([card["utilisation_percent"] for card in reader.cards], [utilisation, None])
            self.assertEqual(set(reader.cards[0]), CARD)

    def test_amd_smi(self):
        metric = [{"gpu": 0, "usage": {"gfx_activity": {"value": 42, "unit": "%"}, "umc_activity": "N/A"},
                   "temperature": {"edge": "N/A", "hotspot": {"value": 41, "unit": "C"}, "mem": "N/A"},
                   "mem_usage": {"total_vram": {"value": 16368, "unit": "MB"},
                                 "used_vram": {"value": 14569, "unit": "MB"}}}]
        for shape in (metric, {"gpu_data": metric}):
            stand_in(self.bin, "amd-smi", [("metric --usage --temperature", 0, json.dumps(shape))])
            found, hangs = self.asked(card_readings.amd_readings)
            self.assertEqual((found, hangs), ([card_readings.reading("amd", 0, "AMD", 42, 14569, 16368, 41)], False))

    def test_rocm_smi(self):
        card = {"GPU use (%)": "100", "Temperature (Sensor edge) (C)": "52.0", "VRAM Total Memory (B)": "25753026560",
                "VRAM Total Used Memory (B)": "536870912", "Card series": "Radeon RX 7900 XTX"}
        stand_in(self.bin, "rocm-smi", [("--showuse --showtemp", 0, "WARNING: odd {thing}\n" + json.dumps(
            {"card0": card, "card1": {"GPU use (%)": "N/A"}, "system": {"Driver version": "6.7.0"}}))])
        found, _ = self.asked(card_readings.amd_readings)
        self.assertEqual(found[0], card_readings.reading("amd", 0, "Radeon RX 7900 XTX", 100, 512, 24560, 52))
        self.assertEqual(found[1], card_readings.reading("amd", 1, "AMD", None, None, None, None))
        stand_in(self.bin, "rocm-smi", [], ("hang", ""))
        self.assertEqual(self.asked(card_readings.amd_readings), ([], True))

    def test_amd_cards_that_the_kernel_tells_of(self):
        folder = os.path.join(self.folder, "drm")
        for number, address, files in (
                (1, "0000:c1:00.0", {"vendor": "0x1002", "mem_info_vram_total": 24 << 30, "mem_info_vram_used": 1 << 30,
                                     "gpu_busy_percent": 7, "hwmon/hwmon3/temp2_input": 45400}),
                (0, "0000:03:00.0", {"vendor": "0x1002", "mem_info_vram_total": 8 << 30, "product_name": "Instinct"}),
                (2, "0000:05:00.0", {"vendor": "0x8086"})):
            device = os.path.join(self.folder, "devices", address)
            os.makedirs(os.path.join(device, "hwmon", "hwmon3"))
            for name, value in files.items():
                with open(os.path.join(device, name), "w") as out:
                    out.write("%s\n" % value)
            os.makedirs(os.path.join(folder, "card%d" % number))
            os.symlink(device, os.path.join(folder, "card%d" % number, "device"))
        os.makedirs(os.path.join(folder, "card0-DP-1"))
        static = [{"gpu": index, "asic": {"market_name": name}} for index, name in enumerate(("First", "Second"))]
        stand_in(self.bin, "amd-smi", [("static", 0, json.dumps(static)), ("metric", 0, "[]")])
        self.addCleanup(amd_sysfs.NAMES.clear)
        with unittest.mock.patch.object(amd_sysfs, "FOLDER", folder):
            found, _ = self.asked(card_readings.amd_readings)
        self.assertEqual(found, [card_readings.reading("amd", 0, "Instinct", None, None, 8192, None),
                                 card_readings.reading("amd", 1, "Second", 7, 1024, 24576, 45)])

    def test_apple(self):
        gpu = {"index": 0, "name": "Apple M3", "memory_total_mb": 18000, "memory_free_mb": 6000}
        with unittest.mock.patch.object(card_readings, "apple_gpus", lambda: [gpu]):
            self.assertEqual(card_readings.apple_readings()[0],
                             [card_readings.reading("apple", 0, "Apple M3", None, 12000, 18000, None)])


if __name__ == "__main__":
    unittest.main()
