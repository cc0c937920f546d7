from __future__ import annotations

import json
import time
from pathlib import Path
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from sqlalchemy.engine import URL, make_url

from dashboard.database_target import DatabaseTarget, Dialect
from dashboard.secrets import (
    MASK,
    SHORTEST_MASKED,
    EnvironmentVariable,
    Masker,
    SecretFile,
    SecretUnresolved,
    resolve_source,
)

UGLY = "p%@/:#'\"x"
# Anything a server takes as a password: no NUL. Space around it would be found without it, too.
passwords = st.text(
    st.characters(blacklist_categories=["Cs"], blacklist_characters="\0"), min_size=SHORTEST_MASKED, max_size=40
).filter(lambda text: text.strip() == text and len(text) >= SHORTEST_MASKED)


def test_a_string_stands_for_itself(tmp_path: Path) -> None:
    assert resolve_source("plain", {}, tmp_path) == "plain"


def test_a_variable_is_looked_up() -> None:
    assert resolve_source(EnvironmentVariable("SECRET"), {"SECRET": "s3cret"}, Path()) == "s3cret"


def test_a_variable_may_be_empty() -> None:
    assert resolve_source(EnvironmentVariable("SECRET"), {"SECRET": ""}, Path()) == ""


def test_a_missing_variable_is_named() -> None:
    with pytest.raises(SecretUnresolved, match="environment variable PRODUCTION_URL is not set"):
        resolve_source(EnvironmentVariable("PRODUCTION_URL"), {"OTHER": "x"}, Path())


@pytest.mark.parametrize("ending", ["", "\n", "\r\n"])
def test_a_file_is_read_without_its_line_end(tmp_path: Path, ending: str) -> None:
    (tmp_path / "password").write_bytes(f" two\nlines {ending}".encode())

    assert resolve_source(SecretFile("password"), {}, tmp_path) == " two\nlines "


def test_an_absolute_path_of_a_file_is_taken_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "password").write_text("s3cret")

    assert resolve_source(SecretFile(str(tmp_path / "password")), {}, Path("/nowhere")) == "s3cret"


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(SecretUnresolved, match=r"/password cannot be read: No such file"):
        resolve_source(SecretFile("password"), {}, tmp_path)


def test_a_folder_is_no_secret(tmp_path: Path) -> None:
    with pytest.raises(SecretUnresolved, match="Is a directory"):
        resolve_source(SecretFile("."), {}, tmp_path)


def test_a_large_file_is_not_read_as_a_secret(tmp_path: Path) -> None:
    (tmp_path / "dump").write_bytes(b"x" * 1_000_000)

    with pytest.raises(SecretUnresolved, match="larger than 65536 bytes"):
        resolve_source(SecretFile("dump"), {}, tmp_path)


def test_an_error_about_a_file_shows_none_of_its_bytes(tmp_path: Path) -> None:
    (tmp_path / "password").write_bytes(b"s3cret\xff")

    with pytest.raises(SecretUnresolved, match="not UTF-8") as caught:
        resolve_source(SecretFile("password"), {}, tmp_path)

    assert caught.value.__context__ is None


@pytest.mark.parametrize(
    "form",
    [
        UGLY,
        quote(UGLY),
        quote(UGLY, safe=""),
        quote_plus(UGLY),
        quote(UGLY, safe="").lower(),
        quote(UGLY, safe="").replace("%", "%%"),
        repr(UGLY),
        json.dumps(UGLY),
        URL.create("postgresql", "u", UGLY, "h").render_as_string(hide_password=False),
        r"dbname=x password='p%@/:#\'" + "\"x'",
    ],
)
@pytest.mark.fault(57)
def test_every_usual_form_of_a_password_is_masked(form: str) -> None:
    masked = Masker([UGLY]).mask(f"connecting with {form} now")

    assert MASK in masked
    for rest in ("p%", "p%25", "p%%25", "#", "%23", "'x", '"x'):
        assert rest not in masked


