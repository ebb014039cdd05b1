"""Writes a file whole or not at all, readable by its owner alone."""

import os
import tempfile
from pathlib import Path


def private_folder(folder: Path) -> Path:
    """The folder, made if missing; refuses one that another user owns or may look into, for patients are in it."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    status = folder.stat()
    if status.st_uid != os.getuid() or status.st_mode & 0o077:
        raise PermissionError(f"{folder} must belong to the program's own user and be closed to all others (mode 700)")
    return folder


def replace_file(path: Path, words: str) -> None:
    """Put the words in place of the file, mode 600; a reader sees the old file or the new one."""
    descriptor, draft = tempfile.mkstemp(dir=path.parent, prefix=".")
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(words)
            file.flush()
            os.fsync(file.fileno())
        os.replace(draft, path)
    except BaseException:
        os.unlink(draft)
        raise
