// What must hold of a plan between any two calls.

import Batching
import Testing

extension RoundPlan {
    /// Compares the whole tree with the items that stand on it.
    func checkInvariants(cachedTokens: Int, sourceLocation: SourceLocation = #_sourceLocation) {
        var flaws: [String] = []
        func expect(_ holds: Bool, _ words: String) { if !holds { flaws.append(words) } }

        // Who is alive: what children and leaves lead to.
        var pins: [Int: Int] = [:]
        for item in items.values {
            var id = item.leaf
            while id != PrefixTree.root {
                pins[id, default: 0] += 1
                id = tree.spans[id].parent
            }
        }
        var alive = Set(pins.keys)
        var front = [PrefixTree.root]
        while let id = front.popLast() {
            for (token, child) in tree.spans[id].children {
                let span = tree.spans[child]
                expect(span.parent == id && span.tokens.first == token, "a child is its parent's")
                expect(!span.isPrivate, "what is private is not found")
                alive.insert(child)
                front.append(child)
            }
        }

        var slots: [Int32] = []
        var keptSlots = 0
        for id in alive {
            let span = tree.spans[id]
            let parent = tree.spans[span.parent]
            slots += span.slots
            expect(span.pins == pins[id, default: 0], "pins are the items that stand on a span")
            expect(span.start == parent.end && !span.tokens.isEmpty, "spans meet, and have tokens")
            expect(span.computed <= span.slots.count && span.slots.count <= span.tokens.count, "tokens have one slot")
            expect(span.slots.isEmpty || parent.isGiven, "slots are given from the beginning")
            expect(span.computed == 0 || parent.isComputed, "tokens are computed from the beginning")
            expect(tree.kept.contains(id) == (span.pins == 0), "what nothing stands on is kept")
            let positions = span.reads.map(\.position)
            expect(positions.allSatisfy((span.start..<span.end).contains), "reads are a span's own")
            expect(zip(positions, positions.dropFirst()).allSatisfy { $0 < $1 }, "reads ascend")
            if span.pins == 0 {
                keptSlots += span.slots.count
                expect(span.isComputed && !span.isPrivate, "what is kept is computed, and can be found")
            }
        }
        expect(Set(slots).count == slots.count, "a slot has one holder")
        expect(slots.count == tree.slotsInUse && keptSlots == tree.slotsKept, "slots are counted")
        expect(tree.slotsKept == 0 || tree.slotsInUse <= cachedTokens, "no more is kept than may be")
        expect(tree.kept.count == alive.count { tree.spans[$0].pins == 0 }, "only the living are kept")
        #expect(flaws == [], sourceLocation: sourceLocation)
    }
}
