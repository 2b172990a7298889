"""Where files are written to: a folder, or whatever fsspec reaches (s3://bucket/prefix). A file is there whole or not at all."""

import os
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, BinaryIO
from urllib.parse import urlsplit, urlunsplit

from vigie.errors import UsageError, VigieError

Write = Callable[[BinaryIO], object]

_EXTRAS = {"s3": "s3fs", "s3a": "s3fs", "gs": "gcsfs", "gcs": "gcsfs", "az": "adlfs", "abfs": "adlfs"}


class Store:
    """A folder or object store, named by a path or an fsspec URL. Credentials are those of fsspec's own settings and environment.

    Raises UsageError where the URL's scheme is unknown or its package is not installed.
    """

    def __init__(self, place: str | Path) -> None:
        self.place = str(place)
        self._remote: Any = None
        if "://" in self.place and not self.place.startswith("file://"):
            self._remote, self._root = _file_system(self.place)
        else:
            self._root = self.place.removeprefix("file://")

    def write(self, name: str, write: Write) -> str:
        """Write a file under a name, in place of one of that name; where it is. Raises VigieError where that fails."""
        try:
            return self._upload(name, write) if self._remote else self._replace(name, write)
        except OSError as error:
            raise _refused(error.filename or _shown(self.place), error.strerror or error) from None

    def _replace(self, name: str, write: Write) -> str:
        folder = Path(self._root)
        folder.mkdir(parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(prefix=f".{name}.", dir=folder)
        try:
            with os.fdopen(handle, "wb") as file:
                write(file)
                file.flush()
                os.fsync(file.fileno())
            os.chmod(temporary, 0o666 & ~_umask())
            os.replace(temporary, folder / name)
        except BaseException:
            os.unlink(temporary)
            raise
        return str(folder / name)

    def _upload(self, name: str, write: Write) -> str:
        """Made here first, so that what breaks in the middle leaves nothing there."""
        with tempfile.NamedTemporaryFile() as file:
            write(file)  # type: ignore[arg-type]  # a binary file
            file.flush()
            try:
                self._remote.put_file(file.name, f"{self._root.rstrip('/')}/{name}")
            except Exception as error:  # stores tell of missing credentials, buckets and servers in exceptions of their own
                raise _refused(_shown(self.place), error) from None
        return f"{_shown(self.place).rstrip('/')}/{name}"


def _file_system(place: str) -> tuple[Any, str]:
    import fsspec

    scheme = urlsplit(place).scheme
    try:
        system, root = fsspec.core.url_to_fs(place)
    except ImportError:
        package = _EXTRAS.get(scheme, "")
        how = "pip install 'vigie[s3]'" if package == "s3fs" else f"pip install {package}" if package else "install it"
        raise UsageError(f"{scheme}:// needs the package {package or 'that fsspec names'}, which is not here", mend=how) from None
    except ValueError as error:
        raise UsageError(f"{_shown(place)}: {error}", mend="write a folder, or an address such as s3://bucket/prefix") from None
    return system, root


def _refused(place: str, why: object) -> VigieError:
    said = " ".join(str(why).split()) or type(why).__name__
    return VigieError(
        f"{place}: {said}", mend="check the address, its rights, and an object store's credentials in the environment"
    )


def _shown(place: str) -> str:
    """An address without user and password."""
    parts = urlsplit(place)
    return urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2])) if parts.scheme else place


def _umask() -> int:
    mask = os.umask(0o077)
    os.umask(mask)
    return mask
