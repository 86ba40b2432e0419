"""The command line: `jidoka VERB`. Exit codes: 0 done, 1 the thing asked about is not so, 2 wrong usage."""

import typer

from edge.logs import set_up_logs
from edge.verbs import accounts, bundles, checking, demonstrating, line, models, simulating, storing

app = typer.Typer(
    name="jidoka",
    help="Edge quality control for one line: models signal, the PLC holds, a person decides.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)
for command in (
    demonstrating.demo,
    line.init,
    checking.check,
    simulating.simulate,
    line.run,
    line.edge,
    line.review,
    models.train,
    models.evaluate,
    models.replay,
    storing.report,
    storing.backup,
    storing.restore,
    checking.doctor,
):
    app.command()(command)
app.add_typer(bundles.app, name="models")
app.add_typer(accounts.app, name="accounts")
app.add_typer(storing.ledger, name="ledger")


def main() -> None:
    """The entry point. Logs go to standard error before anything can log."""
    set_up_logs()
    app()


if __name__ == "__main__":
    main()
