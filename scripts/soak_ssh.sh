#!/usr/bin/env bash
# Cuts tunnels at random while requests run, and asserts that each heals on its port, that every
# request ends, and that nothing is left behind. SLIPWAY_SOAK_CUTS says how many cuts (100, some
# minutes), SLIPWAY_SOAK_SEED repeats a run.
set -euo pipefail
# shellcheck source=scripts/platform.sh
. "$(dirname "$0")/platform.sh"

if [ -z "${SLIPWAY_ENGINE:-}" ]; then
  SLIPWAY_ENGINE=$(scripts/engine.sh)
  export SLIPWAY_ENGINE
fi
unset PIP_FIND_LINKS PIP_NO_INDEX PIP_INDEX_URL # see scripts/test.sh

exec cargo test --locked -p slipway-desktop --test journeys -- \
  --ignored --exact soak::cuts_of_any_length_end_no_tunnel --nocapture
