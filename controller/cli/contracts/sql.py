"""Migrations in PostgreSQL's SQL, by squawk. What the older document begins with has been carried out; the rest is judged."""

import json
from typing import Any

from controller.contracts.program import Lists, NotCompared, find, run

_CLIENTS = (
    "ban-add-column", "ban-add-enum-value", "ban-alter-policy-condition", "ban-alter-policy-roles", "ban-alter-role-options",
    "ban-alter-row-level-security", "ban-create-policy", "ban-drop-policy", "ban-new-write-restriction",
    "ban-replace-view-function", "ban-revoke", "ban-set-default",
)  # fmt: skip
"""Rules about what clients notice that squawk asks for by name only."""
_SAFE = {"ban-add-column", "ban-drop-constraint"}
_STYLE = ("prefer-", "require-")
_LOCKS = {
    "adding-field-with-default", "adding-foreign-key-constraint", "adding-not-nullable-field", "adding-serial-primary-key-field",
    "ban-char-field", "ban-concurrent-index-creation-in-transaction", "ban-create-domain-with-constraint",
    "ban-uncommitted-transaction", "constraint-missing-not-valid", "disallowed-unique-constraint", "identifier-too-long",
    "transaction-nesting",
}  # fmt: skip
"""About locks and form, not about what the older version can do with the data. Every other rule breaks, also one that is new."""


def compare(old: str, new: str) -> Lists:
    """What the statements that are new do to the older version. Raises NotCompared."""
    if new.startswith(old):
        # Lines keep their numbers.
        new = "\n" * old.count("\n") + new[len(old) :]
    # An exception that stands in the document itself has nobody's name.
    new = new.replace("squawk-ignore", "squawk_ignore")
    if not new.strip():
        return (), ()
    command = [find("squawk", "pip install squawk-cli"), "--reporter", "json", "--include", ",".join(_CLIENTS), "new.sql"]
    done = run("squawk", command, {"new.sql": new, ".squawk.toml": ""})
    lines = new.encode().split(b"\n")
    try:
        found = json.loads(done.answer)
        told = [(each["rule_name"], _words(lines, each), f"{each['message']}".rstrip("."), each["line"] + 1) for each in found]
    except (ValueError, LookupError, TypeError):
        raise NotCompared(f"not compared: squawk says: {done.first}") from None
    if not isinstance(found, list) or done.code != (1 if found else 0):
        raise NotCompared(f"not compared: squawk says: {done.first}")
    breaking: list[str] = []
    safe: list[str] = []
    for rule, words, message, line in told:
        sentence = f"line {line}, {words[:60]}: {message}" if words else f"line {line}: {message}"
        if rule == "syntax-error":
            raise NotCompared(f"the newer one is no SQL of PostgreSQL: {sentence[:150]}")
        # NOT NULL beside a default: who does not know the column need not give it. Without one another rule tells.
        if rule.startswith(_STYLE) or rule in _LOCKS or (rule, words) == ("ban-new-write-restriction", "NOT NULL"):
            continue
        (safe if rule in _SAFE else breaking).append(sentence)
    return tuple(breaking), tuple(safe if breaking or safe else ["the new statements: nothing that squawk knows to break"])


def _words(lines: list[bytes], found: dict[str, Any]) -> str:
    """Of the statement, as far as its first line; columns are bytes."""
    end = found["column_end"] if found["line_end"] == found["line"] else None
    words: bytes = lines[found["line"]][found["column"] : end]
    return words.decode("utf-8", "replace").rstrip(" ;")
