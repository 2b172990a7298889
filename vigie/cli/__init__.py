"""The command line. Each command is loaded when it is called, so that ``vigie --help`` starts at once."""

import importlib
import os
import sys

import click

from vigie import __version__
from vigie.errors import Exit, VigieError

# command: (module below vigie.cli, short help)
_COMMANDS = {
    "run": ("run", "Crawl, read and index once."),
    "daemon": ("daemon", "Keep doing everything: gather, digests, alerts, upkeep."),
    "status": ("status", "Say how the daemon and its jobs stand."),
    "crawl": ("crawl", "Fetch what is due and keep the articles."),
    "read": ("read", "Label the articles that are unread."),
    "index": ("index", "Bring the index up to the archive."),
    "search": ("search", "Find articles."),
    "trends": ("trends", "Count coverage over time."),
    "rising": ("rising", "Show terms and entities on the rise."),
    "alerts": ("alerts", "Tell of bursts, turns of the stance and silent sources in the saved searches."),
    "export": ("export", "Write all articles that a query finds to a file."),
    "digest": ("digest", "Write the digest of a week."),
    "review": ("review", "Judge the labels that are least sure, and keep what you say of them."),
    "topics": ("topics", "List the topics of the watch, and try a new one on the archive."),
    "sources": ("sources", "List, check, import and export the sources of the watch."),
    "quarantine": ("quarantine", "Show what could not be used, and have it tried again."),
    "upkeep": ("upkeep", "Let go what is older than [retention] says."),
    "config": ("config", "Check the watch file."),
    "doctor": ("doctor", "Say what is in use, how far each step has come, and what is amiss."),
    "extract": ("extract", "Read articles out of pages (JSON lines in and out)."),
    "label": ("label", "Label texts (JSON lines in and out)."),
    "learn": ("learn", "Learn from the corrections of vigie review."),
    "explain": ("explain", "Say why an article has its labels."),
    "newsroom": ("newsroom", "Serve the sample press on loopback, or run the whole demonstration."),
    "completion": ("completion", "Print the shell's completion script."),
}


class _LazyGroup(click.Group):
    def list_commands(self, _ctx: click.Context) -> list[str]:
        return list(_COMMANDS)

    def get_command(self, _ctx: click.Context, name: str) -> click.Command | None:
        if name not in _COMMANDS:
            return None
        module = importlib.import_module(f"vigie.cli.{_COMMANDS[name][0]}")
        command: click.Command = module.command
        return command

    def format_commands(self, _ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, text) in _COMMANDS.items()])

    def resolve_command(self, ctx: click.Context, args: list[str]) -> tuple[str | None, click.Command | None, list[str]]:
        if args and args[0] not in _COMMANDS and not args[0].startswith("-"):
            import difflib

            near = difflib.get_close_matches(args[0], _COMMANDS, 1)
            raise click.UsageError(f"no command {args[0]!r}" + (f"; did you mean {near[0]!r}?" if near else ""), ctx)
        return super().resolve_command(ctx, args)


@click.group(
    cls=_LazyGroup,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110},
    epilog="Begin with: vigie newsroom --demo",
)
@click.version_option(__version__, prog_name="vigie")
def cli() -> None:
    """Vigie keeps watch on the press: who covers a subject, on which topic, with which stance, and how it moves.

    \b
    vigie run                                        crawl, read and index what is new
    vigie search 'stance:critical@data'              who criticises, on data
    vigie trends --by topic --interval week          coverage by topic, week by week
    vigie digest --week 2025-W05                     the week as a page
    """


def main() -> None:
    """Run the command line; ends the process with one of the exit codes of vigie.errors.Exit."""
    if "_VIGIE_COMPLETE" in os.environ:
        cli.main(prog_name="vigie")
    try:
        # Not cli.main: it turns a reader of our output that has gone away into an error.
        with cli.make_context("vigie", sys.argv[1:]) as context:
            result = cli.invoke(context)
    except click.exceptions.Exit as end:
        sys.exit(end.exit_code)
    except (click.exceptions.Abort, KeyboardInterrupt):
        sys.exit(130)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except VigieError as error:
        _complain(str(error))
        sys.exit(error.exit_code)
    except BrokenPipeError:
        # The reader of our output (head, less) has gone: nothing is wrong. Python must not complain while it closes stdout.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(Exit.DONE)
    except Exception as error:
        _complain(_explain(error))
        sys.exit(Exit.ERROR)
    sys.exit(result if isinstance(result, int) else Exit.DONE)


def _explain(error: Exception) -> str:
    """One clear line for an error that no room has explained; the traceback is shown on request."""
    if os.environ.get("VIGIE_DEBUG"):
        raise error
    from sqlalchemy.exc import DatabaseError

    if isinstance(error, DatabaseError):
        from vigie.archive import explain_database_error

        return str(explain_database_error(error, "the archive"))
    if isinstance(error, OSError) and error.strerror:
        place = f"{error.filename}: " if error.filename else ""
        return f"{place}{error.strerror}"
    return f"{type(error).__name__}: {error}\n  this is a fault of Vigie; VIGIE_DEBUG=1 shows where"


def _complain(text: str) -> None:
    click.echo(f"vigie: {text}", err=True)
