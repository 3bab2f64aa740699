#!/bin/sh
# The first process of a small computer: a copy of this one's files in memory, with users, the packaged files of Holdfast and
# this checkout as what is installed; then systemd takes over. Runs in namespaces of its own, see launch.sh.
#   boot.sh FOLDER CHECKOUT SERVICE
# SERVICE is what runs as holdfast.service: "daemon", "stand-in" for the one of the tests (standIn.ts), or "package" for nothing
# yet: then nothing of Holdfast is installed, and a test installs the package.
set -eu
folder=$1 checkout=$2 service=$3
here=$checkout/test/privileges/machine

mount -t tmpfs -o mode=755 machine "$folder"
mkdir "$folder/upper" "$folder/work" "$folder/root"
root=$folder/root
mount -t overlay -o "lowerdir=/,upperdir=$folder/upper,workdir=$folder/work" machine "$root"

for unit in "$here"/units/*; do install -m 0644 "$unit" "$root/etc/systemd/system/"; done
install -m 0644 "$here/pam" "$root/etc/pam.d/holdfast-test"

install_checkout() {
  # The checkout may be on a file system of its own, which the copy does not show.
  mkdir -p "$root/usr/lib/holdfast"
  mount --rbind "$checkout" "$root/usr/lib/holdfast"
  mount -o remount,bind,ro "$root/usr/lib/holdfast"
  "$checkout/packaging/install.sh" "$root"
  install -m 0755 "$here/holdfast" "$root/usr/bin/holdfast"
  [ "$service" = daemon ] || : >"$root/etc/holdfast-stand-in"
  # The service's sandbox around any script, by the packaged unit itself: Machine.inSandbox.
  sed -e 's|^ExecStart=.*|ExecStart=/bin/sh /etc/holdfast-probe.sh|' -e 's|^Type=.*|Type=oneshot|' \
    -e '/^ExecStartPre=/d' -e '/^Restart/d' -e 's|^\[Install\]|StandardOutput=truncate:/run/probe.out\nStandardError=truncate:/run/probe.err|' \
    -e '/^WantedBy=/d' "$root/usr/lib/systemd/system/holdfast.service" >"$root/etc/systemd/system/holdfast-probe.service"
}

# Computers in containers often forbid packages to start services and leave out documents. Nobody looks for manual pages, whose
# list takes long to make.
prepare_for_package() {
  sed -i 's| holdfast.service||' "$root/etc/systemd/system/holdfast-test.target"
  rm -f "$root/usr/sbin/policy-rc.d" "$root/etc/dpkg/dpkg.cfg.d"/* "$root/var/lib/man-db/auto-update"
}

case $service in package) prepare_for_package ;; *) install_checkout ;; esac
# Nobody may have left rules here that decide otherwise.
rm -rf "$root/etc/polkit-1/rules.d"/* "$root/etc/polkit-1/localauthority"
# Units of the real computer that this one has no use for, or no rights.
for unit in apparmor systemd-timesyncd systemd-modules-load systemd-udevd systemd-networkd systemd-resolved user@; do
  ln -sf /dev/null "$root/etc/systemd/system/$unit.service"
done

mount -t proc proc "$root/proc"
mount -t sysfs -o ro sysfs "$root/sys"
mount -t cgroup2 cgroup "$root/sys/fs/cgroup"
mount -t tmpfs -o mode=755 run "$root/run"
mount -t tmpfs -o mode=1777 tmp "$root/tmp"
# Devices of its own: no terminals of the real computer, so that logind decides the same everywhere.
mount -t tmpfs -o mode=755 dev "$root/dev"
for node in null:1:3 zero:1:5 full:1:7 random:1:8 urandom:1:9 tty:5:0; do
  IFS=: read -r name major minor <<N
$node
N
  mknod -m 0666 "$root/dev/$name" c "$major" "$minor"
done
mknod -m 0600 "$root/dev/loop-control" c 10 237
mkdir "$root/dev/pts" "$root/dev/shm" "$root/dev/mapper"
mount -t devpts -o newinstance,ptmxmode=0666,mode=0620 devpts "$root/dev/pts"
ln -s pts/ptmx "$root/dev/ptmx"
ln -s /proc/self/fd "$root/dev/fd"
mount -t tmpfs -o mode=1777 shm "$root/dev/shm"
: >"$root/etc/fstab"
echo holdfast-test >"$root/etc/hostname"

mkdir "$root/old"
cd "$root"
pivot_root . old
umount --lazy /old
rmdir /old
ip link set lo up 2>/dev/null || true

# carol is the administrator. Her password is no secret: nobody else can reach this computer, and it lives for a minute.
useradd --create-home --shell /bin/sh alice
useradd --create-home --shell /bin/sh bob
useradd --create-home --shell /bin/sh carol
gpasswd --members carol sudo >/dev/null
echo 'carol:correct horse' | chpasswd

# Real computers share all mounts, so that what is mounted later appears in services, too.
mount --make-rshared /
exec env -i container=holdfast-test PATH=/usr/sbin:/usr/bin:/sbin:/bin \
  /lib/systemd/systemd --system --unit=holdfast-test.target --show-status=no --log-target=journal
