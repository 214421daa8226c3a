// Consecutive tokens that the same sequences share.

/// A node of the prefix tree.
package struct Span: Sendable {
    /// A position where someone wants an answer; its numbers once there are some.
    package struct Read: Sendable {
        package let position: Int
        package internal(set) var answer: [Float]?
    }

    /// Position of the first token in every sequence that goes through here.
    package private(set) var start: Int
    /// Never empty, but for the root; a slice, since a cut from the front must not copy the rest.
    package private(set) var tokens: ArraySlice<Token>
    /// One for each of the first tokens, given when they are planned.
    package internal(set) var slots: ArraySlice<Int32> = []
    /// How many of those are computed; the others run now.
    package internal(set) var computed = 0
    /// By rising position. Positions count from the sequence's beginning: so a cut leaves them as they are.
    package private(set) var reads: ArraySlice<Read>
    /// Waiting and running sequences that go through here.
    package internal(set) var pins = 0
    package internal(set) var parent: Int
    /// By their first token.
    package internal(set) var children: [Token: Int] = [:]
    /// Not among its parent's children: it computes again what is computed there without the wanted answer.
    package let isPrivate: Bool

    init(start: Int, tokens: ArraySlice<Token>, reads: ArraySlice<Int>, parent: Int, isPrivate: Bool) {
        self.start = start
        self.tokens = tokens
        self.reads = reads.map { Read(position: $0) }[...]
        self.parent = parent
        self.isPrivate = isPrivate
    }

    /// Position behind the last token.
    package var end: Int { start + tokens.count }
    package var isGiven: Bool { slots.count == tokens.count }
    package var isComputed: Bool { computed == tokens.count }

    /// How many first tokens are those of `other`.
    func common(with other: ArraySlice<Token>) -> Int {
        let most = min(tokens.count, other.count)
        var length = 0
        while length < most, tokens[tokens.startIndex + length] == other[other.startIndex + length] { length += 1 }
        return length
    }

    /// How many of the first `length` tokens serve someone who wants these reads: all before one that came too late.
    /// - Parameter wanted: from `start` on.
    func shareable(_ length: Int, reads wanted: ArraySlice<Int>) -> Int {
        let fixed = start + min(length, slots.count)
        var own = reads.startIndex
        for position in wanted {
            guard position < fixed else { break }
            while own < reads.endIndex, reads[own].position < position { own += 1 }
            guard own < reads.endIndex, reads[own].position == position else { return position - start }
        }
        return length
    }

    /// Adds reads, all within this span; those already here are left alone.
    mutating func want(_ wanted: ArraySlice<Int>) {
        guard !wanted.isEmpty else { return }
        var merged: [Read] = []
        merged.reserveCapacity(reads.count + wanted.count)
        var own = reads.startIndex
        for position in wanted {
            while own < reads.endIndex, reads[own].position < position {
                merged.append(reads[own])
                own += 1
            }
            guard own == reads.endIndex || reads[own].position != position else { continue }
            merged.append(Read(position: position))
        }
        reads = (merged + reads[own...])[...]
    }

    /// Stores the answer of a read; other positions are none of it.
    mutating func answer(_ position: Int, _ answer: [Float]) {
        let index = index(ofReadFrom: position)
        guard index < reads.endIndex, reads[index].position == position else { return }
        reads[index].answer = answer
    }

    /// Cuts off the first `length` tokens, as a span of their own; costs `length`, however long the rest.
    mutating func cut(first length: Int) -> Span {
        let boundary = index(ofReadFrom: start + length)
        var upper = self
        upper.tokens = Array(tokens.prefix(length))[...]
        upper.slots = Array(slots.prefix(length))[...]
        upper.computed = min(computed, length)
        upper.reads = Array(reads[..<boundary])[...]
        start += length
        tokens = tokens.dropFirst(length)
        slots = slots.dropFirst(length)
        computed -= upper.computed
        reads = reads[boundary...]
        return upper
    }

    /// Forgets all but the first `length` tokens, and returns the slots of the others.
    mutating func trim(to length: Int) -> ArraySlice<Int32> {
        let freed = slots.dropFirst(length)
        tokens = tokens.prefix(length)
        slots = slots.prefix(length)
        computed = min(computed, length)
        reads = reads[..<index(ofReadFrom: start + length)]
        return freed
    }

    /// Where the first read at or behind `position` stands.
    func index(ofReadFrom position: Int) -> Int {
        var low = reads.startIndex
        var high = reads.endIndex
        while low < high {
            let middle = low + (high - low) / 2
            if reads[middle].position < position { low = middle + 1 } else { high = middle }
        }
        return low
    }
}
