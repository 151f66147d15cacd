#!/usr/bin/env bash
# All tests, in two processes at a time: those on the real control plane wait most of the while, and the others use it.
# With arguments: those tests only.
set -euo pipefail
cd "$(dirname "$0")/.."
python=.venv/bin/python
if [ "$*" != tests ]; then exec "$python" -m pytest "$@"; fi

# In this order: what the product installs would act on the suite of the policies.
real=(tests/conformance tests/real)
others=()
for found in tests/*/ tests/test_*.py; do
  found=${found%/}
  case " ${real[*]} tests/__pycache__ tests/controlplane " in *" $found "*) ;; *) others+=("$found") ;; esac
done

log=$(mktemp)
nice -n 10 "$python" -m pytest "${others[@]}" >"$log" 2>&1 &
beside=$!
trap 'kill "$beside" 2>/dev/null || true; rm -f "$log"' EXIT
status=0
"$python" -m pytest "${real[@]}" || status=$?
wait "$beside" || status=$?
cat "$log"
exit "$status"
