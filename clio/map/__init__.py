"""The map of a release: one script, shown as a Streamlit component, a notebook widget or a file of its own.

``payload`` packs what is drawn; ``streamlit``, ``widget`` and ``html`` are the three places; ``fallback`` is the plotly
figure for where nothing else works. Aggregates only, unless single ``Points`` are handed over (the restricted view).
"""

from clio.map.colours import Colours
from clio.map.event import MapEvent, View
from clio.map.points import Points

__all__ = ["Colours", "MapEvent", "Points", "View"]
