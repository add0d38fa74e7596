"""The platform's own running totals of XP: mostly right, sometimes not."""

import numpy as np
import polars as pl

from demo.plan import DAY, Ints, Plan


def leaderboard_rows(plan: Plan, totals: Ints, newest: Ints) -> pl.DataFrame:
    """Return the rows of `leaderboard`: one for most learners, of whom one in twelve has a wrong total.

    `totals` is each learner's XP and `newest` the moment of the last event (negative for none).
    """
    stream = plan.stream("leaderboard")
    count = len(totals)
    drift = np.where(stream.random(count) < 0.08, stream.integers(-20, 21, count) * 5, 0)
    rows = pl.DataFrame(
        {
            "user_id": np.arange(count),
            "total_xp": totals + drift,
            "updated_at": np.where(newest < 0, plan.now - DAY, newest),
        }
    ).filter(pl.Series(stream.random(count) >= 0.02))
    return rows.with_columns(pl.col("total_xp").rank("min", descending=True).alias("rank"))
