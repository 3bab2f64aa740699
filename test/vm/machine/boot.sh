#!/bin/bash
# Boots a small computer with a real kernel and runs a script in it as root:
#   boot.sh SHARE SECONDS MEMORY_MIB DISK_SIZE…
# SHARE/script.sh is run; SHARE is /share there, and gets output, exit-code and console. Its root is ours, copied on write into
# memory: whatever is installed here is installed there, and nothing that happens there is left. Disks are empty (/dev/vda …),
# and gone afterwards; with a folder in DISKS they are kept there, for the next boot.
# QEMU emulates the processor, so no /dev/kvm is needed; a boot takes some 5 s. Ends with 0 unless it could not be booted.
set -eu
share=$1 seconds=$2 memory=$3
shift 3
here=$(cd "${0%/*}" && pwd)
PATH=$PATH:/usr/sbin:/sbin

kernel=$(ls /boot/vmlinuz-*-cloud-* 2>/dev/null | tail -1) || { echo "no kernel of linux-image-cloud in /boot" >&2; exit 1; }
release=${kernel#/boot/vmlinuz-}
for virtiofsd in /usr/lib/qemu/virtiofsd /usr/libexec/virtiofsd; do [ ! -x $virtiofsd ] || break; done

# Two at a time, with one processor each. With two, one that runs alone is hardly faster, and two of them wait for each other.
slot=${TMPDIR:-/tmp}/holdfast-vm.lock
exec 7>"$slot.1"
flock -n 7 || { exec 7>"$slot.2" && flock 7; }

work=$(mktemp -d "${TMPDIR:-/tmp}/holdfast-vm.XXXXXX")
daemons=
finish() {
  # shellcheck disable=SC2086
  [ -z "$daemons" ] || kill $daemons 2>/dev/null || true
  rm -rf "$work"
}
trap finish EXIT

# The first file system: a shell, and the modules that it takes to see the real root.
mkdir -p "$work/root/bin" "$work/root/modules"
cp "$(command -v busybox)" "$work/root/bin/busybox"
for name in sh mount insmod mkdir switch_root; do ln -s busybox "$work/root/bin/$name"; done
modprobe -S "$release" --show-depends -a virtio_pci virtio_blk virtiofs overlay 2>/dev/null |
  awk '$1 == "insmod" && !seen[$2]++ { print $2 }' >"$work/modules"
number=10
while read -r module; do
  # .ko, .ko.xz: the kernel of Debian 12 has plain ones, later ones are unpacked here.
  target=$work/root/modules/$number-$(basename "${module%.xz}")
  case $module in *.xz) xz -dc "$module" >"$target" ;; *) cp "$module" "$target" ;; esac
  number=$((number + 1))
done <"$work/modules"
cp "$here/init.sh" "$work/root/init"
chmod +x "$work/root/init"
(cd "$work/root" && find . | cpio -o -H newc 2>/dev/null | gzip -1) >"$work/initrd"

serve() { # SOCKET FOLDER CACHE
  $virtiofsd --socket-path="$1" -o source="$2" -o cache="$3" -o sandbox=chroot >"$1.log" 2>&1 7>&- &
  daemons="$daemons $!"
  for _ in $(seq 200); do [ ! -S "$1" ] || return 0; sleep 0.05; done
  cat "$1.log" >&2
  exit 1
}
# What does not change while it runs may be kept; what is shared must not.
serve "$work/root.sock" / always
serve "$work/share.sock" "$share" none

drives= count=0
for size in "$@"; do
  disk=${DISKS:-$work}/disk$count
  count=$((count + 1))
  truncate -s "$size" "$disk"
  drives="$drives -drive file=$disk,if=virtio,format=raw,cache=unsafe"
done

# shellcheck disable=SC2086
timeout --kill-after=5 "$seconds" qemu-system-x86_64 -accel tcg -cpu qemu64 -smp 1 -m "$memory" \
  -object memory-backend-memfd,id=memory,size="${memory}M",share=on -numa node,memdev=memory \
  -chardev socket,id=root,path="$work/root.sock" -device vhost-user-fs-pci,chardev=root,tag=root \
  -chardev socket,id=share,path="$work/share.sock" -device vhost-user-fs-pci,chardev=share,tag=share \
  $drives -nographic -no-reboot -nic none -kernel "$kernel" -initrd "$work/initrd" \
  -append "console=ttyS0 panic=-1 quiet guest=$here/guest.sh" </dev/null >"$share/console" 2>&1 7>&- || true
