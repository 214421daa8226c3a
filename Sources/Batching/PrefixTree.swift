// Every sequence that waits, runs or is kept, each shared beginning once.
//
// A radix tree of token spans. A sequence ends where a span ends, and pins every span from there to the root. So a span
// without pins has no pinned span below it, and was unpinned after all that are: in `kept` children stand before their
// parents, whoever is taken off its front leaves no orphan, and least recently used goes first. No walk is recursive.

/// Spans of tokens, their slots and their answers.
package struct PrefixTree: Sendable {
    /// Its span has no tokens, and always stands.
    package static let root = 0

    private let cachedTokens: Int
    /// Numbers of an answer.
    package let answerWidth: Int
    package private(set) var spans = [Span(start: 0, tokens: [], reads: [], parent: root, isPrivate: false)]
    private var vacant: [Int] = []
    private var pool = SlotPool()
    /// Spans without pins, least recently used first.
    package private(set) var kept = Line()
    package private(set) var slotsKept = 0

    /// - Parameter cachedTokens: slots in use up to which spans are kept that nothing stands on.
    package init(cachedTokens: Int, answerWidth: Int = 1) {
        self.cachedTokens = max(0, cachedTokens)
        self.answerWidth = answerWidth
    }

    package var slotsInUse: Int { pool.inUse }

    /// Finds or makes the spans of a sequence, pins them, and returns the last of them: the leaf it is known by.
    package mutating func insert(_ work: TokenWork) -> Int {
        var leaf = Self.root
        var position = 0
        var reads = work.reads[...]
        var isPrivate = false
        while !isPrivate, position < work.tokens.count, let child = spans[leaf].children[work.tokens[position]] {
            let common = spans[child].common(with: work.tokens[position...])
            let shared = spans[child].shareable(common, reads: reads)
            isPrivate = shared < common
            guard shared > 0 else { break }
            leaf = shared < spans[child].tokens.count ? split(child, at: shared) : child
            position += shared
            let behind = reads.firstIndex { $0 >= position } ?? reads.endIndex
            spans[leaf].want(reads[..<behind])
            reads = reads[behind...]
        }
        if position < work.tokens.count {
            // A copy: a slice would hold the whole work, of which a branch is the least part.
            let tokens = Array(work.tokens[position...])[...]
            leaf = add(Span(start: position, tokens: tokens, reads: reads, parent: leaf, isPrivate: isPrivate))
        }
        pin(leaf)
        return leaf
    }

    /// As `insert`, but nothing that is known of the tokens is used, nor is anything kept of them.
    package mutating func insertApart(_ work: TokenWork) -> Int {
        let leaf = add(
            Span(start: 0, tokens: work.tokens[...], reads: work.reads[...], parent: Self.root, isPrivate: true)
        )
        pin(leaf)
        return leaf
    }

    /// Takes a sequence out again; what is computed of it may be kept, the rest goes.
    ///
    /// Nothing of it may be running.
    package mutating func unpin(_ leaf: Int) {
        var id = leaf
        while id != Self.root {
            let parent = spans[id].parent
            spans[id].pins -= 1
            if spans[id].pins == 0 { keep(id) }
            id = parent
        }
        makeRoom(for: 0)
    }

    /// Gives slots to the next `count` positions on the way to `leaf` that have none; returns those positions.
    ///
    /// - Parameter count: at most what `missing` says.
    package mutating func give(_ count: Int, to leaf: Int) -> Range<Int> {
        makeRoom(for: count)
        let ungiven = ungiven(leaf)
        let first = ungiven.last.map { spans[$0].start + spans[$0].slots.count } ?? spans[leaf].end
        var left = count
        for id in ungiven.reversed() {
            let share = min(left, spans[id].tokens.count - spans[id].slots.count)
            for _ in 0..<share { spans[id].slots.append(pool.take()) }
            left -= share
            if left == 0 { break }
        }
        return first..<first + count
    }

    /// Ends what runs on the way to `leaf`: it is computed, or its slots are given back.
    package mutating func settle(_ leaf: Int, computed: Bool) {
        var id = leaf
        while spans[id].slots.isEmpty, id != Self.root { id = spans[id].parent }
        while spans[id].computed < spans[id].slots.count {
            if computed {
                spans[id].computed = spans[id].slots.count
            } else {
                pool.release(spans[id].slots.dropFirst(spans[id].computed))
                spans[id].slots = spans[id].slots.prefix(spans[id].computed)
            }
            // A piece may have begun further up.
            id = spans[id].parent
        }
    }

    /// Stores the answers of reads on the way to `leaf`.
    package mutating func store(_ answers: ArraySlice<Float>, of reads: [Int], to leaf: Int) {
        var id = leaf
        var rest = answers
        for position in reads.reversed().prefix(answers.count / answerWidth) {
            while spans[id].start > position { id = spans[id].parent }
            spans[id].answer(position, Array(rest.suffix(answerWidth)))
            rest = rest.dropLast(answerWidth)
        }
    }

    private mutating func add(_ span: Span) -> Int {
        let id: Int
        if let free = vacant.popLast() {
            id = free
            spans[id] = span
        } else {
            id = spans.count
            spans.append(span)
        }
        if !span.isPrivate, let first = span.tokens.first { spans[span.parent].children[first] = id }
        return id
    }

    /// Makes a span of the first `length` tokens above `id`, which goes on with the rest; returns the upper one.
    private mutating func split(_ id: Int, at length: Int) -> Int {
        let upper = add(spans[id].cut(first: length))
        spans[upper].children = [:]
        spans[id].parent = upper
        if let first = spans[id].tokens.first { spans[upper].children[first] = id }
        if kept.contains(id) { kept.append(upper) }
        return upper
    }

    private mutating func pin(_ leaf: Int) {
        var id = leaf
        while id != Self.root {
            if kept.remove(id) { slotsKept -= spans[id].slots.count }
            spans[id].pins += 1
            id = spans[id].parent
        }
    }

    /// Keeps what is computed of a span that just lost its last pin.
    private mutating func keep(_ id: Int) {
        shorten(id, to: spans[id].isPrivate ? 0 : spans[id].computed)
        guard !spans[id].slots.isEmpty else { return }
        kept.append(id)
        slotsKept += spans[id].slots.count
    }

    /// Forgets what is kept, each span from its end, until `count` more slots are within the bound or nothing is kept.
    private mutating func makeRoom(for count: Int) {
        while slotsInUse + count > cachedTokens, let oldest = kept.first {
            let length = spans[oldest].slots.count
            let forgotten = min(length, slotsInUse + count - cachedTokens)
            slotsKept -= forgotten
            if forgotten == length { kept.remove(oldest) }
            shorten(oldest, to: length - forgotten)
        }
    }

    /// Leaves the first `length` tokens of a span that nothing is below; without any it is gone.
    private mutating func shorten(_ id: Int, to length: Int) {
        guard length == 0 else { return pool.release(spans[id].trim(to: length)) }
        let gone = spans[id]
        if !gone.isPrivate, let first = gone.tokens.first { spans[gone.parent].children[first] = nil }
        pool.release(gone.slots)
        // What takes the place of a span that is gone must not hold its tokens.
        spans[id] = Span(start: 0, tokens: [], reads: [], parent: Self.root, isPrivate: false)
        vacant.append(id)
    }
}
