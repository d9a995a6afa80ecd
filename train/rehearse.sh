#!/bin/sh
# SPDX-License-Identifier: MIT
# rehearse.sh [PROGRAM] - every stage of training from nothing to an exported model, with tiny sizes, in minutes on a CPU.
#
# It shows that the stages run and fit together; what comes out says nothing.  With PROGRAM (build/echotts) that model is
# made to speak.  PYTHON names the interpreter that has PyTorch and the rest of requirements.txt.
set -eu

program=${1:+$(realpath "$1")}
cd "$(dirname "$0")"
python=${PYTHON:-python3}
export WORK
WORK=$(mktemp -d)
trap 'rm -rf "$WORK"' EXIT

"$python" texts.py "$WORK"
"$python" corpus.py "$WORK" 2000
./run.sh 150 "$WORK/out" --tiny
./run.sh 90 "$WORK/more" --tiny --start "$WORK/out"
"$python" -W ignore export.py "$WORK/more" "$WORK/model" --work "$WORK"
if [ -n "$program" ]; then
    "$program" info -m "$WORK/model"
    "$program" say "Good morning." -m "$WORK/model" -v "$WORK/model/joe.wav" -o "$WORK/good.wav"
    "$program" encode "$WORK/model/deep.wav" -m "$WORK/model" -o "$WORK/deep.latent"
fi
echo "rehearsed"
