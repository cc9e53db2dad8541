#!/usr/bin/env bash
# Did this change make the server worse? Starts two versions of it, runs one workload against both in turn, writes
# Markdown, HTML, JSON and JUnit into a folder, and fails when the candidate is worse. README.md beside it explains.
set -euo pipefail

usage() {
  cat <<'END'
Usage: ab.sh --scenario FILE --base-target URL --cand-target URL [options]

  --scenario FILE        the workload (YAML); its thresholds, or --threshold, are what the gate judges
  --base-target URL      the server as it is:    mqtt://HOST:PORT, http://HOST:PORT/PATH or grpc://HOST:PORT
  --cand-target URL      the server as it would become
  --base-start COMMAND   starts it, and stays while it runs; without it the server runs already
  --cand-start COMMAND
  --base-ready COMMAND   run once when it accepts connections, before the first load: migrations, warming up
  --cand-ready COMMAND
  --base-health URL      wait until it answers with success; without it, until the target accepts connections
  --cand-health URL
  --base-ledger URL      an admin endpoint that can say what arrived
  --cand-ledger URL
  --repeat N             how often each is run, in turn (5; with fewer than 4 nothing is more than inconclusive)
  --fail-on VERDICTS     worse (the default), or worse,inconclusive
  --min-effect PERCENT   changes up to this are none (5%)
  --threshold 'M: E'     what the gate asks of every run, such as 'response: p(95)<50ms'; as often as wanted
  --set KEY=VALUE        change a key of the scenario; as often as wanted
  --protocols A,B        which of the protocols that the URLs' schemes leave open (grpc-stream)
  --wait SECONDS         for the servers to be ready (60)
  --output FOLDER        comparison.md, .html and .json, junit.xml, the servers' logs (ab-report)
  --portillon PROGRAM    (portillon, or $PORTILLON)
  --yes                  the targets may be other machines

Exit code: 2 usage; 1 a server did not start or could not be reached; 3 the measurement is not to be trusted;
99 worse, or a threshold failed; 0 otherwise.
END
}

fail() {
  local code=$1
  shift
  echo "ab.sh: $*" >&2
  exit "$code"
}

portillon=${PORTILLON:-portillon}
scenario='' output=ab-report wait_s=60
base_target='' base_start='' base_ready='' base_health='' base_ledger=''
cand_target='' cand_start='' cand_ready='' cand_health='' cand_ledger=''
compare=() gate=()
repeat=5 fail_on=worse

while [ $# -gt 0 ]; do
  case $1 in
  --help | -h)
    usage
    exit 0
    ;;
  --yes)
    compare+=(--yes)
    shift
    continue
    ;;
  esac
  [ $# -ge 2 ] || fail 2 "$1 needs a value; --help says more"
  case $1 in
  --scenario) scenario=$2 ;;
  --base-target) base_target=$2 ;;
  --cand-target) cand_target=$2 ;;
  --base-start) base_start=$2 ;;
  --cand-start) cand_start=$2 ;;
  --base-ready) base_ready=$2 ;;
  --cand-ready) cand_ready=$2 ;;
  --base-health) base_health=$2 ;;
  --cand-health) cand_health=$2 ;;
  --base-ledger) base_ledger=$2 ;;
  --cand-ledger) cand_ledger=$2 ;;
  --repeat) repeat=$2 ;;
  --fail-on) fail_on=$2 ;;
  --min-effect) compare+=(--min-effect "$2") ;;
  --threshold) gate+=(--threshold "$2") ;;
  --set) compare+=(--set "$2") ;;
  --protocols) compare+=(--protocols "$2") ;;
  --wait) wait_s=$2 ;;
  --output) output=$2 ;;
  --portillon) portillon=$2 ;;
  *) fail 2 "unknown option $1; --help says more" ;;
  esac
  shift 2
