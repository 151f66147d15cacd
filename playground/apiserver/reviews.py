"""Questions a client may ask about itself and its rights: answered, never kept."""

from playground.apiserver.authorization import Authorizer
from playground.apiserver.objects import Object
from playground.apiserver.requests import User
from playground.apiserver.resources import Resource


def answer(resource: Resource, body: Object, user: User, authorizer: Authorizer) -> Object:
    """The review with its status."""
    spec = body.get("spec") or {}
    body = {"kind": resource.kind, "apiVersion": resource.api_version, "metadata": {}} | body
    kind = resource.kind
    if kind == "SelfSubjectReview":
        return body | {"status": {"userInfo": {"username": user.name, "groups": list(user.groups)}}}
    if kind == "SelfSubjectRulesReview":
        return body | {"status": _rules(user, spec.get("namespace", ""), authorizer)}
    if kind == "SelfSubjectAccessReview":
        return body | {"status": _access(user, spec, authorizer)}
    subject = User(name=spec.get("user", ""), groups=tuple(spec.get("groups") or ()))
    return body | {"status": _access(subject, spec, authorizer)}


def _access(user: User, spec: Object, authorizer: Authorizer) -> Object:
    path, asked = spec.get("nonResourceAttributes"), spec.get("resourceAttributes") or {}
    if path:
        return {"allowed": authorizer.allows_path(user, path.get("path", ""))}
    plural, group = asked.get("resource", ""), asked.get("group", "")
    whole = "/".join(filter(None, (plural, asked.get("subresource", ""))))
    resource = f"{whole}.{group}" if group else whole
    return {
        "allowed": authorizer.allows(user, asked.get("verb", ""), resource, asked.get("namespace", ""), asked.get("name", ""))
    }


def _rules(user: User, namespace: str, authorizer: Authorizer) -> Object:
    rules = authorizer.rules(user, namespace)
    if user.trusted:
        rules = [{"verbs": ["*"], "apiGroups": ["*"], "resources": ["*"]}, {"verbs": ["*"], "nonResourceURLs": ["*"]}]
    shown = ("verbs", "apiGroups", "resources", "resourceNames", "nonResourceURLs")
    return {
        "resourceRules": [{key: rule[key] for key in shown if rule.get(key)} for rule in rules if rule.get("resources")],
        "nonResourceRules": [{key: rule[key] for key in shown if rule.get(key)} for rule in rules if rule.get("nonResourceURLs")],
        "incomplete": False,
    }
