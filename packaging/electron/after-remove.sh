#!/bin/bash
# Debian's words for what happens, and RPM's count of what is left, which runs this after the new version is in place.
case "$1" in
  upgrade | failed-upgrade | abort-install | abort-upgrade | disappear | 1) exit 0 ;;
esac

rm -f /usr/bin/holdfast-desktop
# Of the RPM, which brings the command line along; of holdfast-core it is another link.
if [ "$(readlink /usr/bin/holdfast)" = /opt/Holdfast/resources/holdfast/bin/holdfast ]; then
  rm -f /usr/bin/holdfast
fi

profile=/etc/apparmor.d/holdfast-desktop
if [ -f "$profile" ]; then
  if apparmor_status --enabled >/dev/null 2>&1 && ! { [ -x /usr/bin/ischroot ] && /usr/bin/ischroot; }; then
    apparmor_parser --remove "$profile" || true
  fi
  rm -f "$profile"
fi
exit 0
