"""Where the lake is: a folder or an address such as s3://bucket/path, as pyarrow and as Spark name it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
from pyarrow import fs

from pipeline.errors import UsageError

# Spark's file systems come from Hadoop, whose S3 has a scheme of its own.
SPARK_SCHEMES = {"s3": "s3a"}
TABLES = "tables"  # folder of what Spark builds
UNFINISHED = ".tmp"


@dataclass(frozen=True)
class Place:
    """A folder on a file system; `address` is what Spark calls it. Names below it are relative."""

    filesystem: fs.FileSystem
    path: str
    address: str

    def of(self, name: str) -> str:
        """Path of a file or folder below, for `filesystem`."""
        return f"{self.path}/{name}"

    def spark(self, name: str) -> str:
        """The same for Spark."""
        return f"{self.address}/{name}"

    def path_of(self, uri: str) -> str:
        """Path on `filesystem` of a file that Spark names."""
        return self.path + uri_path(uri).removeprefix(uri_path(self.address))

    def files(self, name: str) -> Iterator[fs.FileInfo]:
        """Every file below a folder, hidden ones and leftovers included; none where it is missing."""
        selector = fs.FileSelector(self.of(name), recursive=True, allow_not_found=True)
        yield from (one for one in self.filesystem.get_file_info(selector) if one.is_file)


def open_place(url: str) -> Place:
    """The place of a path or URI; folders are made when files are written. Raises UsageError."""
    if "://" not in url:
        path = Path(url).absolute()
        return Place(fs.LocalFileSystem(), str(path), path.as_uri())
    try:
        filesystem, path = fs.FileSystem.from_uri(url)
    except (pa.ArrowException, ValueError) as error:
        raise UsageError(f"{url.partition('?')[0]} is no place for Parquet files: {error}") from None
    scheme, _, rest = url.partition("?")[0].partition("://")
    return Place(filesystem, path, f"{SPARK_SCHEMES.get(scheme, scheme)}://{rest.rstrip('/')}")


@contextmanager
def replacing(place: Place, name: str) -> Iterator[pa.NativeFile]:
    """A stream that replaces a file as a whole: on disk by a rename, in an object store by its nature."""
    path = place.of(name)
    is_local = isinstance(place.filesystem, fs.LocalFileSystem)
    written = f"{path}{UNFINISHED}" if is_local else path
    place.filesystem.create_dir(path.rpartition("/")[0], recursive=True)
    with place.filesystem.open_output_stream(written) as stream:
        yield stream
    if is_local:
        place.filesystem.move(written, path)


def uri_path(uri: str) -> str:
    """A URI without its scheme: file:/x, file:///x and /x are one file."""
    rest = uri.partition(":")[2] if ":" in uri else uri
    return "/" + rest.lstrip("/")
