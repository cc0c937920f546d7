"""Findings in SQL as Alembic writes it: real squawk, real sqlglot, no database."""

from __future__ import annotations

import pytest

from dashboard.database_target import Dialect
from dashboard.findings.find import find
from dashboard.findings.finding import Finding, SqlPiece
from dashboard.gate.finding_policy import Level


def look(*texts: str, dialect: Dialect = Dialect.POSTGRESQL) -> tuple[Finding, ...]:
    """Each text is the SQL of one step, in one transaction on PostgreSQL."""
    frame = ("BEGIN;\n", "COMMIT;\n") if dialect is Dialect.POSTGRESQL else ("", "")
    steps = [SqlPiece(n, f"r{n}", f"-- Running upgrade r{n}\n\n{text}\n\n") for n, text in enumerate(texts, start=1)]
    pieces = (SqlPiece(0, "", frame[0]), *steps, SqlPiece(0, "", frame[1]))
    return find(pieces, dialect=dialect, version_table="alembic_version", server="PostgreSQL 15.18")


def told(*texts: str, dialect: Dialect = Dialect.POSTGRESQL) -> list[tuple[Level, str]]:
    return [(finding.level, finding.rule) for finding in look(*texts, dialect=dialect)]


BOTH = pytest.mark.parametrize("dialect", list(Dialect))


@BOTH
@pytest.mark.parametrize(
    ("sql", "rule", "words"),
    [
        ("DROP TABLE users;", "ban-drop-table", "users goes"),
        ("ALTER TABLE a DROP COLUMN b;", "ban-drop-column", "a.b goes"),
        ("DELETE FROM a;", "delete-all", "every row of a"),
        ("UPDATE a SET x = 1;", "update-all", "x of every row of a"),
        ("WITH gone AS (SELECT 1) DELETE FROM a;", "delete-all", "every row of a"),
    ],
)
def test_what_takes_data_is_destructive(dialect: Dialect, sql: str, rule: str, words: str) -> None:
    (finding,) = look(sql, dialect=dialect)

    assert (finding.level, finding.rule, finding.line) == (Level.DESTRUCTIVE, rule, 3)
    assert words in finding.message


def test_what_squawk_is_silent_about_is_found() -> None:
    assert told("TRUNCATE a, s.b;") == [(Level.DESTRUCTIVE, "truncate")]
    assert told("VACUUM FULL a;") == [(Level.LOCKING, "vacuum-full")]
    assert told("DROP SCHEMA s CASCADE;") == [(Level.DESTRUCTIVE, "ban-drop-schema")]


@pytest.mark.parametrize(
    ("sql", "level", "rule"),
    [
        ("CREATE INDEX i ON a (x);", Level.LOCKING, "require-concurrent-index-creation"),
        ("CREATE INDEX CONCURRENTLY i ON a (x);", Level.ERROR, "ban-concurrent-index-creation-in-transaction"),
        ("ALTER TABLE a ALTER COLUMN x TYPE BIGINT;", Level.LOCKING, "changing-column-type"),
        ("ALTER TABLE a ADD COLUMN x INT NOT NULL;", Level.ERROR, "adding-required-field"),
        ("ALTER TABLE a ADD COLUMN x TEXT DEFAULT random()::text;", Level.LOCKING, "adding-field-with-default"),
        ("ALTER TABLE a ADD FOREIGN KEY (x) REFERENCES b (id);", Level.LOCKING, "adding-foreign-key-constraint"),
        ("ALTER TABLE a ADD UNIQUE (x);", Level.LOCKING, "disallowed-unique-constraint"),
        ("ALTER TABLE a RENAME COLUMN x TO y;", Level.BREAKING, "renaming-column"),
        ("DROP VIEW v;", Level.BREAKING, "ban-drop-view"),
    ],
)
def test_what_locks_or_breaks_is_told_once(sql: str, level: Level, rule: str) -> None:
    assert told(sql) == [(level, rule)]


@pytest.mark.parametrize(
    ("sql", "level"),
    [
        ("DO $$ BEGIN PERFORM 1; END $$;", Level.NOT_UNDERSTOOD),
        ("DO $$ BEGIN EXECUTE 'DROP TABLE ' || 'x'; END $$;", Level.DESTRUCTIVE),
        ("CALL p();", Level.NOT_UNDERSTOOD),
        ("SELECT tidy_up();", Level.NOT_UNDERSTOOD),
        ("COPY a FROM '/tmp/x';", Level.NOT_UNDERSTOOD),
        ("THIS IS NO SQL;", Level.NOT_UNDERSTOOD),
    ],
)
def test_what_is_not_understood_is_to_be_reviewed(sql: str, level: Level) -> None:
    assert told(sql) == [(level, "not-understood")]


