"""Options, confirmation and error handling that all commands share."""

from typing import Annotated, Any

import typer
from botocore.exceptions import ClientError
from typer.core import TyperCommand

from operations import deployment, errors, output
from operations.deployment import Client, Deployment
from operations.errors import CommandError, Misused, Unreachable
from stethoscript import aws_errors

Name = Annotated[str | None, typer.Option(envvar="STETHOSCRIPT_NAME", help="The deployment; cdk.json's by default.")]
AsJson = Annotated[bool, typer.Option("--json", help="JSON on standard output, for scripts.")]
READABLE = 120
"""Width in columns for output in sentences."""


class HelpfulCommand(TyperCommand):
    """A command that reports every failure as one sentence and a documented exit code."""

    def invoke(self, ctx: Any) -> Any:
        """Run the command."""
        try:
            return super().invoke(ctx)
        except (typer.Exit, typer.Abort):
            raise
        except CommandError as problem:
            _end(problem)
        except errors.AWS_ERRORS as error:
            _end(errors.of(error))
        except KeyboardInterrupt:
            _end(CommandError("Stopped; what was done so far stays done, and repeating the command is harmless."))
        except Exception as error:  # noqa: BLE001 - its text may quote a key, and an operator cannot act on a traceback
            _end(
                CommandError(
                    f"Something went wrong in the tool itself ({aws_errors.described(error)}): please report it."
                )
            )


def _end(problem: CommandError) -> None:
    output.err.print(str(problem), soft_wrap=True)
    raise typer.Exit(problem.code)


def client(context: typer.Context) -> Client:
    """The client factory; tests pass their own in the context."""
    given: Any = context.find_object(object)
    found: Client = given or deployment.ordinary()
    return found


def here(context: typer.Context, name: str | None) -> Deployment:
    """The named deployment, or the one in cdk.json.

    Raises:
        Unreachable: AWS denies access, so we cannot tell whether the deployment exists.
    """
    meant = name or deployment.chosen_name()
    try:
        return deployment.find(meant, client(context))
    except ClientError as error:
        if not errors.denied(error):
            raise
        raise Unreachable(
            f"AWS does not let you see a deployment called {meant} in this account and Region: look at --name, "
            f"AWS_PROFILE and AWS_REGION. If they are right, {errors.missing(error)}"
        ) from error


def ask(question: str, otherwise: str, *, as_json: bool) -> None:
    """Ask the operator to confirm.

    Raises:
        Misused: with --json no question is possible.
        CommandError: the operator declines; its text is `otherwise`.
    """
    if as_json:
        raise Misused("With --json nobody is asked: add --yes if you mean it.")
    try:
        typer.confirm(question, err=True, abort=True)
    except typer.Abort as answer:
        raise CommandError(otherwise) from answer