@given(passwords)
@example(UGLY)
@example("a b+c%20")
@example("••••")
@pytest.mark.fault(57)
def test_a_password_survives_the_url_and_is_masked_in_every_form(password: str) -> None:
    target = DatabaseTarget(dialect=Dialect.POSTGRESQL, name="api", host="db", port=5432, user="me", password=password)

    url = make_url(target.child_url())

    assert (url.username, url.password, url.host, url.port, url.database) == ("me", password, "db", 5432, "api")
    masker = Masker([password])
    forms = {
        password,
        repr(password)[1:-1],
        json.dumps(password)[1:-1],
        quote(password),
        quote(password, safe=""),
        quote_plus(password),
        target.child_url().partition("me:")[2].partition("@db")[0],
        url.render_as_string(hide_password=False).partition("me:")[2].rpartition("@db")[0],
    }
    for form in forms:
        # Brackets that occur in no form, so that a match cannot be an accident of the surroundings.
        assert masker.mask(f"\x00{form}\x00") == f"\x00{MASK}\x00"
    if password not in "postgresql+psycopg2://me:@db:5432/api":
        assert masker.mask(target.child_url()) == f"postgresql+psycopg2://me:{MASK}@db:5432/api"


@given(st.lists(passwords, max_size=4), st.text(max_size=200))
def test_masking_twice_changes_nothing_more(secrets: list[str], text: str) -> None:
    masker = Masker([secret for secret in secrets if "•" not in secret])

    once = masker.mask(text)

    assert masker.mask(once) == once


def test_the_longest_secret_wins_where_one_begins_another() -> None:
    assert Masker(["secret", "secret-and-more"]).mask("it is secret-and-more!") == f"it is {MASK}!"


def test_each_line_of_a_long_secret_is_masked_by_itself() -> None:
    key = "-----BEGIN KEY-----\nMIIEvQIBADAN\nBgkqhkiG9w0B\n-----END KEY-----"

    masker = Masker([key])

    assert masker.mask(f"key: {key}.") == f"key: {MASK}."
    assert masker.mask("read MIIEvQIBADAN\r\nand BgkqhkiG9w0B") == f"read {MASK}\r\nand {MASK}"
    assert masker.mask(repr(key)) == f"'{MASK}'"


@pytest.mark.parametrize("secret", ["", "a", "abc", " ", "\n"])
def test_what_is_too_short_is_not_looked_for(secret: str) -> None:
    assert Masker([secret]).mask("abc a b c %20 \n") == "abc a b c %20 \n"


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("at postgresql://me:abc@db/api", f"at postgresql://me:{MASK}@db/api"),
        ("mysql+pymysql://me:p@ss/w:rd@db, then", f"mysql+pymysql://me:{MASK}@db, then"),
        ("redis://:abc@cache", f"redis://:{MASK}@cache"),
        ("dsn: host=db user=me password=abc dbname=x", f"dsn: host=db user=me password={MASK} dbname=x"),
        ("connect(password='a b c', port=5)", f"connect(password={MASK}, port=5)"),
        ("PGPASSWORD=abc pg_dump", f"PGPASSWORD={MASK} pg_dump"),
    ],
)
@pytest.mark.fault(58)
def test_an_unknown_password_is_masked_where_it_stands_in_a_url_or_a_connection_string(text: str, masked: str) -> None:
    assert Masker([]).mask(text) == masked


@pytest.mark.parametrize(
    "text",
    [
        "see https://alembic.sqlalchemy.org/en/latest/ for more",
        "postgresql://me@db:5432/api",
        "listening on http://127.0.0.1:8000/",
        "Running upgrade a1b2 -> c3d4, add password column",
        "",
    ],
)
def test_a_text_without_a_password_stays_as_it_is(text: str) -> None:
    assert Masker(["something else"]).mask(text) == text


def test_a_masker_shows_no_secret_by_itself() -> None:
    assert "s3cret" not in repr(Masker(["s3cret"]))


@pytest.mark.parametrize(
    "text",
    ["x" * 1_000_000, "://a:" * 200_000, "password='" * 100_000, "a line of a log, as they come\n" * 33_000],
)
def test_a_megabyte_is_masked_in_time(text: str) -> None:
    masker = Masker([f"{UGLY}-{number}" for number in range(20)])
    begun = time.process_time()

    masker.mask(text)

    assert time.process_time() - begun < 3
