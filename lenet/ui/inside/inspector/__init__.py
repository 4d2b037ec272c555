"""The in-browser inspector."""

from lenet.ui.inside.inspector.component import inspector

__all__ = ["inspector"]
