"""The embedded platform: SageMaker pipelines on this machine."""
