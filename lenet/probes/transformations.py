"""The ways to change a digit, and the averages that were measured with them. Nothing here imports torch.

What each way does to a picture stands in lenet/probes/stress.py, and for the page in
lenet/ui/network/stress/transform.js.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from lenet.paths import PRETRAINED
from lenet.variant import INPUT_SIZE

AMOUNTS = 41  # of a sweep
AVERAGES = PRETRAINED / "stress.parquet"
LANES = 8  # numbers that torch turns into normal ones together


@dataclass(frozen=True)
class Transformation:
    """One way to change a picture.

    low, high, neutral: amounts, of which `neutral` changes nothing, bit for bit; ways: what
    smaller and larger amounts do.
    """

    label: str
    unit: str
    ways: tuple[str, str]
    low: float
    high: float
    neutral: float

    def amounts(self, count: int = AMOUNTS) -> np.ndarray:
        """Evenly spaced, float64 [count], the neutral one exactly among them."""
        step = (self.high - self.low) / (count - 1)
        return self.neutral + (np.arange(count) - self.neutral_at(count)) * step

    def neutral_at(self, count: int = AMOUNTS) -> int:
        """The place of the neutral amount among `amounts(count)`."""
        return round((self.neutral - self.low) / (self.high - self.low) * (count - 1))

    def show(self, amount: float) -> str:
        """The amount for people, with its sign and unit: +3.5 pixels, × 0.8."""
        if self.unit == "×":
            return f"× {amount:.3g}"
        sign = "+" if self.low < 0 < amount else ""
        return f"{sign}{amount:.3g}{self.unit if self.unit == '°' else f' {self.unit}'}".replace("-", "−")


# In the order in which they are applied together.
TRANSFORMATIONS = {
    "stroke": Transformation("Stroke width", "pixels", ("thinner", "thicker"), -2, 3, 0),
    "squeeze": Transformation("Squeeze", "% of the width", ("wider", "narrower"), -50, 50, 0),
    "scale": Transformation("Size", "×", ("smaller", "larger"), 0.5, 1.5, 1),
    "rotate": Transformation("Rotate", "°", ("clockwise", "anticlockwise"), -90, 90, 0),
    "shift": Transformation("Shift", "pixels", ("to the left", "to the right"), -10, 10, 0),
    "noise": Transformation("Noise", "of the ink", ("", "more"), 0, 1, 0),
}


def transformation(name: str) -> Transformation:
    """The row of TRANSFORMATIONS of that name. Raises ValueError with the names there are."""
    if name not in TRANSFORMATIONS:
        raise ValueError(f"There is no transformation {name!r}. There are: {', '.join(TRANSFORMATIONS)}.")
    return TRANSFORMATIONS[name]


def noise_pattern(seed: int) -> np.ndarray:
    """Standard normal, float32 [28, 28], the same for the same seed: torch.randn's, but for its last figures.

    Pairs of evenly distributed numbers become normal ones (G. Box, M. Muller, 1958).
    """
    words = np.random.RandomState(seed).randint(0, 2**32, INPUT_SIZE**2, np.uint64).astype(np.uint32)
    even = (words & (2**24 - 1)) / 2**24
    one, two = even.reshape(-1, 2, LANES).swapaxes(0, 1)
    radius, angle = np.sqrt(-2 * np.log(1 - one)), 2 * np.pi * two
    pattern = np.stack([radius * np.cos(angle), radius * np.sin(angle)], 1)
    return pattern.reshape(INPUT_SIZE, INPUT_SIZE).astype(np.float32)


# The average over many digits, kept in a file ------------------------------------------------------------------------

SCHEMA = pa.schema(
    [
        ("network", pa.string()),
        ("checksum", pa.string()),  # of its weights: other weights need another average
        ("transformation", pa.string()),
        ("normalised", pa.bool_()),  # scaled and centred again before it is read
        ("amount", pa.float64()),
        ("mean", pa.float64()),  # probability of the true digit
        ("low", pa.float64()),  # 95 % interval of the mean
        ("high", pa.float64()),
        ("accuracy", pa.float64()),
        ("digits", pa.int64()),
    ]
)


class AveragesError(RuntimeError):
    """The file of averages is missing or damaged; the message says how to mend it."""


def read_averages(path: Path = AVERAGES) -> pa.Table:
    """The averages that were measured. Raises AveragesError."""
    mend = "python -m lenet stress makes it."
    try:
        with pq.ParquetFile(path) as file:
            return file.read(SCHEMA.names, use_threads=False).cast(SCHEMA)
    except FileNotFoundError:
        raise AveragesError(f"{path.name} with the averages over many digits is missing: {mend}") from None
    except (OSError, KeyError, pa.ArrowException) as error:
        raise AveragesError(f"{path.name} with the averages is damaged ({type(error).__name__}): {mend}") from error
