# Follows after-install.sh where the service comes in the same package: the RPM.
ln -sf /opt/Holdfast/resources/holdfast/bin/holdfast /usr/bin/holdfast

if hash systemd-tmpfiles 2>/dev/null; then
  systemd-tmpfiles --create holdfast.conf || true
fi
if [ -S /run/udev/control ]; then
  udevadm control --reload || true
fi
if [ -d /run/systemd/system ]; then
  systemctl daemon-reload || true
  # 1: installed for the first time. Later, what the administrator switched off stays off.
  if [ "$1" = 1 ]; then
    systemctl enable --now holdfast.service || true
  else
    systemctl try-restart holdfast.service || true
  fi
fi
