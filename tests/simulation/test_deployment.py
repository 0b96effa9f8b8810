"""The simulated deployment has the numbers that the stacks deploy by default."""

from dataclasses import fields

from stacks import choices, pipeline, queues, storage
from tests.simulation.deployment import Numbers


def test_the_numbers_are_those_of_the_stacks():
    defaults = {each.name: each.default for each in fields(choices.Choices)}
    quotas, reconciling = choices.Quotas(), choices.Reconciling()
    assert Numbers() == Numbers(
        start_seconds=storage.START_SECONDS,
        deliver_seconds=pipeline._DELIVER_SECONDS,  # noqa: SLF001
        reconcile_seconds=pipeline._RECONCILE_SECONDS,  # noqa: SLF001
        most_receives=queues.MOST_RECEIVES,
        start_functions=quotas.start_functions,
        deliver_functions=quotas.deliver_functions,
        jobs_at_once=quotas.jobs_at_once,
        reconcile_minutes=reconciling.every_minutes,
        grace_seconds=reconciling.grace_seconds,
        start_batch=pipeline.BATCH,
        deliver_batch=pipeline.BATCH,
        sweep_minutes=reconciling.sweep_minutes,
        sweep_pages=reconciling.sweep_pages,
        patience_seconds=defaults["patience_seconds"],
        watch_seconds=defaults["watch_seconds"],
        old_version_days=choices.OLD_VERSION_DAYS,
    )


def test_rows_outlive_their_audio_as_long_as_the_stacks_say():
    for days in (0, 1, 30):
        assert Numbers(audio_days=days).row_days == choices.Retention(audio_days=days).row_days
