#!/bin/sh
# Puts the files of this folder into place below DESTDIR ('' or / for this computer), with owner-readable modes. It starts,
# enables and reloads nothing: packages do that in their own way, see README.md.
#   packaging/install.sh DESTDIR
set -eu

if [ $# -ne 1 ]; then
  echo 'usage: install.sh DESTDIR' >&2
  exit 64
fi
here=${0%/*}
case $here in "$0") here=. ;; esac
root=${1%/}

# put FOLDER FILE…
put() {
  folder=$root$1
  shift
  install -d -m 0755 "$folder"
  for file; do install -m 0644 "$here/$file" "$folder/"; done
}

put /usr/lib/systemd/system systemd/holdfast.service systemd/holdfast-mount@.service
put /usr/lib/tmpfiles.d tmpfiles.d/holdfast.conf
put /usr/share/polkit-1/actions polkit/org.holdfast.policy
put /usr/lib/udev/rules.d udev/57-holdfast-own.rules udev/90-holdfast-drives.rules
put /etc/apparmor.d apparmor.d/holdfast
