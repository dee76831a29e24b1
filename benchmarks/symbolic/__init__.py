"""Metric to scalar curvature: symgeo against other systems, each case in a fresh process, each answer checked."""
