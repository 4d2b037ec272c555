"""A network to take home: as a PyTorch program of its own, and as ONNX. Neither needs this project.

>>> Path("net.py").write_text(pytorch_code(model.variant, "net.safetensors"))
>>> Path("net.onnx").write_bytes(onnx_bytes(model))            # opset 17, any number of pictures at once

The weights file is a plain safetensors state_dict already: its card lies in the metadata, which others pass over.
ONNX is a protocol buffer of a few messages; they are written here, so nothing need be installed for it.
"""

import struct
from collections.abc import Iterable
from typing import Any

import numpy as np

from lenet.model import LeNet
from lenet.variant import INPUT_SIZE, Variant, layers, parameter_count

OPSET, IR_VERSION = 17, 8
PICTURES = "pictures"  # the length that ONNX leaves open


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
    """A program with the network written out, line by line, that loads its weights from the file of that name."""
    table = layers(variant)[:-1]
    modules = [f"self.{layer.name} = nn.{layer.module()!r}" for layer in table if layer.parameters]
    steps = []
    for layer in table:
        for line in layer.code():
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
    """The network as an ONNX model: input `pictures` [N, 1, 28, 28], output `logits`."""
    graph = _Graph()
    x = "pictures"
    for layer in model.layers[:-1]:
        weights = {
            name.removeprefix(f"{layer.name}."): value.detach().numpy()
            for name, value in model.state_dict().items()
            if name.startswith(f"{layer.name}.")
        }
        x = layer.onnx(graph, x, weights)
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
