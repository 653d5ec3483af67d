"""SageMaker: which operations there are."""

from mlops_new.platforms.local.platform import LocalPlatform
from mlops_new.platforms.local.serve.json_service import Operation
from mlops_new.platforms.local.serve.sagemaker.executions import Executions
from mlops_new.platforms.local.serve.sagemaker.groups import Groups
from mlops_new.platforms.local.serve.sagemaker.jobs import Jobs
from mlops_new.platforms.local.serve.sagemaker.packages import Packages
from mlops_new.platforms.local.serve.sagemaker.pipelines import Pipelines
from mlops_new.platforms.local.serve.sagemaker.tagging import Tagging


def operations(platform: LocalPlatform) -> dict[str, Operation]:
    """What SageMaker can do on this machine, by operation name."""
    pipelines = Pipelines(platform)
    return {
        **pipelines.operations(),
        **Executions(platform, pipelines).operations(),
        **Jobs(platform).operations(),
        **Groups(platform).operations(),
        **Packages(platform).operations(),
        **Tagging(platform).operations(),
    }
