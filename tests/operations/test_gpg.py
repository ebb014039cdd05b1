"""Holds that a back-up may be encrypted by gpg for a key in the keyring."""

import shutil
import subprocess
from io import BytesIO
from pathlib import Path

import pytest

from operations.backup.encryption import BackupError, decrypt, encrypt, suffix_for

pytestmark = pytest.mark.skipif(shutil.which("gpg") is None, reason="gpg is not on this machine")


@pytest.fixture
def recipient(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> str:
    """A key in a keyring of its own; its path is short, for gpg's agent listens there."""
    home = Path("/tmp") / tmp_path_factory.mktemp("g").name.replace("g", "recalldesk-gpg-")
    shutil.rmtree(home, ignore_errors=True)
    home.mkdir(mode=0o700)
    monkeypatch.setenv("GNUPGHOME", str(home))
    quiet = ["gpg", "--batch", "--quiet", "--passphrase", ""]
    subprocess.run([*quiet, "--quick-generate-key", "backup@example.org", "future-default"], check=True)
    listed = subprocess.run([*quiet, "--with-colons", "--list-keys"], check=True, capture_output=True, text=True).stdout
    return "gpg:" + next(line.split(":")[9] for line in listed.splitlines() if line.startswith("fpr"))


def test_what_gpg_encrypts_it_reads_again(recipient: str, tmp_path: Path) -> None:
    words = b"Zqfamily " * 100_000
    path = tmp_path / f"copy{suffix_for([recipient])}"
    with path.open("wb") as target:
        encrypt(BytesIO(words), target, [recipient])
    assert b"Zqfamily" not in path.read_bytes()
    found = BytesIO()
    decrypt(path, found, None)
    assert found.getvalue() == words
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(BackupError, match="gpg could not decrypt"):
        decrypt(path, BytesIO(), None)
    with path.open("wb") as target, pytest.raises(BackupError, match="gpg could not encrypt"):
        encrypt(BytesIO(words), target, ["gpg:" + "0" * 40])
    subprocess.run(["gpgconf", "--kill", "gpg-agent"], check=False)
