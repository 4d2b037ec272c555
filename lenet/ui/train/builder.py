"""The layers of a network as short texts, which a link carries and the block picture sends: only what is not as usual.

>>> to_texts(replace(Variant(), hidden=(64,)))          # {"hidden": "64"}

conv1: kernel/stride/padding/channels; pool1: kernel/stride/padding, and /average or another kind, or none; hidden:
units of each layer, or none; conv1_act, fc1_act: a nonlinearity of its own; conv1_drop, fc1_drop: the share that is
dropped.
"""

import re
from collections.abc import Mapping
from dataclasses import replace

from lenet.layers import POOLS
from lenet.variant import (
    ACTIVATIONS,
    CHANNELS,
    CONVOLUTIONS,
    HIDDEN,
    MOST_CHANNELS,
    MOST_DROPOUT,
    MOST_HIDDEN,
    MOST_KERNEL,
    MOST_STRIDE,
    MOST_UNITS,
    NONE,
    Convolution,
    Pool,
    Variant,
)

_KINDS = "|".join(POOLS)
_BLOCKS, _LAYERS = f"[1-{len(CHANNELS)}]", f"(conv[1-{len(CHANNELS)}]|fc[1-{MOST_HIDDEN + 1}])"
# What each key may hold. Whether it fits the other layers is the network's own business.
TEXTS = {
    f"conv{_BLOCKS}": r"\d{1,3}(/\d{1,3}){3}",
    f"pool{_BLOCKS}": rf"{NONE}|\d{{1,3}}(/\d{{1,3}}){{2}}(/({_KINDS}))?",
    "hidden": rf"{NONE}|\d{{1,4}}(/\d{{1,4}}){{0,{MOST_HIDDEN}}}",
    f"{_LAYERS}_act": "|".join(ACTIVATIONS),
    f"{_LAYERS}_drop": r"[01](\.\d{1,3})?",
}
EXAMPLES = {"conv": "5/1/0/6", "pool": "2/2/0", "hidd": "120/84"}
# As links were before they carried ids.
_OLD = re.compile(r"(largest|mean) of window (\d+), stride (\d+), padding (\d+)|trained sum of window 2, .*")


def is_key(key: str) -> bool:
    """Whether that is the name of a text."""
    return any(re.fullmatch(pattern, key) for pattern in TEXTS)


def understood(key: str, text: object) -> str | None:
    """The text as it is kept, or None where it means nothing."""
    if key.startswith("pool") and isinstance(text, str) and (old := _OLD.fullmatch(text)):
        kind, *window = old.groups()
        return "/".join([*window, *(["average"] if kind == "mean" else [])]) if kind else "2/2/0/subsample"
    for pattern, allowed in TEXTS.items():
        if re.fullmatch(pattern, key):
            return text if isinstance(text, str) and re.fullmatch(allowed, text, re.ASCII) else None
    return None


def pool_text(pool: Pool) -> str:
    """What a link calls a pooling."""
    window = f"{pool.kernel}/{pool.stride}/{pool.padding}"
    return NONE if pool.kind == NONE else window if pool.kind == Pool.kind else f"{window}/{pool.kind}"


def conv_text(conv: Convolution) -> str:
    """What a link calls a convolution."""
    return f"{conv.kernel}/{conv.stride}/{conv.padding}/{conv.channels}"


def _hidden_text(hidden: tuple[int, ...]) -> str:
    return "/".join(map(str, hidden)) or NONE


def to_texts(v: Variant) -> dict[str, str]:
    """What is not as usual in a network."""
    usual = Variant(v.activation, (Pool(),) * v.depth)
    texts = {f"pool{at}": pool_text(pool) for at, pool in enumerate(v.pools, start=1) if pool != Pool()}
    for at, (conv, other) in enumerate(zip(v.convolutions, usual.convolutions), start=1):
        if conv != other:
            texts[f"conv{at}"] = conv_text(conv)
    if v.hidden != HIDDEN:
        texts["hidden"] = _hidden_text(v.hidden)
    keys = _keys(v)
    texts |= {f"{key}_act": one for key, one in zip(keys, v.activations) if one != v.activation}
    return texts | {f"{key}_drop": f"{rate:.3g}" for key, rate in zip(keys, v.dropout) if rate}


def from_texts(texts: Mapping[str, str], v: Variant) -> Variant:
    """The network with these layers, possible or not; activation, depth and all else are those of `v`."""
    blocks = range(1, v.depth + 1)
    pools = tuple(_pool(texts[f"pool{at}"]) if f"pool{at}" in texts else Pool() for at in blocks)
    convs = tuple(
        Convolution(*map(int, texts[f"conv{at}"].split("/"))) if f"conv{at}" in texts else CONVOLUTIONS[at - 1]
        for at in blocks
    )
    text = texts.get("hidden", _hidden_text(HIDDEN))
    hidden = () if text == NONE else tuple(map(int, text.split("/")))
    v = replace(v, pools=pools, convs=convs, hidden=hidden, activations=(), dropout=())
    return replace(
        v,
        activations=tuple(texts.get(f"{key}_act", v.activation) for key in _keys(v)),
        dropout=tuple(float(texts.get(f"{key}_drop", 0)) for key in _keys(v)),
    )


def _pool(text: str) -> Pool:
    if text == NONE:
        return Pool(1, 1, 0, NONE)
    kernel, stride, padding, *kind = text.split("/")
    return Pool(int(kernel), int(stride), int(padding), *kind)


def _keys(v: Variant) -> list[str]:
    """What the layers of `inner` are called in texts: a recurrent layer as the fully connected one in its place."""
    return [name if name.startswith("conv") else f"fc{at - v.depth + 1}" for at, name in enumerate(v.inner)]


def told(v: Variant, texts: Mapping[str, str], problem: str, heard: int = 0) -> dict:
    """What the block picture must know: lenet/ui/network/train/blocks.js. heard: the number of its last message."""
    at_fault = re.search(r"\b(conv|pool|fc)\d|\brnn\b|\blstm\b", problem)
    return {
        "texts": dict(texts),
        "heard": heard,
        "depth": v.depth,
        "activation": v.activation,
        "activations": list(ACTIVATIONS),
        "pools": {name: kind.takes for name, kind in POOLS.items()} | {NONE: "no pooling"},
        "head": v.head,
        "output": v.output_activation,
        "size": v.size,
        "most": {
            "kernel": MOST_KERNEL,
            "stride": MOST_STRIDE,
            "channels": MOST_CHANNELS,
            "hidden": MOST_HIDDEN,
            "units": MOST_UNITS,
            "dropout": MOST_DROPOUT,
        },
        "usual": {
            "convs": [conv_text(conv) for conv in CONVOLUTIONS],
            "pool": pool_text(Pool()),
            "hidden": _hidden_text(HIDDEN),
        },
        "problem": at_fault.group() if at_fault else "",
    }
