"""The findings as one Markdown page, pretrained/REPORT.md: python -m lenet experiments --report."""

import textwrap
from collections import Counter
from collections.abc import Iterable, Mapping
from math import isnan
from pathlib import Path

from lenet.formatting import percent
from lenet.paths import PRETRAINED, ROOT, write_atomically
from lenet.study import curves, judging, measures, tables, training_times, triples
from lenet.study.design import FORMS, ORIGINAL, PAPERS, SEEDS, Experiment, Part, Setting
from lenet.study.experiments import EXPERIMENTS
from lenet.study.judging import NOT_REPRODUCED, REPRODUCED, Finding, Judgement
from lenet.study.kernels import kernels
from lenet.study.measures import Runs

REPORT = PRETRAINED / "REPORT.md"
README = ROOT / "README.md"
BEGIN, END = "<!-- python -m lenet experiments --report writes this -->", "<!-- to here -->"
OFTEN = 0.1  # a share of the triples from which on a verdict counts as one that can well come out
MANY_TESTS = (
    "Each decided part says the p value of its test, and what Holm's correction for all tests of the study makes of "
    "it. Verdicts follow the parts' own tests at 5 %, so of twenty such tests one may mislead: where the corrected p "
    "is above 0.05, take the verdict as provisional."
)
MARKS = {judging.HOLDS: "Holds", judging.FAILS: "**Fails**", judging.UNDECIDED: "*Undecided*"}


def write(path: Path = REPORT, readme: Path = README) -> None:
    """Make the page from the curves, and the README's summary of it. Raises CurvesError, OSError."""
    runs = measures.load(curves.read(), kernels())
    write_atomically(path, report(runs).encode())
    before, found, after = readme.read_text(encoding="utf-8").partition(BEGIN) if readme.exists() else ("", "", "")
    if found:
        write_atomically(readme, f"{before}{BEGIN}\n{summary(runs)}\n{END}{after.partition(END)[2]}".encode())


def summary(runs: Runs) -> str:
    """What came out, in four sentences."""
    papers = [e for e in EXPERIMENTS if e.number <= PAPERS]
    judged = [judging.judge(claim, runs) for e in papers for claim in e.claims]
    count = Counter(judgement.verdict for judgement in judged)
    seeds = [len(runs.seeds(setting.form(form))) for e in papers for setting in e.settings() for form in FORMS]
    shares = [found for judgement in judged if len((found := triples.of(judgement)).seems) > 1]
    lottery = sum(
        min(found.shares.get(name, 0.0) for name in (REPRODUCED, NOT_REPRODUCED)) >= OFTEN for found in shares
    )
    fail, fine = (_failing(ORIGINAL.form(form), runs) for form in FORMS)
    several = f"{min(seeds)} to {max(seeds)}" if min(seeds) < max(seeds) else f"{max(seeds)}"
    sentences = (
        f"The paper's five experiments, run again with {several} seeds for each setting instead of three. Of its "
        f"{len(judged)} claims, {count[REPRODUCED]} reproduced, {count[judging.CAVEAT]} reproduced with a caveat, "
        f"{count[NOT_REPRODUCED]} not reproduced, {count[judging.CANNOT_TELL]} undecided.",
        f"Three repetitions, as the paper had them, can be a lottery: for {lottery} of {len(shares)} claims, "
        "at least one set of three seeds in ten says *reproduced*, and at least one in ten says *not reproduced*.",
        f"With the paper's ReLU after the last layer {fail} runs of the base network end without some digit, "
        f"without it {fine}.",
        "Every claim with its rule and its numbers is in [pretrained/REPORT.md](pretrained/REPORT.md), and on the page "
        "**Experiments** anybody can pick three seeds and see what they would have said.",
    )
    return textwrap.fill(" ".join(sentences), 120, break_long_words=False, break_on_hyphens=False)


def _failing(setting: Setting, runs: Runs) -> str:
    found = runs.of(setting).values()
    return f"{sum(map(measures.failed, found))} of {len(found)}"


def report(runs: Runs) -> str:
    """The page as text."""
    judged = {f"{e.number}{claim.letter}": judging.judge(claim, runs) for e in EXPERIMENTS for claim in e.claims}
    corrected = judging.corrected(judged.values())
    wanted = {run for e in EXPERIMENTS for run in e.runs()}
    done = len(wanted & runs.keys())
    seeds = sorted({run.seed for run in runs})
    state = f"All {done} runs" if done == len(wanted) else f"{done} of the {len(wanted)} runs"
    parts = [
        "# The five experiments: what came out",
        "Made from `pretrained/curves.parquet` by `python -m lenet experiments --report`. Do not edit: it is written "
        "anew.",
        f"{state} with the seeds {', '.join(map(str, SEEDS))} are done; seeds there are: "
        f"{', '.join(map(str, seeds)) or 'none'}. Two forms of every network: *paper*, with the nonlinearity after the "
        "last layer too, and *linear output*, without it. With the release of PyTorch that made them, runs come out "
        f"the same, bit for bit, on every x86-64 processor with AVX2: {_releases(runs)}.",
        f"**The rule.** {judging.VERDICT_RULE}",
        f"**Failures.** {judging.FAILURE_RULE}",
        f"**Many tests.** {MANY_TESTS} The intervals of the tables are 95 % t intervals of the mean; no verdict "
        "rests on them.",
        _overview(judged),
        *(_experiment(e, runs, judged, corrected) for e in EXPERIMENTS),
    ]
    return "\n\n".join(parts) + "\n"


