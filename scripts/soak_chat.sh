#!/usr/bin/env bash
# Kills the program in the middle of answers, at random moments, and asserts that the database stays
# whole, that nothing shown more than a second before is lost, and that the next start opens the same
# chat. SLIPWAY_SOAK_KILLS says how many (200, some minutes), SLIPWAY_SOAK_SEED repeats a run.
set -euo pipefail
# shellcheck source=scripts/platform.sh
. "$(dirname "$0")/platform.sh"

if [ -z "${SLIPWAY_ENGINE:-}" ]; then
  SLIPWAY_ENGINE=$(scripts/engine.sh)
  export SLIPWAY_ENGINE
fi
unset PIP_FIND_LINKS PIP_NO_INDEX PIP_INDEX_URL # see scripts/test.sh

exec cargo test --locked -p slipway-desktop --test journeys -- \
  --ignored --exact kills::kills_at_any_moment_lose_at_most_a_second_each --nocapture
