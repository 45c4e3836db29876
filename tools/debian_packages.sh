#!/bin/sh
# Installs the Debian packages that a file lists, if this is Debian and we may; else says what is missing.
set -eu
wanted=$(grep -v '^#' "$1" || true)
command -v dpkg-query >/dev/null 2>&1 || exit 0
missing=""
for package in $wanted; do
    dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null | grep -q '^installed$' || missing="$missing $package"
done
[ -n "$missing" ] || exit 0
if [ "$(id -u)" -ne 0 ] || ! command -v apt-get >/dev/null 2>&1; then
    echo "not installed, tests that need them will be skipped:$missing" >&2
    exit 0
fi
export DEBIAN_FRONTEND=noninteractive
# No service may start: the lab runs programs itself, in its own namespaces.
export RUNLEVEL=1
apt-get update -qq || true
# shellcheck disable=SC2086 # a list of words
apt-get install -y -qq --no-install-recommends $missing >/dev/null ||
    echo "could not install, tests that need them will be skipped:$missing" >&2
