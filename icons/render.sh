#!/bin/sh
# Renders slipway.svg into every size that the bundles need. Needs `npm ci` in ui/.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
TAURI_APP_PATH="$here/.." "$here/../ui/node_modules/.bin/tauri" icon --output "$work" "$here/slipway.svg" >"$work/said" 2>&1 || {
  cat "$work/said" >&2
  exit 1
}
# The command makes more sizes than the bundles of tauri.conf.json name: only those are kept.
for name in 32x32.png 128x128.png 128x128@2x.png icon.icns icon.ico icon.png; do
  cp "$work/$name" "$here/$name"
done
