#!/bin/sh
# SPDX-License-Identifier: MIT
# rehearse.sh [PROGRAM] - every stage of training from nothing to an exported model, with tiny sizes.
#
# It shows that the stages run and fit together, in a few minutes; what comes out says nothing.  With PROGRAM (build/echotts)
# that model is made to speak.  PYTHON names the interpreter that has PyTorch.
set -eu

program=${1:+$(realpath "$1")}
cd "$(dirname "$0")"
python=${PYTHON:-python3}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

stage() {
    echo "== $*"
    script=$1
    shift
    "$python" -W ignore "$script.py" "$@" --work "$work" --rehearse
}

stage data limited
stage data open
stage pca limited
stage pca open
stage codec encoder --minutes 0.4
stage codec decoder --minutes 0.4
stage codec decoder --minutes 0.1
stage codebooks
stage dit limited --minutes 0.4
stage dit open --minutes 0.3 --start "$work/limited.pt"
stage dit open --minutes 0.1
stage export open "$work/model"
stage eval --count 5 --what encoder
stage eval --count 5 --model open.pt
if [ -n "$program" ]; then
    "$program" info -m "$work/model"
    "$program" say "Good morning." -m "$work/model" -v "$work/model/rms.wav" -o "$work/good.wav"
    "$program" encode "$work/model/slt.wav" -m "$work/model" -o "$work/slt.latent"
fi
echo "rehearsed"
