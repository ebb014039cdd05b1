"""Encrypts a stream to public keys and decrypts it with a private one, by age or by the gpg program."""

import shutil
import subprocess
import threading
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import IO, Protocol

import pyrage

AGE_PREFIX, GPG_PREFIX = "age1", "gpg:"
AGE_SUFFIX, GPG_SUFFIX = ".age", ".gpg"
CHUNK_BYTES = 64 * 1024


class BackupError(Exception):
    """A back-up or a restore could not be made; the words are for the operator and hold no patient's data."""


class ByteSource(Protocol):
    def read(self, size: int, /) -> bytes: ...


class ByteSink(Protocol):
    def write(self, chunk: bytes, /) -> int: ...


def suffix_for(recipients: Sequence[str]) -> str:
    return GPG_SUFFIX if _is_gpg(recipients) else AGE_SUFFIX


def encrypt(source: ByteSource, target: IO[bytes], recipients: Sequence[str]) -> None:
    """All of the source, readable only by who holds the private key of one of the recipients."""
    if not recipients:
        raise BackupError("BACKUP_RECIPIENTS is not set: no key to encrypt for. Make one with: manage.py backup_key")
    if _is_gpg(recipients):
        _encrypt_by_gpg(source, target, recipients)
        return
    try:
        pyrage.encrypt_io(source, target, [pyrage.x25519.Recipient.from_str(key) for key in recipients])
    except (pyrage.EncryptError, pyrage.RecipientError) as error:
        raise BackupError(f"age could not encrypt: {error}") from None


def decrypt(path: Path, target: ByteSink, identity_file: Path | None) -> None:
    """The file's contents into the target, in order; raises when the file was cut short or changed."""
    if path.suffix == GPG_SUFFIX:
        _decrypt_by_gpg(path, target)
        return
    if identity_file is None:
        raise BackupError("Name the file with the private key: --identity FILE")
    try:
        with path.open("rb") as source:
            pyrage.decrypt_io(source, target, _read_identities(identity_file))
    except (pyrage.DecryptError, pyrage.IdentityError, OSError) as error:
        raise BackupError(f"age could not decrypt: {error}") from None


def new_age_key() -> tuple[str, str]:
    """A private key and its public key."""
    identity = pyrage.x25519.Identity.generate()
    return str(identity), str(identity.to_public())


def _read_identities(path: Path) -> list[pyrage.x25519.Identity]:
    lines = (line.strip() for line in path.read_text(encoding="ascii", errors="replace").splitlines())
    return [pyrage.x25519.Identity.from_str(line) for line in lines if line and not line.startswith("#")]


def _is_gpg(recipients: Sequence[str]) -> bool:
    return bool(recipients) and recipients[0].startswith(GPG_PREFIX)


def _gpg_program() -> str:
    program = shutil.which("gpg")
    if program is None:
        raise BackupError("The program gpg is not on this machine (Debian: apt install gpg)")
    return program


def _encrypt_by_gpg(source: ByteSource, target: IO[bytes], recipients: Iterable[str]) -> None:
    keys = [word for key in recipients for word in ("--recipient", key.removeprefix(GPG_PREFIX))]
    command = [_gpg_program(), "--batch", "--quiet", "--trust-model", "always", "--encrypt", *keys]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as gpg:
        assert gpg.stdin is not None  # noqa: S101  asked for by PIPE
        assert gpg.stdout is not None  # noqa: S101
        collector = threading.Thread(target=shutil.copyfileobj, args=(gpg.stdout, target))
        collector.start()
        try:
            while chunk := source.read(CHUNK_BYTES):
                gpg.stdin.write(chunk)
            gpg.stdin.close()
        except BrokenPipeError:
            pass  # its status says why
        except BaseException:
            gpg.kill()
            raise
        finally:
            collector.join()
    if gpg.returncode:
        raise BackupError("gpg could not encrypt; its words are above")


def _decrypt_by_gpg(path: Path, target: ByteSink) -> None:
    command = [_gpg_program(), "--batch", "--quiet", "--decrypt", str(path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as gpg:
        assert gpg.stdout is not None  # noqa: S101  asked for by PIPE
        try:
            while chunk := gpg.stdout.read(CHUNK_BYTES):
                target.write(chunk)
        except BaseException:
            gpg.kill()
            raise
    if gpg.returncode:
        raise BackupError("gpg could not decrypt; its words are above")
