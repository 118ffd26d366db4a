"""The record of a run: bounded, whole after a full disk, and read from its end."""

import os
import resource
import tempfile
import time
import unittest

import script_case  # noqa: it puts the folder above on the path
from slipway_host.runs.record import EventReader, EventRecord, event_line, open_record, terminal_event
from slipway_host.wire import Channel

DONE = {"event": "result", "data": {}}


def log(text):
    return {"event": "log", "level": "info", "text": text}


class Record(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="slipway-test-")
        self.addCleanup(folder.cleanup)
        self.path = os.path.join(folder.name, "events.jsonl")
        self.record = EventRecord(self.path, "the-run-itself")
        self.addCleanup(os.close, self.record.descriptor)

    def events(self):
        descriptor = open_record(self.path)
        try:
            reader, found = EventReader(descriptor, 0), []
            while True:
                events = reader.read()
                if events is None:
                    return [event for event, _ in found]
                found += events
        finally:
            os.close(descriptor)

    def terminal(self):
        descriptor = open_record(self.path)
        try:
            return terminal_event(descriptor)
        finally:
            os.close(descriptor)

    def test_progress_is_written_four_times_a_second_at_most(self):
        channel = Channel()
        channel.record = self.record
        begun = time.monotonic()
        while time.monotonic() < begun + 1.2:
            channel.progress("model", "a model", 1, 2)
        self.assertIn(len(self.events()), (4, 5))

    def test_the_longer_it_takes_the_less_it_tells(self):
        line = len(event_line({"event": "progress", "stage": "model", "text": "some-model-Q4_K_M.gguf",
                               "done": 10 ** 10, "total": 10 ** 11}))
        size, seconds, sizes = 0, 0.0, {}
        while seconds < 30 * 86400:
            if size >> 20 not in sizes:
                sizes[size >> 20] = seconds
                os.truncate(self.path, size)
                interval = self.record.progress_interval()
            seconds += interval
            size += line
            if seconds >= 86400:
                sizes.setdefault("a day", size)
        self.assertLess(sizes["a day"], 6 << 20)
        self.assertLess(size, 20 << 20)
        self.assertLessEqual(interval, 32)

    def test_a_full_disk(self):
        """Here a limit on the size of files stands for it: what is written stops in the middle of a line."""
        self.record.write(log("before"))
        limits = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (os.stat(self.path).st_size + 20, limits[1]))
        try:
            self.record.write(log("dropped"))
            self.record.write(log("dropped as well"))
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        self.assertEqual(self.events(), [log("before")])
        self.record.write(log("after"))
        self.record.write(DONE)
        self.assertEqual(self.events(), [log("before"), log("after"), DONE])

    def test_the_terminal_event_is_the_last_one(self):
        self.assertIsNone(self.terminal())
        for text in ("a", "b" * 200000):
            self.record.write(log(text))
            self.assertIsNone(self.terminal())
        place = os.stat(self.path).st_size
        # Longer than a block, as one with the tail of a log.
        long = dict(DONE, data={"log": "x" * 300000})
        self.record.write(long)
        self.assertEqual(self.terminal(), (long, place))
        with open(self.path, "ab") as out:
            out.write(b"garbage\n" + b"\n" * 100000 + b'{"event": "log", "te')
        self.assertEqual(self.terminal(), (long, place))

    def test_a_line_without_its_break_is_no_event_yet(self):
        with open(self.path, "ab") as out:
            out.write(event_line(DONE)[:-1])
        self.assertIsNone(self.terminal())
        self.assertEqual(self.events(), [])

    def test_a_line_without_end_is_not_kept_in_memory(self):
        self.record.write(log("before"))
        with open(self.path, "ab") as out:
            for _ in range(40):
                out.write(b"x" * (1 << 20))
        descriptor = open_record(self.path)
        self.addCleanup(os.close, descriptor)
        reader, longest = EventReader(descriptor, 0), 0
        while reader.read() is not None:
            longest = max(longest, len(reader.partial))
        self.assertLess(longest, 9 << 20)
        with open(self.path, "ab") as out:
            out.write(b"\n" + event_line(log("after")))
        found = reader.read()
        self.assertEqual([event for event, _ in found], [log("after")])
        self.assertEqual(found[0][1], os.stat(self.path).st_size)


if __name__ == "__main__":
    unittest.main()
