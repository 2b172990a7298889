"""vigie run"""

import click

from vigie.cli._options import with_settings
from vigie.cli._output import note
from vigie.errors import Exit, VigieError
from vigie.settings import Settings


@click.command(epilog="\b\nExample:\n  vigie run --watch watches/deepseek.toml --data ~/deepseek")
@with_settings
def command(settings: Settings) -> int:
    """Crawl, read and index once, each step in a process of its own.

    What a step has done is kept when it is ended at any moment: the next run goes on from there.
    """
    _ = settings.watch  # a bad watch file is told once, before any step begins
    from scheduler.steps import run_steps

    results = run_steps(settings, started=lambda step: note(f"── {step}"))
    last = results[-1]
    if last.code not in (Exit.DONE, Exit.NOTHING_FOUND, Exit.PARTLY_DONE):
        how = f"was ended by signal {-last.code}" if last.code < 0 else f"ended with code {last.code}"
        raise VigieError(f"{last.step} {how}; what it had done is kept", mend="mend what it says above, then: vigie run")
    return Exit.PARTLY_DONE if any(result.code == Exit.PARTLY_DONE for result in results) else Exit.DONE
