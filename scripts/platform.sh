# shellcheck shell=bash
# Sourced by the other scripts: where we are, what system this is, and how to speak.
# Bash 3.2 (what macOS ships) has to understand it.

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cd "$ROOT" || exit 1

# Everything that the scripts fetch for themselves lies here; `make clean` removes it.
TOOLS=$ROOT/target/tools

# A toolchain that setup.sh put there comes first: it is there only because the system's own was
# missing or too old.
[ -d "$TOOLS/bin" ] && PATH=$TOOLS/bin:$PATH
if [ -x "$TOOLS/cargo/bin/cargo" ]; then
  export CARGO_HOME=$TOOLS/cargo RUSTUP_HOME=$TOOLS/rustup
  PATH=$TOOLS/cargo/bin:$PATH
elif ! command -v cargo >/dev/null 2>&1 && [ -x "$HOME/.cargo/bin/cargo" ]; then
  PATH=$HOME/.cargo/bin:$PATH # a fresh rustup, the shell not restarted yet
fi
# Debian keeps sshd out of a plain user's PATH.
PATH=$PATH:/usr/sbin:/sbin
export PATH

say() { printf '%s\n' "$@"; }

# fail MESSAGE…: what is wrong and what to do, then out.
fail() {
  printf 'error: %s\n' "$@" >&2
  exit 1
}

# system: prints debian, fedora, arch, macos or other.
system() {
  if [ "$(uname -s)" = Darwin ]; then
    echo macos
  elif command -v apt-get >/dev/null 2>&1; then
    echo debian
  elif command -v dnf >/dev/null 2>&1; then
    echo fedora
  elif command -v pacman >/dev/null 2>&1; then
    echo arch
  else
    echo other
  fi
}

# has_display: whether a window can open here.
has_display() {
  if [ "$(uname -s)" = Darwin ]; then
    [ -z "${SSH_CONNECTION:-}" ]
  else
    [ -n "${DISPLAY:-}${WAYLAND_DISPLAY:-}" ]
  fi
}

# at_least VERSION WANTED: whether MAJOR.MINOR of VERSION is not below WANTED's.
at_least() {
  local major minor wanted_major wanted_minor
  IFS=. read -r major minor _ <<<"$1"
  IFS=. read -r wanted_major wanted_minor _ <<<"$2"
  [ "${major:-0}" -gt "$wanted_major" ] ||
    { [ "${major:-0}" -eq "$wanted_major" ] && [ "${minor:-0}" -ge "$wanted_minor" ]; }
}
