"""Pods run as a ServiceAccount that exists: an admission plug-in of every cluster."""

from playground.apiserver.admission import Attempt, Denial
from playground.apiserver.objects import Object
from playground.apiserver.store import Store


class ServiceAccounts:
    """Refuses pods whose ServiceAccount is not there (yet)."""

    def __init__(self, store: Store) -> None:
        self._accounts = store.collection("", "serviceaccounts")

    def mutate(self, attempt: Attempt) -> Object | None:
        """Nothing: the name is the server's own default."""

    def validate(self, attempt: Attempt) -> Denial | None:
        """403 when there is no such account."""
        if attempt.operation != "CREATE" or attempt.resource != "pods" or attempt.subresource or attempt.object is None:
            return None
        name = attempt.object["spec"].get("serviceAccountName", "default")
        if self._accounts.get((attempt.namespace, name)) is not None:
            return None
        said = f'error looking up service account {attempt.namespace}/{name}: serviceaccount "{name}" not found'
        return Denial(said, code=403, reason="Forbidden")
