#!/bin/bash
# SPDX-License-Identifier: MIT
# run.sh SECONDS OUT [OPTION...] - let the teachers speak, and train transformer, decoder and encoder at the same time, on
# one GPU or on a CPU. All is written to OUT when SECONDS are over.
#
# WORK names the folder with corpus.npz and the teachers' weights (corpus.py). --start OUT goes on from what an earlier run
# left; it and --tiny go to every process. SPEECH, DIT, DECODER and ENCODER hold options for one.
set -u
begin=$(date +%s.%N)
seconds=$1
mkdir -p "$2"
out=$(realpath "$2")
shift 2
source=$(realpath "${WORK:-$(dirname "$0")/work}")
here=$(realpath "$(dirname "$0")")
python=${PYTHON:-python3}
base=/dev/shm
{ [ -d $base ] && [ "$(df -k --output=avail $base | tail -1)" -gt 12000000 ]; } || base=${TMPDIR:-/tmp}
work=$(mktemp -d "$base/voice.XXXXXX")
trap 'rm -rf "$work"' EXIT
ln -s "$source"/*.npz "$work"
export TORCHINDUCTOR_CACHE_DIR=${TORCHINDUCTOR_CACHE_DIR:-$work/inductor} TRITON_CACHE_DIR=${TRITON_CACHE_DIR:-$work/triton}
export PYTHONUNBUFFERED=1 OMP_NUM_THREADS=1
export TORCHINDUCTOR_COMPILE_THREADS=4
pids=()
start() {       # again without compiling, then without graphs, where it fails
    name=$1
    go() { "$python" -W ignore "$here/$name.py" --work "$work" --out "$out" --begin "$begin" --seconds "$seconds" "$@"; }
    shift
    { go "$@" || { echo "$name FAILED, again without compiling"; VOICE_COMPILE=0 go "$@"; } ||
        { echo "$name FAILED, again without graphs"; VOICE_COMPILE=0 VOICE_GRAPH=0 go "$@"; } ||
        echo "$name FAILED for good"; } > "$work/$name.out" 2>&1 &
    pids+=($!)
}
start speech "$@" ${SPEECH:-}
start dit "$@" ${DIT:-}
start decoder "$@" ${DECODER:-}
start encoder "$@" ${ENCODER:-}
touch "$work"/{speech,dit,decoder,encoder}.out
tail -q -n +1 -F "$work"/{speech,dit,decoder,encoder}.out 2> /dev/null &
tail=$!
for p in "${pids[@]}"; do
    left=$("$python" -c "import time; print(max(1, int($begin + $seconds + 12 - time.time())))")
    timeout "$left" tail --pid="$p" -f /dev/null || { pkill -P "$p"; kill "$p"; } 2> /dev/null
done
sleep 0.5
kill $tail
wait 2> /dev/null
cat "$work"/{speech,dit,decoder,encoder}.out > "$out/log.txt"
ls -l "$out"
