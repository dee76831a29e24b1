"""Benchmarks: one package a subject, run by make."""
