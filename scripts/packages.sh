# shellcheck shell=bash
# Sourced by setup.sh: what the system's package manager has to bring for a purpose.

# packages SYSTEM PURPOSE: prints the names, one purpose on top of the other. PURPOSE is
# terminal (build and run the command line), window (and the window), test or check; or bench, which
# is terminal and what the command line is measured beside.
packages() {
  local system=$1 purpose=$2
  # A compiler and libdbus for the keychain; Python with venv, libgomp and libstdc++ for the engine.
  case $system in
    debian)
      # A name that only pkgconf provides would look missing for ever: the command decides.
      command -v pkg-config >/dev/null 2>&1 || echo pkg-config
      echo make gcc g++ libc6-dev ca-certificates curl python3 python3-venv libgomp1 libdbus-1-dev
      ;;
    fedora) echo make gcc gcc-c++ pkgconf-pkg-config ca-certificates curl python3 libgomp libstdc++ dbus-devel ;;
    arch) echo make gcc pkgconf ca-certificates curl python dbus ;;
    macos) ;;
  esac
  [ "$purpose" = terminal ] && return
  if [ "$purpose" = bench ]; then
    case $system in
      debian) echo openssh-server openssh-client rsync iproute2 ;;
      fedora) echo openssh-server openssh-clients rsync iproute ;;
      arch) echo openssh rsync iproute2 ;;
      macos) ;;
    esac
    return
  fi
  case $system in
    debian) echo libwebkit2gtk-4.1-dev libgtk-3-dev librsvg2-dev ;;
    fedora) echo webkit2gtk4.1-devel gtk3-devel librsvg2-devel ;;
    arch) echo webkit2gtk-4.1 gtk3 librsvg ;;
    macos) ;;
  esac
  [ "$purpose" = window ] && return
  # The journeys drive a real sshd and a real window on a display without a screen.
  case $system in
    debian) echo openssh-server openssh-client webkit2gtk-driver xvfb xauth dbus ;;
    fedora) echo openssh-server openssh-clients /usr/bin/WebKitWebDriver xorg-x11-server-Xvfb xorg-x11-xauth dbus-daemon ;;
    arch) echo openssh webkitgtk-6.0 xorg-server-xvfb xorg-xauth ;;
    macos) ;;
  esac
  [ "$purpose" = test ] && return
  case $system in
    debian | arch | macos) echo shellcheck ;;
    fedora) echo ShellCheck ;;
  esac
}

# missing SYSTEM NAME…: prints those that are not installed.
missing() {
  local system=$1 name
  shift
  [ $# -gt 0 ] || return 0
  case $system in
    debian)
      # One call for all: asking package by package takes longer than all other checks together.
      # It fails when a package has never been known here, which is the answer and no failure.
      { dpkg-query -W -f '${Package} ${db:Status-Abbrev}\n' "$@" 2>/dev/null || :; } |
        awk -v wanted="$*" '
          $2 == "ii" { installed[$1] = 1 }
          END { n = split(wanted, names, " "); for (i = 1; i <= n; i++) if (!(names[i] in installed)) print names[i] }'
      ;;
    fedora) for name in "$@"; do rpm -q --whatprovides "$name" >/dev/null 2>&1 || echo "$name"; done ;;
    arch) for name in "$@"; do pacman -Qi "$name" >/dev/null 2>&1 || echo "$name"; done ;;
    macos) for name in "$@"; do command -v "$name" >/dev/null 2>&1 || echo "$name"; done ;;
  esac
}

# install SYSTEM NAME…: installs them, as root or through sudo; else says the command and ends.
install() {
  local system=$1 root_prefix=
  shift
  local command
  case $system in
    debian) command="apt-get install -y --no-install-recommends $*" ;;
    fedora) command="dnf install -y $*" ;;
    arch) command="pacman -S --needed --noconfirm $*" ;;
    macos) command="brew install $*" ;;
  esac
  if [ "$system" = macos ]; then
    command -v brew >/dev/null 2>&1 ||
      fail "Homebrew is needed to install: $*. Install it from https://brew.sh, then run this again."
  elif [ "$(id -u)" -ne 0 ]; then
    # Without a terminal sudo could wait for a password that nobody can type.
    if command -v sudo >/dev/null 2>&1 && { [ -t 0 ] || sudo -n true 2>/dev/null; }; then
      root_prefix=sudo
    else
      fail "these packages are missing: $*. Install them as root: $command"
    fi
  fi
  say "Installing: $*"
  local sshd_was_there=no
  command -v sshd >/dev/null 2>&1 && sshd_was_there=yes
  if [ "$system" = debian ]; then
    $root_prefix env DEBIAN_FRONTEND=noninteractive apt-get update -q
    command="env DEBIAN_FRONTEND=noninteractive $command"
  fi
  # shellcheck disable=SC2086 # the words of the command are meant to be split
  $root_prefix $command </dev/null
  # Debian starts a freshly installed sshd. The tests start their own on 127.0.0.1: nobody asked
  # for this machine to be reachable from the network.
  if [ "$system" = debian ] && [ $sshd_was_there = no ] && command -v sshd >/dev/null 2>&1 &&
    [ -d /run/systemd/system ]; then
    $root_prefix systemctl disable --now ssh.service ssh.socket 2>/dev/null || true
    say "The system's own sshd was left switched off; the tests start one of their own."
  fi
}
