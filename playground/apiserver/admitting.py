"""Asking the admission plug-ins about one write, and saying no in the API's words."""

from playground.apiserver.admission import Attempt
from playground.apiserver.calls import Call
from playground.apiserver.context import Context
from playground.apiserver.errors import ApiError, forbidden
from playground.apiserver.objects import Object


def attempt(context: Context, call: Call, operation: str, obj: Object | None, old: Object | None) -> Attempt:
    """The write as plug-ins see it."""
    return Attempt(
        operation=operation, resource=call.resource.name, subresource=call.subresource, namespace=call.namespace,
        name=call.name or (obj or {}).get("metadata", {}).get("name", ""), object=obj, old=old, user=call.user,
        dry_run=call.dry_run, field_manager=call.asked_manager,
        authorized=context.asks_for(call.user, call.namespace), warnings=call.warnings,
    )  # fmt: skip


def refuse(context: Context, asked: Attempt) -> None:
    """Raises ApiError when a plug-in denies the write."""
    denial = context.admission.validate(asked)
    if denial is None:
        return
    refusal = forbidden(asked.resource, asked.name, denial.message, [{"message": denial.message}])
    raise ApiError(denial.code, denial.reason, refusal.message, refusal.details)
