"""LeNet, built from a Variant: read this file to learn the network.

>>> model = create_model("best", pretrained=True)
>>> model(x).softmax(1)                      # x: [N, 1, 28, 28], pixel intensities in [0, 1], white ink on black
>>> for stage in model.trace(x): print(stage.name, stage.output.shape)
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from lenet.layers import Dropout, Layer
from lenet.variant import INPUT_SIZE, Variant, layers


class LeNet(nn.Module):
    """The network of a variant. Normalisation is inside: it takes plain pixel intensities.

    The modules with weights are called conv1, conv2, …, fc1, fc2, … (and rnn or lstm) and are created in the order of
    the forward pass, so that a seed gives the weights that the base implementation would get from it.
    """

    def __init__(self, variant: Variant):
        super().__init__()
        self.variant = variant
        self.layers = layers(variant)
        self._drop_seed: str | None = None
        for layer in self.layers:
            if layer.parameters:
                self.add_module(layer.name, layer.module())
                INITIALISATIONS[variant.initialisation](self.get_submodule(layer.name), layer)

    def forward(self, x: Tensor) -> Tensor:
        """[N, 1, 28, 28] in [0, 1] -> [N, 10] logits, the softmax of which are the probabilities."""
        _check_input(x)
        for layer in self.layers[:-1]:
            x = self.apply_layer(layer, x)
        return x

    @torch.no_grad()
    def trace(self, x: Tensor) -> "Trace":
        """Everything that one forward pass computes, stage by stage, the input and the probabilities included.

        It keeps nothing on the model, so many threads may trace one model at once.
        """
        _check_input(x)
        stages = []
        for layer in self.layers:
            x = self.apply_layer(layer, x)
            stages.append(Stage(layer.name, layer.kind, x, layer))
        return Trace(stages)

    def apply_layer(self, layer: Layer, x: Tensor) -> Tensor:
        """The output of one layer of the list for the output of the one before it."""
        if self._drop_seed is not None and isinstance(layer, Dropout):
            return layer.drop(x, self._drop_seed)
        return layer.forward(x, self._modules.get(layer.name))

    @contextmanager
    def dropping(self, seed: int, step: int) -> Iterator[None]:
        """Inside, dropout layers drop what a training step of that seed and number drops; elsewhere they never do."""
        self._drop_seed = f"{seed}/{step}"
        try:
            yield
        finally:
            self._drop_seed = None


@torch.no_grad()
def _as_in_1998(module: nn.Module, layer: Layer) -> None:
    """Uniform within ±2.4 / fan-in (LeCun and others 1998, appendix A); what is not connected stays zero."""
    if layer.fan_in:
        limits = 2.4 / torch.tensor(layer.fan_in)
        for parameter in module.parameters():
            drawn = torch.empty_like(parameter).uniform_(-1, 1) * limits.view(-1, *[1] * (parameter.ndim - 1))
            parameter.copy_(drawn * (parameter != 0))


def _xavier(module: nn.Module, layer: Layer) -> None:
    """Xavier's uniform weights (Glorot and Bengio 2010); biases as PyTorch has them."""
    for name, parameter in module.named_parameters():
        if name.startswith("weight"):
            nn.init.xavier_uniform_(parameter)


# By the name of lenet.variant.INITIALISATIONS.
INITIALISATIONS: dict[str, Callable[[nn.Module, Layer], None]] = {
    "pytorch": lambda module, layer: None,
    "1998": _as_in_1998,
    "xavier": _xavier,
}


def empty_model(variant: Variant) -> LeNet:
    """A network whose weights are still to be loaded. It draws no random number: others may be drawing from a seed."""
    with torch.device("meta"):
        model = LeNet(variant)
    return model.to_empty(device="cpu")


@dataclass(frozen=True)
class Stage:
    """What one layer put out: `output` is [N, …] for the N pictures of the batch."""

    name: str
    kind: str
    output: Tensor
    layer: Layer


class Trace:
    """The stages of one forward pass, in order; also by name: trace["conv1"]."""

    def __init__(self, stages: list[Stage]):
        self._stages = {stage.name: stage for stage in stages}

    def __iter__(self) -> Iterator[Stage]:
        return iter(self._stages.values())

    def __len__(self) -> int:
        return len(self._stages)

    def __contains__(self, name: str) -> bool:
        return name in self._stages

    def __getitem__(self, name: str) -> Stage:
        if name not in self._stages:
            raise KeyError(f"There is no stage {name!r}. There are: {', '.join(self._stages)}.")
        return self._stages[name]

    def before(self, name: str) -> Stage:
        """The stage whose output is the input of the named one."""
        names = list(self._stages)
        return self._stages[names[max(names.index(self[name].name) - 1, 0)]]

    @property
    def outputs(self) -> Tensor:
        """[N, 10], what forward() returns."""
        return self.before("softmax").output

    @property
    def probabilities(self) -> Tensor:
        """[N, 10], each row sums to 1."""
        return self["softmax"].output


def _check_input(x: Tensor) -> None:
    if x.ndim != 4 or x.shape[1:] != (1, INPUT_SIZE, INPUT_SIZE) or not x.is_floating_point():
        raise ValueError(
            f"LeNet takes floating-point pictures of shape [N, 1, {INPUT_SIZE}, {INPUT_SIZE}], "
            f"not {x.dtype} of shape {list(x.shape)}. `lenet.to_mnist` makes one from any picture."
        )
