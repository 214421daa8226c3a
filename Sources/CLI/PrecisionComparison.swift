// linchpin eval --compare: what a faster precision costs.
import API
import Evaluating
import Glibc
import JSON
import Scoring
import Transformers

/// Scores a file of rollouts with two precisions of one model, one after the other: two need not fit into memory.
struct PrecisionComparison {
    let file: String
    /// Two names with a comma between.
    let precisions: String
    let threshold: Double?
    let json: Bool

    private static let linesAtOnce = 512

    /// Gives how many lines could not be scored.
    func run(_ options: ModelOptions) async throws -> Int {
        let (first, second) = try pair()
        if options.precision != nil { throw Failure.usage("--precision and --compare exclude each other") }
        if file == "-" { throw Failure.usage("--compare reads the file twice, so it cannot be standard input") }
        if let threshold, !threshold.isFinite { throw Failure.usage("--threshold: must be a finite number") }
        let one = try await rewards(options, first)
        let other = try await rewards(options, second)
        // A line that one of them cannot score is left out of both.
        let both = zip(one.rewards, other.rewards).compactMap { one, other in
            one.flatMap { one in other.map { (one, $0) } }
        }
        let agreement = Agreement(both.map(\.0), both.map(\.1), threshold: threshold ?? one.neutral)
        let bad = one.rewards.count - both.count
        report(agreement, bad: bad)
        return bad
    }

    private func pair() throws -> (Precision, Precision) {
        let names = precisions.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
        guard names.count == 2, let first = Precision(rawValue: names[0]), let second = Precision(rawValue: names[1])
        else {
            let known = Precision.allCases.map(\.rawValue).joined(separator: ", ")
            throw Failure.usage("--compare \(precisions): expected two of \(known) with a comma between")
        }
        return (first, second)
    }

    /// By line; nil for one that could not be scored. The model is gone when this returns.
    private func rewards(
        _ options: ModelOptions,
        _ precision: Precision
    ) async throws -> (rewards: [[Double?]?], neutral: Double) {
        var input = try LineReader(path: file)
        let scorer = try options.load(precision: precision)
        let credit = scorer.profile.defaultCredit
        var rewards: [[Double?]?] = []
        while true {
            let lines = try input.next(Self.linesAtOnce)
            if lines.isEmpty { break }
            for result in try await EvaluationLines(lines, firstIndex: rewards.count).scored(scorer, credit) {
                rewards.append(try? result.get().scored.steps.map(\.reward))
            }
        }
        await scorer.drain()
        return (rewards, RewardAxis(scorer.profile.scale).neutral ?? 0)
    }

    private func report(_ agreement: Agreement, bad: Int) {
        guard json else {
            let remark = bad > 0 ? "\n\(bad) lines could not be scored and are left out." : ""
            Output.write(agreement.text + remark + "\n", to: STDOUT_FILENO)
            return
        }
        var object = agreement.object
        object["precisions"] = .array(precisions.split(separator: ",").map { .string(String($0)) })
        object["bad_lines"] = JSONValue(bad)
        Output.write(JSONValue.object(object).serialized() + [UInt8(ascii: "\n")], to: STDOUT_FILENO)
    }
}
