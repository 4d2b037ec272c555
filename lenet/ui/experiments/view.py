"""The component that draws the charts, claims and guesses: views of lenet/ui/network/experiments/study.js."""

from typing import Any

from lenet.ui.shared import modules

HTML = '<div class="study"></div>\n'


def show(key: str, data: Any, **callbacks: Any) -> Any:
    """Show a view: data is a dictionary whose "view" names it, or that as JSON in bytes."""
    return modules.component("experiments/study.js", HTML, "experiments/study")(key=key, data=data, **callbacks)
