"""vigie completion"""

import click


@click.command(epilog='\b\nExample:\n  eval "$(vigie completion bash)"')
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def command(shell: str) -> None:
    """Print the completion script of a shell."""
    from click.shell_completion import get_completion_class

    from vigie.cli import cli

    completion = get_completion_class(shell)
    assert completion is not None
    click.echo(completion(cli, {}, "vigie", "_VIGIE_COMPLETE").source())
