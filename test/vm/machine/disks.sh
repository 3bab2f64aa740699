#!/bin/bash
# Disks with everything that an inventory has to tell apart. Made on /dev/vda (400 MB), /dev/vdb (200 MB), /dev/vdc and
# /dev/vdd (64 MB each).
set -eu
modprobe -a dm-crypt raid1 dm-raid md-mod
printf 'label: gpt\nsize=40M,name=EFI\nsize=220M,type=E6D6D379-F507-44C2-A23C-238F2A3DF928\nsize=40M\nsize=32M,type=E6D6D379-F507-44C2-A23C-238F2A3DF928\nsize=20M\n' |
  sfdisk -q /dev/vda
printf 'label: dos\nsize=40M,type=83\nsize=80M,type=5\nsize=32M,type=8e\nsize=32M,type=82\n' | sfdisk -q /dev/vdb
udevadm settle
detach() { # LOOP
  udevadm settle
  losetup -d "$1"
  # It goes when the last one that looks at it has closed it.
  while losetup "$1" >/dev/null 2>&1; do sleep 0.1; done
  udevadm settle
}
mount_new() { # FOLDER DEVICE
  mkfs.ext4 -q -L "${1##*/}" "$2" >/dev/null
  mkdir -p "$1"
  mount "$2" "$1"
}

# A group with both ways of snapshots, ours and others', and room; and one that is full.
pvcreate -q /dev/vda2 /dev/vda4
vgcreate -q vg-data /dev/vda2
lvcreate -q -y -L 32M -n root vg-data
lvcreate -q -y -L 64M -T -n pool vg-data
lvcreate -q -y -V 128M -T -n home vg-data/pool
lvcreate -q -y -L 8M -n idle vg-data
mount_new /run/root /dev/vg-data/root
mount_new /run/home /dev/vg-data/home
lvcreate -q -y -s -pr -L 8M --addtag holdfast -n holdfast_root_1 vg-data/root
lvcreate -q -y -s -pr --addtag holdfast -n holdfast_home_1 vg-data/home
lvcreate -q -y -s -kn -n before-upgrade vg-data/home
lvcreate -q -y -L 4M -n asleep vg-data
lvchange -q -an vg-data/asleep
vgcreate -q vgfull /dev/vda4
lvcreate -q -y -l 100%FREE -n all vgfull
mount_new /run/full /dev/vgfull/all

# A file system in use and one at rest, swap, an encrypted container that is open and a locked one.
mount_new /run/efi /dev/vda1
printf secret >/run/passphrase
for part in /dev/vda3 /dev/vda5; do
  cryptsetup luksFormat -q --type luks2 --pbkdf pbkdf2 --pbkdf-force-iterations 1000 $part /run/passphrase
done
cryptsetup open --key-file /run/passphrase /dev/vda3 secret
mount_new /run/secret /dev/mapper/secret
mkfs.ext4 -q -L rest /dev/vdb1
mkswap -q /dev/vdb4 && swapon /dev/vdb4

# An array of two disks.
mdadm --create /dev/md0 --run --quiet --level=1 --raid-devices=2 --metadata=1.2 --assume-clean /dev/vdc /dev/vdd
mkfs.ext4 -q -L array /dev/md0

# Groups of one name, and a group that misses a disk.
truncate -s 24M /run/one /run/two /run/gone
first=$(losetup --find --show /run/one)
vgcreate -q twin "$first"
lvcreate -q -y -L 8M -n data twin
vgchange -q -an twin
detach "$first"
second=$(losetup --find --show /run/two)
vgcreate -q twin "$second"
lvcreate -q -y -L 8M -n data twin
losetup --find /run/one
lost=$(losetup --find --show /run/gone)
vgcreate -q broken /dev/vdb3 "$lost"
lvcreate -q -y -L 8M -n part broken /dev/vdb3
vgchange -q -an broken
detach "$lost"
vgchange -q -ay broken || true
udevadm settle
