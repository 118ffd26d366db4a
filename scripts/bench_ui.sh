#!/usr/bin/env bash
# Measures the real window on a display without a screen: start, conversations, keys, search, memory.
# Arguments name the parts (`make bench-ui BENCH="search typing"`). SLIPWAY_WINDOW names the
# application; without it, the release is built here. Figures: target/bench/ui.json.
set -euo pipefail
# shellcheck source=scripts/platform.sh
. "$(dirname "$0")/platform.sh"

scripts/setup.sh test
# shellcheck source=scripts/platform.sh
. scripts/platform.sh

if [ -z "${SLIPWAY_WINDOW:-}" ]; then
  scripts/build.sh
  export SLIPWAY_WINDOW=${CARGO_TARGET_DIR:-$ROOT/target}/release/slipway-desktop
fi
[ -x "$SLIPWAY_WINDOW" ] || fail "$SLIPWAY_WINDOW is not there"

# As in scripts/e2e.sh: a session bus and a display of its own.
exec dbus-run-session -- xvfb-run -a -s "-screen 0 1440x900x24 -noreset" \
  env -u WAYLAND_DISPLAY GDK_BACKEND=x11 NO_AT_BRIDGE=1 \
  node benches/ui/main.mjs "$@"
