"""Clio Toolkit: how people really use an AI assistant, without anyone reading the conversations."""

__version__ = "0.1.0"
