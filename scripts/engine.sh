#!/usr/bin/env bash
# Fetches the engine's wheel once, as deploy/slipway_host/engine/pins.py pins it, and prints the folder it
# is in. The journeys make pip install from there: every test begins with an empty home directory
# and would otherwise download it again.
set -euo pipefail
# shellcheck source=scripts/platform.sh
. "$(dirname "$0")/platform.sh"

folder=${CARGO_TARGET_DIR:-$ROOT/target}/engine
pin=$(
  PYTHONDONTWRITEBYTECODE=1 PYTHONPATH=deploy python3 - <<'END'
import platform

from slipway_host.engine.pins import ENGINE_VERSION, PACKAGE, WHEELS

name, _, sha256, _ = WHEELS[(platform.system(), platform.machine())]
print(name, "%s==%s --hash=sha256:%s" % (PACKAGE, ENGINE_VERSION, sha256))
END
)
wheel=${pin%% *}
if [ ! -f "$folder/$wheel" ]; then
  mkdir -p "$folder"
  echo "${pin#* }" >"$folder/requirements.txt"
  pip=(python3 -m pip)
  if ! "${pip[@]}" --version >/dev/null 2>&1; then # Debian's Python has venv with pip, but no pip
    python3 -m venv "$folder/pip" >&2
    pip=("$folder/pip/bin/python" -m pip)
  fi
  "${pip[@]}" download --quiet --disable-pip-version-check --no-deps --only-binary=:all: \
    --require-hashes -r "$folder/requirements.txt" -d "$folder/part" >&2
  mv "$folder/part/$wheel" "$folder/$wheel" # complete and checked, or not there at all
  rmdir "$folder/part"
fi
echo "$folder"
