"""5 Recurrence: an RNN or an LSTM in place of the 120 -> 84 layer."""

from lenet.study.design import (
    CONSISTENTLY,
    EQUAL,
    LEARNING_RATES,
    STUCK,
    Claim,
    Experiment,
    Guess,
    Part,
    Quantity,
    Setting,
    answers,
    at,
    final,
)

_HEADS = {
    "original": "linear (original)",
    "rnn": "RNN along the batch",
    "lstm": "LSTM along the batch",
    "rnn-steps": "RNN step by step",
    "lstm-steps": "LSTM step by step",
}
LINEAR, RNN, LSTM = (at(name, LEARNING_RATES) for name in ("original", "rnn", "lstm"))

EXPERIMENT = Experiment(
    "recurrence",
    5,
    "Recurrence",
    "What happens when a fully connected layer is replaced with a recurrent one?",
    Guess(
        "Learning rate 0.001: which layer in place of 120 → 84 ends with the highest mean test accuracy?",
        answers(_HEADS, 0.001),
    ),
    (
        Claim(
            "a",
            "Learning rate 0.1: the RNN is about equal to linear, the LSTM sometimes worse.",
            (
                Part(
                    "RNN minus linear, final accuracy, within 2 points",
                    final(RNN[0], minus=LINEAR[:1]),
                    low=-EQUAL,
                    high=EQUAL,
                ),
                Part(
                    "LSTM minus linear, final accuracy, more than 2 points lower",
                    final(LSTM[0], minus=LINEAR[:1]),
                    high=-EQUAL,
                    rule="can",
                ),
            ),
            "Along the batch a digit's answer depends on the digits before it; step by step it depends on that digit "
            "alone. Final accuracy at learning rate 0.1:",
            tuple((label, final(Setting(name))) for name, label in _HEADS.items()),
        ),
        Claim(
            "b",
            "Learning rate 0.01: the RNN is about equal, the LSTM slower.",
            (
                Part(
                    "RNN minus linear, final accuracy, within 2 points",
                    final(RNN[1], minus=LINEAR[1:2]),
                    low=-EQUAL,
                    high=EQUAL,
                ),
                Part(
                    "LSTM minus linear, mean test accuracy over the 20 epochs",
                    Quantity("area", LSTM[1:2], LINEAR[1:2]),
                    high=0,
                ),
            ),
            "The gates of an LSTM begin half closed, so that less gradient comes back through it. Gradient norm of the "
            "first layer before training:",
            (
                ("linear", Quantity("first gradient", LINEAR[1:2])),
                ("RNN", Quantity("first gradient", RNN[1:2])),
                ("LSTM", Quantity("first gradient", LSTM[1:2])),
            ),
        ),
        Claim(
            "c",
            "Learning rate 0.001: the LSTM is stuck at its low initial accuracy.",
            (
                Part(
                    "LSTM, accuracy gained over the untrained network, below 10 points",
                    Quantity("gain", LSTM[2:]),
                    high=STUCK,
                    rule="share",
                    share=CONSISTENTLY,
                ),
            ),
            "Whether it is the LSTM or the learning rate shows in the others. Accuracy gained at 0.001:",
            tuple((label, Quantity("gain", at(name, (0.001,)))) for name, label in _HEADS.items()),
        ),
    ),
    variants=_HEADS,
    lrs=LEARNING_RATES,
    why=("gradients", "outcomes", "neighbours"),
)
