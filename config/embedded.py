"""Makes what an installation on one machine, with no other server, needs for itself.

Its data folder, its secret key, and the path of the private broker's socket: all readable by the owner alone.
"""

import hashlib
import os
import secrets
import tempfile
from contextlib import suppress
from pathlib import Path

from django.core.exceptions import ImproperlyConfigured

MAX_SOCKET_PATH_BYTES = 100  # the operating systems allow 104 to 108 bytes, with the final zero
SECRET_KEY_BYTES = 64


def private_folder(folder: Path) -> Path:
    """The folder, made if missing; refuses one that another user owns or may look into, for patients are in it."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    status = folder.stat()
    if status.st_uid != os.getuid():
        raise ImproperlyConfigured(f"{folder} belongs to another user. Choose another folder with DATA_DIR.")
    if status.st_mode & 0o077:
        raise ImproperlyConfigured(f"Other users may look into {folder}. Close it with: chmod 700 {folder}")
    return folder


def get_secret_key(data_dir: Path) -> str:
    """The installation's secret key: made on first use, kept in a file that only its owner can read.

    Safe when several processes start at once: the file appears whole or not at all, and the first one stays.
    """
    path = private_folder(data_dir) / "secret_key"
    if not path.exists():
        descriptor, draft = tempfile.mkstemp(dir=data_dir)
        with os.fdopen(descriptor, "w") as file:
            file.write(secrets.token_urlsafe(SECRET_KEY_BYTES))
        with suppress(FileExistsError):
            os.link(draft, path)
        os.unlink(draft)
    return _read_secret_key(path)


def _read_secret_key(path: Path) -> str:
    if key := path.read_text().strip():
        return key
    raise ImproperlyConfigured(f"{path} is empty: delete it and start again; everybody will have to sign in again.")


def broker_socket(data_dir: Path) -> Path:
    """Where the private broker listens: in the data folder, or in a short one when that path is too long."""
    path = data_dir / "broker.sock"
    if len(os.fsencode(path)) <= MAX_SOCKET_PATH_BYTES:
        return path
    key = hashlib.sha256(os.fsencode(data_dir.resolve())).hexdigest()[:16]
    return private_folder(Path(tempfile.gettempdir()) / f"recalldesk-{os.getuid()}-{key}") / "broker.sock"
