"""SageMaker: which operations there are."""

from mlops_new.aws_api.http.json_service import Operation
from mlops_new.aws_api.sagemaker.describe_jobs import Jobs
from mlops_new.aws_api.sagemaker.model_package_groups import Groups
from mlops_new.aws_api.sagemaker.model_packages import Packages
from mlops_new.aws_api.sagemaker.pipeline_executions import Executions
from mlops_new.aws_api.sagemaker.pipelines import Pipelines
from mlops_new.aws_api.sagemaker.processing_jobs import Processing
from mlops_new.aws_api.sagemaker.tagging import Tagging
from mlops_new.platforms.local.engine import Engine


def operations(platform: Engine) -> dict[str, Operation]:
    """What SageMaker can do on this machine, by operation name."""
    pipelines, jobs = Pipelines(platform), Jobs(platform).operations()
    return {
        **pipelines.operations(),
        **Executions(platform, pipelines).operations(),
        **jobs,
        **Processing(platform, jobs["DescribeProcessingJob"]).operations(),
        **Groups(platform).operations(),
        **Packages(platform).operations(),
        **Tagging(platform).operations(),
    }
