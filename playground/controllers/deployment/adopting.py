"""The new ReplicaSet: found and numbered, or made.

The trap is in the order: the ReplicaSet gets its revision number first, the Deployment copies it in a later turn, so that a
write that is lost in between is made up for.
"""

from playground.apiserver.errors import ApiError
from playground.apiserver.objects import Object
from playground.controllers.deployment import revisions, sizes, templates
from playground.controllers.deployment.status import condition, has_deadline, made, with_condition
from playground.controllers.deployment.turn import REPLICASETS, Turn
from playground.controllers.metadata import controlled_by

LONGEST_NAME = 253


def find_new(turn: Turn) -> Object | None:
    """The new ReplicaSet if there is one, its annotations and minReadySeconds as they should be. Raises ApiError."""
    new = turn.new
    if new is None:
        return None
    wanted = revisions.of_new(turn.deployment, new, _next_revision(turn))
    ready_seconds = turn.deployment["spec"].get("minReadySeconds", 0)
    if wanted != revisions.annotations(new) or new["spec"].get("minReadySeconds", 0) != ready_seconds:
        metadata = new["metadata"] | {"annotations": wanted}
        turn.replace(new | {"metadata": metadata, "spec": new["spec"] | {"minReadySeconds": ready_seconds}})
        return turn.new
    progressing = None
    if has_deadline(turn.deployment) and condition(turn.status, "Progressing") is None:
        message = f'Found new replica set "{new["metadata"]["name"]}"'
        progressing = made("Progressing", "True", "FoundNewReplicaSet", message, turn.now)
    _note(turn, revisions.annotations(new).get(revisions.REVISION, ""), progressing)
    return new


def find_or_make_new(turn: Turn) -> Object:
    """The new ReplicaSet, made if there is none. Raises ApiError; a name that is taken is counted first, so
    that the next turn makes another.
    """
    return find_new(turn) or _make(turn)


def _make(turn: Turn) -> Object:
    number = _next_revision(turn)
    body = _body(turn, number)
    name = body["metadata"]["name"]
    try:
        new = turn.client.create(REPLICASETS, body, body["metadata"]["namespace"])
    except ApiError as refused:
        if refused.status == 409:
            _count_collision(turn)
        else:
            _tell_failure(turn, name, refused)
        raise
    turn.add(new)
    if sizes.size(new) > 0:
        turn.tell_scaled(name, 0, sizes.size(new))
    progressing = None
    if has_deadline(turn.deployment):
        progressing = made("Progressing", "True", "NewReplicaSetCreated", f'Created new replica set "{name}"', turn.now)
    _note(turn, str(number), progressing)
    return new


def _body(turn: Turn, number: int) -> Object:
    metadata, spec = turn.deployment["metadata"], turn.deployment["spec"]
    value = templates.hash_of(spec["template"], turn.status.get("collisionCount"))
    template = spec["template"] | {"metadata": templates.with_hash(spec["template"]["metadata"], "labels", value)}
    body: Object = {
        "apiVersion": "apps/v1", "kind": "ReplicaSet",
        "metadata": {
            "name": f"{metadata['name'][:LONGEST_NAME - 1 - len(value)]}-{value}", "namespace": metadata["namespace"],
            "labels": template["metadata"]["labels"],
            "ownerReferences": [controlled_by(turn.deployment, "apps/v1", "Deployment")],
        },
        "spec": {
            "replicas": sizes.size_of_new(turn.deployment, sizes.total(turn.old), 0),
            "selector": templates.with_hash(spec["selector"], "matchLabels", value), "template": template,
        },
    }  # fmt: skip
    if spec.get("minReadySeconds"):
        body["spec"]["minReadySeconds"] = spec["minReadySeconds"]
    wanted = revisions.of_new(turn.deployment, body, number) | sizes.meant(turn.deployment)
    body["metadata"]["annotations"] = wanted
    return body


def _next_revision(turn: Turn) -> int:
    return max((revisions.revision(found) for found in turn.old), default=0) + 1


def _note(turn: Turn, number: str, progressing: Object | None) -> None:
    """Write the revision number and the condition to the Deployment, if that changes anything."""
    metadata = turn.deployment["metadata"]
    numbered = revisions.annotations(turn.deployment) | {revisions.REVISION: number}
    status = with_condition(turn.status, progressing) if progressing else turn.status
    if numbered != revisions.annotations(turn.deployment) or status != turn.status or progressing:
        metadata["annotations"] = numbered
        turn.status = status
        turn.save_status()


def _count_collision(turn: Turn) -> None:
    turn.status = turn.status | {"collisionCount": turn.status.get("collisionCount", 0) + 1}
    turn.save_status()


def _tell_failure(turn: Turn, name: str, refused: ApiError) -> None:
    message = f'Failed to create new replica set "{name}": {refused.message}'
    if has_deadline(turn.deployment):
        failed = made("Progressing", "False", "ReplicaSetCreateError", message, turn.now)
        turn.status = with_condition(turn.status, failed)
        turn.save_status()
    turn.recorder.warning(turn.deployment, "ReplicaSetCreateError", message)
