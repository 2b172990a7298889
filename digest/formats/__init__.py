"""The digest in every format. Each is rendered from the one Digest object; the tables list its articles as well."""

from digest.formats._files import DEFAULT_EDITION, FORMATS, Beside, File, files

__all__ = ["DEFAULT_EDITION", "FORMATS", "Beside", "File", "files"]
