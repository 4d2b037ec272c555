"""Choosing a network and a recipe, every choice in the URL; and the training service that all sessions share."""

from dataclasses import replace
from math import isinf

import streamlit as st

from lenet.recipe import CHOICES, LIMITS, RECIPES, Recipe, between
from lenet.service.queue import Service
from lenet.variant import (
    ACTIVATIONS,
    CHANNELS,
    HEADS,
    VARIANTS,
    Variant,
    VariantError,
    layers,
    multiply_adds,
    nearest,
    parameter_count,
)

# Poolings of the experiments, as kernel/stride/padding.
POOLS = {f"{p.kernel}/{p.stride}/{p.padding}": p for v in VARIANTS.values() for p in v.pools}
DEPTHS = tuple(range(1, len(CHANNELS) + 1))
MEAN, STD = 0.1307, 0.3081  # of MNIST's training pictures
PRESET = "quick"
SAME = "same"  # key of the switch, and its name in the link
NUMBERS = {
    "lr": ("Learning rate", float),
    "batch_size": ("Batch size", int),
    "epochs": ("Epochs", int),
    "train_size": ("Training images", int),
    "drawings": ("Pen drawings added", int),
    "momentum": ("Momentum (SGD)", float),
    "weight_decay": ("Weight decay", float),
    "seed": ("Seed", int),
}
_ENDLESS = "endless_numbers"  # what the link asks to be infinite: Streamlit fails on that, so those are not bound to it
WORDS = {"optimiser": "Optimiser", "schedule": "Learning rate over time", "augmentation": "Augmentation"}
ORDER = "Shuffle the images"
SHUFFLE = {True: "each epoch", False: "never"}


@st.cache_resource(show_spinner=False)
def service() -> Service:
    """One for the whole server."""
    from streamlit.runtime import Runtime

    return Service(here=lambda session: Runtime.exists() and Runtime.instance().is_active_session(session))


def network() -> Variant | None:
    """The controls of the network; None if what was chosen cannot be built."""
    usual = Variant()  # also where a link asks for nothing at all: ?depth=
    activation = st.pills("Nonlinearity", ACTIVATIONS, default=usual.activation, key="activation", bind="query-params",
                          required=True) or usual.activation  # fmt: skip
    depth = st.segmented_control("Convolutional layers", DEPTHS, default=usual.depth, key="depth", bind="query-params",
                                 required=True) or usual.depth  # fmt: skip
    pools = []
    with st.container(horizontal=True):
        for block in range(1, depth + 1):
            name = st.selectbox(f"Pool {block}", list(POOLS), key=f"pool{block}", bind="query-params", width=110,
                                help="Max-pooling: kernel/stride/padding, in cells")  # fmt: skip
            pools.append(POOLS[name])
    head = st.selectbox("Head", list(HEADS), format_func=HEADS.__getitem__, key="head", bind="query-params")
    output = st.toggle("Nonlinearity after the last layer too, as in the paper", key="output", bind="query-params")
    normal = st.toggle("Normalise the input", key="normalise", bind="query-params")
    v = Variant(activation, tuple(pools), head, output, *((MEAN, STD) if normal else (0.0, 1.0)))
    try:
        layers(v)
    except VariantError as error:
        st.error(str(error))
        near = nearest(v)
        words = ", ".join(f"{p.kernel}/{p.stride}/{p.padding}" for p in near.pools)
        st.caption(f"The nearest that fits: {near.depth} layers, pools {words}.")
        st.button("Take that", on_click=_take, args=(near,), key="nearest")
        return None
    with st.expander(f"{parameter_count(v):,} parameters, {multiply_adds(v):,} multiply-adds a digit"):
        shape_table(v)
    return v


def shape_table(v: Variant) -> None:
    """Output shape, parameters, multiply-adds and receptive field of each layer."""
    rows = [
        {
            "layer": layer.name,
            "output": " × ".join(map(str, layer.output_shape)),
            "parameters": layer.parameters or None,
            "multiply-adds": layer.macs or None,
            "sees": f"{field.size} × {field.size}" if (field := layer.receptive_field) else "all",
        }
        for layer in layers(v)
    ]
    count = st.column_config.NumberColumn(format="localized")
    st.dataframe(rows, hide_index=True, height="content", placeholder="", alt="The layers, from picture to answer",
                 column_config={"parameters": count, "multiply-adds": count})  # fmt: skip


