"""vigie learn"""

import click

from vigie import clock
from vigie.cli._options import with_format, with_settings
from vigie.cli._output import note, print_rows, print_table, progress_bar
from vigie.errors import Exit
from vigie.settings import Settings

_COLUMNS = ("what", "answers", "right before", "right after", "kept")


@click.command(
    epilog="""\b
Examples:
  vigie learn                                 after vigie review
  vigie learn --model intfloat/multilingual-e5-base
"""
)
@click.option("--model", metavar="NAME", help="Train a stance head for this sentence-transformers model instead.")
@with_settings
@with_format
def command(settings: Settings, model: str | None, output: str) -> int:
    """Learn from the corrections of vigie review, and say what changed on answers that were held out.

    Each fifth of the corrected articles is judged by what the other four teach. What does better is kept in the archive and used
    from now on (vigie read --all applies it to what has been read); what does not is dropped. A model without a stance head gets
    one from texts of our own first. Ends with 3 where nothing was kept.
    """
    watch = settings.watch
    if model:
        from msgspec.structs import replace

        watch = replace(watch, models=replace(watch.models, stance=model))
    archive = settings.existing_archive()
    from nlp.learning import learn

    with progress_bar("Learning") as progress:
        report = learn(archive, watch, at=clock.now().timestamp(), progress=progress)
    gains = {"stance": report.stance, **{f"topic {topic}": gain for topic, gain in report.topics.items()}}
    rows = [
        {
            "what": what,
            "answers": gain.answers,
            "right before": round(gain.before, 3),
            "right after": round(gain.after, 3),
            "kept": gain.helps,
        }
        for what, gain in gains.items()
        if gain
    ]
    if output == "table":
        cells = [
            [
                row["what"],
                row["answers"],
                f"{row['right before']:.0%}",
                f"{row['right after']:.0%}",
                "yes" if row["kept"] else "no",
            ]
            for row in rows
        ]
        print_table(cells, _COLUMNS, numbers=_COLUMNS[1:4])
    else:
        print_rows(rows, _COLUMNS, output)
    if not report.kept:
        note("nothing was kept: on held-out answers it does no better than before")
        return Exit.NOTHING_FOUND
    note("kept; vigie read --all applies it to what has been read")
    if model and model != settings.watch.models.stance:
        note(f'to use it, write into the watch: [models] stance = "{model}"')
    return Exit.DONE
