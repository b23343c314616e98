import pytest
from scopesift_service.apis.loaded import LoadedClassifier
from scopesift_service.apis.text_classification import distribution

OF_LANGUAGE = "/v1/classifiers/language"


@pytest.mark.parametrize("path", ["/predict", "/classify"])
def test_one_text_gets_a_list_of_all_labels_of_the_first_binary_classifier_and_a_list_a_list_each(
    service, path
):
    toxic = [{"label": "toxic", "score": 0.9}, {"label": "clean", "score": 0.1}]
    clean = [{"label": "clean", "score": 0.9}, {"label": "toxic", "score": 0.1}]
    assert service.ask("POST", path, {"inputs": "you idiot"}).json() == toxic
    assert service.ask("POST", path, {"inputs": ["you idiot", "fine"]}).json() == [toxic, clean]
    assert service.ask("POST", path, {"inputs": ["fine"]}).json() == [clean]


@pytest.mark.parametrize("path", [f"{OF_LANGUAGE}/predict", f"{OF_LANGUAGE}/classify"])
def test_a_classifier_of_many_labels_is_asked_under_its_name(service, path):
    answer = service.ask("POST", path, {"inputs": "Das ist gut"}).json()
    assert answer == [
        {"label": "de", "score": 0.8},
        {"label": "nl", "score": 0.1},
        {"label": "und", "score": 0.1},
    ]


@pytest.mark.parametrize("scores", [(0.9, 0.6, 0.3), (0.2, 0.1, 0.0), (0.0, 0.0, 0.0), (1.0, 1.0, 1.0)])
def test_scores_sum_to_1_with_the_likeliest_first_and_keep_their_order(scores):
    classifier = LoadedClassifier("x", False, ("a", "b", "c"), "none")
    found = distribution(dict(zip("abc", scores, strict=True)), classifier)
    assert sum(item["score"] for item in found) == pytest.approx(1, abs=1e-5)
    assert {item["label"] for item in found} == {"a", "b", "c", "none"}
    assert [item["score"] for item in found] == sorted((item["score"] for item in found), reverse=True)
    assert [item["label"] for item in found if item["label"] != "none"] == ["a", "b", "c"]


def test_truncate_cuts_a_text_to_the_limit_that_would_refuse_it(make_service, engine):
    service = make_service(max_characters=5)
    assert service.ask("POST", "/predict", {"inputs": "123456"}).status_code == 413
    for inputs in ("123456", ["123456"]):
        assert service.ask("POST", "/predict", {"inputs": inputs, "truncate": True}).status_code == 200
        assert engine.asked[-1] == ["12345"]


def test_a_key_is_taken_from_the_headers_that_the_callers_send(make_service):
    service = make_service(api_keys=("a-key",))
    for headers in ({"authorization": "Bearer a-key"}, {"x-api-key": "a-key"}):
        assert service.ask("POST", "/predict", {"inputs": "a"}, headers=headers).status_code == 200
    assert service.ask("POST", "/predict", {"inputs": "a"}).status_code == 401


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("/predict", {}, 400),
        ("/predict", {"inputs": None}, 400),
        ("/predict", {"inputs": [1]}, 400),
        ("/predict", {"inputs": []}, 400),
        ("/classify", {"inputs": "a", "truncate": "yes"}, 400),
        ("/v1/classifiers/nothing/predict", {"inputs": "a"}, 404),
        ("/predict", {"inputs": ["fine", "poison"]}, 500),
    ],
    ids=str,
)
def test_errors_have_the_shapes_own_form(service, path, body, status):
    answer = service.ask("POST", path, body)
    assert answer.status_code == status
    assert set(answer.json()) == {"error", "error_type"}
    assert isinstance(answer.json()["error"], str)
