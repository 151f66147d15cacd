#!/usr/bin/env bash
# Sees to it that what the tests need of the system is there: installs it when we are root on a Debian, else says what to install.
# Kubernetes' own programs, kubectl and helm among them, are found or built by `make provision`.
set -euo pipefail

# Without faketime, the tests that set clocks are left out.
declare -A package=([openssl]=openssl [git]=git [faketime]=faketime)
missing=()
for tool in "${!package[@]}"; do
  command -v "$tool" >/dev/null || missing+=("${package[$tool]}")
done
[ ${#missing[@]} -gt 0 ] || exit 0

if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
  echo "installing ${missing[*]} …" >&2
  apt-get update -qq
  DEBIAN_FRONTEND=noninteractive apt-get install -qq -y "${missing[@]}"
else
  echo "Missing: ${missing[*]}. On Debian or Ubuntu: sudo apt-get install ${missing[*]}" >&2
  [ "${missing[*]}" = faketime ]
fi
