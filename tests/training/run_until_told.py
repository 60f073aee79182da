"""A training run in a process of its own, to be interrupted or killed by test_resume."""

from __future__ import annotations

import sys

from inkgrad.training import Event, Fitted, StepDone, fit

from .problems import RECIPES, TRAIN, VALIDATION, network_of


def tell(event: Event) -> None:
    """Print how many steps are done, so that the parent can choose its moment."""
    if isinstance(event, StepDone):
        print((event.epoch - 1) * event.steps_per_epoch + event.step, flush=True)


def main(name: str, folder: str, resume: str) -> Fitted:
    return fit(
        network_of(name),
        TRAIN,
        validation=VALIDATION,
        recipe=RECIPES[name],
        folder=folder,
        engine="reference",
        resume=resume == "resume",
        on_event=tell,
        checkpoint_seconds=0,
    )


if __name__ == "__main__":
    print(main(*sys.argv[1:]).stopped, flush=True)
