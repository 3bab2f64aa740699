#!/bin/sh
# Starts a computer in namespaces of its own (boot.sh is its first process) and waits for its end; takes what it had with it.
#   launch.sh FOLDER CHECKOUT SECONDS SERVICE
# FOLDER is an empty folder; SERVICE as boot.sh takes it. The computer is switched off after SECONDS, or when this program is asked to end.
set -eu
folder=$1 checkout=$2 seconds=$3 service=$4
here=${0%/*}

# Only the processes started here see these mounts, and the kernel takes them away with the last of them.
if [ "${HOLDFAST_OWN_MOUNTS-}" != yes ]; then
  export HOLDFAST_OWN_MOUNTS=yes
  exec unshare --mount --propagation private "$0" "$@"
fi

# systemd wants a part of the tree of control groups (version 2) for itself.
mkdir "$folder/cgroup"
mount -t cgroup2 cgroup "$folder/cgroup"
own=$(sed -n 's/^0:://p' /proc/self/cgroup)
group=$folder/cgroup$own/holdfast-test-$$
mkdir "$group"

# First child of a process; nothing when there is none.
childof() {
  [ -z "$1" ] || read -r child _ <"/proc/$1/task/$1/children" || true
  echo "${child-}"
}

machine=
end() {
  trap '' TERM INT HUP
  # From the inside out, so that each is waited for by its parent. timeout's child is unshare, unshare's is systemd.
  if [ -n "$machine" ]; then
    inner=$(childof "$(childof "$machine")")
    kill -KILL "${inner:-$machine}" 2>/dev/null || true
    wait "$machine" || true
  fi
  # Its processes are gone or going; a group can be removed once they are.
  tries=0
  until find "$group" -depth -type d -exec rmdir {} + 2>/dev/null || [ ! -d "$group" ] || [ "$tries" -ge 100 ]; do
    tries=$((tries + 1))
    sleep 0.05
  done
  [ ! -d "$group" ] || echo "left behind: control group $group" >&2
}
trap 'end; exit 143' TERM INT HUP

# A subshell moves itself, so that this one stays outside and can remove the group. Each of the three dies with the one
# before it, and with the first process its whole namespace of processes.
(
  sh -c 'echo "$PPID"' >"$group/cgroup.procs"
  exec setpriv --pdeathsig KILL timeout --signal KILL "$seconds" \
    setpriv --pdeathsig KILL unshare --mount --pid --cgroup --uts --ipc --net --fork --kill-child=KILL \
    "$here/boot.sh" "$folder" "$checkout" "$service"
) &
machine=$!
code=0
wait "$machine" || code=$?
machine=
end
exit "$code"
