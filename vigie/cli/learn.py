"""vigie learn"""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import click

from vigie import clock
from vigie.cli._options import with_format, with_settings
from vigie.cli._output import note, print_rows, print_table, progress_bar
from vigie.errors import Exit
from vigie.settings import Settings

if TYPE_CHECKING:
    from nlp.learning import Gain, Lesson

_COLUMNS = ("what", "answers", "right before", "right after", "macro-F1", "kept", "says")
_REMOVED = "what was learnt before is removed"
_NO_BETTER = "nothing that was judged makes held-out answers likelier without more of them wrong"
_TOO_LITTLE = "on no question are there answers enough to judge what they teach; vigie review asks for more"


@click.command(
    epilog="""\b
Examples:
  vigie learn                                 after vigie review
  vigie learn --model intfloat/multilingual-e5-base
"""
)
@click.option("--model", metavar="NAME", help="Train a stance head for this sentence-transformers model instead (in a checkout).")
@with_settings
@with_format
def command(settings: Settings, model: str | None, output: str) -> int:
    """Learn from the corrections of vigie review, and say what changed on answers that were held out.

    Each fifth of the corrected articles is judged by what the other four teach. What makes these answers likelier, and not
    fewer of them right, is kept in the archive and used from now on (vigie read --all applies it to what has been read); what
    does not is dropped, and what was learnt of it before is removed. A model without a stance head gets one from texts of our own
    first, and keeps it. Ends with 3 where nothing was kept or removed.
    """
    watch = settings.watch
    if model:
        from msgspec.structs import replace

        watch = replace(watch, models=replace(watch.models, stance=model))
    archive = settings.existing_archive()
    from nlp.learning import learn, need_press
    from nlp.stance.reading import SHIPPED

    if model and model != SHIPPED:
        need_press(model)
    with progress_bar("Learning") as progress:
        report = learn(archive, watch, at=clock.now().timestamp(), progress=progress)
    rows = list(_rows(report))
    if output == "table":
        print_table([_cells(row) for row in rows], _COLUMNS, numbers=_COLUMNS[1:5])
    else:
        print_rows(rows, _COLUMNS, output)
    removed = report.stance_removed or report.topics_removed
    if not report.kept and not removed:
        note(f"nothing was kept: {_NO_BETTER if report.stance or report.topics else _TOO_LITTLE}")
        return Exit.NOTHING_FOUND
    note(f"{'kept' if report.kept else 'removed'}; vigie read --all applies it to what has been read")
    if model and model != settings.watch.models.stance:
        note(f'to use it, write into the watch: [models] stance = "{model}"')
    return Exit.DONE


def _rows(report: "Lesson") -> Iterator[dict[str, Any]]:
    """A model's first head, what was judged and what could not be, and what changes with it: topics alike, what is removed."""
    empty = dict.fromkeys(_COLUMNS)
    if report.first:
        told = {"answers": report.first.answers, "macro-F1": round(report.first.macro_f1, 3), "kept": True}
        yield empty | {"what": "stance, first head", **told, "says": "on texts of our own that were held out"}
    removed = [*([None] if report.stance_removed else []), *report.topics_removed]
    judged = [*([None] if report.stance else []), *report.topics]
    for topic in dict.fromkeys((*judged, *report.untried, *report.alike, *removed)):
        gain = report.topics.get(topic) if topic else report.stance
        untried, source = report.untried.get(topic), report.alike.get(topic or "")
        unjudged = {"answers": untried.answers if untried else None, "kept": bool(source)}
        says = [
            _says(gain) if gain else "",
            f"not judged: {untried.why}" if untried else "",
            f"takes what topic {source} was taught, which means nearly the same: not judged here" if source else "",
            _REMOVED if topic in removed else "",
        ]
        yield empty | {
            "what": f"topic {topic}" if topic else "stance",
            **(_told(gain) if gain else unjudged),
            "says": "; ".join(part for part in says if part),
        }


def _told(gain: "Gain") -> dict[str, Any]:
    shares = {"right before": round(gain.before, 3), "right after": round(gain.after, 3)}
    return {"answers": gain.answers, **shares, "kept": gain.helps}


def _says(gain: "Gain") -> str:
    changed = f"{gain.gained} became right, {gain.lost} wrong"
    return changed if gain.helps else f"{changed}: no better"


def _cells(row: dict[str, Any]) -> list[str]:
    shares = ["" if row[name] is None else f"{row[name]:.0%}" for name in ("right before", "right after")]
    score = "" if row["macro-F1"] is None else f"{row['macro-F1']:.2f}"
    return [row["what"], str(row["answers"] or ""), *shares, score, "yes" if row["kept"] else "no", row["says"]]
