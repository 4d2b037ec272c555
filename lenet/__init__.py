"""LeNet, taken apart: build, train, trace and explain small convolutional networks that read handwritten digits.

    >>> import lenet
    >>> model = lenet.create_model("best", pretrained=True)
    >>> model(lenet.to_mnist(picture)[None]).softmax(1)
    >>> lenet.read(picture).remark               # is it a digit at all?
    >>> [one.answer for one in lenet.read_all(picture)]     # 4, 2

Nothing heavy is imported before the first of these names is used.
"""

from importlib import import_module

_HOME = {
    "list_models": "lenet.pretrained",
    "create_model": "lenet.pretrained",
    "card": "lenet.pretrained",
    "to_mnist": "lenet.ink",
    "read": "lenet.familiarity",
    "read_all": "lenet.splitting",
}
_MODULES = (
    "variant",
    "model",
    "recipe",
    "data",
    "ink",
    "training",
    "explain",
    "evaluation",
    "pretrained",
    "tape",
)

__all__ = [*_HOME, *_MODULES]


def __getattr__(name: str):
    if name in _HOME:
        return getattr(import_module(_HOME[name]), name)
    if name in _MODULES:
        return import_module(f"lenet.{name}")
    raise AttributeError(f"module 'lenet' has no attribute {name!r}")
