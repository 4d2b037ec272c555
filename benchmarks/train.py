"""Training against the usual loop, three figures in one run: an epoch, the time from Start to 99 % of the test set, and
from Start to the first loss and the first accuracy on the screen. One of --epoch, --to-99, --start asks for it alone;
--quick for the score of the quick recipe.

The usual loop is a shuffling DataLoader over torchvision's MNIST with ToTensor. The floor is the network's
multiply-adds, forward and backward, at the rate of a large float32 matrix product on this machine. All three have the
same network, batch, optimiser and number of threads; the epoch is projected from the batches that were timed.
"""

import argparse
import re
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

SLICES = 5  # the contenders take turns, so that a busy or throttling machine meets all alike
SEEDS = 5


def arguments(parser: argparse.ArgumentParser) -> None:
    """The options of the command."""
    parser.add_argument("--quick", action="store_true", help=f"test accuracy of the quick recipe, {SEEDS} seeds")
    parser.add_argument("--epoch", action="store_true", help="an epoch: ours, the usual loop and the floor")
    parser.add_argument(
        "--start", action="store_true", help="seconds from Start to a loss and an accuracy on the screen"
    )
    parser.add_argument(
        "--to-99", action="store_true", help="seconds from Start to 99 %% of the test set, ours and usual"
    )
    parser.add_argument("--seeds", type=int, default=SEEDS, help=f"of --to-99, for each of the two (default {SEEDS})")
    parser.add_argument("--batches", type=int, default=100, help="batches of 256 timed of each loop (default 100)")
    parser.add_argument("--threads", type=int, default=2, help="torch's threads (default 2)")


def run(options: argparse.Namespace) -> None:
    """Measure and print."""
    if options.quick:
        quick()
    every = not (options.quick or options.epoch or options.to_99 or options.start)
    if options.epoch or every:
        epoch(options.batches, options.threads)
    if options.start or every:
        first_figures()
    if options.to_99 or every:
        to_99(options.seeds, options.threads)


def quick() -> None:
    """Train the network of `best` by the quick recipe from each seed and print the test accuracies."""
    from dataclasses import replace
    from statistics import mean

    from lenet.data import mnist
    from lenet.evaluation import evaluate
    from lenet.recipe import RECIPES
    from lenet.training import new_model, prepare_process, train
    from lenet.variant import VARIANTS

    prepare_process()
    scores = []
    for seed in range(SEEDS):
        model = new_model(VARIANTS["best"], seed)
        start = time.perf_counter()
        for _ in train(model, replace(RECIPES["quick"], seed=seed), mnist("train")):
            pass
        scores.append(evaluate(model, mnist("test")).accuracy)
        print(f"seed {seed}: {scores[-1]:.2%} of the test set in {time.perf_counter() - start:.1f} s", flush=True)
    print(f"mean of {SEEDS} seeds: {mean(scores):.3%} after {RECIPES['quick'].epochs} epochs")


def first_figures() -> None:
    """From the press of Start to the first loss and the first accuracy on the screen, each time for a new visitor."""
    from statistics import median

    from benchmarks.app.browser import Server, chromium

    server = Server()
    losses, accuracies = [], []
    try:
        with chromium() as browser:
            for visit in range(SEEDS):
                context = browser.new_context(viewport={"width": 1280, "height": 720})
                page = context.new_page()
                page.goto(f"{server.url}/train")
                page.locator(".st-key-start button:enabled").wait_for(timeout=60_000)
                page.wait_for_timeout(1000 * READY if not visit else 2000)
                start = time.perf_counter()
                page.locator(".st-key-start button").click()
                page.get_by_text("Loss of the last batch").wait_for(timeout=60_000)
                losses.append(time.perf_counter() - start)
                page.get_by_text(re.compile(r"Accuracy \d")).first.wait_for(timeout=60_000)
                accuracies.append(time.perf_counter() - start)
                page.locator(".st-key-stop button").click()
                page.locator(".st-key-start button:enabled").wait_for(timeout=60_000)
                context.close()
    finally:
        server.stop()
    for what, seconds in (("loss", losses), ("accuracy", accuracies)):
        every = ", ".join(f"{one:.1f}" for one in seconds)
        print(f"Start to the first {what} on the screen: median {median(seconds):.1f} s ({every})", flush=True)


GOAL = 0.99
MOST_EPOCHS = 30  # of the usual loop
LONGEST = 600.0  # seconds that our run may take
READY = 20.0  # seconds that the service has to get its worker ready, as it has while somebody reads the page


def to_99(seeds: int, threads: int) -> None:
    """From the press of Start to 99 % of the test set: the app's service with its quick recipe, as a visitor gets it
    (one process, one thread, all measuring between the steps included), and the usual loop (a shuffling DataLoader,
    Adam at 0.001, batches of 64, tested after each epoch) in turn, seed by seed."""
    from statistics import mean

    from lenet.service.queue import Service

    service = Service(workers=1, here=lambda owner: True)
    service.expect()
    time.sleep(READY)
    ours, usual = [], []
    with _unpacked() as folder:
        for seed in range(seeds):
            ours.append(_start_to_99(service, seed))
            print(f"seed {seed}: ours  {ours[-1]:7.1f} s", flush=True)
            usual.append(_usual_to_99(seed, threads, folder))
            print(f"seed {seed}: usual {usual[-1]:7.1f} s", flush=True)
    print(
        f"mean of {seeds} seeds, Start to {GOAL:.0%} of the test set: ours {mean(ours):.1f} s, the usual loop "
        f"{mean(usual):.1f} s with {threads} threads: {mean(ours) / mean(usual):.3f} x"
    )


