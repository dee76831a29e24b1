"""What the flows cost and how exact they are: python -m benchmarks.flows."""
