"""All operations that the OpenAPI document describes."""

from __future__ import annotations

from scopesift_service.apis.classifiers.audit_routes import MOST, USUAL
from scopesift_service.apis.classifiers.feature_routes import LONGEST_SEARCH
from scopesift_service.apis.classifiers.feature_routes import MOST as MOST_LISTED
from scopesift_service.apis.classifiers.feature_routes import USUAL as LISTED
from scopesift_service.apis.openapi.operation import Operation, Query
from scopesift_service.apis.openapi.parts import INTEGER, STRING
from scopesift_service.http import paths
from scopesift_service.http.route import ADMIN, KEY

BODY = (400, 408, 413, 415, 429, 500, 503)
LOOK = (429, 500, 503)
CHANGE = (401, 403, 404, 409, 422, *BODY)

CLASSIFY, DROP_IN, CLASSIFIERS, OPERATION = "Classify", "Drop-in APIs", "Classifiers", "Operation"
TAGS = {
    CLASSIFY: "Verdicts of all loaded classifiers with the features that they rest on.",
    DROP_IN: "The same verdicts in the formats of other services, for clients that exist already.",
    CLASSIFIERS: "What is loaded, how good it is, and new versions from a few labelled texts of a language.",
    OPERATION: "Probes, metrics, the playground, this documentation, and steering.",
}

