# The command line without its start, to be sourced by a script of the virtual computer once HOLDFAST_… are exported:
#   hf WORDS…    prints what it prints, and ends with its exit code
# Calls wait for each other. What is to be killed must be a process of its own, and is not called by this.
machine=${BASH_SOURCE[0]%/*}
resident=$(mktemp -d)
mkfifo "$resident/ask" "$resident/answer"
"$machine/node.sh" "$machine/../../support/residentCommandLine.ts" "$resident/ask" "$resident/answer" </dev/null &
exec 8>"$resident/ask" 9<"$resident/answer"
hf() {
  local code output=$resident/output.$BASHPID
  (IFS=$'\x1f'; printf '%s\n' "$output$IFS$output.err$IFS$*" >&8)
  if ! read -r code <&9; then
    echo 'The resident command line has ended.' >&2
    return 70
  fi
  cat "$output"
  cat "$output.err" >&2
  rm -f "$output" "$output.err"
  return "$code"
}
