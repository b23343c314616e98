"""All paths of the service, for routes, OpenAPI and discovery documents, and our own clients."""

from __future__ import annotations

PLAYGROUND = "/"
MODERATE = "/moderate"
CLASSIFIERS_PAGE = "/classifiers"
CLASSIFY = "/v1/classify"
MODERATIONS = "/v1/moderations"
CLASSIFIERS = "/v1/classifiers"
CLASSIFIER = f"{CLASSIFIERS}/{{name}}"
FEATURES = f"{CLASSIFIER}/features"
TRANSFER = f"{CLASSIFIER}/transfer"
ACTIVATE = f"{CLASSIFIER}/activate"
RENAME = f"{CLASSIFIER}/rename"
MUTE = f"{CLASSIFIER}/mute"
PROGRESS = f"{CLASSIFIER}/progress"
AUDIT = "/v1/audit"
STEER = "/v1/steer"
# clients of the text-classification shape append one or the other to a base URL
PREDICT, CLASSIFIER_PREDICT = "/predict", f"{CLASSIFIER}/predict"
LABELS, CLASSIFIER_LABELS = "/classify", f"{CLASSIFIER}/classify"
GUARDRAIL = "/beta/litellm_basic_guardrail_api"

PERSPECTIVE_VERSION = "v1alpha1"
PERSPECTIVE = f"/{PERSPECTIVE_VERSION}/"
ANALYZE = f"{PERSPECTIVE}comments:analyze"
SUGGEST_SCORE = f"{PERSPECTIVE}comments:suggestscore"

DOCS, DOCS_FILE = "/docs", "/docs/{file}"
OPENAPI = "/openapi.json"
OPENAPI_ALIAS = "/docs.json"
DISCOVERY = "/$discovery/rest"
DISCOVERY_ALIAS = f"/discovery/v1/apis/commentanalyzer/{PERSPECTIVE_VERSION}/rest"

LIVEZ = "/livez"
READYZ = "/readyz"
METRICS = "/metrics"
PROBES = frozenset({LIVEZ, READYZ, METRICS})
