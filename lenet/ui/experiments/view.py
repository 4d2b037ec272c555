"""The component that draws the page's charts, claims and guesses in the browser: views of lenet/ui/network/study.js."""

from typing import Any

from lenet.ui.shared import modules

HTML = '<div class="study"></div>\n'


def show(key: str, data: Any, **callbacks: Any) -> Any:
    """Show a view: data is a dictionary whose "view" names it, or that as JSON in bytes."""
    return modules.component("study.js", HTML, "study")(key=key, data=data, **callbacks)
