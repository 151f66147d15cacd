"""A flag in both kinds of objects that hold flags."""

import json

from tests.real.releases.shop import Manifest, Shop

FLAG: Manifest = {"state": "ENABLED", "variants": {"on": True, "off": False}, "defaultVariant": "off"}
DEFINITION = """
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: featureflags.core.openfeature.dev}
spec:
  group: core.openfeature.dev
  scope: Namespaced
  names: {kind: FeatureFlag, plural: featureflags, singular: featureflag}
  versions:
  - name: v1beta1
    served: true
    storage: true
    schema:
      openAPIV3Schema:
        type: object
        properties: {spec: {type: object, x-kubernetes-preserve-unknown-fields: true}}
"""


def config_map(shop: Shop, name: str = "flags") -> Manifest:
    """A ConfigMap in flagd's form."""
    text = json.dumps({"flags": {"new-checkout": FLAG}}, indent=2)
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name, "namespace": shop.namespace},
            "data": {"flags.json": text}}  # fmt: skip


def feature_flag(shop: Shop, flag: str = "new-checkout") -> Manifest:
    """OpenFeature's own resource, `shop`."""
    return {
        "apiVersion": "core.openfeature.dev/v1beta1", "kind": "FeatureFlag",
        "metadata": {"name": "shop", "namespace": shop.namespace}, "spec": {"flagSpec": {"flags": {flag: FLAG}}},
    }  # fmt: skip
