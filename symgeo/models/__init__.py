"""Networks in torch, their training, and the runs that it leaves behind.

`MLP` and `ResNet` are a feature map and a readout each; `train("sinusoid")` trains an experiment into a folder, with a
progress bar, and goes on exactly where it stopped; `train_all(configs, jobs=2)` trains several side by side;
`load_run(folder)` gives the network at every saved epoch.
"""

from symgeo.models.activations import ACTIVATIONS
from symgeo.models.barlow import BarlowTwins
from symgeo.models.config import CONTROLS, Config
from symgeo.models.epochs import Metrics
from symgeo.models.experiments import default_folder, experiment_config, train
from symgeo.models.layer_metrics import LayerMetrics, layer_metrics
from symgeo.models.mlp import MLP
from symgeo.models.presets import EXPERIMENTS
from symgeo.models.resnet import ResNet
from symgeo.models.run import Run, load_run
from symgeo.models.seeds import train_all
from symgeo.models.smooth import SmoothNetwork
from symgeo.models.training import train_config

__all__ = [
    "ACTIVATIONS",
    "CONTROLS",
    "EXPERIMENTS",
    "MLP",
    "BarlowTwins",
    "Config",
    "LayerMetrics",
    "Metrics",
    "ResNet",
    "Run",
    "SmoothNetwork",
    "default_folder",
    "experiment_config",
    "layer_metrics",
    "load_run",
    "train",
    "train_all",
    "train_config",
]
