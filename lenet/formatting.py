"""How numbers are written wherever people read them."""


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
