"""A network to take home: as a PyTorch program of its own, and as ONNX. Neither needs this project.

>>> Path("net.py").write_text(pytorch_code(model.variant, "net.safetensors"))
>>> Path("net.onnx").write_bytes(onnx_bytes(model))            # opset 17, any number of pictures at once

The weights file is a plain safetensors state_dict already: its card lies in the metadata, which others pass over.
ONNX is a protocol buffer of a few messages; they are written here, so nothing need be installed for it.
"""

import struct
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np

from lenet.layers import SQUASHED, Layer
from lenet.model import LeNet
from lenet.variant import INPUT_SIZE, Variant, layers, parameter_count

OPSET, IR_VERSION = 17, 8
PICTURES = "pictures"  # the length that ONNX leaves open


class ExportError(ValueError):
    """A network with a kind of layer that cannot be written; the message names it."""


# --- A program of its own --------------------------------------------------------------------------------------------

PROGRAM = '''"""{title}

Made by "LeNet, taken apart". Needs torch and safetensors, and the weights in {weights} beside it.
"""

import torch
from safetensors.torch import load_file
from torch import nn


class LeNet(nn.Module):
    """Pictures [N, 1, 28, 28], pixel intensities in [0, 1], white ink on black -> [N, {classes}] logits."""

    def __init__(self):
        super().__init__()
{modules}

    def forward(self, x):
{steps}
        return x


if __name__ == "__main__":
    model = LeNet()
    model.load_state_dict(load_file("{weights}"))
    model.eval()
    print(model)
    print(model(torch.zeros(1, 1, 28, 28)).softmax(1))
'''


def pytorch_code(variant: Variant, weights: str) -> str:
    """A program with the network written out, line by line, that loads its weights from the file of that name.

    Raises ExportError.
    """
    table = layers(variant)[:-1]
    modules = [f"self.{layer.name} = nn.{layer.module()!r}" for layer in table if layer.parameters]
    steps = []
    for layer in table:
        for line in _form(layer).code(layer):
            size = " x ".join(map(str, layer.output_shape))
            steps.append(f"{line}  # {layer.name}: {size}")
    return PROGRAM.format(
        title=f"A LeNet with {parameter_count(variant):,} parameters.",
        weights=weights,
        classes=table[-1].output_shape[0],
        modules="\n".join(" " * 8 + line for line in modules),
        steps="\n".join(" " * 8 + line for line in steps),
    )


# --- ONNX ------------------------------------------------------------------------------------------------------------


def onnx_bytes(model: LeNet) -> bytes:
    """The network as an ONNX model: input `pictures` [N, 1, 28, 28], output `logits`. Raises ExportError."""
    graph = _Graph()
    x = "pictures"
    for layer in model.layers[:-1]:
        weights = {
            name.removeprefix(f"{layer.name}."): value.detach().numpy()
            for name, value in model.state_dict().items()
            if name.startswith(f"{layer.name}.")
        }
        x = _form(layer).onnx(graph, layer, x, weights)
    graph.node("Identity", [x], output="logits")
    classes = model.layers[-2].output_shape[0]
    return _message(
        (1, IR_VERSION),
        (2, "LeNet, taken apart"),
        (7, graph.bytes((1, INPUT_SIZE, INPUT_SIZE), classes)),
        (8, _message((2, OPSET))),
    )


class _Graph:
    """Nodes and constants, as they are added."""

    def __init__(self) -> None:
        self._nodes: list[bytes] = []
        self._constants: dict[str, bytes] = {}

    def node(self, kind: str, inputs: list[str], output: str = "", **attributes: Any) -> str:
        """Add an operation. Returns the name of its (first) output."""
        output = output or f"x{len(self._nodes)}"
        fields: list[tuple[int, Any]] = [(1, name) for name in inputs]
        fields += [(2, output), (4, kind)]
        self._nodes.append(_message(*fields, *((5, _attribute(*item)) for item in attributes.items())))
        return output

    def constant(self, values: np.ndarray | np.generic | Iterable[int]) -> str:
        """Add numbers: float32, or int64 for shapes. Returns their name."""
        values = np.asarray(values)
        values = values.astype("<f4" if values.dtype.kind == "f" else "<i8")
        name = f"c{len(self._constants)}"
        kind = 1 if values.dtype.kind == "f" else 7
        fields: list[tuple[int, Any]] = [(1, size) for size in values.shape]
        self._constants[name] = _message(*fields, (2, kind), (8, name), (9, values.tobytes()))
        return name

    def bytes(self, picture: tuple[int, ...], classes: int) -> bytes:
        return _message(
            *((1, node) for node in self._nodes),
            (2, "LeNet"),
            *((5, constant) for constant in self._constants.values()),
            (11, _value("pictures", picture)),
            (12, _value("logits", (classes,))),
        )


