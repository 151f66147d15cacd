#!/usr/bin/env bash
# Prints the path of a uv that works: the one on PATH, else one that is installed once, beside the other tools we cache.
set -euo pipefail

own="${XDG_CACHE_HOME:-$HOME/.cache}/release-coordinator/uv"
for found in "$(command -v uv || true)" "$HOME/.local/bin/uv" "$own/bin/uv"; do
  if [ -n "$found" ] && "$found" --version >/dev/null 2>&1; then
    echo "$found"
    exit
  fi
done

echo "installing uv, once …" >&2
if python3 -m venv "$own" >&2; then
  "$own/bin/python" -m pip install --quiet "uv>=0.8,<1" >&2
  echo "$own/bin/uv"
else
  # Debian has no ensurepip without python3-venv.
  python3 -m pip install --quiet --user "uv>=0.8,<1" >&2
  echo "$HOME/.local/bin/uv"
fi
