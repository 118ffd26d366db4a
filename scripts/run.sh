#!/usr/bin/env bash
# Builds Slipway and starts it. Without a display the same path goes through the terminal: a
# practice model on this computer, deployed and asked.
set -euo pipefail
# shellcheck source=scripts/platform.sh
. "$(dirname "$0")/platform.sh"

scripts/setup.sh run
# shellcheck source=scripts/platform.sh
. scripts/platform.sh

# The path from here, so that what is printed below can be typed.
built=${CARGO_TARGET_DIR:-target}/quick

if has_display; then
  say "Building the window (a few minutes the first time, seconds after that)"
  npm --prefix ui run --silent build
  cargo build --locked --profile quick -p slipway-desktop --features custom-protocol
  exec "$built/slipway-desktop" "$@"
fi

say "There is no display here, so the window cannot open: taking the same path in the terminal." \
  "Building the command line (a few minutes the first time, seconds after that)"
cargo build --locked --profile quick -p slipway-cli
slipway=$built/slipway

# step WORDS…: shows a command as one would type it, then runs it.
step() {
  say "" "\$ slipway $*"
  "$slipway" "$@"
}
step deploy local --model practice
step chat local "Say something."

cat <<END

That was a real engine on this computer. Its practice model proves the set-up and answers nonsense.
Go on with:
  $slipway chat local "Your question"      ask again
  $slipway deploy local --model MODEL      serve a real model: a GGUF file or an https address
  $slipway connect local                   a local address for other programs, until Ctrl-C
  $slipway host add NAME user@host         the same on another machine over SSH
  $slipway --help                          everything else
Remove what was set up here with:
  $slipway uninstall local
END
