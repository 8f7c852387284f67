"""Reading a table of labels, whatever wrote it: CSV and TSV in several encodings, Parquet, XLSX."""

from __future__ import annotations

import codecs
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import islice
from numbers import Real
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from mri_core.errors import InvalidInput

if TYPE_CHECKING:
    import pandas as pd

LONGEST_LINE = 2**20
"""Bytes of a line of text; what is longer is not a table, and is not read to its end."""
MOST_BYTES = 2**28
_SHARED, _MOST_SHARED = "xl/sharedStrings.xml", 2**26  # a workbook's texts, which are read at once
_CHUNK_BYTES, _CHUNK_ROWS = 2**20, 50_000
_MARKS = {codecs.BOM_UTF8: "utf-8-sig", codecs.BOM_UTF16_LE: "utf-16", codecs.BOM_UTF16_BE: "utf-16"}
_SPOKEN = {"utf-8": "UTF-8", "utf-8-sig": "UTF-8 with a byte order mark", "utf-16": "UTF-16", "latin-1": "Latin-1"}
TEXT = {".csv", ".tsv", ".txt"}
SUFFIXES = {".csv", ".tsv", ".parquet", ".xlsx"}


@dataclass(frozen=True)
class Table:
    """Every value as text, blanks around it removed, missing ones "". kind: what it was read as, for people."""

    name: str
    rows: pd.DataFrame
    kind: str

    def cells(self, column: str) -> Iterator[str]:
        """A column's cells, of which only some at a time are Python objects."""
        for start in range(0, len(self.rows), _CHUNK_ROWS):
            yield from self.rows[column].iloc[start : start + _CHUNK_ROWS].tolist()

    def only(self, *columns: str | None) -> Table:
        """The table with some of its columns; None among them is left out."""
        return replace(self, rows=self.rows[list(dict.fromkeys(filter(None, columns)))])


def columns_of(place: Path, table: Path | None) -> tuple[str, ...]:
    """Names of the columns of a table, or where none is given, of the one at the top of a folder; none without one.

    Of several the first by name is taken: tables of the splits have the same columns. Raises as `read_table`.
    """
    if table is None:
        found = sorted(path for path in place.iterdir() if path.suffix.lower() in SUFFIXES) if place.is_dir() else []
        table = next((path for path in found if "train" in path.name.lower()), next(iter(found), None))
    return () if table is None else tuple(read_table(table).rows.columns)


def give_back() -> None:
    """Return to the system what tables that are gone took; Arrow would keep it for others."""
    import pyarrow as pa

    pa.default_memory_pool().release_unused()


def read_table(path: Path) -> Table:
    """Read a table. Raises InvalidInput for one that is missing, empty, too large or not a table."""
    suffix = path.suffix.lower()
    if suffix not in SUFFIXES | TEXT:
        raise InvalidInput(f"{path.name} ends in {suffix!r}; expected a table in {', '.join(sorted(SUFFIXES))}")
    try:
        size = path.stat().st_size
        if size > MOST_BYTES:
            raise InvalidInput(f"{path.name} has {size:,} bytes; expected a table of at most {MOST_BYTES:,}")
        if not size:
            raise InvalidInput(f"{path.name} is empty; expected a header and at least one row")
        if suffix == ".parquet":
            rows, kind = _parquet(path), "Parquet"
        elif suffix == ".xlsx":
            rows, kind = _workbook(path), "XLSX"
        else:
            rows, kind = _text(path)
    except FileNotFoundError as error:
        raise InvalidInput(f"there is no table {path}; name a table with --labels") from error
    except (OSError, ValueError, LookupError, SyntaxError, zipfile.BadZipFile) as error:  # parsers' own are among these
        raise InvalidInput(f"{path.name} cannot be read as a table: {' '.join(str(error).split())[:200]}") from error
    rows.columns = [str(column).strip() for column in rows.columns]
    if len(set(rows.columns)) != len(rows.columns):
        raise InvalidInput(f"{path.name} has columns of the same name; expected each once: {list(rows.columns)}")
    if rows.empty:
        raise InvalidInput(f"{path.name} has no rows; expected a header and at least one row")
    return Table(path.name, rows, kind)


