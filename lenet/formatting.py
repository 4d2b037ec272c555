"""How numbers are written wherever people read them."""


def percent(share: float, digits: int = 1) -> str:
    """0.985 -> 98.5 %."""
    return f"{100 * share:.{digits}f} %"


def probability(share: float) -> str:
    """The same of a network's answer, on one line; 100 % would say more than a softmax can."""
    words = "> 99 %" if share > 0.99 else percent(share, 0)
    return words.replace(" ", "\N{NO-BREAK SPACE}")
