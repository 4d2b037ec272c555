"""How verdicts and outcomes look: classes of lenet/ui/network/experiments/study.css."""

from lenet.study import judging

TONES = {
    judging.REPRODUCED: "good",
    judging.CAVEAT: "partly",
    judging.NOT_REPRODUCED: "bad",
    judging.CANNOT_TELL: "open",
    judging.HOLDS: "good",
    judging.FAILS: "bad",
    judging.UNDECIDED: "open",
}
