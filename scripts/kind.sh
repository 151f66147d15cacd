#!/usr/bin/env bash
# The end-to-end tests on a kind cluster: makes it, builds and loads the image, installs the chart, runs the tests, removes
# the cluster (KEEP=1 leaves it). Needs Docker, kind, kubectl and helm. See docs/kind.md.
set -euo pipefail
cd "$(dirname "$0")/.."

cluster=release-coordinator
image=release-coordinator:kind

for tool in docker kind kubectl helm; do
  command -v "$tool" >/dev/null || { echo "$tool is needed and not here; see docs/kind.md" >&2; exit 1; }
done
docker info >/dev/null || { echo "Docker does not answer; start it, then again" >&2; exit 1; }

folder=$(mktemp -d)
end() {
  [ -n "${KEEP:-}" ] || kind delete cluster --name "$cluster"
  rm -rf "$folder"
}
trap end EXIT

export KUBECONFIG="$folder/kubeconfig"
kind create cluster --name "$cluster" --config scripts/kind.yaml --wait 120s
docker build -f Containerfile -t "$image" .
kind load docker-image --name "$cluster" "$image"
helm upgrade --install release-coordinator charts/release-coordinator --namespace release-coordinator --create-namespace \
  --set image.repository="${image%:*}" --set image.tag="${image#*:}" --wait
kubectl --namespace release-coordinator rollout status deployment/release-coordinator --timeout=120s

RELEASE_COORDINATOR_KUBECONFIG="$KUBECONFIG" .venv/bin/python -m pytest tests/conformance/policies "$@"
