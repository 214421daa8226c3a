// Step values on tokens: what is laid where, and which spans are refused.

import Crediting
import Testing

private func spans(_ ends: [[Int]], steps: Int? = nil, tokens: Int? = nil) throws(CreditError) -> TokenSpans {
    try TokenSpans(
        ends.map { TokenSpan(start: $0[0], end: $0[1]) },
        steps: steps ?? ends.count,
        tokenCount: tokens
    )
}

@Suite struct TokenCreditTests {
    @Test func `a step's value stands at its last token or at each`() throws {
        let spans = try spans([[0, 2], [2, 5]])
        #expect(spans.lay([0.5, -1], as: .stepEnd) == [0, 0.5, 0, 0, -1])
        #expect(spans.lay([0.5, -1], as: .span) == [0.5, 0.5, -1, -1, -1])
    }

    @Test func `tokens of no step and of an absent one bear nothing`() throws {
        let spans = try spans([[1, 2], [3, 5], [5, 6]], tokens: 8)
        #expect(spans.lay([0.5, nil, 2], as: .stepEnd) == [0, 0.5, 0, 0, 0, 2, 0, 0])
        #expect(spans.lay([0.5, nil, 2], as: .span) == [0, 0.5, 0, 0, 0, 2, 0, 0])
    }

    @Test func `step-end values of any rollout add up to the steps' own sum`() throws {
        let values = [0.25, -0.5, 4, 0.125]
        let laid = try spans([[0, 7], [7, 8], [9, 30], [30, 31]], tokens: 40).lay(values, as: .stepEnd)
        #expect(laid.count == 40 && laid.reduce(0, +) == values.reduce(0, +))
    }

    @Test(
        arguments: [
            ([[0, 0]], nil, 0), ([[1, 0]], nil, 0), ([[-1, 1]], nil, 0), ([[0, 2], [1, 3]], nil, 1),
            ([[0, 2], [2, 2]], nil, 1), ([[2, 4], [0, 2]], nil, 0), ([[0, 2], [2, 5]], 4, 1),
            ([[0, 5], [5, 6]], 4, 0), ([[0, 1]], 0, 0), ([[0, 1]], -1, 0), ([[Int.min, Int.max]], nil, 0),
            ([[0, 1], [Int.max, Int.min]], nil, 0),
        ] as [([[Int]], Int?, Int)]
    )
    func `a span that is empty, overlaps or leaves the tokens is refused by its index`(
        ends: [[Int]],
        tokens: Int?,
        index: Int
    ) {
        #expect(throws: CreditError.tokenSpan(index: index, tokens: tokens ?? ends[ends.count - 1][1])) {
            try spans(ends, tokens: tokens)
        }
    }

    @Test func `there are as many spans as steps`() {
        #expect(throws: CreditError.tokenSpanCount(1, steps: 2)) { try spans([[0, 1]], steps: 2) }
        #expect(throws: CreditError.tokenSpanCount(0, steps: 1)) { try spans([], steps: 1) }
        #expect(throws: CreditError.noSteps) { try spans([], tokens: -3) }
    }

    @Test func `a step that is read at a token has those after the read before it`() throws {
        #expect(try TokenSpans(endingAt: [3, 4, 8], tokenCount: 10) == spans([[0, 4], [4, 5], [5, 9]], tokens: 10))
    }

    @Test(arguments: [([3, 3], 10, 1), ([3, 1], 10, 1), ([-1], 10, 0)])
    func `reads that do not ascend are refused`(reads: [Int], tokens: Int, index: Int) {
        #expect(throws: CreditError.tokenSpan(index: index, tokens: tokens)) {
            try TokenSpans(endingAt: reads, tokenCount: tokens)
        }
    }

    @Test func `a read past the tokens is refused`() {
        #expect(throws: CreditError.tokenSpanCount(1, steps: 2)) {
            try TokenSpans(endingAt: [1, Int.max], tokenCount: 4)
        }
    }
}
