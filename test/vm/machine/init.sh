#!/bin/sh
# The first process of the computer, before it has its root; see boot.sh.
export PATH=/bin
mkdir -p /proc /sys /dev /low /rw /new
mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t devtmpfs dev /dev
for module in /modules/*; do insmod "$module"; done
mount -t virtiofs root /low -o ro
mount -t tmpfs rw /rw
mkdir /rw/upper /rw/work
mount -t overlay root -o lowerdir=/low,upperdir=/rw/upper,workdir=/rw/work /new
for folder in proc sys dev; do mount --move /$folder /new/$folder; done
# The kernel hands words of its command line that it does not know on as variables.
exec switch_root /new /bin/bash "$guest"
