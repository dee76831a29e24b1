"""The geometry of trained networks: symgeo against nested torch.func and JAX, and against what the machine can do."""
