"""What becomes of each member of the SageMaker operations that this machine does.

Only a request's own members stand here: what is inside the request of a job is judged by the runner, before it starts.
"""

from mlops_new.aws_api.http.request_members import Members, Refusal

_PAGE = frozenset({"NextToken", "MaxResults"})
_SORTED = _PAGE | {"SortBy", "SortOrder"}
_CREATED = frozenset({"CreationTimeAfter", "CreationTimeBefore"})
_PIPELINE = frozenset(
    {
        *("PipelineName", "PipelineDisplayName", "PipelineDefinition", "PipelineDefinitionS3Location"),
        *("PipelineDescription", "RoleArn", "ParallelismConfiguration"),
    }
)
_EXECUTION = frozenset({"PipelineExecutionArn"})
_SPECIFIED = frozenset(
    {
        *("ModelPackageRegistrationType", "InferenceSpecification", "ModelApprovalStatus"),
        *("CustomerMetadataProperties", "SourceUri", "ModelCard", "ModelLifeCycle"),
    }
)

_HONOURED = {
    "CreatePipeline": _PIPELINE | {"ClientRequestToken", "Tags"},
    "UpdatePipeline": _PIPELINE,
    "DescribePipeline": frozenset({"PipelineName"}),
    "ListPipelines": _SORTED | {"PipelineNamePrefix", "CreatedAfter", "CreatedBefore", "ManagedBy"},
    "DeletePipeline": frozenset({"PipelineName"}),
    "StartPipelineExecution": frozenset(
        {
            *("PipelineName", "PipelineExecutionDisplayName", "PipelineParameters", "PipelineExecutionDescription"),
            *("ClientRequestToken", "ParallelismConfiguration", "RoleArn"),
        }
    ),
    "StopPipelineExecution": _EXECUTION,
    "RetryPipelineExecution": _EXECUTION | {"ClientRequestToken", "ParallelismConfiguration"},
    "DescribePipelineExecution": _EXECUTION,
    "DescribePipelineDefinitionForExecution": _EXECUTION,
    "ListPipelineExecutions": _SORTED | {"PipelineName", "CreatedAfter", "CreatedBefore"},
    "ListPipelineExecutionSteps": _EXECUTION | _PAGE | {"SortOrder"},
    "ListPipelineParametersForExecution": _EXECUTION | _PAGE,
    "DescribeProcessingJob": frozenset({"ProcessingJobName"}),
    "DescribeTrainingJob": frozenset({"TrainingJobName"}),
    "DescribeTransformJob": frozenset({"TransformJobName"}),
    "CreateProcessingJob": frozenset(
        {
            *("ProcessingInputs", "ProcessingOutputConfig", "ProcessingJobName", "ProcessingResources"),
            *("StoppingCondition", "AppSpecification", "Environment", "RoleArn", "Tags"),
        }
    ),
    "ListProcessingJobs": _SORTED
    | _CREATED
    | {"LastModifiedTimeAfter", "LastModifiedTimeBefore", "NameContains", "StatusEquals"},
    "StopProcessingJob": frozenset({"ProcessingJobName"}),
    "CreateModelPackageGroup": frozenset({"ModelPackageGroupName", "ModelPackageGroupDescription", "Tags"}),
    "DescribeModelPackageGroup": frozenset({"ModelPackageGroupName"}),
    "ListModelPackageGroups": _SORTED | _CREATED | {"NameContains", "CrossAccountFilterOption"},
    "DeleteModelPackageGroup": frozenset({"ModelPackageGroupName"}),
    "CreateModelPackage": _SPECIFIED
    | {
        *("ModelPackageGroupName", "ModelPackageDescription", "Tags", "MetadataProperties", "ModelMetrics"),
        *("ClientToken", "Domain", "Task", "SamplePayloadUrl", "DriftCheckBaselines"),
        *("AdditionalInferenceSpecifications", "SkipModelValidation"),
    },
    "DescribeModelPackage": frozenset({"ModelPackageName"}),
    "BatchDescribeModelPackage": frozenset({"ModelPackageArnList"}),
    "ListModelPackages": _SORTED
    | _CREATED
    | {"NameContains", "ModelApprovalStatus", "ModelPackageGroupName", "ModelPackageType"},
    "UpdateModelPackage": _SPECIFIED
    | {
        *("ModelPackageArn", "ApprovalDescription", "CustomerMetadataPropertiesToRemove"),
        "AdditionalInferenceSpecificationsToAdd",
    },
    "DeleteModelPackage": frozenset({"ModelPackageName"}),
    "AddTags": frozenset({"ResourceArn", "Tags"}),
    "ListTags": frozenset({"ResourceArn"}) | _PAGE,
    "DeleteTags": frozenset({"ResourceArn", "TagKeys"}),
}

_HARMLESS = {
    # Elsewhere they are honoured. Here the second request of the same kind is refused, or changes nothing.
    "ClientRequestToken": "nothing is done twice: what is gone or stopped is said to be so",
    "ClientToken": "the same change twice is the same as once",
    "NetworkConfig": "a job of this machine sees what this machine sees; it is told again by Describe",
}

_NONE = Refusal("there is no such thing on this machine")
_ONLY_VERSIONS = Refusal("there is no such thing on this machine: only versions of model package groups are kept here")

_REFUSED = {
    "PipelineVersionId": _NONE,
    "PipelineVersionAlias": _NONE,
    "PipelineVersionAliases": _NONE,
    "SelectiveExecutionConfig": _NONE,
    "MlflowExperimentName": _NONE,
    "ExperimentConfig": _NONE,
    "ManagedConfiguration": _NONE,
    "ModelPackageName": _ONLY_VERSIONS,
    "ValidationSpecification": _NONE,
    "SourceAlgorithmSpecification": _NONE,
    "CertifyForMarketplace": Refusal(_NONE.why, but=frozenset({False})),
    "SecurityConfig": _NONE,
    "ManagedStorageType": _NONE,
    "IncludedData": Refusal("model cards are not redacted on this machine", but=frozenset({"AllData"})),
}

MEMBERS = Members(_HONOURED, _HARMLESS, _REFUSED, deep=False)
