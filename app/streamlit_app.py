"""The explorer: streamlit run app/streamlit_app.py -- RUN (or clio explore RUN).

Pages are in app_pages/, what they share in app_parts/, everything that computes in clio.explore and clio.figures.
"""

import sys
from pathlib import Path

HERE = str(Path(__file__).resolve().parent)
if HERE not in sys.path:
    sys.path.insert(0, HERE)

from app_parts.shell import main  # noqa: E402 - found through the line above

main()
