#!/bin/bash
# Takes the place of electron-builder's own script, with its duties. The program is not put on the path by its own name:
# /usr/bin/holdfast is the command line. (A name in braces after a dollar sign would be a macro of electron-builder.)
ln -sf /opt/Holdfast/holdfast /usr/bin/holdfast-desktop

# Chromium's set-uid sandbox only where the kernel has no user namespaces for ordinary people.
if { [[ -L /proc/self/ns/user ]] && unshare --user true; } 2>/dev/null; then
  chmod 0755 /opt/Holdfast/chrome-sandbox || true
else
  chmod 4755 /opt/Holdfast/chrome-sandbox || true
fi

if hash update-desktop-database 2>/dev/null; then
  update-desktop-database /usr/share/applications || true
fi

# Only where AppArmor understands it (Ubuntu 24.04 and later); elsewhere the app runs without.
profile=/etc/apparmor.d/holdfast-desktop
if apparmor_status --enabled >/dev/null 2>&1; then
  if apparmor_parser --skip-kernel-load --debug /opt/Holdfast/resources/apparmor-profile >/dev/null 2>&1; then
    cp -f /opt/Holdfast/resources/apparmor-profile "$profile"
    # In the making of an image there is no kernel to tell.
    if ! { [ -x /usr/bin/ischroot ] && /usr/bin/ischroot; }; then
      apparmor_parser --replace --write-cache --skip-read-cache "$profile" || true
    fi
  fi
fi
