"""Builds each event of a file from the classes of the OpenLineage client, and compares what they serialise to."""

import json
import sys

from openlineage.client.event_v2 import InputDataset, Job, OutputDataset, Run, RunEvent, RunState
from openlineage.client.facet_v2 import (
    data_quality_metrics_input_dataset,
    error_message_run,
    job_type_job,
    nominal_time_run,
    output_statistics_output_dataset,
    processing_engine_run,
)
from openlineage.client.serde import Serde

FACETS = {
    "nominalTime": nominal_time_run.NominalTimeRunFacet,
    "processing_engine": processing_engine_run.ProcessingEngineRunFacet,
    "errorMessage": error_message_run.ErrorMessageRunFacet,
    "jobType": job_type_job.JobTypeJobFacet,
    "dataQualityMetrics": data_quality_metrics_input_dataset.DataQualityMetricsInputDatasetFacet,
    "outputStatistics": output_statistics_output_dataset.OutputStatisticsOutputDatasetFacet,
}
# It has its own schema in docs/reference/.
OWN = {"forebay_run"}


def facets(found):
    """The facets as objects; an unknown field is an error of their constructors."""
    built = {}
    for name, facet in found.items():
        for key in ("_producer", "_schemaURL"):
            assert facet[key].startswith("https://"), (name, key)
        if name in OWN:
            continue
        cls = FACETS[name]
        # The same facet, if perhaps of an earlier version.
        assert facet["_schemaURL"].split("/")[-1] == cls._get_schema().split("/")[-1], name
        content = {key: value for key, value in facet.items() if not key.startswith("_")}
        if name == "dataQualityMetrics":
            metrics = data_quality_metrics_input_dataset.ColumnMetrics
            content["columnMetrics"] = {k: metrics(**v) for k, v in content["columnMetrics"].items()}
        built[name] = cls(**content, producer=facet["_producer"])
    return built


def build(event):
    inputs = [
        InputDataset(d["namespace"], d["name"], facets=facets(d["facets"]), inputFacets=facets(d.get("inputFacets", {})))
        for d in event["inputs"]
    ]
    outputs = [
        OutputDataset(d["namespace"], d["name"], facets=facets(d["facets"]), outputFacets=facets(d.get("outputFacets", {})))
        for d in event["outputs"]
    ]
    return RunEvent(
        eventType=RunState(event["eventType"]),
        eventTime=event["eventTime"],
        run=Run(runId=event["run"]["runId"], facets=facets(event["run"]["facets"])),
        job=Job(event["job"]["namespace"], event["job"]["name"], facets=facets(event["job"]["facets"])),
        inputs=inputs,
        outputs=outputs,
        producer=event["producer"],
    )


def same(value):
    """Without what the client adds or leaves out: nulls, empty containers, its version of a schema, our own facet."""
    if isinstance(value, dict):
        items = {k: same(v) for k, v in value.items() if k not in OWN and k not in ("_schemaURL", "schemaURL")}
        return {k: v for k, v in items.items() if v not in (None, {}, [])}
    if isinstance(value, list):
        return [same(item) for item in value]
    return value


with open(sys.argv[1], encoding="utf-8") as file:
    events = [json.loads(line) for line in file]
for event in events:
    assert same(Serde.to_dict(build(event))) == same(event), event
    assert event["schemaURL"] == RunEvent._get_schema(), event["schemaURL"]
print(len(events), "events")
