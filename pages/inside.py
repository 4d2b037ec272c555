"""Look inside: the inspector, the kernels, what each kernel does, and the training tape."""

import streamlit as st

from lenet.ui.inside import evidence, kernels, tape
from lenet.ui.shared import digit, frame, networks

FIRST_DIGIT = 7  # of the test set, while nothing is drawn or chosen: a 9 with a clear loop
KERNELS, EVIDENCE, TAPE = "Kernels", "What a kernel does", "Training tape"

frame.page("inside")
with st.container(horizontal=True, vertical_alignment="bottom", gap="medium"):
    with st.container(width="content"):
        shown = digit.choose()
    with st.container(width="content"):
        chosen = networks.choose("network", most=1)
place = st.container()
section = st.segmented_control(
    "More about this network",
    [KERNELS, EVIDENCE, TAPE],
    key="section",
    bind="query-params",
    help="Computed only when you select it.",
)

# From here on torch is needed; the frame and the choosers are on the screen already.
with place, networks.waking():
    if shown is None:
        digit.show_first(FIRST_DIGIT)
    models, problems = networks.load_all(chosen)
for problem in problems:
    place.error(problem)
if shown is not None and models:
    from lenet.ui.inside.inspector import inspector

    (name, model), *_ = models.items()
    card = networks.load(name)[1]
    with place:
        inspector(model, name, shown)
    if section != TAPE:
        tape.stop_tape()
    if section == KERNELS:
        kernels.kernels(name, model)
    elif section == EVIDENCE:
        evidence.evidence(name, model, card.checksum)
    elif section == TAPE:
        tape.tape(shown.image)
networks.warm_up()
