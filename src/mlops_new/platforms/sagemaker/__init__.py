"""Amazon SageMaker: the account that pipelines are registered and run in. Nothing else speaks to AWS."""
