// A sequence as the tree has it: the spans from its beginning to its leaf.

extension PrefixTree {
    /// Whether every token of a sequence is computed.
    package func isComputed(_ leaf: Int) -> Bool { spans[leaf].isComputed }

    /// Whether every token of a sequence is computed or being computed.
    package func isGiven(_ leaf: Int) -> Bool { spans[leaf].isGiven }

    /// Tokens of a sequence that have no slot yet.
    package func missing(_ leaf: Int) -> Int {
        ungiven(leaf).reduce(0) { $0 + spans[$1].tokens.count - spans[$1].slots.count }
    }

    /// Spans without all of their slots, the leaf first. Whatever is above them has all.
    func ungiven(_ leaf: Int) -> [Int] {
        var ids: [Int] = []
        var id = leaf
        while !spans[id].isGiven {
            ids.append(id)
            id = spans[id].parent
        }
        return ids
    }

    /// What the kernel needs to know about some positions of a sequence.
    /// - Parameter positions: all with a slot, and not computed.
    package func piece(_ positions: Range<Int>, of leaf: Int) -> Round.Piece {
        var path: [Int32] = []
        var tokens: [Token] = []
        var reads: [Int] = []
        path.reserveCapacity(positions.upperBound)
        tokens.reserveCapacity(positions.count)
        for id in spansDown(to: leaf, before: positions.upperBound) {
            let span = spans[id]
            path += span.slots.prefix(positions.upperBound - span.start)
            guard span.end > positions.lowerBound else { continue }
            let within = positions.clamped(to: span.start..<span.end)
            tokens += span.tokens.dropFirst(within.lowerBound - span.start).prefix(within.count)
            let wanted = span.index(ofReadFrom: within.lowerBound)..<span.index(ofReadFrom: within.upperBound)
            reads += span.reads[wanted].map(\.position)
        }
        return Round.Piece(path: path, tokens: tokens, reads: reads)
    }

    /// The answers of a sequence whose tokens are all computed.
    package func answers(of reads: [Int], to leaf: Int) -> [Float] {
        var answers: [[Float]] = []
        answers.reserveCapacity(reads.count)
        var id = leaf
        for position in reads.reversed() {
            while spans[id].start > position { id = spans[id].parent }
            let index = spans[id].index(ofReadFrom: position)
            guard let answer = spans[id].reads[index].answer else {
                preconditionFailure("a computed sequence has the answers it was inserted for")
            }
            answers.append(answer)
        }
        return answers.reversed().flatMap(\.self)
    }

    /// The spans of a sequence from its beginning, those that begin behind `position` left out.
    private func spansDown(to leaf: Int, before position: Int) -> [Int] {
        var ids: [Int] = []
        var id = leaf
        while id != Self.root {
            if spans[id].start < position { ids.append(id) }
            id = spans[id].parent
        }
        return ids.reversed()
    }
}
