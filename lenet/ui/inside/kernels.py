"""All kernels of a network as pictures, and the two that the paper reads by eye."""

import streamlit as st

from lenet.formatting import fixed
from lenet.layers import Conv
from lenet.ui.shared import grids, palette
from lenet.ui.shared.frame import dark
from lenet.variant import KERNEL


def _convolutions(model) -> dict:
    """Weights [K, inputs, S, S] of each convolutional layer."""
    return {
        layer.name: model.get_parameter(f"{layer.name}.weight").detach().numpy()
        for layer in model.layers
        if isinstance(layer, Conv)
    }


@st.fragment
def kernels(name: str, model) -> None:
    """Experiment 1: all kernels."""
    weights = _convolutions(model)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        layer = st.segmented_control("Layer", list(weights), default="conv1", key="kernels_layer", required=True)
        each = st.segmented_control(
            "Colours",
            ["one scale for the layer", "one scale for each kernel"],
            required=True,
            default="one scale for the layer",
            key="kernels_scale",
        )
        values = weights[layer if layer in weights else "conv1"]
        several = values.shape[1] > 1
        one = (
            st.selectbox(
                "Numbers",
                [None, *range(len(values))],
                key="kernels_one",
                format_func=lambda k: "none" if k is None else f"kernel {k}",
                help="Choose a kernel to read its weights.",
            )
            if several
            else None
        )
        numbers = one is not None or (not several and st.toggle("Numbers", key="kernels_numbers"))
    count, inputs = values.shape[:2]
    scale = float(abs(values).max()) if each == "one scale for the layer" else None
    some = [one] if one is not None and one < count else range(count)
    picture = grids.sheet(
        values[list(some)].reshape(-1, *values.shape[2:]),
        [f"{k}, map {i}" if several else f"kernel {k}" for k in some for i in range(inputs)],
        across=inputs if several and inputs <= 8 else 8,
        zoom=34 if numbers else 14 if several else 24,
        signed=True,
        scale=scale,
        numbers=numbers,
        dark=dark(),
    )
    size = " × ".join(map(str, values.shape[2:]))
    words = "A row is one kernel, a column one map it reads. " if several and inputs <= 8 else ""
    st.image(picture, alt=f"The {count} kernels of {layer} of {name}, {inputs} × {size} weights each")
    if scale:
        st.html(palette.legend(True, scale, f"{words}Weights:"))
    else:
        st.caption(f"{words}Each grid of {size} has its own scale: {palette.WORDS[True]}.")
    with st.container(horizontal=True):
        st.download_button(
            "Picture (PNG)", grids.png(picture), f"{name}-{layer}.png", "image/png", icon=":material/image:"
        )
        st.download_button(
            "All weights (CSV)",
            grids.kernel_table(weights),
            f"{name}-kernels.csv",
            "text/csv",
            icon=":material/table:",
        )
    _guesses(name, weights)


def _guesses(name: str, weights: dict) -> None:
    """The two kernels that the paper guesses about, its words and the measure of the experiments."""
    from lenet.study.experiments import experiment
    from lenet.study.measures import MEASURES, contrast

    usual = [(KERNEL, KERNEL), (KERNEL, KERNEL)]
    first_two = [weights[layer] for layer in ("conv1", "conv2") if layer in weights]
    if [values.shape[2:] for values in first_two] != usual or min(map(len, first_two)) < 3:
        return  # there are no such kernels here
    st.subheader("Two kernels that the paper reads by eye", anchor=False)
    for claim, (layer, number) in zip(experiment("kernels").claims, [("conv2", 2), ("conv1", 3)]):
        kernel = weights[layer][number - 1].mean(0)
        name_of_measure = "conv2 #2 below diagonal" if layer == "conv2" else "conv1 #3 bottom left"
        measure, found = MEASURES[name_of_measure], contrast(name_of_measure, weights) or 0.0
        left, right = st.columns([1, 9], vertical_alignment="center")
        left.image(
            grids.sheet(kernel[None], [f"{layer}, kernel {number - 1}"], 1, 20, True, dark=dark()),
            alt=f"Kernel {number - 1} of {layer}, mean of its maps",
        )
        right.markdown(
            f"The paper: “{claim.words}”"
            f"{' Here it is the mean over the maps it reads.' if weights[layer].shape[1] > 1 else ''}  \n"
            f"In **{name}**: {measure.words}: **{'+' if found > 0 else ''}{fixed(found, 2)}** — "
            + (
                "the sign the paper's reading needs."
                if found > 0
                else "the opposite of what the paper's reading needs."
            )
            + " Which kernel gets which number depends on the seed; “What a kernel does” measures what it does."
        )
