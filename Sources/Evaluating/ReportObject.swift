// An evaluation as one JSON object, for scripts.
package import JSON

extension Evaluation {
    /// Shares are fractions in [0, 1]; what could not be measured is null.
    package var object: JSONObject {
        [
            "f1": number(firstError?.f1),
            "accuracy_erroneous": number(firstError?.accuracyErroneous),
            "accuracy_correct": number(firstError?.accuracyCorrect),
            "threshold": number(threshold),
            "reward_scale": .string(axis.rawValue),
            "step_auroc": number(stepAUROC),
            "calibration_error": number(calibration?.expectedError),
            "chains": JSONValue(chains),
            "labelled_chains": JSONValue(labelledChains),
            "erroneous_chains": JSONValue(firstError?.erroneousChains ?? 0),
            "correct_chains": JSONValue(firstError?.correctChains ?? 0),
            "tuning_chains": JSONValue(tuningChains),
            "outcome_threshold": number(outcomeThreshold),
            "outcome_accuracy": number(outcome?.accuracy),
            "outcome_auroc": number(outcome?.auroc),
            "best_of_n": .array(bestOfN.map { .object($0.object) }),
            "by_steps": .array(bySteps.map { .object($0.object) }),
            "by_tokens": .array(byTokens.map { .object($0.object) }),
            "reliability": .array((calibration?.bins ?? []).map { .object($0.object) }),
        ]
    }
}

private func number(_ value: Double?) -> JSONValue { value.flatMap { JSONValue($0) } ?? .null }

extension BestOfN {
    fileprivate var object: JSONObject {
        [
            "n": JSONValue(n), "groups": JSONValue(groups), "picked": number(picked), "first": number(first),
            "oracle": number(oracle),
        ]
    }
}

extension BreakdownRow {
    fileprivate var object: JSONObject {
        [
            "from": JSONValue(sizes.lowerBound), "to": JSONValue(sizes.upperBound), "chains": JSONValue(chains),
            "f1": number(score.f1), "accuracy_erroneous": number(score.accuracyErroneous),
            "accuracy_correct": number(score.accuracyCorrect), "step_auroc": number(stepAUROC),
        ]
    }
}

extension Calibration.Bin {
    fileprivate var object: JSONObject {
        [
            "from": number(range.lowerBound), "to": number(range.upperBound), "steps": JSONValue(count),
            "confidence": number(confidence), "accuracy": number(accuracy),
        ]
    }
}
