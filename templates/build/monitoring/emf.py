"""Metrics as lines of CloudWatch's embedded metric format in the job's log, and one message to a topic."""

import json
import logging
import os
import time
from collections.abc import Mapping

log = logging.getLogger(__name__)

NAMESPACE = "mlops-new"
LONGEST_SUBJECT = 100


def line(metrics: Mapping[str, float], dimensions: Mapping[str, str], milliseconds: int) -> str:
    """One line of a log that CloudWatch reads as metrics. A dimension is a name and a value; a metric has no unit."""
    directive = {
        "Namespace": NAMESPACE,
        "Dimensions": [list(dimensions)],
        "Metrics": [{"Name": name} for name in metrics],
    }
    document = {"_aws": {"Timestamp": milliseconds, "CloudWatchMetrics": [directive]}, **dimensions, **metrics}
    return json.dumps(document, allow_nan=False)


def emit(metrics: Mapping[str, float], dimensions: Mapping[str, str]) -> None:
    """Write metrics to the log, a hundred to a line at most, as the format allows."""
    items = list(metrics.items())
    for start in range(0, len(items), 100):
        print(line(dict(items[start : start + 100]), dimensions, int(time.time() * 1000)), flush=True)  # noqa: T201


def notify(topic: str, subject: str, text: str) -> None:
    """Send one message to an SNS topic; without a topic, or on a machine without AWS, say it in the log."""
    if not topic:
        log.info("%s: %s", subject, text)
        return
    try:
        import boto3
    except ImportError:
        log.warning(
            "no message to %s, because boto3 is not in the image (container/requirements.txt). %s: %s",
            topic,
            subject,
            text,
        )
        return
    region = topic.split(":")[3] or os.environ.get("AWS_REGION")
    boto3.client("sns", region_name=region).publish(TopicArn=topic, Subject=subject[:LONGEST_SUBJECT], Message=text)
