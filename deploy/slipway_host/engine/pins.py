"""The engine's wheel: version, files and sums."""

import platform

PACKAGE = "xllamacpp"
ENGINE_VERSION = "2026.10.11549"
# (system, machine): file name, pip platform tag, sha256, bytes to download.
WHEELS = {
    ("Linux", "x86_64"): (
        "xllamacpp-2026.10.11549-cp310-abi3-manylinux2014_x86_64.manylinux_2_17_x86_64.whl",
        "manylinux2014_x86_64",
        "c54e7d13520ecc989c63dc99d55de3065e2f343a91f43f053d16b5e62077c261", 33827498),
    ("Linux", "aarch64"): (
        "xllamacpp-2026.10.11549-cp310-abi3-manylinux2014_aarch64.manylinux_2_17_aarch64.whl",
        "manylinux2014_aarch64",
        "e2a3e79e775515de4ad197e667f874070446ef9ac9cf2044bc9866bc4c72289e", 32870844),
    ("Darwin", "arm64"): (
        "xllamacpp-2026.10.11549-cp310-abi3-macosx_13_0_arm64.whl",
        "macosx_13_0_arm64",
        "4ecda27a308b2403aa13c9d04b270befab95edc556c24ed00b2f8a98bd7f6781", 12152949),
    ("Darwin", "x86_64"): (
        "xllamacpp-2026.10.11549-cp310-abi3-macosx_13_0_x86_64.whl",
        "macosx_13_0_x86_64",
        "1f2a08052bb653659bcf1bedbbaf86b97f41dd46aa2763d596d7f27c5d89a689", 11523198),
}
# The installed engine, its download and some room to move, in bytes.
ENGINE_DISK_BYTES = 190 * 1000 * 1000
ENGINE_INODES = 200
MINIMUM_GLIBC = (2, 17)


def this_wheel():
    return WHEELS[platform.system(), platform.machine()]
