"""Every command, outcome and exported column is documented."""

import re
from pathlib import Path

import pytest

from crawlers.outcomes import Outcome
from digest.export import COLUMNS
from vigie.cli import _COMMANDS, alerts, explain, quarantine, review, rising, search, sources, status, topics, upkeep

PAGE = (Path(__file__).parents[1] / "docs" / "commands.md").read_text(encoding="utf-8")
README = (Path(__file__).parents[1] / "README.md").read_text(encoding="utf-8")


def documented(command: str) -> set[str]:
    row = next(line for line in PAGE.splitlines() if line.startswith((f"| `{command}` |", f"| `{command}`, `")))
    return set(re.findall(r"`([\w:]+)`", row.split("|", 2)[2]))


@pytest.mark.parametrize(
    ("command", "columns"),
    [
        ("search", search._COLUMNS),
        ("rising", rising._COLUMNS),
        ("explain", explain._COLUMNS),
        ("alerts", alerts._COLUMNS),
        ("export", tuple(COLUMNS)),
        ("quarantine", quarantine._COLUMNS),
        ("sources", sources._COLUMNS),
        ("status", status._COLUMNS),
        ("upkeep", upkeep._COLUMNS),
        ("review", review._COLUMNS),
        ("review --list", review._MADE_COLUMNS),
        ("topics", topics._COLUMNS),
        ("topics try", topics._TRY_COLUMNS),
    ],
)
def test_every_column_is_documented(command: str, columns: tuple[str, ...]) -> None:
    assert set(columns) <= documented(command)


def test_every_outcome_is_documented() -> None:
    assert [outcome for outcome in Outcome if f"`{outcome}`" not in PAGE] == []


def test_every_command_is_in_the_readme() -> None:
    assert [command for command in _COMMANDS if f"vigie {command}" not in README] == []


def test_every_environment_variable_is_documented() -> None:
    root = Path(__file__).parents[1]
    used = {
        name
        for folder in ("vigie", "newsroom", "scheduler", "index", "crawlers", "nlp", "digest")
        for path in (root / folder).rglob("*.py")
        for name in re.findall(r"VIGIE_[A-Z_]+", path.read_text(encoding="utf-8"))
    }
    # VIGIE_ALLOW_HOSTS is a setting of Scrapy, _VIGIE_COMPLETE belongs to the completion scripts.
    assert {name for name in used if name not in PAGE} - {"VIGIE_ALLOW_HOSTS", "VIGIE_COMPLETE"} == set()


def test_the_capacity_plan_is_what_the_figures_give() -> None:
    from benchmarks.capacity import tables

    assert tables() in (Path(__file__).parents[1] / "docs" / "scale.md").read_text(encoding="utf-8")
