"""The simulated deployment has the default numbers of the stacks."""

from dataclasses import fields

from stacks import config, pipeline, queues
from stethoscript import jobs
from tests.simulation.simulated_deployment import Numbers


def test_the_numbers_match_the_stacks():
    defaults = {each.name: each.default for each in fields(config.Config)}
    quotas, reconciling = config.Quotas(), config.Reconciling()
    assert Numbers() == Numbers(
        start_seconds=jobs.START_TIMEOUT_SECONDS,
        deliver_seconds=pipeline._DELIVER_SECONDS,  # noqa: SLF001
        reconcile_seconds=pipeline._RECONCILE_SECONDS,  # noqa: SLF001
        most_receives=queues.MAX_RECEIVES,
        start_concurrency=quotas.start_concurrency,
        deliver_concurrency=quotas.deliver_concurrency,
        concurrent_jobs=quotas.concurrent_jobs,
        reconcile_minutes=reconciling.every_minutes,
        grace_seconds=reconciling.grace_seconds,
        start_batch=pipeline.BATCH,
        deliver_batch=pipeline.BATCH,
        sweep_minutes=reconciling.sweep_minutes,
        sweep_pages=reconciling.sweep_pages,
        retry_delay_seconds=defaults["retry_delay_seconds"],
        job_poll_seconds=defaults["job_poll_seconds"],
        old_version_days=config.OLD_VERSION_DAYS,
    )


def test_rows_outlive_their_audio_as_in_the_stacks():
    for days in (0, 1, 30):
        assert Numbers(audio_days=days).row_days == config.Retention(audio_days=days).row_days