def _value(name: str, shape: tuple[int, ...]) -> bytes:
    """What goes in or out: float32 [PICTURES, *shape]."""
    sides = [_message((2, PICTURES)), *(_message((1, size)) for size in shape)]
    return _message((1, name), (2, _message((1, _message((1, 1), (2, _message(*((1, side) for side in sides))))))))


def _attribute(name: str, value: Any) -> bytes:
    if isinstance(value, list):
        return _message((1, name), *((8, one) for one in value), (20, 7))
    if isinstance(value, float):
        return _message((1, name), (2, value), (20, 1))
    return _message((1, name), (3, value), (20, 2))


def _message(*fields: tuple[int, Any]) -> bytes:
    """A protocol buffer: numbered fields, each a whole number, a float, text or bytes."""
    parts = []
    for number, value in fields:
        if isinstance(value, float):
            parts.append(_varint(number << 3 | 5) + struct.pack("<f", value))
        elif isinstance(value, int):
            parts.append(_varint(number << 3) + _varint(value))
        else:
            content = value.encode() if isinstance(value, str) else value
            parts.append(_varint(number << 3 | 2) + _varint(len(content)) + content)
    return b"".join(parts)


def _varint(value: int) -> bytes:
    """Seven bits a byte, the lowest first."""
    content = bytearray()
    while value > 0x7F:
        content.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*content, value])


# --- The kinds of layers ---------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Form:
    """How a kind of layer is written: its lines of Python, and its nodes, which return the name of their output."""

    code: Callable[[Any], list[str]]
    onnx: Callable[[_Graph, Any, str, dict[str, np.ndarray]], str]


def _form(layer: Layer) -> _Form:
    if layer.kind not in FORMS:
        raise ExportError(f"{layer.name} cannot be exported: there is no way yet to write a layer of its kind.")
    return FORMS[layer.kind]


def _simple(line: str, kind: str, **attributes: Any) -> _Form:
    return _Form(lambda layer: [line], lambda graph, layer, x, weights: graph.node(kind, [x], **attributes))


def _normalise(graph: _Graph, layer: Any, x: str, weights: dict[str, np.ndarray]) -> str:
    shifted = graph.node("Sub", [x, graph.constant(np.float32(layer.mean))])
    return graph.node("Div", [shifted, graph.constant(np.float32(layer.std))])


def _conv(graph: _Graph, layer: Any, x: str, weights: dict[str, np.ndarray]) -> str:
    constants = [graph.constant(weights[name]) for name in ("weight", "bias")]
    return graph.node("Conv", [x, *constants], **_window(layer))


def _window(layer: Any) -> dict[str, Any]:
    return {
        "kernel_shape": [layer.kernel] * 2,
        "strides": [layer.stride] * 2,
        "pads": [layer.padding] * 4,
    }


def _pool_code(layer: Any) -> list[str]:
    return [f"x = nn.functional.max_pool2d(x, {layer.kernel}, {layer.stride}, {layer.padding})"]


def _pad(graph: _Graph, layer: Any, x: str, weights: dict[str, np.ndarray]) -> str:
    frame = [0, 0, layer.padding, layer.padding]
    return graph.node("Pad", [x, graph.constant(frame * 2)])


def _average(graph: _Graph, layer: Any, x: str, weights: dict[str, np.ndarray]) -> str:
    return graph.node("AveragePool", [x], count_include_pad=1, **_window(layer))


def _subsample(graph: _Graph, layer: Any, x: str, weights: dict[str, np.ndarray]) -> str:
    means = _average(graph, layer, x, weights)
    coefficients = graph.constant(weights["weight"][:, :, 0] * np.float32(layer.kernel**2))
    return graph.node("Add", [graph.node("Mul", [means, coefficients]), graph.constant(weights["bias"][:, None, None])])


def _subsample_code(layer: Any) -> list[str]:
    window = f"{layer.kernel}, {layer.stride}, {layer.padding}"
    return [f"x = self.{layer.name}(nn.functional.avg_pool2d(x, {window}, divisor_override=1))"]


def _average_code(layer: Any) -> list[str]:
    return [f"x = nn.functional.avg_pool2d(x, {layer.kernel}, {layer.stride}, {layer.padding})"]


def _squash(graph: _Graph, layer: Any, x: str, weights: dict[str, np.ndarray]) -> str:
    squashed = graph.node("Tanh", [graph.node("Mul", [x, graph.constant(np.float32(2 / 3))])])
    return graph.node("Mul", [squashed, graph.constant(np.float32(SQUASHED))])


def _rbf(graph: _Graph, layer: Any, x: str, weights: dict[str, np.ndarray]) -> str:
    pictures = graph.constant(np.array(layer.told["pictures"], np.float32))
    apart = graph.node("Sub", [graph.node("Unsqueeze", [x, graph.constant([1])]), pictures])
    distances = graph.node("ReduceSum", [graph.node("Mul", [apart, apart]), graph.constant([2])], keepdims=0)
    return graph.node("Neg", [distances])


