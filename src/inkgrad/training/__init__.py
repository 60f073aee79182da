"""Training: optimisers, schedules, the loop, and checkpoints that survive an interruption."""
