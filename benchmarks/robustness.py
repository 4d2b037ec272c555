"""How often every shipped network misreads MNIST's test digits spoilt in fifteen ways (lenet.probes.corruptions).

Every tenth test digit is read, number n spoilt with seed n. What is measured goes to pretrained/robustness.json, which
the page Stress shows; networks whose weights are in it are not measured again. No figures of others stand beside it:
the ways are those of MNIST-C, but how strong each is, we chose, so errors on its pictures are not the same numbers.
"""

import argparse
import json

EVERY = 10


def arguments(parser: argparse.ArgumentParser) -> None:
    """The options of the command."""
    parser.add_argument("--every", type=int, default=EVERY, help=f"which test digits: every so many (default {EVERY})")
    parser.add_argument("--again", action="store_true", help="measure those that are known, too")


def run(options: argparse.Namespace) -> None:
    """Measure what is lacking, keep it, and print the table."""
    import numpy as np
    import torch

    from lenet.data import mnist, pixels
    from lenet.evaluation import outputs, read
    from lenet.paths import write_atomically
    from lenet.pretrained import card, create_model, list_models
    from lenet.probes.corruptions import CLEAN, CORRUPTIONS, ERRORS, corrupt, errors

    test = mnist("test")
    images, labels = pixels(test.images[:: options.every]), test.labels[:: options.every]
    names = {card(name).checksum: name for name in list_models(pretrained=True)}
    known = {} if options.again else errors()
    found = {mark: known[mark] for mark in names if mark in known and known[mark]["digits"] == len(labels)}
    lacking = {mark: create_model(name, pretrained=True) for mark, name in names.items() if mark not in found}
    for mark in lacking:
        found[mark] = {"name": names[mark], "digits": len(labels), "errors": {}}
    for kind in (CLEAN, *CORRUPTIONS) if lacking else ():
        spoilt = images
        if kind in CORRUPTIONS:
            numbers = range(0, len(test), options.every)
            pictures = [corrupt(image, kind, n) for n, image in zip(numbers, images[:, 0].numpy())]
            spoilt = torch.from_numpy(np.stack(pictures))[:, None]
        for mark, model in lacking.items():
            with torch.inference_mode():
                answers = read(outputs(model, spoilt).softmax(1))
            wrong = sum(answer != label for answer, label in zip(answers, labels.tolist()))
            found[mark]["errors"][kind] = wrong / len(labels)
        print(f"measured: {kind}", flush=True)
    rows = sorted(found.items(), key=lambda row: row[1]["name"])
    write_atomically(ERRORS, (json.dumps(dict(rows), separators=(",", ":")) + "\n").encode())
    print(f"Errors in % of {len(labels)} test digits.\n")
    print("|".join(("network", CLEAN, *CORRUPTIONS, "mean of the fifteen")))
    print("|".join(["---"] * (len(CORRUPTIONS) + 3)))
    for _, row in rows:
        fifteen = [row["errors"][kind] for kind in CORRUPTIONS]
        figures = [row["errors"][CLEAN], *fifteen, sum(fifteen) / len(fifteen)]
        print("|".join([row["name"], *(f"{100 * figure:.1f}" for figure in figures)]))
