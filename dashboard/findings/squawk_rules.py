"""squawk's rules, as far as they say something about running SQL, in our words."""

from __future__ import annotations

from dashboard.gate.finding_policy import Level

ABOUT_DESIGN = ("prefer-", "require-table-schema", "identifier-too-long", "ban-char-field", "unused-ignore", "ban-add-")
"""Beginnings of rules about how one would rather design tables; who runs a revision cannot use them."""
ABOUT_SCRIPTS = {
    # Every connection of a run sets its time limits.
    "require-lock-timeout", "require-statement-timeout", "require-timeout-settings",
    # Alembic's own BEGIN and COMMIT, and what the dashboard itself says of them.
    "ban-uncommitted-transaction", "transaction-nesting",
    "require-enum-value-ordering", "ban-set-default", "ban-drop-default", "ban-create-policy", "ban-alter-view-options",
}  # fmt: skip
IMPLIED = "constraint-missing-not-valid"
"""Said of every constraint; left out where a rule says more of the same statement."""

RULES: dict[str, tuple[Level, str]] = {
    "ban-concurrent-index-creation-in-transaction": (
        Level.ERROR, "CONCURRENTLY cannot run in a transaction: this fails. Use an autocommit_block."),
    "adding-required-field": (
        Level.ERROR, "The column is NOT NULL and has no default: this fails where the table has rows."),
    "ban-drop-table": (Level.DESTRUCTIVE, "The table goes, with every row of it."),
    "ban-drop-column": (Level.DESTRUCTIVE, "The column goes, with its data in every row."),
    "ban-drop-schema": (Level.DESTRUCTIVE, "The schema goes, with what is in it."),
    "ban-drop-database": (Level.DESTRUCTIVE, "The database goes."),
    "ban-drop-extension": (Level.DESTRUCTIVE, "The extension goes, with its types and the columns of those types."),
    "ban-drop-type": (Level.BREAKING, "The type goes; code that names it fails."),
    "ban-drop-domain": (Level.BREAKING, "The domain goes; code that names it fails."),
    "ban-truncate-cascade": (Level.DESTRUCTIVE, "CASCADE empties every table that refers to it, too."),
    "adding-field-with-default": (
        Level.LOCKING, "The default is computed for each row: the table is rewritten, and nobody can read it meanwhile."),
    "adding-foreign-key-constraint": (
        Level.LOCKING, "The foreign key is checked for each row; neither of the two tables can be written meanwhile. "
        "NOT VALID first, then VALIDATE CONSTRAINT in a revision of its own, blocks nobody for long."),
    "adding-not-nullable-field": (
        Level.LOCKING, "NOT NULL is checked for each row; nobody can read the table meanwhile."),
    "adding-serial-primary-key-field": (
        Level.LOCKING, "The table is rewritten for the new key; nobody can read it meanwhile."),
    "changing-column-type": (
        Level.LOCKING, "The type changes under AccessExclusive: nobody can read the table until the transaction's end, "
        "and it may be rewritten."),
    IMPLIED: (
        Level.LOCKING, "The constraint is checked for each row; the table cannot be written meanwhile. NOT VALID first, "
        "then VALIDATE CONSTRAINT in a revision of its own, blocks nobody for long."),
    "disallowed-unique-constraint": (
        Level.LOCKING, "The index of the constraint is built while nobody can read the table. Build it CONCURRENTLY first, "
        "then add the constraint USING INDEX."),
    "require-concurrent-index-creation": (
        Level.LOCKING, "The table cannot be written while the index is built. CONCURRENTLY, in an autocommit_block, blocks "
        "nobody."),
    "require-concurrent-index-deletion": (
        Level.LOCKING, "Nobody can read the table while the index goes; it waits for everybody who does."),
    "require-concurrent-reindex": (Level.LOCKING, "The table cannot be written while the index is built anew."),
    "require-concurrent-partition-detach": (Level.LOCKING, "Nobody can read the table while the partition is detached."),
    "ban-disable-trigger": (Level.BREAKING, "A trigger no longer fires; what relies on it does not happen."),
    "ban-drop-constraint": (Level.BREAKING, "A constraint goes; code may rely on what it promised."),
    "ban-drop-not-null": (Level.BREAKING, "The column may be NULL; code that reads it may not expect that."),
    "ban-drop-function": (Level.BREAKING, "The function goes; code that calls it fails."),
    "ban-drop-sequence": (Level.BREAKING, "The sequence goes; code that uses it fails."),
    "ban-drop-trigger": (Level.BREAKING, "The trigger goes; what relies on it does not happen."),
    "ban-drop-view": (Level.BREAKING, "The view goes; code that reads it fails."),
    "ban-revoke": (Level.BREAKING, "A right goes; who used it fails."),
    "ban-set-schema": (Level.BREAKING, "It moves to another schema; code that names the old one fails."),
    "renaming-column": (Level.BREAKING, "The column is renamed; code that uses the old name fails."),
    "renaming-table": (Level.BREAKING, "The table is renamed; code that uses the old name fails."),
    "renaming-object": (Level.BREAKING, "It is renamed; code that uses the old name fails."),
}  # fmt: skip


def is_noise(rule: str) -> bool:
    """It says nothing to a person who decides whether to run this SQL now."""
    return rule.startswith(ABOUT_DESIGN) or rule in ABOUT_SCRIPTS


def say(rule: str, own_words: str) -> tuple[Level, str]:
    """Level and words; a rule that is new to us keeps squawk's words."""
    return RULES.get(rule, (Level.BREAKING if rule.startswith("ban-") else Level.NOTE, own_words))
