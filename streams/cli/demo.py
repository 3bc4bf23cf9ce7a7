"""``streakwatch demo``: January 2026 through a real Kafka, from the closes to the messages."""

from __future__ import annotations

import click


@click.command("demo")
@click.option("--keep", is_flag=True, help="Leave everything running, and say what to try.")
def command(*, keep: bool) -> None:
    """Show January 2026, when the Russell 2000 beat the S&P 500 for fourteen sessions.

    Starts an embedded Kafka, a worker, an SMTP server and an HTTP receiver on this machine,
    sends the closes one by one, and shows the alerts as they arrive. Ends by itself.
    """
    from streams.cli.signals import terminate_cleanly
    from streams.demo import run

    terminate_cleanly()
    run(keep=keep)
