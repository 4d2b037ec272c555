"""The in-browser inspector."""

from lenet.ui.inspector.component import inspector

__all__ = ["inspector"]
