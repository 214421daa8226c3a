// Values of steps, laid on the tokens of a caller.

/// Which tokens of a step bear its value; the raw value is the spelling on the wire.
package enum TokenLayout: String, Sendable, CaseIterable {
    /// The step's last token: as rewards, which a trainer sums up itself (PURE, arXiv 2504.15275, verified in code).
    case stepEnd = "step_end"
    /// Every token of the step: as advantages, which a trainer multiplies in (GRPO, arXiv 2402.03300, verified text).
    case span
}

/// One step's tokens as a caller states them, [start, end); nothing is checked yet.
package struct TokenSpan: Sendable, Equatable {
    package let start: Int
    package let end: Int

    package init(start: Int, end: Int) {
        self.start = start
        self.end = end
    }
}

/// Where the steps of a rollout stand among its tokens: ascending, apart, none empty, none past the end.
package struct TokenSpans: Sendable, Equatable {
    package let spans: [Range<Int>]
    package let tokenCount: Int

    /// - Parameters:
    ///   - steps: how many spans there must be, at least 1.
    ///   - tokenCount: nil for as many as the last span needs; the caller bounds it, since `lay` makes 8 bytes of each.
    /// - Throws: `noSteps`, `tokenSpanCount`, or `tokenSpan`, which names the first that is wrong.
    package init(_ spans: [TokenSpan], steps: Int, tokenCount: Int? = nil) throws(CreditError) {
        guard spans.count == steps else { throw .tokenSpanCount(spans.count, steps: steps) }
        guard let last = spans.last else { throw .noSteps }
        let tokens = tokenCount ?? last.end
        var ranges: [Range<Int>] = []
        for (index, span) in spans.enumerated() {
            guard span.start >= ranges.last?.upperBound ?? 0, span.start < span.end, span.end <= tokens else {
                throw .tokenSpan(index: index, tokens: tokens)
            }
            ranges.append(span.start..<span.end)
        }
        self.spans = ranges
        self.tokenCount = tokens
    }

    /// Spans of steps that end where a model reads them: step t has the tokens after read t - 1 up to read t.
    ///
    /// The first one so begins with the prompt, which a trainer masks. What stands after the last read is no step's.
    package init(endingAt reads: [Int], tokenCount: Int) throws(CreditError) {
        var spans: [TokenSpan] = []
        for read in reads where read < tokenCount {
            spans.append(TokenSpan(start: spans.last?.end ?? 0, end: read + 1))
        }
        try self.init(spans, steps: reads.count, tokenCount: tokenCount)
    }

    /// One number a token.
    ///
    /// Tokens of no step bear 0.0, and so do those of a step whose value is absent: a list of token rewards is added to
    /// others, so it has no holes, and 0.0 adds nothing.
    /// - Parameter values: one a step.
    package func lay(_ values: [Double?], as layout: TokenLayout) -> [Double] {
        precondition(values.count == spans.count, "every step has a value and a span")
        var tokens = [Double](repeating: 0, count: tokenCount)
        for (span, value) in zip(spans, values) {
            guard let value else { continue }
            switch layout {
            case .stepEnd: tokens[span.upperBound - 1] = value
            case .span: for token in span { tokens[token] = value }
            }
        }
        return tokens
    }
}
