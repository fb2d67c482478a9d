#!/bin/sh
# Repeat by hand what a newcomer does on a bare Debian 12: clone, `make run`, `make test`, in a folder made by debootstrap. Needs root.
#
#     packaging/bare-debian.sh FOLDER [PATH…]
#
# FOLDER keeps the untouched system between calls (0.4 GB). Each PATH of this machine, say /etc/pip.conf, is copied to the same place
# inside. Says what it does, and shows every answer as it comes; it judges nothing.
set -eu
folder=$1
shift
clone=$(cd "$(dirname "$0")/.." && pwd)
pristine=$folder/pristine
system=$folder/system

[ -d "$pristine" ] || debootstrap --variant=minbase --include=python3,make,git,ca-certificates bookworm "$pristine"

end() {
    umount "$system/proc" "$system/dev/shm" "$system/dev" 2>/dev/null || true
}
trap end EXIT

fresh() {
    end
    rm -rf --one-file-system "$system"
    cp -a "$pristine" "$system"
    mount -t proc proc "$system/proc"
    mount --bind /dev "$system/dev"
    mount -t tmpfs tmpfs "$system/dev/shm"
    cp /etc/resolv.conf /etc/hosts "$system/etc/"
    for path in "$@"; do
        mkdir -p "$system$(dirname "$path")"
        rm -rf "$system$path" # a link inside would lead to this machine's own file
        cp -aL "$path" "$system$(dirname "$path")/"
    done
    chroot "$system" useradd --create-home newcomer
    git clone -q --no-hardlinks "$clone" "$system/srv/devots"
    chroot "$system" chown -R newcomer: /srv/devots
}

as() { # as USER COMMAND: in the clone, in an environment without a display
    printf '\n--- as %s: %s\n' "$1" "$2"
    started=$(date +%s)
    chroot "$system" su "$1" -c "unset DISPLAY WAYLAND_DISPLAY; cd /srv/devots && $2" && code=0 || code=$?
    printf '=> exit %s after %s s\n' "$code" "$(($(date +%s) - started))"
}

fresh "$@"
as newcomer "make run"
as newcomer "DISPLAY=:1 make run"
as newcomer "make test"
as root "apt-get update -qq && apt-get install -qq -y --no-install-recommends python3-venv >/dev/null"
as newcomer "DISPLAY=:1 make run"
as newcomer "make test"

fresh "$@"
as root "git config --global --add safe.directory '*'; make run"
as root "make test"
as root "xvfb-run -a make run ARGS=--version"
as root "xvfb-run -a make run ARGS=--version"
