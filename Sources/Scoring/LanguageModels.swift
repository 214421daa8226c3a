// A policy and its reference: the way in to all signals.
package import Checkpoints
import JSON

/// The policy and the reference, of which either may be missing: the one way in to all signals.
package struct LanguageModels: Sendable {
    package let policy: LanguageModelScorer?
    package let reference: LanguageModelScorer?

    /// None: every request for signals is refused.
    package init() { (policy, reference) = (nil, nil) }

    /// - Parameter reference: proven before to have the policy's tokenizer (`Checkpoint.proveTokenizer`); it reads the
    ///   ids that the policy reads, whatever its own folder says of chats and first tokens.
    package init(policy: LanguageModelScorer?, reference: LanguageModelScorer?) {
        self.policy = policy
        self.reference = reference
    }

    /// Those that are loaded.
    package var all: [LanguageModelScorer] { [policy, reference].compactMap(\.self) }

    /// The policy's signals of each rollout, in order, and where they are wanted its log-ratios to the reference.
    /// - Throws: `ScoringError` of the whole request: `noModel`, or what `LanguageModelScorer.signals` throws.
    package func signals(
        for requests: [SignalRequest],
        waits: Bool = false
    ) async throws(ScoringError) -> [Result<LanguageSignals, ScoringError>] {
        guard let policy else { throw .noModel(.policy) }
        guard requests.contains(where: \.wantsLogRatios) else {
            return try await policy.signals(for: requests, waits: waits)
        }
        guard let reference else { throw .noModel(.reference) }
        let own = try await policy.signals(for: requests, waits: waits)
        // What the policy refuses, the reference is not asked about.
        let read = zip(requests, own).compactMap { request, own in
            request.wantsLogRatios ? (try? own.get()).map { SignalRequest($0.text, wantsTokens: true) } : nil
        }
        // The policy's work is done: it is not thrown away for a queue that is full now.
        var others = try await reference.signals(for: read, waits: true)[...]
        return zip(requests, own).map { request, own in
            own.flatMap { signals in
                guard request.wantsLogRatios else { return .success(signals) }
                guard let other = others.popFirst() else { return .failure(.kernel("the batch gave too few answers")) }
                return other.map { signals.compared(with: $0, keepsTokens: request.wantsTokens) }
            }
        }
    }
}

extension LanguageSignals {
    /// With log-ratios to a reference that read the same tokens.
    fileprivate func compared(with reference: LanguageSignals, keepsTokens: Bool) -> LanguageSignals {
        LanguageSignals(
            promptIDs: promptIDs,
            tokenIDs: tokenIDs,
            tokenSpans: tokenSpans,
            spans: spans,
            tokens: keepsTokens ? tokens : nil,
            answerLogprobs: answerLogprobs,
            answerTokens: answerTokens,
            logRatios: LogRatios(
                policy: tokens?.logprobs ?? [],
                reference: reference.tokens?.logprobs ?? [],
                spans: tokenSpans
            ),
            cost: cost + reference.cost
        )
    }
}

extension Checkpoint {
    /// Proves that two folders have one tokenizer, before either's weights are read: log-ratios of other tokens would
    /// be numbers without a meaning.
    ///
    /// What decides about ids is compared, whatever its order in the file; null is as good as absent, and a merge may
    /// be written as one text or as two. So files that differ otherwise may be refused, and different ones never pass.
    /// - Throws: `ProfileError.otherTokenizer` with the part that differs, or what is wrong with a file.
    package func proveTokenizer(equals other: Checkpoint) throws {
        let (own, others) = (try tokenizerFile(), try other.tokenizerFile())
        guard own != others else { return }
        let (left, right) = (try Self.parts(own), try Self.parts(others))
        for part in ["model", "added_tokens", "normalizer", "pre_tokenizer", "post_processor"] {
            guard left[part].canonical == right[part].canonical else { throw ProfileError.otherTokenizer(part: part) }
        }
    }

    private func tokenizerFile() throws -> [UInt8] {
        guard let bytes = try file("tokenizer.json", limit: ScoringPlan.tokenizerLimit) else {
            throw ProfileError.missingTokenizer
        }
        return bytes
    }

    private static func parts(_ file: [UInt8]) throws -> JSONObject {
        do {
            return try JSONValue(parsing: file).object ?? JSONObject()
        } catch {
            throw ProfileError.notJSON(file: "tokenizer.json", offset: error.offset)
        }
    }
}

extension JSONValue? {
    /// Without nulls, and with pairs of texts as one text.
    fileprivate var canonical: JSONValue {
        switch self {
        case .none: .null
        case .some(.object(let object)):
            .object(
                JSONObject(
                    object.keys.compactMap { key in
                        let value = object[key].canonical
                        if case .null = value { return nil }
                        return (key, value)
                    }
                )
            )
        case .some(.array(let values)):
            if values.count == 2, let left = values[0].string, let right = values[1].string,
                !left.utf8.contains(UInt8(ascii: " ")), !right.utf8.contains(UInt8(ascii: " "))
            {
                .string(left + " " + right)
            } else {
                .array(values.map { Optional($0).canonical })
            }
        case .some(let value): value
        }
    }
}
