"""Other places for a deployment: on a real disk, and among mounts that are told of."""

import contextlib
import os
import stat
import subprocess
import sys
import time
import unittest
import unittest.mock

from script_case import ScriptCase, mounted
from slipway_host.layout import Layout
from slipway_host.probe import directories, mounts
from slipway_host.probe.directories import directory_facts
from slipway_host.probe.system import user_name

MEGABYTE = 1000 ** 2


@contextlib.contextmanager
def disk(test, path, megabytes, options="loop"):
    """A real ext4 file system in a file; the test is skipped where mounting is not allowed."""
    if os.getuid() != 0 or not sys.platform.startswith("linux"):
        test.skipTest("mounting needs root on Linux")
    image = os.path.join(test.folder, os.path.basename(path) + ".img")
    with open(image, "wb") as out:
        out.truncate(megabytes * MEGABYTE)
    subprocess.run(["mkfs.ext4", "-q", "-F", image], check=True)
    os.makedirs(path, exist_ok=True)
    if subprocess.run(["mount", "-o", options, image, path], stderr=subprocess.DEVNULL).returncode:
        test.skipTest("mounting is not allowed here")
    try:
        yield path
    finally:
        subprocess.run(["umount", "-l", path], check=False)


class Directories(ScriptCase):
    def below(self, found):
        """Those of these places that are the test's own."""
        return [place for place in found if place["path"].startswith(self.folder)]

    def asked(self, places, kinds=None, root=None):
        """What is told of these mounts."""
        table = [mounts.Mount("/dev/x", path, (kinds or {}).get(path, "ext4")) for path in places]
        with unittest.mock.patch.object(directories, "mounts", lambda: table):
            return directory_facts(Layout({"root": root or self.root}))

    def test_real_disks(self):
        big, small, noexec, readonly = (os.path.join(self.folder, name) for name in ("big disk", "small", "noexec", "ro"))
        with disk(self, big, 900), disk(self, small, 500), disk(self, noexec, 800, "loop,noexec"), \
                disk(self, readonly, 800, "loop,ro"):
            run = self.call("probe")
            found = self.below(run.data["directories"])
            name = "slipway-" + user_name()
            self.assertEqual([place["path"] for place in found], [os.path.join(big, name), os.path.join(small, name)])
            self.assertTrue(all(place["total_bytes"] > place["free_bytes"] > 400 * MEGABYTE for place in found))
            self.assertEqual(os.listdir(big), ["lost+found"], "a probe writes nothing")
            # It will do as root, and is not named for a root that is already there.
            self.link_engine()
            root = os.path.join(found[0]["path"], "v1")
            os.makedirs(os.path.join(root, "engines"))
            os.symlink(os.path.realpath(self.layout.engine),
                       os.path.join(root, "engines", os.path.basename(self.layout.engine)))
            self.assertTrue(self.ok("install", root=root)["changed"])
            paths = [place["path"] for place in self.ok("probe", root=root)["directories"]]
            self.assertNotIn(found[0]["path"], paths)
            self.assertIn(found[1]["path"], paths)
            self.ok("uninstall", root=root)
            self.assertEqual([place["path"] for place in self.below(self.ok("probe")["directories"])],
                             [os.path.join(big, name), os.path.join(small, name)])

    def test_only_five_and_most_room_first(self):
        with contextlib.ExitStack() as stack:
            places = [stack.enter_context(mounted(self, os.path.join(self.folder, "m%d" % number), "size=%dm" % size))
                      for number, size in enumerate((300, 700, 400, 600, 500, 800, 100))]
            found = self.asked(places)
            self.assertEqual([os.path.basename(os.path.dirname(place["path"])) for place in found],
                             ["m5", "m1", "m3", "m4", "m2"])
            # Kinds that are no disks, places of the system, and what is mounted twice.
            kinds = {places[0]: "tmpfs", places[1]: "overlay", places[3]: "vfat", places[5]: "squashfs"}
            again = os.path.join(self.folder, "again and longer")
            os.makedirs(again)
            subprocess.run(["mount", "--bind", places[4], again], check=True)
            stack.callback(subprocess.run, ["umount", "-l", again])
            found = self.asked(places + [again, "/proc", "/boot", "/nowhere", "/etc/hostname"], kinds)
            self.assertEqual([os.path.basename(os.path.dirname(place["path"])) for place in found], ["m4", "m2"])

    def test_what_is_there_already(self):
        name = "slipway-" + user_name()
        with mounted(self, os.path.join(self.folder, "m"), "size=300m") as path:
            place = os.path.join(path, name)
            os.makedirs(place)
            self.assertEqual([found["path"] for found in self.asked([path])], [place])
            # Somebody else's, or one that leads elsewhere: then the user's own folder there.
            os.chown(place, 12345, 12345)
            os.chmod(place, 0o777)
            self.assertEqual(self.asked([path]), [])
            os.makedirs(os.path.join(path, user_name()))
            self.assertEqual([found["path"] for found in self.asked([path])], [os.path.join(path, user_name(), name)])
            os.rmdir(place)
            os.symlink("/etc", place)
            self.assertEqual([found["path"] for found in self.asked([path])], [os.path.join(path, user_name(), name)])

    def test_the_file_system_of_the_home(self):
        with mounted(self, os.path.join(self.folder, "m"), "size=300m") as path:
            home = os.path.join(path, "home", "me")
            os.makedirs(home)
            with unittest.mock.patch.dict(os.environ, HOME=home):
                self.assertEqual([found["path"] for found in self.asked([path])],
                                 [os.path.join(home, "slipway-" + user_name())])

    def test_one_that_does_not_answer(self):
        real = os.stat

        def stat_that_hangs(path, *arguments, **options):
            if path == "/gone":
                time.sleep(30)
            return real(path, *arguments, **options)

        with mounted(self, os.path.join(self.folder, "m"), "size=300m") as path:
            begun = time.monotonic()
            with unittest.mock.patch.object(directories.os, "stat", stat_that_hangs):
                self.assertEqual(len(self.asked(["/gone", path], {"/gone": "nfs"})), 1)
            self.assertLess(time.monotonic() - begun, 5)

    def test_a_name_that_cannot_be_told(self):
        for name in ("not \udcff text", "two\nlines"):
            path = os.path.join(self.folder, name)
            with mounted(self, path, "size=300m"):
                self.assertEqual(self.asked([path]), [])

    def test_this_host(self):
        found = self.ok("probe")["directories"]
        device = os.stat(self.folder).st_dev
        for place in found:
            self.assertEqual(Layout({"root": os.path.join(place["path"], "v1")}).root, place["path"] + "/v1")
            self.assertNotEqual(os.stat(os.path.dirname(place["path"])).st_dev, device)
            self.assertTrue(stat.S_ISDIR(os.stat(os.path.dirname(place["path"])).st_mode))

    def test_names_in_the_table(self):
        path = os.path.join(self.folder, "table")
        with open(path, "wb") as out:
            out.write(b"/dev/sda1 / ext4 rw 0 0\n/dev/b /my\\040disk\\134x xfs rw 0 0\nhost:/e /m\xffl\\012n nfs4 rw 0 0\nodd\n")
        with unittest.mock.patch.object(mounts, "TABLE", path):
            found = mounts.mounts()
        self.assertEqual([(mount.path, mount.kind) for mount in found],
                         [("/", "ext4"), ("/my disk\\x", "xfs"), ("/m\udcffl\nn", "nfs4")])


if __name__ == "__main__":
    unittest.main()
