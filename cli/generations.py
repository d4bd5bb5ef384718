"""`flask generations evaluate`: how good the questions of a version of the prompts are, by the evaluation set."""

import click
from flask import current_app
from flask.cli import AppGroup

from services.generations import evaluating, prompts
from services.generations.client import MistralModel
from services.generations.evaluating import Outcome
from services.generations.terms import terms_of

generations_group = AppGroup("generations", help="Questions that a language model writes.")
MICROS = 1_000_000


@generations_group.command("evaluate")
@click.option("--prompts", "version", default=prompts.CURRENT, show_default=True, help="The version of the prompts.")
def evaluate(version: str) -> None:
    """Ask the model for the questions of the evaluation set, and judge them. It costs what it says.

    Ends with 1 where a case brought no answer, or a question that the checks refuse.
    """
    settings = current_app.extensions["yurt"]
    terms = terms_of(settings)
    if not terms.has_key:
        raise click.ClickException("There is no model: set MISTRAL_API_KEY.")
    if version not in prompts.versions():
        raise click.ClickException(f"There are no prompts {version}, but {', '.join(prompts.versions())}.")
    model = MistralModel(settings.mistral_api_key, settings.mistral_url, terms.model, settings.mistral_timeout_s)
    found: list[Outcome] = []
    for outcome in evaluating.evaluate(model, version):
        found.append(outcome)
        click.echo(_line(outcome))
    tokens_in, tokens_out = sum(each.tokens_in for each in found), sum(each.tokens_out for each in found)
    cost = terms.cost(tokens_in, tokens_out) / MICROS
    sound, asked = sum(each.sound for each in found), sum(each.asked for each in found)
    click.echo(f"prompts {version}, model {terms.model}: {sound} of {asked} sound")
    click.echo(f"{tokens_in + tokens_out} tokens, {cost:.4f} {terms.currency}")
    if sound < asked:
        raise SystemExit(1)


def _line(outcome: Outcome) -> str:
    if outcome.failed:
        return f"{outcome.name}: no questions: {outcome.failed}"
    codes = ", ".join(f"{code} {count}" for code, count in sorted(outcome.codes.items()))
    alike = f"{outcome.agreed} of {outcome.with_choices} answered alike by a second reader"
    return f"{outcome.name}: {outcome.sound} of {outcome.asked} sound, {alike} ({codes})"