done
[ -n "$scenario" ] || fail 2 "--scenario is missing; --help says more"
[ -n "$base_target" ] || fail 2 "--base-target is missing; --help says more"
[ -n "$cand_target" ] || fail 2 "--cand-target is missing; --help says more"
[[ $wait_s =~ ^[0-9]+$ ]] || fail 2 "--wait takes whole seconds, not $wait_s"
command -v "$portillon" >/dev/null || fail 2 "no program $portillon; --portillon PROGRAM names it"
mkdir -p "$output"

# Each server leads a process group of its own, so that the processes it starts end with it.
servers=()
# shellcheck disable=SC2317  # the trap calls it
stop_servers() {
  local leader tenths
  for leader in "${servers[@]}"; do
    kill -TERM -- "-$leader" 2>/dev/null || true
  done
  for leader in "${servers[@]}"; do
    for ((tenths = 0; tenths < 100; tenths++)); do
      kill -0 -- "-$leader" 2>/dev/null || break
      sleep 0.1
    done
    kill -KILL -- "-$leader" 2>/dev/null || true
  done
}
trap stop_servers EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

start() {
  local name=$1 command=$2
  [ -n "$command" ] || return 0
  set -m  # its group is there before the next line is
  bash -c "$command" >"$output/$name.log" 2>&1 </dev/null &
  set +m
  servers+=($!)
}

is_alive() {
  local leader=$1
  [ -z "$leader" ] || kill -0 -- "-$leader" 2>/dev/null
}

is_healthy() {
  local health=$1 target=$2 address
  if [ -n "$health" ]; then
    curl --fail --silent --show-error --max-time 5 --output /dev/null "$health" 2>/dev/null
    return
  fi
  address=${target#*://}
  address=${address%%[/?]*}
  local host=${address%:*} port=${address##*:}
  host=${host#[}
  host=${host%]}
  (exec 3<>"/dev/tcp/$host/$port") 2>/dev/null
}

await() {
  local name=$1 leader=$2 health=$3 target=$4 deadline=$((SECONDS + wait_s))
  until is_healthy "$health" "$target"; do
    if ! is_alive "$leader"; then
      tail -n 20 "$output/$name.log" >&2
      fail 1 "the $name server ended before it was ready; above is the end of its log"
    fi
    if [ "$SECONDS" -ge "$deadline" ]; then
      [ ! -e "$output/$name.log" ] || tail -n 20 "$output/$name.log" >&2
      fail 1 "the $name server was not ready after $wait_s s"
    fi
    sleep 0.2
  done
}

prepare() {
  local name=$1 command=$2
  [ -z "$command" ] || bash -c "$command" || fail 1 "--$name-ready failed: $command"
}

# The first code in this order of severity that either command returned.
first_that_applies() {
  local code
  for code in 2 129 130 143 1 3 99; do
    if [ "$1" -eq "$code" ] || [ "$2" -eq "$code" ]; then
      echo "$code"
      return
    fi
  done
  [ "$1" -ne 0 ] && echo "$1" || echo "$2"
}

rm -f "$output"/comparison.{json,md,html} "$output/junit.xml"
start base "$base_start"
base_leader=${base_start:+${servers[-1]}}
start cand "$cand_start"
cand_leader=${cand_start:+${servers[-1]}}
await base "$base_leader" "$base_health" "$base_target"
await cand "$cand_leader" "$cand_health" "$cand_target"
prepare base "$base_ready"
prepare cand "$cand_ready"

[ -z "$base_ledger" ] || compare+=(--ledger "base=$base_ledger")
[ -z "$cand_ledger" ] || compare+=(--ledger "cand=$cand_ledger")
compared=0
"$portillon" compare "$scenario" --target "base=$base_target" --target "cand=$cand_target" \
  --repeat "$repeat" --fail-on "$fail_on" -o "$output" "${compare[@]}" || compared=$?
[ -e "$output/comparison.json" ] || fail "$((compared > 0 ? compared : 1))" "there is no report to judge"

gated=0
"$portillon" gate "$output/comparison.json" --junit "$output/junit.xml" "${gate[@]}" || gated=$?
code=$(first_that_applies "$compared" "$gated")
echo "ab.sh: exit code $code; the report is $output/comparison.html" >&2
exit "$code"
