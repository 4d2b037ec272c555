"""Three runs to begin with, a button each: one that learns, one that is killed, one that never begins."""

from dataclasses import dataclass, replace

import streamlit as st

from lenet.recipe import RECIPES, Recipe
from lenet.ui.train import controls, service
from lenet.variant import VARIANTS


@dataclass(frozen=True)
class Story:
    """label: of the button; variant, recipe: rows of VARIANTS and RECIPES; changes: to the recipe; watch: what to look
    at meanwhile, in a sentence."""

    label: str
    icon: str
    variant: str
    recipe: str
    changes: dict
    watch: str

    def run(self, seed: int) -> Recipe:
        return replace(RECIPES[self.recipe], seed=seed, **self.changes)


# One row each.
STORIES = {
    "fast": Story(
        "Learn fast",
        "bolt",
        "best",
        "quick",
        {},
        "Watch the ten answers turn right, and the kernels turn from noise into edges.",
    ),
    "killed": Story(
        "Kill it with learning rate 10",
        "local_fire_department",
        "best",
        "quick",
        {"lr": 10.0, "epochs": 1},
        "Watch the loss: it shoots up within the first steps, and then nothing ever moves again.",
    ),
    "sigmoid": Story(
        "Sigmoid that never learns",
        "bedtime",
        "sigmoid",
        "paper",
        {"epochs": 3},
        "Watch the gradient bars: they shrink from layer to layer on the way back to conv1.",
    ),
}


def buttons(disabled: bool) -> None:
    """A button for each story."""
    for key, story in STORIES.items():
        st.button(
            story.label,
            icon=f":material/{story.icon}:",
            type="primary" if key == "fast" else "secondary",
            on_click=_begin,
            args=(key,),
            disabled=disabled,
            key=f"story-{key}",
        )


def _begin(key: str) -> None:
    """Train it, from other weights each time; the controls under Advanced then show what it is."""
    story = STORIES[key]
    variant, first = VARIANTS[story.variant], service.mine().seed
    seeds = {job.recipe.seed for job in service.known()}
    seed = next(seed for seed in range(first, first + len(seeds) + 1) if seed not in seeds)
    controls.put(variant, story.recipe, story.run(seed))
    service.begin(variant, story.run(seed))


def of(variant, recipe: Recipe) -> Story | None:
    """The story that a run tells, if any."""
    for story in STORIES.values():
        if (VARIANTS[story.variant], story.run(recipe.seed)) == (variant, recipe):
            return story
    return None
