"""Networks in torch, their training, and the runs that it leaves behind.

`MLP` is a feature map and a readout; `train("sinusoid")` trains an experiment into a folder, with a progress bar, and
goes on exactly where it stopped; `load_run(folder)` gives the network at every saved epoch.
"""

from symgeo.models.activations import ACTIVATIONS
from symgeo.models.config import Config
from symgeo.models.epochs import Metrics
from symgeo.models.experiments import EXPERIMENTS, default_folder, experiment_config, train
from symgeo.models.mlp import MLP
from symgeo.models.run import Run, load_run
from symgeo.models.training import train_config

__all__ = [
    "ACTIVATIONS",
    "EXPERIMENTS",
    "MLP",
    "Config",
    "Metrics",
    "Run",
    "default_folder",
    "experiment_config",
    "load_run",
    "train",
    "train_config",
]
