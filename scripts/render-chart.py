"""Lints a Helm chart and renders it with the values that stand as JSON on the input; prints what came of it as JSON.

    python render-chart.py CHART < values.json
"""

import json
import sys

import yaml

import helm_python
from helm_python import chart as charts
from helm_python import errors

RELEASE = "flows"


def render(folder, values):
    report = charts.lint(folder, values, strict=True, namespace="default")
    answer = {"lint": report["messages"], "objects": []}
    try:
        with charts.Chart.load(folder) as chart:
            chart.validate_schema(values)
            files = chart.render(values, name=RELEASE, namespace="default")
    except errors.HelmError as error:
        return {**answer, "error": str(error)}
    for name in sorted(files):
        if name.endswith(".yaml"):
            answer["objects"] += [found for found in yaml.safe_load_all(files[name]) if found]
    return answer


if __name__ == "__main__":
    if sys.argv[1:] == ["--version"]:
        print(helm_python.helm_sdk_version())
    else:
        print(json.dumps(render(sys.argv[1], json.load(sys.stdin))))