OPERATIONS = (
    Operation(
        paths.CLASSIFY, "post", "classify", CLASSIFY, "Classify texts, with evidence",
        "One record per text, in order: a verdict of each classifier with its score, its cut, and the features that "
        "are evidence for it. Offsets count Unicode code points. Options choose the classifiers that answer, replace "
        "cuts, leave the evidence out, or add the language of each part of a text.",
        "ClassifyAnswer", "ClassifyRequest", BODY, access=KEY,
    ),
    Operation(
        paths.MODERATIONS, "post", "moderate", DROP_IN, "OpenAI's moderation",
        "OpenAI's clients work with only their base URL changed. All of OpenAI's categories are there; those that no "
        "classifier assesses are false, 0, with empty `category_applied_input_types`. Our classifiers are "
        "categories of their own, and `labels` has those that aren't flagged or not.",
        "ModerationAnswer", "ModerationRequest", BODY, access=KEY,
    ),
    Operation(
        paths.ANALYZE, "post", "analyze", DROP_IN, "Perspective's comments:analyze",
        "Perspective's clients work with only their address changed. With `spanAnnotations` the spans are the places "
        "of the evidence. Nothing of a call is stored, whatever `doNotStore` says.",
        "AnalyzeCommentAnswer", "AnalyzeCommentRequest", BODY, error="PerspectiveError", access=KEY,
    ),
    Operation(
        paths.SUGGEST_SCORE, "post", "suggestScore", DROP_IN, "Perspective's comments:suggestscore",
        "Stores a moderator's decision about a comment as a labelled example, which a transfer can take: a score from "
        "0.5 on as the positive label. The answer comes when it is on disk. Needs a state folder.",
        "SuggestCommentScoreAnswer", "SuggestCommentScoreRequest", (403, *BODY), error="PerspectiveError",
        access=KEY,
    ),
    *(
        Operation(
            path, "post", name, DROP_IN, f"Text classification, as {client}",
            "All labels of the first binary classifier with scores that sum to 1, the likeliest first; a list of "
            "texts gets a list of such lists. No cut is applied.",
            "PredictAnswer", "PredictRequest", BODY, error="PredictError", access=KEY,
        )
        for path, name, client in (
            (paths.PREDICT, "predict", "text-embeddings-inference serves it"),
            (paths.LABELS, "labels", "vLLM Semantic Router asks for it"),
        )
    ),
    *(
        Operation(
            path, "post", name, DROP_IN, f"Text classification by one classifier, at {path.rsplit('/', 1)[-1]}",
            "All labels of the classifier with scores that sum to 1, the likeliest first.",
            "PredictAnswer", "PredictRequest", (404, *BODY), error="PredictError", access=KEY,
        )
        for path, name in ((paths.CLASSIFIER_PREDICT, "predictOf"), (paths.CLASSIFIER_LABELS, "labelsOf"))
    ),
    Operation(
        paths.GUARDRAIL, "post", "guard", DROP_IN, "LiteLLM's generic guardrail",
        "Blocks a call of LiteLLM's proxy if a binary classifier flags any of its texts. "
        "`additional_provider_specific_params` may choose classifiers and cuts; LiteLLM's other fields are not read.",
        "GuardrailAnswer", "GuardrailRequest", BODY, access=KEY,
    ),
    Operation(
        paths.CLASSIFIERS, "get", "listClassifiers", CLASSIFIERS, "List the loaded classifiers",
        "Labels, version, number of features, measured quality, stored suggestions, and whether transfer is enabled.",
        "ClassifierList", failures=LOOK, access=KEY,
    ),
    Operation(
        paths.CLASSIFIER, "get", "showClassifier", CLASSIFIERS, "Show one classifier",
        "The same for one classifier, with its features and all stored versions.",
        "ClassifierDetail", failures=(404, *LOOK), access=KEY,
    ),
    Operation(
        paths.FEATURES, "get", "listFeatures", CLASSIFIERS, "What a rule reads",
        "The features of one rule, those with the largest weights for a label first, each with its firing rates by "
        "label and language, a histogram of its activations and its strongest tokens, if they are stored.",
        "FeatureList", failures=(400, 404, *LOOK), access=KEY,
        query=(
            Query("rule", "`default`, or a language with a rule of its own.", {**STRING, "default": "default"}),
            Query("label", "The label whose weights sort; by default the first.", STRING),
            Query("search", "Only features with this in names or tokens.", {**STRING, "maxLength": LONGEST_SEARCH}),
            Query("offset", "How many to leave out.", {**INTEGER, "minimum": 0, "default": 0}),
            Query(
                "limit", "How many to list.",
                {**INTEGER, "minimum": 1, "maximum": MOST_LISTED, "default": LISTED},
            ),
        ),
    ),
    Operation(
        paths.TRANSFER, "post", "transfer", CLASSIFIERS, "Add a language",
        "Makes a version of the classifier with a decision of its own for one language, from labelled examples or "
        "the stored suggestions, or moves only its cut by texts without labels. The version is in use when the "
        "answer arrives; with `dry_run` it is only measured. Needs an admin token and a state folder.",
        "TransferAnswer", "TransferRequest", CHANGE, answers=(200, 201), access=ADMIN,
    ),
    Operation(
        paths.ACTIVATE, "post", "activate", CLASSIFIERS, "Use another stored version",
        "Rolls back or forward. Needs an admin token and a state folder.",
        "ActivateAnswer", "ActivateRequest", CHANGE, access=ADMIN,
    ),
    Operation(
        paths.RENAME, "post", "rename", CLASSIFIERS, "Name a feature",
        "Makes a version in which a feature has the name that people know it by; no verdict changes. Needs an admin "
        "token and a state folder.",
        "RenameAnswer", "RenameRequest", CHANGE, answers=(200, 201), access=ADMIN,
    ),
    Operation(
        paths.MUTE, "post", "mute", CLASSIFIERS, "Mute a feature",
        "Makes a version in which a feature no longer counts, in any rule. Weights, calibration and cuts stay as they "
        "are. With examples the verdicts of both versions on them are compared; with `dry_run` nothing is stored. "
        "A rule's last feature can't be muted. Needs an admin token and a state folder.",
        "MuteAnswer", "MuteRequest", CHANGE, answers=(200, 201), access=ADMIN,
    ),
    Operation(
        paths.PROGRESS, "get", "progress", CLASSIFIERS, "How far a change is",
        "What is being done for the transfer, naming or muting of this classifier that is running in any process, and "
        "how much of it is done; null if there is none. Needs an admin token and a state folder.",
        "ProgressAnswer", failures=(401, 403, 404, *LOOK), access=ADMIN,
    ),
    Operation(
        paths.AUDIT, "get", "audit", CLASSIFIERS, "Who changed what",
        "Every change of a classifier, the newest first: the name of the admin token's holder, the time, the action, "
        "and the versions after and before. It holds no text. Needs an admin token and a state folder.",
        "AuditAnswer", failures=(400, 401, 403, *LOOK), access=ADMIN,
        query=(
            Query("limit", f"Number of changes; default {USUAL}.", {**INTEGER, "minimum": 1, "maximum": MOST}),
            Query("classifier", "Only the changes of this one.", STRING),
        ),
    ),
    Operation(
        paths.STEER, "post", "steer", OPERATION, "Generate text with features changed",
        "Continues a prompt without changes, with features boosted, clamped or suppressed, and with two controls, and "
        "measures the classifier's score of the text and what the change costs. The whole model is loaded for every "
        "call, so one takes seconds to minutes; one runs at a time. Off unless it is switched on; needs the admin "
        "token. The examples are of the scope nano, a toy.",
        "SteeringAnswer", "SteeringRequest", (401, 403, 409, *BODY), access=ADMIN,
    ),
    Operation(
        paths.LIVEZ, "get", "alive", OPERATION, "Alive", "200 while the HTTP process runs.", content_type="text/plain",
    ),
    Operation(
        paths.READYZ, "get", "ready", OPERATION, "Ready", "503 until the engine is loaded and warm.", failures=(503,),
        content_type="text/plain",
    ),
    Operation(
        paths.METRICS, "get", "metrics", OPERATION, "Metrics", "In Prometheus's text format.", failures=(500,),
        content_type="text/plain",
    ),
    Operation(
        paths.PLAYGROUND, "get", "playground", OPERATION, "Playground", "A page to try texts on.", failures=(500,),
        content_type="text/html",
    ),
    Operation(
        paths.MODERATE, "get", "moderate", OPERATION, "Moderator's page", "A page to decide on many texts.",
        failures=(500,), content_type="text/html",
    ),
    Operation(
        paths.CLASSIFIERS_PAGE, "get", "classifiers_page", OPERATION, "Page of classifiers",
        "A page with the classifiers, their quality and versions, where versions are made.", failures=(500,),
        content_type="text/html",
    ),
    Operation(
        paths.DOCS, "get", "docs", OPERATION, "This documentation", "The OpenAPI document as a page.",
        failures=(500,), content_type="text/html",
    ),
    Operation(
        paths.OPENAPI, "get", "openapi", OPERATION, "The OpenAPI document", "OpenAPI 3.1.", failures=(500, 503),
    ),
)  # fmt: skip
