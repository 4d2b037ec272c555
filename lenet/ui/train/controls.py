"""Choosing a network and a recipe, every choice in the URL."""

from dataclasses import replace
from math import isinf

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from lenet.recipe import CHOICES, LIMITS, MNIST, RECIPES, DataSet, Recipe, between
from lenet.ui.shared import modules
from lenet.ui.train import builder
from lenet.ui.train.service import mine, service
from lenet.variant import (
    ACTIVATIONS,
    CHANNELS,
    HEADS,
    INPUT_SIZE,
    SIZES,
    Pool,
    Variant,
    VariantError,
    layers,
    multiply_adds,
    nearest,
    parameter_count,
)

HEAD = "linear"
BLOCKS = '<div class="blocks"></div>\n'
# Keys of the block picture, of what it says, and of the number of its last message.
BUILT, TEXTS, HEARD = "built", "layer_texts", "built_heard"
DEPTHS = tuple(range(1, len(CHANNELS) + 1))
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
    "smoothing": ("Label smoothing", float),
    "seed": ("Seed", int),
}
_ENDLESS = "endless_numbers"  # what the link asks to be infinite: Streamlit fails on that, so those are not bound to it
WORDS = {
    "optimiser": "Optimiser",
    "schedule": "Learning rate over time",
    "augmentation": "Augmentation",
    "ways": "Ways of writing in pen drawings",
}
ORDER = "Shuffle the images"
SHUFFLE = {"epoch": "each epoch", "never": "never"}


def network(data: DataSet, picture: DeltaGenerator) -> Variant | None:
    """The controls of the network that learns from `data`, its layers in `picture`; None if it cannot be built."""
    usual = Variant()  # also where a link asks for nothing at all: ?depth=
    in_link: dict = {"bind": "query-params", "required": True}
    built = texts()
    asked = st.pills("Nonlinearity", ACTIVATIONS, default=usual.activation, key="activation", **in_link)
    activation = asked or usual.activation
    depth = st.segmented_control("Convolutional layers", DEPTHS, default=usual.depth, key="depth", **in_link)
    head = _choose("After the convolutions", "head", HEADS, HEAD)
    output = st.toggle("Nonlinearity after the last layer too, as in the paper", key="output", bind="query-params")
    normal = st.toggle("Normalise the input", key="normalise", bind="query-params")
    framed = st.toggle("A black frame: 32 × 32 pixels, as LeNet-5 saw them", key="framed", bind="query-params")
    scale = (data.mean, data.std) if normal else (0.0, 1.0)
    plain = Variant(activation, (Pool(),) * (depth or usual.depth), head, output, *scale, size=SIZES[framed])
    v = builder.from_texts(built, plain)
    try:
        layers(v)
        problem = ""
    except VariantError as error:
        problem = str(error)
    with picture:
        modules.component("train/blocks.js", BLOCKS, "train/blocks")(
            key=BUILT, data=builder.told(v, built, problem, st.session_state.get(HEARD, 0)), on_said_change=_built
        )
        if problem:
            st.error(problem)
            near = nearest(v)
            words = ", ".join(f"{key.replace('_', ' ')}: {text}" for key, text in builder.to_texts(near).items())
            plural = "s" * (near.depth > 1)
            st.caption(f"The nearest that fits: {near.depth} convolutional layer{plural}{'; ' * bool(words)}{words}.")
            st.button("Take that", on_click=_take, args=(near,), key="nearest")
        elif built:
            st.button("Back to the usual layers", on_click=_keep, args=({},), key="usual_layers", type="tertiary")
    if problem:
        return None
    with st.expander(f"{parameter_count(v):,} parameters, {multiply_adds(v):,} multiplications per digit"):
        shape_table(v)
    return v


def texts() -> dict[str, str]:
    """What is not as usual in the layers: of the session, or at first of the link."""
    if TEXTS not in st.session_state:
        asked = {key: builder.understood(key, text) for key, text in st.query_params.items()}
        _keep({key: text for key, text in asked.items() if text is not None})
    else:
        _keep(st.session_state[TEXTS])  # the link has lost them where one comes back from another page
    return st.session_state[TEXTS]


def _keep(given: dict[str, str]) -> None:
    """Keep these texts, in the link as well. For callbacks."""
    st.session_state[TEXTS] = given
    for key in filter(builder.is_key, list(st.query_params)):
        if key not in given:
            del st.query_params[key]
    for key, text in given.items():
        if st.query_params.get(key) != text:
            st.query_params[key] = text


def _built() -> None:
    """The block picture sends what somebody built."""
    said = st.session_state[BUILT].get("said")
    sent = said.get("texts") if isinstance(said, dict) else None
    if isinstance(sent, dict):
        if isinstance(said.get("number"), int):
            st.session_state[HEARD] = said["number"]
        known = {key: builder.understood(key, text) for key, text in sent.items()}
        _keep({key: text for key, text in known.items() if text is not None})


def shape_table(v: Variant) -> None:
    """Output shape, parameters, multiplications and receptive field of each layer."""
    rows = [
        {
            "layer": layer.name,
            "output": " × ".join(map(str, layer.output_shape)),
            "parameters": layer.parameters or None,
            "multiplications": layer.macs or None,
            "looks at": f"{field.size} × {field.size}" if (field := layer.receptive_field) else "all",
        }
        for layer in layers(v)
    ]
    count = st.column_config.NumberColumn(format="localized")
    columns = {"parameters": count, "multiplications": count}
    words = "The layers, from picture to answer"
    st.dataframe(rows, hide_index=True, height="content", placeholder="", alt=words, column_config=columns)