def test_one_statement_that_squawk_cannot_read_hides_no_other() -> None:
    findings = look("CREATE INDEX i ON a (x);\n\nTHIS IS NO SQL;\n\nCREATE INDEX j ON a (y);")

    assert [(f.line, f.rule) for f in findings] == [
        (3, "require-concurrent-index-creation"),
        (5, "not-understood"),
        (7, "require-concurrent-index-creation"),
    ]


@BOTH
def test_alembics_own_statements_and_matters_of_taste_are_left_out(dialect: Dialect) -> None:
    sql = (
        "CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL);\n"
        "CREATE TABLE a (id INTEGER NOT NULL, name VARCHAR(20), PRIMARY KEY (id));\n"
        "CREATE INDEX ia ON a (name);\n"
        "DELETE FROM alembic_version;\nDROP TABLE alembic_version;\n"
        "INSERT INTO a (id) VALUES (1);\nUPDATE a SET name = 'x' WHERE id = 1;"
    )

    assert told(sql, dialect=dialect) == []


def test_a_table_of_the_same_plan_has_nobody_who_waits() -> None:
    """Whichever revision made it."""
    later = "CREATE INDEX i ON a (id); ALTER TABLE a ALTER COLUMN id TYPE BIGINT; DELETE FROM a;"

    assert told("CREATE TABLE a (id INT);", later) == []
    assert told(later) != []


def test_filling_a_new_column_of_every_row_locks_and_takes_nothing() -> None:
    assert told("ALTER TABLE a ADD COLUMN x INT;", "UPDATE a SET x = 1;") == [(Level.LOCKING, "updates-every-row")]
    assert told("ALTER TABLE a ADD COLUMN x INT;", "UPDATE a SET x = 1, y = 2;") == [(Level.DESTRUCTIVE, "update-all")]


def test_a_statement_outside_of_the_transaction_is_noted() -> None:
    findings = look("CREATE TABLE b (id INT);", "COMMIT;\n\nCREATE INDEX CONCURRENTLY i ON a (x);\n\nBEGIN;")

    assert [(f.revision, f.line, f.rule) for f in findings] == [("r2", 5, "no-transaction")]


def test_a_transaction_for_each_revision_is_no_such_statement() -> None:
    assert told("COMMIT;\n\nBEGIN;") == []


def test_batch_mode_copies_a_table_and_takes_nothing() -> None:
    sql = (
        "CREATE TABLE _alembic_tmp_a (id INTEGER);\nINSERT INTO _alembic_tmp_a (id) SELECT a.id FROM a;\n"
        "DROP TABLE a;\nALTER TABLE _alembic_tmp_a RENAME TO a;"
    )

    assert told(sql, dialect=Dialect.SQLITE) == [(Level.LOCKING, "copies-table")]
    assert told(sql.rpartition("ALTER")[0], dialect=Dialect.SQLITE) == [(Level.DESTRUCTIVE, "ban-drop-table")]


def test_a_semicolon_in_a_text_a_body_or_a_comment_ends_no_statement() -> None:
    trigger = "CREATE TRIGGER t AFTER INSERT ON a BEGIN DELETE FROM b; END;\n"
    function = "CREATE FUNCTION f() RETURNS trigger AS $x$ BEGIN DELETE FROM b; RETURN NEW; END $x$ LANGUAGE plpgsql;\n"

    assert told(trigger + "INSERT INTO a VALUES (';DELETE FROM b;');", dialect=Dialect.SQLITE) == []
    assert told(function + "INSERT INTO a VALUES (';DELETE FROM b;'); -- DELETE FROM b;") == []


def test_a_revision_that_could_not_be_written_is_a_finding_of_its_own() -> None:
    pieces = (SqlPiece(1, "r1", "-- Running upgrade  -> r1\n", "AttributeError: no connection"),)

    (finding,) = find(pieces, dialect=Dialect.SQLITE, version_table="alembic_version")

    assert finding.level is Level.NOT_UNDERSTOOD and "AttributeError: no connection" in finding.message


def test_text_outside_of_ascii_moves_no_line() -> None:
    findings = look("INSERT INTO a VALUES ('žluťoučký 🐎');\n\nDROP TABLE a;")

    assert [(f.line, f.statement) for f in findings] == [(5, "DROP TABLE a")]


def test_a_configuration_of_the_working_directory_decides_nothing(
    tmp_path: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / ".squawk.toml").write_text('excluded_rules = ["changing-column-type"]')  # type: ignore[operator]
    monkeypatch.chdir(tmp_path)  # type: ignore[arg-type]

    assert told("ALTER TABLE a ALTER COLUMN x TYPE BIGINT;") == [(Level.LOCKING, "changing-column-type")]
