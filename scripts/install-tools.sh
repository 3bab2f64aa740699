#!/bin/sh
# Installs the programs of tools.txt that are missing, on Debian and its relatives, as root. Does nothing when all are there.
set -eu

list=${0%/*}/tools.txt
PATH=$PATH:/usr/sbin:/sbin

packages=
while read -r program package _; do
  case $program in '' | '#'*) continue ;; esac
  case $program in
    # One of the files that it may be; the pattern itself when there is none.
    /*) for file in $program; do break; done; [ ! -e "$file" ] || continue ;;
    *) command -v "$program" >/dev/null && continue ;;
  esac
  case " $packages " in *" $package "*) ;; *) packages="$packages $package" ;; esac
done <"$list"
[ -n "$packages" ] || exit 0

if ! command -v apt-get >/dev/null; then
  echo "Missing, in Debian's words:$packages. This is no Debian; install them by hand, see scripts/tools.txt." >&2
  exit 1
fi
if [ "$(id -u)" -ne 0 ]; then
  echo "Missing:$packages. Install them as root: sudo scripts/install-tools.sh" >&2
  exit 1
fi

echo "Installing$packages" >&2
export DEBIAN_FRONTEND=noninteractive
apt-get -qq -o Acquire::Retries=3 update
# One word per package.
# shellcheck disable=SC2086
apt-get -qq -o Acquire::Retries=3 install -y --no-install-recommends $packages >/dev/null
