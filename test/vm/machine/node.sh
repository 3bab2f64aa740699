#!/bin/sh
# Stands for Node on the emulated processor; $REAL_NODE is the real one, that of this checkout unless given. Compiling takes longer
# there than it saves, and one start in twenty ends with SIGSEGV or SIGTRAP before anything was done: that is tried again. What
# crashes for reasons of ours does so each time.
root=$(cd "${0%/*}/../../.." && pwd)
REAL_NODE=${REAL_NODE:-$root/node_modules/.bin/node}
# What was compiled once need not be again; without it, most of a start is that.
export NODE_COMPILE_CACHE=${NODE_COMPILE_CACHE-$root/node_modules/.cache/node}
for attempt in 1 2 3; do
  "$REAL_NODE" --no-opt --no-maglev --no-sparkplug --regexp-interpret-all "$@" &
  pid=$!
  trap 'kill -TERM $pid' TERM
  # A signal ends the wait, and not what is waited for.
  while :; do
    code=0
    wait $pid || code=$?
    kill -0 $pid 2>/dev/null || break
  done
  case $code in 133 | 139) ;; *) exit $code ;; esac
done
exit $code
