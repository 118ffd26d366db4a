#!/usr/bin/env bash
# Installs what is missing, and only that: `scripts/setup.sh run|build|test|check|bench`. With everything in
# place it only looks and takes a fraction of a second.
set -euo pipefail
# shellcheck source=scripts/platform.sh
. "$(dirname "$0")/platform.sh"
# shellcheck source=scripts/packages.sh
. scripts/packages.sh
# shellcheck source=scripts/toolchains.sh
. scripts/toolchains.sh

# need_python: on macOS, whose own Python is too old for the engine.
need_python() {
  local found
  for found in python3 python3.13 python3.12 python3.11 python3.10; do
    command -v $found >/dev/null 2>&1 &&
      $found -c 'import sys; sys.exit(sys.version_info < (3, 10))' && return
  done
  install macos python@3.12
}

# need_node_modules: the versions of ui/package-lock.json.
need_node_modules() {
  local installed=ui/node_modules/.package-lock.json
  if [ -f $installed ] && [ ! ui/package-lock.json -nt $installed ]; then
    return
  fi
  say "Installing the packages of ui/package-lock.json"
  npm --prefix ui ci --no-audit --no-fund --loglevel=error --fetch-retries=2 --fetch-timeout=60000 --fetch-retry-maxtimeout=10000 ||
    fail "the packages of ui/package-lock.json could not be installed (npm says why above)."
  touch $installed
}

purpose=${1:-run}
case $purpose in
  run) if has_display; then level=window; else level=terminal; fi ;;
  build) level=window ;;
  test | check | bench) level=$purpose ;;
  *) fail "usage: scripts/setup.sh run|build|test|check|bench" ;;
esac

this_system=$(system)
case $this_system in
  other)
    say "This system's package manager is not known here. Needed: a C compiler, pkg-config, Python 3.10+" \
      "with venv, libdbus, WebKitGTK 4.1 and GTK 3 with headers, OpenSSH; going on with what is there."
    ;;
  macos)
    xcode-select -p >/dev/null 2>&1 ||
      fail "Apple's command line tools are missing: run xcode-select --install, then this again."
    need_python
    ;;
esac

# shellcheck disable=SC2046 # names without spaces
to_install=$(missing "$this_system" $(packages "$this_system" "$level"))
# shellcheck disable=SC2086
[ -z "$to_install" ] || install "$this_system" $to_install

need_rust
if [ "$level" != terminal ] && [ "$level" != bench ]; then # the command line has no web page in it
  need_node
  need_node_modules
fi

# sshd as root wants this directory, which a system start would have made.
case $level in
  test | check | bench)
    if [ "$this_system" != macos ] && [ "$(id -u)" -eq 0 ]; then mkdir -p /run/sshd; fi
    ;;
esac
