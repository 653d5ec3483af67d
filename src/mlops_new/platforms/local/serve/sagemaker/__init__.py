"""SageMaker: which operations there are."""

from mlops_new.platforms.local.platform import LocalPlatform
from mlops_new.platforms.local.serve.json_service import Operation
from mlops_new.platforms.local.serve.sagemaker.executions import Executions
from mlops_new.platforms.local.serve.sagemaker.groups import Groups
from mlops_new.platforms.local.serve.sagemaker.jobs import Jobs
from mlops_new.platforms.local.serve.sagemaker.packages import Packages
from mlops_new.platforms.local.serve.sagemaker.pipelines import Pipelines
from mlops_new.platforms.local.serve.sagemaker.processing import Processing
from mlops_new.platforms.local.serve.sagemaker.tagging import Tagging


def operations(platform: LocalPlatform) -> dict[str, Operation]:
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