def put(v: Variant, preset: str, r: Recipe) -> None:
    """Have the controls show this. For callbacks."""
    _take(v)
    st.session_state["activation"], st.session_state["head"] = v.activation, v.head
    st.session_state["output"], st.session_state["normalise"] = v.output_activation, (v.mean, v.std) != (0.0, 1.0)
    st.session_state["framed"] = v.size > INPUT_SIZE
    st.session_state["preset"], st.session_state["data"] = preset, r.data.name
    _show(r)


def _take(v: Variant) -> None:
    st.session_state["depth"] = v.depth
    _keep(builder.to_texts(v))


def recipe(data: DataSet) -> Recipe:
    """The controls of the recipe, to learn from `data`: of other pictures than MNIST's as many as there are."""
    about = (
        "quick: two epochs; best: the shipped network's, but without a teacher; modern: the same in 20 epochs; "
        "paper: as published; adam: with Adam; 1998: small batches, a falling learning rate"
    )
    st.pills(
        "Preset",
        list(RECIPES),
        default=PRESET,
        key="preset",
        bind="query-params",
        on_change=_preset,
        required=True,
        help=about,
    )
    start = _start()
    values: dict = {}
    with st.container(horizontal=True):
        for name in ("lr", "batch_size", "epochs"):
            values[name] = _number(name, getattr(start, name))
    about = "They come from the seed: without this, every start takes the next one."
    st.toggle("Same initial weights as the last run", value=True, key=SAME, bind="query-params", help=about)
    with st.expander("More of the recipe"):
        for name, label in WORDS.items():
            st.session_state.setdefault(name, getattr(start, name))
            chosen = st.selectbox(label, CHOICES[name], None, key=name, bind="query-params")
            values[name] = chosen or getattr(start, name)
        for name in ("train_size", "drawings", "momentum", "weight_decay", "smoothing", "seed"):
            values[name] = _number(name, getattr(start, name))
        values["shuffle"] = _choose(ORDER, "shuffle", SHUFFLE, _shuffle(start)) == "epoch"
    labels = WORDS | {name: label for name, (label, _) in NUMBERS.items()} | {"shuffle": ORDER}
    if changed := [labels[name] for name, value in values.items() if value != getattr(start, name)]:
        st.caption(f"Changed from the {st.session_state['preset'] or PRESET} preset: {', '.join(changed)}.")
    if data != MNIST and (pictures := service().data(data.checksum)):
        values["train_size"] = min(values["train_size"], len(pictures.train))
        values["drawings"] = 0
    return replace(start, **values, data=data)


def another_seed(recipe: Recipe) -> Recipe:
    """The recipe with the next seed, unless the next run is to have the same initial weights. For callbacks."""
    if not st.session_state[SAME]:
        recipe = replace(recipe, seed=(recipe.seed + 1) % (int(LIMITS["seed"][1]) + 1))
        st.session_state["seed"] = recipe.seed
    return recipe


def _start() -> Recipe:
    """The preset that is chosen, with this session's own seed: thirty people who press Start train thirty networks."""
    return replace(RECIPES[st.session_state["preset"] or PRESET], seed=mine().seed)


def _shuffle(recipe: Recipe) -> str:
    return "epoch" if recipe.shuffle else "never"


def _choose(label: str, key: str, words: dict[str, str], usual: str) -> str:
    """A select box. The link carries the id of the choice, people read its label. (Streamlit's own binding puts the
    label into the link; such older links still open.)"""
    if key not in st.session_state:
        asked = st.query_params.get(key)
        st.session_state[key] = next((one for one, said in words.items() if asked in (one, said)), usual)
    chosen = st.selectbox(label, list(words), format_func=words.__getitem__, key=key)
    if chosen == usual:
        st.query_params.pop(key, None)
    elif st.query_params.get(key) != chosen:
        st.query_params[key] = chosen
    return chosen


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
    _show(_start())


def _show(chosen: Recipe) -> None:
    for name in (*NUMBERS, *WORDS):
        st.session_state[name] = getattr(chosen, name)
    st.session_state["shuffle"] = _shuffle(chosen)


def _endless(text: str) -> bool:
    try:
        return isinf(float(text))
    except ValueError:
        return False


def linked() -> bool:
    """Whether the link asks for a network or a recipe: then the controls are open."""
    names = {
        "activation",
        "depth",
        "head",
        "output",
        "normalise",
        "framed",
        "preset",
        "shuffle",
        SAME,
        *NUMBERS,
        *WORDS,
    }
    return any(name in names or builder.is_key(name) for name in st.query_params)


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
    choices: dict = {"activation": ACTIVATIONS, "preset": RECIPES, "depth": [str(depth) for depth in DEPTHS], **CHOICES}
    chosen = {"head": HEADS, "shuffle": SHUFFLE}
    for name, known in (choices | chosen).items():
        asked = st.query_params.get(name)
        if asked is not None and asked not in known and asked not in chosen.get(name, {}).values():
            st.warning(f"The link asks for an unknown {name}: there are {', '.join(known)}.")
            del st.query_params[name]
    for name in filter(builder.is_key, list(st.query_params)):
        if builder.understood(name, st.query_params[name]) is None:
            example = next((text for part, text in builder.EXAMPLES.items() if name.startswith(part)), "")
            example = {"act": "tanh", "drop": "0.5"}.get(name.partition("_")[2], example)
            st.warning(f"The link asks for something unknown: **{name}** is written like {example}.")
            del st.query_params[name]
