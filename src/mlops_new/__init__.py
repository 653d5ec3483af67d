"""Start and keep machine-learning projects on SageMaker."""

__version__ = "0.1.0"
