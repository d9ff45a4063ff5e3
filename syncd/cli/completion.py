"""`syncd completion`: the script that makes a shell complete verbs and options."""

import click
from click.shell_completion import get_completion_class


@click.command()
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
@click.pass_context
def completion(ctx: click.Context, shell: str) -> None:
    """Print the completion script of a shell.

    bash: syncd completion bash > ~/.local/share/bash-completion/completions/syncd
    """
    found = get_completion_class(shell)
    assert found is not None, "click brings all three"
    root = ctx.find_root()
    click.echo(found(root.command, {}, "syncd", "_SYNCD_COMPLETE").source())
