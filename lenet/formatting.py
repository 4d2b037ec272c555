"""How numbers are written wherever people read them."""

from math import isfinite

SUPERSCRIPTS = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


def percent(share: float, digits: int = 1) -> str:
    """0.985 -> 98.5 %."""
    return f"{100 * share:.{digits}f} %"


def probability(share: float) -> str:
    """The same of a network's answer, on one line; 100 % would say more than a softmax can."""
    words = "> 99 %" if share > 0.99 else percent(share, 0)
    return words.replace(" ", "\N{NO-BREAK SPACE}")


def fixed(value: float, digits: int) -> str:
    """A number with a real minus sign and so many figures after the point; nothing is less than zero by rounding."""
    text = f"{value:.{digits}f}"
    return text.lstrip("-") if float(text) == 0 else text.replace("-", "−")


def short(value: float, figures: int = 2) -> str:
    """A number of any size to so many figures, very small and large ones with a power of ten: 3.0 × 10⁻⁵."""
    if not isfinite(value):
        return str(value)
    if value == 0 or 1e-3 <= abs(value) < 1e5:
        return fixed(value, 0) if abs(value) >= 100 else f"{value:.{figures}g}".replace("-", "−")
    digits, _, power = f"{value:.{figures - 1}e}".partition("e")
    return f"{digits} × 10{str(int(power)).translate(SUPERSCRIPTS)}".replace("-", "−", 1 if value < 0 else 0)


def duration(seconds: float) -> str:
    """As people say it: 95 s, 4 min, 3 h."""
    for unit, length in (("h", 3600), ("min", 60)):
        if seconds >= 2 * length:
            return f"{seconds / length:,.0f} {unit}"
    return f"{seconds:.0f} s"
