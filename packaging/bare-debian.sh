#!/bin/sh
# Repeat by hand what a newcomer does on a bare Debian 12: clone, `make run`, `make test`, in a folder made by debootstrap. Needs root.
#
#     packaging/bare-debian.sh FOLDER [PATH…]
#
# FOLDER keeps the untouched system between calls (0.4 GB). Each PATH of this machine, say /etc/pip.conf, is copied to the same place
# inside. Says what it does, and shows every answer as it comes; it judges nothing.
set -eu
# In a mount namespace of its own: nothing is mounted outside, and all of it goes with this process.
[ "${BARE_DEBIAN_APART-}" ] || BARE_DEBIAN_APART=1 exec unshare --mount "$0" "$@"
folder=$1
shift
clone=$(cd "$(dirname "$0")/.." && pwd)
pristine=$folder/pristine
system=$folder/system

[ -d "$pristine" ] || debootstrap --variant=minbase --include=python3,make,git,ca-certificates bookworm "$pristine"

fresh() { # fresh USER PATH…: the untouched system with the PATHs, and a clone that belongs to USER
    umount "$system/proc" "$system/dev/shm" "$system/dev" 2>/dev/null || true
    rm -rf --one-file-system "$system"
    cp -a "$pristine" "$system"
    mount -t proc proc "$system/proc"
    mount --bind /dev "$system/dev"
    mount -t tmpfs tmpfs "$system/dev/shm"
    cp /etc/resolv.conf /etc/hosts "$system/etc/"
    chroot "$system" useradd --create-home newcomer
    git clone -q --no-hardlinks "$clone" "$system/srv/devots"
    chroot "$system" chown -R "$1": /srv/devots
    shift
    for path in "$@"; do
        mkdir -p "$system$(dirname "$path")"
        rm -rf "$system$path" # a link inside would lead to this machine's own file
        cp -aL "$path" "$system$(dirname "$path")/"
    done
}

as() { # as USER COMMAND: in the clone, in an environment without a display
    printf '\n--- as %s: %s\n' "$1" "$2"
    started=$(date +%s)
    chroot "$system" su "$1" -c "unset DISPLAY WAYLAND_DISPLAY; cd /srv/devots && $2" && code=0 || code=$?
    printf '=> exit %s after %s s\n' "$code" "$(($(date +%s) - started))"
}

fresh newcomer "$@"
as newcomer "make run"
as newcomer "DISPLAY=:1 make run"
as newcomer "make test"
as root "apt-get update -qq && apt-get install -qq -y --no-install-recommends python3-venv >/dev/null"
as newcomer "DISPLAY=:1 make run"
as newcomer "make test"

fresh root "$@"
as root "make test"
as root "timeout 20 xvfb-run -a make run" # 124: the window was open until the time was over
as root "xvfb-run -a make run ARGS=--version"
