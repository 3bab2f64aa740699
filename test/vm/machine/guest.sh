#!/bin/bash
# The first process of the computer, once it has its root; see boot.sh.
export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LC_ALL=C NO_COLOR=1
export LVM_SUPPRESS_FD_WARNINGS=1
mount -t tmpfs run /run
mkdir -p /run/lock /dev/shm /dev/pts /share
mount -t tmpfs shm /dev/shm
mount -t devpts pts /dev/pts
ln -sf /proc/self/fd /dev/fd
mount -t cgroup2 cgroup /sys/fs/cgroup 2>/dev/null
mount -t virtiofs share /share
# /tmp of the host shows through and may hold anything; loop devices need another file system below them than this overlay.
export TMPDIR=/run/tmp
mkdir /run/tmp
ip link set lo up 2>/dev/null
modprobe -a loop nbd fuse dm-mod dm-snapshot dm-thin-pool
/lib/systemd/systemd-udevd --daemon
udevadm trigger
udevadm settle
bash /share/script.sh </dev/null >/share/output 2>&1
echo $? >/share/exit-code
sync
echo o >/proc/sysrq-trigger
sleep 10
