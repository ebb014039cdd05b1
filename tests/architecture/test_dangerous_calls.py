"""Holds that the product's code has no way to run what people type: no shell, no eval, no SQL out of words."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import settings

from config.env import PROJECT_ROOT
from tests.architecture.source_files import PRODUCT_FILES, nodes_of, relative_name

RUNS_CODE = frozenset({"eval", "exec", "compile", "__import__"})
RUNS_A_SHELL = frozenset({"system", "popen", "spawnl", "spawnv", "getoutput", "getstatusoutput"})
READS_OBJECTS = frozenset({"pickle", "cPickle", "marshal", "shelve", "dill", "jsonpickle", "yaml"})
OTHER_TONGUES = frozenset({"ldap", "ldap3", "lxml", "xml", "memcache", "pymemcache", "pylibmc", "jpype", "graphene"})
WEAK_HASHES = frozenset({"md5", "sha1", "new"})
OWN_CRYPTOGRAPHY = frozenset({"Crypto", "Cryptodome", "nacl", "rsa", "ecdsa", "M2Crypto"})
# Twilio signs what it sends with HMAC-SHA1; there is no other form.
SHA1_OF_TWILIO = ("notifications/delivery/sms_gateway.py", "sha1")
# SQL that is put together from names of the code's own tables and columns, never from what somebody typed.
OWN_SQL = (
    "history/",
    "operations/backup/",
    "recalls/db_triggers.py",
    "recalls/kept_facts/",
    "recalls/selectors/search_indexes.py",
)
SCRIPTS = sorted((PROJECT_ROOT / "static" / "js").glob("*.js"))
DANGEROUS_IN_SCRIPTS = re.compile(
    r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function|localStorage|sessionStorage"
    r"|indexedDB|document\.cookie|postMessage|onmessage|WebSocket|__proto__|Object\.assign|\.prototype\b"
)


def _calls() -> Iterator[tuple[Path, ast.Call, str]]:
    for path in PRODUCT_FILES:
        for node in nodes_of(path):
            if isinstance(node, ast.Call):
                yield path, node, node.func.attr if isinstance(node.func, ast.Attribute) else _name(node.func)


def _name(node: ast.AST) -> str:
    return node.id if isinstance(node, ast.Name) else ""


def _imported() -> Iterator[tuple[str, str]]:
    for path in PRODUCT_FILES:
        for node in nodes_of(path):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            yield from ((relative_name(path), name.partition(".")[0]) for name in names)


def test_nothing_is_run_as_code() -> None:
    assert [(relative_name(path), name) for path, call, name in _calls() if _name(call.func) in RUNS_CODE] == []


def test_programs_are_started_from_fixed_lists_and_by_no_shell() -> None:
    found = []
    for path, call, name in _calls():
        has_shell = any(word.arg == "shell" for word in call.keywords)
        is_line = name in ("Popen", "run", "check_output", "check_call") and isinstance(call.func, ast.Attribute)
        is_line = is_line and _name(call.func.value) == "subprocess"  # type: ignore[attr-defined]
        if has_shell or name in RUNS_A_SHELL or (is_line and isinstance(call.args[0], ast.JoinedStr | ast.BinOp)):
            found.append((relative_name(path), call.lineno))
    assert found == []


def test_no_sql_is_put_together_from_words() -> None:
    found = []
    for path, call, name in _calls():
        if name not in ("execute", "executemany", "executescript", "raw", "RawSQL", "extra") or not call.args:
            continue
        is_built = any(isinstance(part, ast.JoinedStr | ast.BinOp) for part in ast.walk(call.args[0]))
        if (is_built or name in ("extra", "RawSQL")) and not relative_name(path).startswith(OWN_SQL):
            found.append((relative_name(path), call.lineno))
    assert found == []


def test_nothing_that_comes_in_is_read_as_an_object_of_python() -> None:
    assert [found for found in _imported() if found[1] in READS_OBJECTS] == []
    assert settings.CELERY["accept_content"] == ["json"]
    assert settings.CELERY["task_serializer"] == "json"
    assert settings.SESSION_SERIALIZER == "desk.encrypted_sessions.EncryptedSerializer"  # JSON within


def test_no_other_language_is_spoken_that_could_be_injected_into() -> None:
    """LDAP, XPath, memcached, JNDI and GraphQL: nothing here speaks them, so nothing can be smuggled into them."""
    assert [found for found in _imported() if found[1] in OTHER_TONGUES] == []


def test_hashes_are_strong_and_ciphers_are_nobodys_own() -> None:
    used = {
        (relative_name(path), node.attr)
        for path in PRODUCT_FILES
        for node in nodes_of(path)
        if isinstance(node, ast.Attribute) and _name(node.value) == "hashlib" and node.attr in WEAK_HASHES
    }
    assert used <= {SHA1_OF_TWILIO}
    assert [found for found in _imported() if found[1] in OWN_CRYPTOGRAPHY] == []


def test_what_must_not_be_guessed_comes_from_the_systems_generator() -> None:
    """`random` may only spread retries in time, and takes even those from the system."""
    plain = [
        (relative_name(path), call.lineno)
        for path, call, name in _calls()
        if isinstance(call.func, ast.Attribute) and _name(call.func.value) == "random" and name != "SystemRandom"
    ]
    assert [place for place in plain if not place[0].startswith("demo/")] == []


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.name)
def test_a_script_writes_no_markup_keeps_nothing_and_listens_to_no_stranger(script: Path) -> None:
    text = script.read_text(encoding="utf-8")
    assert DANGEROUS_IN_SCRIPTS.findall(text) == []
    assert re.findall(r"\[[^\]\"']+\]\s*=[^=]", re.sub(r"(?:const|let)\s*\[[^\]]*\]\s*=", "", text)) == []
    assert text.count('"use strict";') == 1


def test_the_search_for_dangerous_calls_sees_one() -> None:
    assert DANGEROUS_IN_SCRIPTS.search("row.innerHTML = name")
    assert any(name == "SystemRandom" for _path, _call, name in _calls())
