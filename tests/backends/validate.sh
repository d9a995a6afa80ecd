#!/bin/sh
# SPDX-License-Identifier: MIT
# validate.sh PROGRAM ... - a test of Vulkan under Khronos' validation layer, where that is
# installed; a complaint of its is a failure.
layer=VK_LAYER_KHRONOS_validation
log=$(mktemp) || exit 1
trap 'rm -f "$log"' EXIT

if ls /usr/share/vulkan/explicit_layer.d/*[vV]alidation*.json >/dev/null 2>&1; then
    VK_INSTANCE_LAYERS=$layer "$@" >"$log" 2>&1
else
    "$@" >"$log" 2>&1
fi
status=$?
if grep -q VUID "$log"; then
    grep -m 5 VUID "$log" | cut -c 1-500
    echo "0 passed, 1 failed"
    exit 1
fi
cat "$log"
exit $status
