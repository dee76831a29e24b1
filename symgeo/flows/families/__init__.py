"""Generated kernels of homogeneous metrics; tooling/homogeneous_kernels.py writes them."""
