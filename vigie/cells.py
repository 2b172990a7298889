"""Cells of CSV files, which people open in spreadsheets."""

import re

# OWASP, CSV injection: a cell that begins so may be taken for a formula; full-width forms are read alike in East Asian locales.
# One that begins so after apostrophes gets one more, so that taking the first away always gives back what was there.
_FORMULA = re.compile(r"'*[=+\-@\t\r\n＝＋－＠]")


def csv_cell(value: object) -> object:
    """A cell that no spreadsheet takes for a formula: text that begins like one gets an apostrophe. Lists become words."""
    if isinstance(value, list | tuple):
        value = " ".join(map(str, value))
    if isinstance(value, str) and _FORMULA.match(value):
        return f"'{value}"
    return value


def cell_text(cell: str) -> str:
    """The text that :func:`csv_cell` made a cell of."""
    return cell[1:] if cell.startswith("'") and _FORMULA.match(cell) else cell