def _rbf_code(layer: Any) -> list[str]:
    """A sign for each pixel, a line for each digit."""
    signs = ["".join("+" if pixel > 0 else "-" for pixel in picture) for picture in layer.told["pictures"]]
    return [
        "pictures = []",
        *(f'pictures.append([float(sign + "1") for sign in "{picture}"])' for picture in signs),
        "x = -(x[:, None] - torch.tensor(pictures)).square().sum(2)",
    ]


def _dropout(graph: _Graph, layer: Any, x: str, weights: dict[str, np.ndarray]) -> str:
    """ONNX drops nothing unless a third input asks for training."""
    return graph.node("Dropout", [x, graph.constant(np.float32(layer.rate))])


def _linear(graph: _Graph, layer: Any, x: str, weights: dict[str, np.ndarray]) -> str:
    constants = [graph.constant(weights[name]) for name in ("weight", "bias")]
    return graph.node("Gemm", [x, *constants], transB=1)


def _recurrent(kind: str, gates: list[int]) -> Callable[[_Graph, Any, str, dict[str, np.ndarray]], str]:
    """ONNX wants [steps, pictures, features] and an LSTM's gates in another order than PyTorch: `gates` is where each
    is found there. Along the batch the pictures are the steps of one sequence."""

    def write(graph: _Graph, layer: Any, x: str, weights: dict[str, np.ndarray]) -> str:
        def ordered(name: str) -> np.ndarray:
            parts = np.split(weights[f"{name}_l0"], len(gates))
            return np.concatenate([parts[gate] for gate in gates])

        if layer.along_batch:
            x = graph.node("Unsqueeze", [x, graph.constant([1])])
        else:
            x = graph.node("Transpose", [x], perm=[1, 0, 2])
        bias = np.concatenate([ordered("bias_ih"), ordered("bias_hh")])
        numbers = (ordered("weight_ih"), ordered("weight_hh"), bias)
        constants = [graph.constant(one[None]) for one in numbers]
        y = graph.node(kind, [x, *constants], hidden_size=layer.units)
        if layer.along_batch:
            return graph.node("Squeeze", [y, graph.constant([1, 2])])
        return graph.node("Transpose", [graph.node("Squeeze", [y, graph.constant([1])])], perm=[1, 0, 2])

    return write


def _sequence(graph: _Graph, layer: Any, x: str, weights: dict[str, np.ndarray]) -> str:
    steps, channels = layer.output_shape
    flat = graph.node("Reshape", [x, graph.constant([-1, channels, steps])])
    return graph.node("Transpose", [flat], perm=[0, 2, 1])


def _last(graph: _Graph, layer: Any, x: str, weights: dict[str, np.ndarray]) -> str:
    return graph.node("Gather", [x, graph.constant(np.int64(layer.input_shape[0] - 1))], axis=1)


FORMS: dict[str, _Form] = {
    "input": _Form(lambda layer: [], lambda graph, layer, x, weights: x),
    "normalise": _Form(lambda layer: [f"x = (x - {layer.mean!r}) / {layer.std!r}"], _normalise),
    "conv": _Form(lambda layer: [f"x = self.{layer.name}(x)"], _conv),
    "pool": _Form(_pool_code, lambda graph, layer, x, weights: graph.node("MaxPool", [x], **_window(layer))),
    "pad": _Form(lambda layer: [f"x = nn.functional.pad(x, [{layer.padding}] * 4)"], _pad),
    "average": _Form(_average_code, _average),
    "subsample": _Form(_subsample_code, _subsample),
    "squash": _Form(lambda layer: [f"x = {SQUASHED} * (2 / 3 * x).tanh()"], _squash),
    "rbf": _Form(_rbf_code, _rbf),
    "relu": _simple("x = x.relu()", "Relu"),
    "tanh": _simple("x = x.tanh()", "Tanh"),
    "sigmoid": _simple("x = x.sigmoid()", "Sigmoid"),
    "dropout": _Form(lambda layer: [f"x = nn.functional.dropout(x, {layer.rate}, self.training)"], _dropout),
    "flatten": _simple("x = x.flatten(1)", "Flatten", axis=1),
    "linear": _Form(lambda layer: [f"x = self.{layer.name}(x)"], _linear),
    "sequence": _Form(lambda layer: ["x = x.flatten(2).transpose(1, 2)"], _sequence),
    "last": _Form(lambda layer: ["x = x[:, -1]"], _last),
    "rnn": _Form(lambda layer: [f"x = self.{layer.name}(x)[0]"], _recurrent("RNN", [0])),
    "lstm": _Form(lambda layer: [f"x = self.{layer.name}(x)[0]"], _recurrent("LSTM", [0, 3, 1, 2])),
}
