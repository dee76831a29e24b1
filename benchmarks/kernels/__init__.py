"""Generated kernels against other ways to the same numbers: `python -m benchmarks.kernels`."""