def _releases(runs: Runs) -> str:
    found = Counter(history.torch[0] or "no release" for history in runs.values())
    return ", ".join(f"{release} ({count} runs)" for release, count in sorted(found.items())) or "none"


def _overview(judged: Mapping[str, Judgement]) -> str:
    rows = [
        [name, judgement.claim.words, f"**{judgement.verdict}**", judgement.note, _shares(judgement)]
        for name, judgement in judged.items()
    ]
    return markdown(["", "the paper says", "verdict", "", "three repetitions would have said"], rows)


def _shares(judgement: Judgement) -> str:
    return ", ".join(f"{name} {percent(share, 0)}" for name, share in judgement.three_repetitions.items())


def _experiment(e: Experiment, runs: Runs, judged: Mapping[str, Judgement], corrected: Mapping[Part, float]) -> str:
    parts = [f"## {e.number} {e.title}", e.question]
    for form, words in e.forms.items():
        for lr in e.lrs if e.variants else ():
            parts.append(f"{e.rate(lr)}, {words}:")
            rows = tables.table(tables.settings_at(e, lr, form), runs)
            parts.append(markdown(TABLE, map(table_row, rows)))
            parts += luck(rows)
    parts += [SECTIONS[name]() for name in e.why if name in SECTIONS]
    for claim in e.claims:
        name = f"{e.number}{claim.letter}"
        parts += [f"### {name} {claim.words}", *claim_lines(judged[name], corrected)]
        parts.append(f"*Mechanism.* {judging.mechanism(claim, runs)}")
    return "\n\n".join(parts)


TABLE = [
    "",
    "runs",
    "fail",
    "accuracy",
    "95 % interval",
    "runs above 90 %",
    "epochs to 90 %",
    "classes never predicted",
    "each seed (%)",
]


def table_row(row: dict) -> list[str]:
    """A row of tables.table as text."""
    interval = "–" if isnan(row["low"]) else f"{percent(row['low'])} to {percent(row['high'])}"
    rest = ["–" if isnan(row[name]) else f"{row[name]:.1f}" for name in ("epochs", "unpredicted")]
    final = "not yet run" if isnan(row["final"]) else f"{percent(row['final'])}"
    return [
        row["network"],
        str(row["n"]),
        str(row["failed"]),
        final,
        interval,
        str(row["reached"]),
        *rest,
        ", ".join(f"{v:.1f}" for v in row["seeds"]),
    ]


def luck(rows: Iterable[dict]) -> list[str]:
    """A sentence for each row of tables.table with accuracies that are better than what the network can tell."""
    return [
        f"{row['network']}, seed {', '.join(map(str, row['lucky']))}: the logit of 0 is dead, and zeros count as "
        "classified correctly only because a tie between ten equal logits goes to the first. Up to ten points of "
        "that accuracy are luck."
        for row in rows
        if row["lucky"]
    ]


def times_table(rows: list[dict]) -> str:
    """The rows of training_times, in Markdown."""
    header = ["", "paper, s", "paper, ratio", "here, s an epoch", "here, ratio"]
    body = [
        [
            row["network"],
            str(row["paper seconds"]),
            f"{row['paper ratio']:.2f}",
            f"{row['seconds']:.1f}",
            f"{row['ratio']:.2f}",
        ]
        for row in rows
    ]
    return markdown(header, body)


def _times() -> str:
    rows = training_times.rows()
    if not rows:
        return "Training times were not measured on this machine yet: `python -m lenet times`."
    return f"Training time ({training_times.machine()}):\n\n{times_table(rows)}"


# What the report shows of an experiment beside its tables and claims: rows named in Experiment.why.
SECTIONS = {"times": _times}


def claim_lines(judgement: Judgement, corrected: Mapping[Part, float]) -> list[str]:
    """Paragraphs in Markdown: the verdict, what each part came to, and what three repetitions would have said.

    corrected: p values of the study after Holm's correction (judging.corrected).
    """
    return [
        f"**{judgement.verdict.capitalize()}.** {judgement.note}".strip(),
        "\n".join(part_lines(judgement, corrected)),
        *filter(None, [judging.three_repetitions(judgement)]),
    ]


def part_lines(judgement: Judgement, corrected: Mapping[Part, float]) -> list[str]:
    """What each part of a claim came to, as a list in Markdown: outcome, statement, numbers, rule, counter-test."""
    lines = []
    for at, finding in enumerate(judgement.paper):
        lines.append(f"- {MARKS[finding.outcome]}: {finding.part.words}: {told(finding, corrected)}")
        lines.append(f"  - The rule: {judging.rule(finding.part)}.")
        if judgement.linear:
            other = judgement.linear[at]
            lines.append(f"  - With linear output: {MARKS[other.outcome].lower()}, {told(other, corrected)}")
    return lines


def told(finding: Finding, corrected: Mapping[Part, float]) -> str:
    """What a part came to in sentences: its numbers, p values where it is decided, else how many seeds would do it."""
    sentences = [f"{judging.numbers(finding)}."]
    if finding.p is not None and finding.outcome != judging.UNDECIDED:
        sentences.append(f"p = {finding.p:.2g}, corrected for all tests of the study {corrected[finding.part]:.2g}.")
    return " ".join([*sentences, *filter(None, [judging.more_seeds(finding)])])


def markdown(header: list[str], rows: Iterable[list[str]]) -> str:
    """A table in Markdown."""
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines)
