"""A network: layers in a row, their shapes worked out once, their numbers in flat vectors."""

from inkgrad.layers.row import Stage
from inkgrad.network.architectures import seed_network, sketch_network, tiny_network
from inkgrad.network.network import Network
from inkgrad.network.parameters import Parameters, Statistics

__all__ = [
    "Network",
    "Parameters",
    "Stage",
    "Statistics",
    "seed_network",
    "sketch_network",
    "tiny_network",
]