def _take(v: Variant) -> None:
    st.session_state["depth"] = v.depth
    for block, pool in enumerate(v.pools, start=1):
        st.session_state[f"pool{block}"] = f"{pool.kernel}/{pool.stride}/{pool.padding}"


def recipe() -> Recipe:
    """The controls of the recipe."""
    about = "quick: three epochs; best: as the shipped network; paper: as published; adam: with Adam"
    preset = st.pills("Preset", list(RECIPES), default=PRESET, key="preset", bind="query-params",
                      on_change=_preset, required=True, help=about) or PRESET  # fmt: skip
    start = RECIPES[preset]
    values: dict = {}
    with st.container(horizontal=True):
        for name in ("lr", "batch_size", "epochs"):
            values[name] = _number(name, getattr(start, name))
    st.toggle("Same initial weights as the last run", value=True, key=SAME, bind="query-params",
              help="They come from the seed: without this, every start takes the next one.")  # fmt: skip
    with st.expander("More of the recipe"):
        for name, label in WORDS.items():
            st.session_state.setdefault(name, getattr(start, name))
            chosen = st.selectbox(label, CHOICES[name], None, key=name, bind="query-params")
            values[name] = chosen or getattr(start, name)
        for name in ("train_size", "drawings", "momentum", "weight_decay", "seed"):
            values[name] = _number(name, getattr(start, name))
        st.session_state.setdefault("shuffle", start.shuffle)
        order = st.selectbox(ORDER, list(SHUFFLE), None, key="shuffle", bind="query-params",
                             format_func=SHUFFLE.__getitem__)  # fmt: skip
        values["shuffle"] = start.shuffle if order is None else order
    labels = WORDS | {name: label for name, (label, _) in NUMBERS.items()} | {"shuffle": ORDER}
    if changed := [labels[name] for name, value in values.items() if value != getattr(start, name)]:
        st.caption(f"Other than **{preset}** has it: {', '.join(changed)}.")
    return replace(start, **values)


def another_seed(recipe: Recipe) -> Recipe:
    """The recipe with the next seed, unless the next run is to have the same initial weights. For callbacks."""
    if not st.session_state[SAME]:
        recipe = replace(recipe, seed=(recipe.seed + 1) % (int(LIMITS["seed"][1]) + 1))
        st.session_state["seed"] = recipe.seed
    return recipe


def _number(name: str, value: float) -> float:
    label, kind = NUMBERS[name]
    least, most = map(kind, LIMITS[name])
    st.session_state.setdefault(name, kind(value))
    options = {"format": "%g"} if kind is float else {}
    bind = None if name in st.session_state.get(_ENDLESS, ()) else "query-params"
    # Streamlit drops from a link what a control begins with; so that is nothing, or a link could not ask for the least.
    chosen = st.number_input(label, least, most, None, key=name, bind=bind, **options)  # type: ignore[call-overload]
    return kind(value) if chosen is None else chosen  # somebody emptied it


def _preset() -> None:
    chosen = RECIPES[st.session_state["preset"]]
    for name in (*NUMBERS, *WORDS, "shuffle"):
        st.session_state[name] = getattr(chosen, name)


def _endless(text: str) -> bool:
    try:
        return isinf(float(text))
    except ValueError:
        return False


def mend_url() -> None:
    """A link may ask for what cannot be: say so, and go on without."""
    for name, (label, kind) in NUMBERS.items():
        asked = st.query_params.get(name)
        if asked is None:
            continue
        least, most = LIMITS[name]
        try:
            fits = least <= kind(asked) <= most
        except ValueError:
            fits = False
        if not fits:
            if kind is int and _endless(asked):
                st.session_state.setdefault(_ENDLESS, set()).add(name)
            st.warning(f"The link asks for something impossible: **{label}** must lie {between(name)}.")
            del st.query_params[name]
    choices = {"activation": ACTIVATIONS, "head": HEADS, "preset": RECIPES, "depth": [str(depth) for depth in DEPTHS],
               **CHOICES, **{f"pool{block}": POOLS for block in DEPTHS}}  # fmt: skip
    for name, known in choices.items():
        if (asked := st.query_params.get(name)) is not None and asked not in known:
            st.warning(f"The link asks for an unknown {name}: there are {', '.join(known)}.")
            del st.query_params[name]
