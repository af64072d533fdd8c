# ctest: serial timeout=1800
"""A short campaign (chaos/campaign.py); MILLRACE_SEED=n makes another of it."""

import os

from chaos import campaign


def test_a_short_campaign_loses_nothing_and_doubles_nothing(tmp_path):
    seed = int(os.environ.get("MILLRACE_SEED", "1"))
    assert campaign.run(tmp_path, messages=60_000, kills=12, seed=seed)
