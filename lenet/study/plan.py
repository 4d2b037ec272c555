"""Which runs to do next: a number of seeds for every setting, or those that undecided claims need. Cheapest first."""

from collections.abc import Iterable

from lenet.study.design import FORMS, ORIGINAL, Experiment, Run, Setting
from lenet.study.judging import FEWEST, Judgement
from lenet.study.measures import CONTRASTS

COSTLY = 4  # times the multiply-adds of the original: poolings with stride 1, three and four layers


def at_least(experiments: Iterable[Experiment], seeds: int) -> list[Run]:
    """All settings with so many seeds, those that are costly with two thirds of them."""
    settings = dict.fromkeys(setting.form(form) for e in experiments for setting in e.settings() for form in FORMS)
    return cheapest_first(
        setting.run(seed) for setting in settings for seed in range(seeds * 2 // 3 if costly(setting) else seeds)
    )


def costly(setting: Setting) -> bool:
    """Whether a run of it takes far longer than one of the original."""
    return setting.run(0).cost() > COSTLY * ORIGINAL.run(0).cost()


def until_decided(judgements: Iterable[Judgement], most: int) -> list[Run]:
    """The runs that the verdicts wait for, as far as `most` seeds are likely to decide them.

    Parts about kernels are left out: they look at the shipped networks.
    """
    runs = []
    for judgement in judgements:
        for finding in judgement.open:
            needed = finding.seeds_needed if len(finding.rows) >= FEWEST else FEWEST
            if needed and needed <= most and finding.part.quantity.measure not in CONTRASTS:
                runs += [setting.run(seed) for setting in finding.part.settings() for seed in range(needed)]
    return cheapest_first(runs)


def cheapest_first(runs: Iterable[Run]) -> list[Run]:
    """Each once."""
    return sorted(dict.fromkeys(runs), key=lambda run: (run.cost(), run.seed))
