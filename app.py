"""The first page: draw a digit, and LeNet reads it. Start it with: streamlit run app.py"""

import streamlit as st

from lenet.ui import digit, frame, networks

frame.page("draw")

chosen = networks.choose("networks", most=3, label="Networks")
digit.choose()


@st.fragment
def board() -> None:
    from streamlit_drawable_canvas import st_canvas  # needs a running app: never at import

    st_canvas(stroke_width=18, stroke_color="#ffffff", background_color="#000000", height=280, width=280,
              return_image_data=True, key="canvas")  # fmt: skip


board()
