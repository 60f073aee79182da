"""The whole job as a plain PyTorch script: read drawings, train, judge. Knows nothing of inkgrad.

``python torch_job.py FOLDER PARTS.npz --classes A,B,C --limit N --epochs N --seed N``, where
PARTS.npz holds the rows ``train`` and ``test``. It prints the share of right answers.
"""

from __future__ import annotations

import argparse
import math
from pathlib import Path

import numpy as np
import torch

BATCH, RATE, WARMUP = 128, 2e-3, 0.05  # as `inkgrad train`


def main() -> None:
    """Do the job."""
    words = argparse.ArgumentParser()
    words.add_argument("folder", type=Path)
    words.add_argument("parts", type=Path)
    words.add_argument("--classes", required=True)
    for name in ("--limit", "--epochs", "--seed", "--threads"):
        words.add_argument(name, type=int, required=True)
    options = words.parse_args()
    torch.set_num_threads(options.threads)
    torch.manual_seed(options.seed)

    classes = options.classes.split(",")
    x, labels = load(options.folder, classes, options.limit)
    parts = np.load(options.parts)
    train, test = torch.from_numpy(parts["train"]), torch.from_numpy(parts["test"])
    network = make_network(len(classes))
    fit(network, x, labels, train, options.epochs)
    print(f"accuracy {accuracy(network, x, labels, test)}")


def load(folder: Path, classes: list[str], limit: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Return the first drawings of each class (n, 1, 28, 28), ink 1 on 0, and their labels (n,)."""
    arrays = [
        np.load(folder / "numpy_bitmap" / f"{name}.npy", mmap_mode="r")[:limit] for name in classes
    ]
    x = torch.from_numpy(np.concatenate(arrays)).reshape(-1, 1, 28, 28)
    counts = torch.tensor([len(array) for array in arrays])
    labels = torch.repeat_interleave(torch.arange(len(classes)), counts)
    return x.float().div_(255).to(memory_format=torch.channels_last), labels


def make_network(classes: int) -> torch.nn.Module:
    """Return the seed network with weights by He's rule."""
    nn = torch.nn
    network = nn.Sequential(
        nn.Conv2d(1, 32, 3, padding=1),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Conv2d(32, 64, 3, padding=1),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Flatten(),
        nn.Linear(3136, 128),
        nn.ReLU(),
        nn.Linear(128, classes),
    )
    for layer in network:
        if isinstance(layer, (nn.Conv2d, nn.Linear)):
            nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")
            nn.init.zeros_(layer.bias)
    return network.to(memory_format=torch.channels_last)


def fit(
    network: torch.nn.Module,
    x: torch.Tensor,
    labels: torch.Tensor,
    train: torch.Tensor,
    epochs: int,
) -> None:
    """Train by Adam, the learning rate a short rise and then half a cosine wave."""
    steps = epochs * math.ceil(len(train) / BATCH)
    rise = round(WARMUP * steps)
    adam = torch.optim.Adam(network.parameters(), lr=RATE, fused=True)

    def factor(step: int) -> float:
        if step < rise:
            return (step + 1) / rise
        return 0.5 * (1 + math.cos(math.pi * (step - rise) / (steps - rise)))

    schedule = torch.optim.lr_scheduler.LambdaLR(adam, factor)
    for _ in range(epochs):
        for rows in train[torch.randperm(len(train))].split(BATCH):
            adam.zero_grad(set_to_none=True)
            torch.nn.functional.cross_entropy(network(x[rows]), labels[rows]).backward()
            adam.step()
            schedule.step()


@torch.inference_mode()
def accuracy(
    network: torch.nn.Module, x: torch.Tensor, labels: torch.Tensor, test: torch.Tensor
) -> float:
    """Return the share of right answers."""
    right = 0
    for rows in test.split(1024):
        right += int((network(x[rows]).argmax(1) == labels[rows]).sum())
    return right / len(test)


if __name__ == "__main__":
    main()
