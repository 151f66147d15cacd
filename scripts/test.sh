#!/usr/bin/env bash
# Lint, and all tests in eight processes at a time: those on a real control plane, of which each process has its own, wait most
# of the while, and the others use it. With arguments: those tests only.
set -euo pipefail
cd "$(dirname "$0")/.."
python=.venv/bin/python
if [ "$*" != tests ]; then exec "$python" -m pytest "$@"; fi

others=()
for found in tests/*/ tests/test_*.py; do
  found=${found%/}
  case $found in
    tests/conformance | tests/real | tests/simulation | tests/controlplane | tests/__pycache__) ;;
    *) others+=("$found") ;;
  esac
done
# What is written in Go, kubectl and the control planes, looks for garbage less often: there is memory, and no processor to spare.
export GOGC=400
# What is started hundreds of times is compiled once, even where the environment says otherwise.
export PYTHONDONTWRITEBYTECODE=

logs=$(mktemp -d)
running=()
trap 'kill "${running[@]}" 2>/dev/null || true; rm -rf "$logs"' EXIT

# What forks by itself gets what of the processors the others leave: at the end it has them all to itself, and uses them.
every=tests/simulation/test_cases.py::test_case_by_every_single_fault
plans=tests/simulation/test_plans.py
draws=tests/simulation/test_seeds.py
begin() {
  local patience=$1 log=$logs/${#running[@]}
  shift
  nice -n "$patience" "$@" >"$log" 2>&1 &
  running+=($!)
}
begin 0 make --no-print-directory lint
for part in 0 1 2; do
  mapfile -t share < <(find tests/real -name 'test_*.py' | sort | awk -v part=$part 'NR % 3 == part')
  begin 0 "$python" -m pytest "${share[@]}"
done
begin 0 "$python" -m pytest tests/conformance
begin 0 "$python" -m pytest "${others[@]}"
begin 0 "$python" -m pytest tests/simulation --ignore="$plans" --ignore="$draws" --deselect="$every"
begin 10 "$python" -m pytest "$plans" "$every"
begin 10 "$python" -m pytest "$draws"

status=0
for number in "${!running[@]}"; do
  wait "${running[number]}" || status=$?
  cat "$logs/$number"
done
exit "$status"
