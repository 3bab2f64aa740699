#!/bin/bash
# 0: the last version goes. /var/lib/holdfast (jobs, kept passphrases) stays.
if [ "$1" = 0 ] && [ -d /run/systemd/system ]; then
  systemctl disable --now holdfast.service || true
fi
exit 0