def _text(path: Path) -> tuple[pd.DataFrame, str]:
    import pandas as pd

    encoding = _encoding(path)
    with path.open(encoding=encoding, newline="") as file:
        header = file.readline(LONGEST_LINE)
    separator = "\t" if path.suffix.lower() == ".tsv" else max(",;\t", key=header.count)
    with pd.read_csv(
        path, sep=separator, encoding=encoding, dtype="str", keep_default_na=False, chunksize=_CHUNK_ROWS,
        index_col=False, on_bad_lines="error",
    ) as chunks:  # fmt: skip
        rows = pd.concat([chunk.fillna("").map(str.strip) for chunk in chunks], ignore_index=True)
    return rows, f"{_SPOKEN[encoding]} text"


def _encoding(path: Path) -> str:
    """The encoding of a text file, which is read once, a piece at a time, and refused at a line without an end."""
    with path.open("rb") as file:
        start = file.read(4096)
        encoding = next((name for mark, name in _MARKS.items() if start.startswith(mark)), "utf-8")
        if encoding == "utf-8" and b"\0" in start:
            raise InvalidInput(f"{path.name} is not text; expected a CSV table, or UTF-16 with a byte order mark")
        decoder = None if encoding == "utf-16" else codecs.getincrementaldecoder("utf-8")()
        end, line = b"\n\0" if start.startswith(codecs.BOM_UTF16_LE) else b"\n", 0
        file.seek(0)
        while piece := file.read(_CHUNK_BYTES):
            first, last = piece.find(end), piece.rfind(end)
            if line + (first if first >= 0 else len(piece)) > LONGEST_LINE:
                raise InvalidInput(
                    f"{path.name} has a line of more than {LONGEST_LINE:,} bytes; expected one short line a slice"
                )
            line = len(piece) - last if last >= 0 else line + len(piece)
            if decoder is not None:
                try:
                    decoder.decode(piece)
                except UnicodeDecodeError:
                    encoding, decoder = "latin-1", None
    return encoding


def _parquet(path: Path) -> pd.DataFrame:
    import pandas as pd
    from pyarrow import parquet

    with parquet.ParquetFile(path) as file:
        chunks = [file.schema_arrow.empty_table().to_pandas().astype("str")]
        for batch in file.iter_batches(_CHUNK_ROWS):
            read = batch.to_pandas()
            chunks.append(pd.DataFrame({name: [_written(one) for one in read[name]] for name in read}, dtype="str"))
    return pd.concat(chunks, ignore_index=True)


def _workbook(path: Path) -> pd.DataFrame:
    """The first sheet. A workbook is a zip, so what it inflates to is looked at first."""
    import pandas as pd
    from openpyxl import load_workbook

    with zipfile.ZipFile(path) as archive:
        sizes = {member.filename: member.file_size for member in archive.infolist()}
        if sum(sizes.values()) > MOST_BYTES or sizes.get(_SHARED, 0) > _MOST_SHARED:
            raise InvalidInput(f"{path.name} is too large for a workbook; save it as CSV")
    book = load_workbook(path, read_only=True, data_only=True)
    try:
        lines = (row for row in book.worksheets[0].iter_rows(values_only=True) if any(c is not None for c in row))
        header = next(lines, ())
        width = max((i + 1 for i, name in enumerate(header) if name is not None), default=0)
        names = [_written(name) for name in header[:width]]
        chunks = [pd.DataFrame(columns=names, dtype="str")]
        while some := list(islice(lines, _CHUNK_ROWS)):
            rows = [[_written(value) for value in row[:width]] + [""] * (width - len(row)) for row in some]
            chunks.append(pd.DataFrame(rows, columns=names, dtype="str"))
    finally:
        book.close()
    return pd.concat(chunks, ignore_index=True)


def _written(value: Any) -> str:
    """A typed value as it would stand in a CSV table: whole numbers without a point, nothing for nothing."""
    import pandas as pd

    if isinstance(value, list | tuple | np.ndarray):
        return ";".join(_written(one) for one in value)
    if pd.isna(value):
        return ""
    if isinstance(value, Real) and not isinstance(value, bool) and float(value).is_integer():
        return str(int(float(value)))
    return str(value).strip()
