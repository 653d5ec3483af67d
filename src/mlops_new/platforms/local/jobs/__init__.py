"""SageMaker's jobs as processes of this machine."""