def _start_to_99(service, seed: int) -> float:
    """Seconds; infinite if the run ends below 99 % or is too slow."""
    from dataclasses import replace

    from lenet.recipe import RECIPES
    from lenet.service.queue import State
    from lenet.variant import VARIANTS

    start = time.perf_counter()
    job = service.submit(VARIANTS["best"], replace(RECIPES["quick"], seed=seed), "bench")
    reached, over = float("inf"), False
    while not over:
        seconds = time.perf_counter() - start
        over = job.settled or seconds > LONGEST
        if job.history and job.history[-1].test_accuracy >= GOAL:
            reached, over = seconds, True
        time.sleep(0.01)
    service.command(job, "stop", "bench")
    while not job.settled:  # so that the usual loop has the machine to itself
        time.sleep(0.05)
    if job.state == State.FAILED:
        raise SystemExit(job.error)
    return reached


def _usual_to_99(seed: int, threads: int, folder: Path) -> float:
    """Seconds; infinite if it does not get there."""
    import torch
    from torch.utils.data import DataLoader
    from torchvision.datasets import MNIST
    from torchvision.transforms import ToTensor

    from lenet.training import new_model
    from lenet.variant import VARIANTS

    torch.set_num_threads(threads)
    start = time.perf_counter()
    torch.manual_seed(seed)
    model = new_model(VARIANTS["best"], seed)
    test = DataLoader(MNIST(str(folder), train=False, transform=ToTensor()), 1000)
    optimiser = torch.optim.Adam(model.parameters(), 1e-3)
    steps = _usual(model, optimiser, 64, folder)
    for _ in range(MOST_EPOCHS):
        for _ in range(-(-60_000 // 64)):
            next(steps)
        with torch.no_grad():
            right = sum(int((model(images).argmax(1) == labels).sum()) for images, labels in test)
        if right / 10_000 >= GOAL:
            return time.perf_counter() - start
    return float("inf")


def epoch(batches: int, threads: int) -> None:
    """Time the contenders in turn and print the epoch of each with the ratios."""
    import torch

    from lenet.data import mnist
    from lenet.recipe import RECIPES
    from lenet.system import keep_memory
    from lenet.training import new_model, train
    from lenet.variant import VARIANTS, layers

    torch.set_num_threads(threads)
    variant, recipe = VARIANTS["original"], RECIPES["paper"]
    a_slice = max(1, batches // SLICES)
    seconds = {"ours": 0.0, "usual": 0.0}
    products = []
    plain = new_model(variant, 0)
    with _unpacked() as folder:
        loops = {
            "ours": train(new_model(variant, 0), recipe, mnist("train")),
            "usual": _usual(plain, torch.optim.SGD(plain.parameters(), recipe.lr), recipe.batch_size, folder),
        }
        for _ in range(SLICES):
            for name, loop in loops.items():
                keep_memory(name == "ours")
                for _ in range(2):  # the first steps of a turn allocate
                    next(loop)
                start = time.perf_counter()
                for _ in range(a_slice):
                    next(loop)
                seconds[name] += time.perf_counter() - start
            products.append(_rate())
    share = recipe.steps_per_epoch / (a_slice * SLICES)
    ours, usual = seconds["ours"] * share, seconds["usual"] * share
    rate = max(products)
    # Backward has two products for each of the forward pass, for the weights and for the input; of the picture itself
    # nobody wants the gradient, so the first layer has one.
    first, *later = (layer.macs for layer in layers(variant) if layer.macs)
    needed = 2 * first + 3 * sum(later)
    floor = needed * recipe.train_size / rate
    print(
        f"{threads} threads, batches of {recipe.batch_size}, {a_slice * SLICES} timed; seconds for an epoch of "
        f"{recipe.train_size:,} images"
    )
    print(f"ours         {ours:7.2f} s   {ours / usual:5.2f} x the usual loop   {ours / floor:5.2f} x the floor")
    print(f"usual loop   {usual:7.2f} s")
    print(
        f"floor        {floor:7.2f} s   {needed:,} multiply-adds a picture, forward and backward, "
        f"at {rate / 1e9:.1f} GMAC/s"
    )


def _usual(model, optimiser, batch_size: int, folder: Path) -> Iterator[None]:
    """The loop of the tutorials, one batch at a time."""
    import torch
    from torch.utils.data import DataLoader
    from torchvision.datasets import MNIST
    from torchvision.transforms import ToTensor

    loader = DataLoader(MNIST(str(folder), train=True, transform=ToTensor()), batch_size, shuffle=True)
    loss_function = torch.nn.CrossEntropyLoss()
    device = torch.device("cpu")
    while True:
        for images, labels in loader:
            images, labels = images.to(device), labels.to(device)
            optimiser.zero_grad()
            loss = loss_function(model(images), labels)
            loss.backward()
            optimiser.step()
            loss.item()  # the running loss that such loops print; ours reads it too
            yield


@contextmanager
def _unpacked() -> Iterator[Path]:
    """A folder with MNIST as torchvision wants to find it."""
    import gzip

    from lenet.mnist_files import MNIST

    with tempfile.TemporaryDirectory() as temporary:
        raw = Path(temporary, "MNIST", "raw")
        raw.mkdir(parents=True)
        for packed in MNIST.glob("*.gz"):
            (raw / packed.stem).write_bytes(gzip.decompress(packed.read_bytes()))
        yield Path(temporary)


def _rate(size: int = 1024, repeats: int = 8) -> float:
    """Multiply-adds a second of a float32 matrix product, the best of the repeats."""
    import torch

    left, right = torch.rand(size, size), torch.rand(size, size)
    best = float("inf")
    for _ in range(repeats):
        start = time.perf_counter()
        left @ right
        best = min(best, time.perf_counter() - start)
    return size**3 / best
