"""Several classifiers over many documents as arrays: what filtering needs, without evidence."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from scopesift_features.backbone import Backbone
from scopesift_features.batches import Batch, make_batches
from scopesift_features.windows import Window
from scopesift_kernels import encode_selected

from scopesift_classifiers.classifier import Classifier
from scopesift_classifiers.engine import DEFAULT, LANGUAGE, Engine
from scopesift_classifiers.outcome import Outcome, decide
from scopesift_classifiers.rule import LOG_ODDS


@dataclass(frozen=True, eq=False)
class Answers:
    """What one classifier says of N documents.

    Attributes:
        label_N: labels as a list of strings; the unknown one where none is given.
        given_N: whether a label of the classifier is given (a binary one: flagged).
        score_N: score of the answer, float64.
        scores_NC: probability of every label, float64, in the order of `Classifier.labels`.
        rule_N: "default", or the language whose rule was used.
    """

    label_N: list[str]
    given_N: NDArray[np.bool_]
    score_N: NDArray[np.float64]
    scores_NC: NDArray[np.float64]
    rule_N: list[str]


class DocumentScorer:
    """The engine's answers without evidence; one instance a thread, weights are shared.

    Where all rules that read a feature add log-odds, only whether it reaches its threshold matters: activations
    below that are left at 0, which spares most of the encode. Answers are the engine's.
    """

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.scope = engine.scope
        floor_of = _floors(engine)
        self.layers = list(engine.layers)
        self._read: dict[int, tuple[torch.Tensor, torch.Tensor]] = {}
        for layer, chosen in engine.layers.items():
            device = self.scope.sae(layer).W_enc_FD.device
            floors = [float(floor_of[engine.features[at]]) for at in chosen.columns_S]
            self._read[layer] = (chosen.rows_S.to(device), torch.tensor(floors, device=device))
        self.backbone = self.scope.backbone(max(self.layers))

    def replica(self) -> DocumentScorer:
        """The same scorer for another thread: hooks of its own, the same weights."""
        twin = copy.copy(self)
        model = self.backbone.model
        shared = {id(weight): weight for weight in (*model.parameters(), *model.buffers())}
        twin.backbone = Backbone(copy.deepcopy(model, shared))  # type: ignore[arg-type]
        return twin

    @staticmethod
    def batches(windows: Sequence[Window], max_tokens: int) -> list[Batch]:
        """The batches that `activations` runs, as a function of the windows and the size only."""
        return list(make_batches([window for window in windows if window.keep.any()], max_tokens))

    def activations(self, batches: Sequence[Batch], n_documents: int) -> NDArray[np.float32]:
        """Largest activation of every feature of the engine in each document.

        Args:
            batches: from `batches`; windows name documents 0 … N-1.
            n_documents: N.

        Returns:
            `[N, S]`, 0 where a feature stays below what any rule distinguishes.
        """
        acts_NS = self.nothing(n_documents)
        for batch in batches:
            self.take_in(acts_NS, *self.read(batch))
        return acts_NS

    def nothing(self, n_documents: int) -> NDArray[np.float32]:
        """Activations `[N, S]` before anything was read."""
        return np.zeros((n_documents, len(self.engine.features)), dtype=np.float32)

    @torch.inference_mode()
    def read(self, batch: Batch) -> tuple[NDArray[np.int64], list[NDArray[np.float32]]]:
        """Run one batch.

        Returns:
            The document of each of its W windows, and for each of `layers` the largest activations in them, `[W, S]`
            of the layer's features.
        """
        resid_BTD = self.backbone.residuals(batch.ids_BT, batch.mask_BT, self.layers)
        keep_BT = torch.zeros(batch.ids_BT.shape, dtype=torch.bool)
        for row, window in enumerate(batch.windows):
            keep_BT[row, : len(window.keep)] = torch.from_numpy(window.keep)
        flat_T = keep_BT.flatten().nonzero().flatten()
        window_T = flat_T // keep_BT.shape[1]
        maxima = []
        for layer in self.layers:
            x_BTD = resid_BTD[layer]
            sae = self.scope.sae(layer)
            features_S, floors_S = self._read[layer]
            found = encode_selected(
                sae.rounded(x_BTD.flatten(0, 1)[flat_T.to(x_BTD.device)]),
                sae.W_enc_FD,
                sae.b_enc_F,
                sae.k,
                features_S,
                window_T.to(x_BTD.device),
                floors_S,
                n_documents=len(batch.windows),
            )
            maxima.append(found.maxima_NS.cpu().numpy())
        return np.array([window.document for window in batch.windows], dtype=np.int64), maxima

    def take_in(
        self,
        acts_NS: NDArray[np.float32],
        document_W: NDArray[np.int64],
        maxima: Sequence[NDArray[np.float32]],
    ) -> None:
        """Raise activations to what a batch says; the order of batches does not matter.

        Args:
            acts_NS: changed in place.
            document_W: from `read`.
            maxima: from `read`.
        """
        # a document may have several windows in a batch; reduceat takes neighbours, and np.maximum.at is slow
        order = np.argsort(document_W, kind="stable")
        documents, begin = np.unique(document_W[order], return_index=True)
        for chosen, maxima_WS in zip(self.engine.layers.values(), maxima, strict=True):
            place = np.ix_(documents, chosen.columns_S)
            acts_NS[place] = np.maximum(acts_NS[place], np.maximum.reduceat(maxima_WS[order], begin, axis=0))

    def answers(self, acts_NS: NDArray[np.float32]) -> dict[str, Answers]:
        """What every classifier says, from the activations of all features.

        Args:
            acts_NS: from `activations`.
        """
        out: dict[str, Answers] = {}
        languages: Answers | None = None
        for name in sorted(self.engine.classifiers, key=lambda name: name != LANGUAGE):
            out[name] = self._answer(self.engine.classifiers[name], acts_NS, languages)
            if name == LANGUAGE:
                languages = out[name]
        return {name: out[name] for name in self.engine.classifiers}

    def _answer(
        self, classifier: Classifier, acts_NS: NDArray[np.float32], languages: Answers | None
    ) -> Answers:
        count, labels = len(acts_NS), classifier.labels
        routes = np.full(count, DEFAULT, dtype=object)
        if classifier.by_lang and languages is not None:
            sure_N = languages.score_N >= classifier.route_confidence
            for row in np.flatnonzero(sure_N):
                if languages.label_N[row] in classifier.by_lang:
                    routes[row] = languages.label_N[row]
        given_N, score_N = np.zeros(count, dtype=np.bool_), np.zeros(count)
        scores_NC = np.zeros((count, len(labels)))
        label_N = [classifier.unknown] * count
        for route in sorted(set(routes.tolist())):
            decision = classifier.default if route == DEFAULT else classifier.by_lang[route]
            rows = np.flatnonzero(routes == route)
            columns_S = self.engine.columns[classifier.name, route]
            outcome: Outcome = decide(classifier, decision, acts_NS[np.ix_(rows, columns_S)])
            given_N[rows], score_N[rows] = outcome.given_N, outcome.score_N
            own = list(decision.rules)
            for at, label in enumerate(own):
                scores_NC[rows, labels.index(label)] = outcome.scores_NC[:, at]
            for row, best, given in zip(rows, outcome.best_N, outcome.given_N, strict=True):
                if given:
                    label_N[row] = own[best]
        return Answers(label_N, given_N, score_N, scores_NC, routes.tolist())


def _floors(engine: Engine) -> dict[tuple[int, int], np.float32]:
    """For each feature the largest activation that no decision tells from none, float32."""
    floors: dict[tuple[int, int], np.float32] = {}
    for classifier in engine.classifiers.values():
        for decision in (classifier.default, *classifier.by_lang.values()):
            counted = all(rule.combine == LOG_ODDS for rule in decision.rules.values())
            for item, threshold in zip(decision.features, decision.thresholds_S, strict=True):
                below = np.nextafter(threshold, np.float32(0)) if counted else np.float32(0)
                key = (item.layer, item.index)
                floors[key] = min(floors.get(key, below), below)
    return floors
