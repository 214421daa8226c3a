// A round that serves nobody but who wants to know that the kernel works.

/// A probe on its way: where it stands in the tree, and what is computed.
struct Probe: Sendable {
    let leaf: Int
    let round: Round
}

extension RoundPlan {
    /// Takes slots for a work of its own. Nothing may be running until it has ended; it counts as no round.
    mutating func beginProbe(_ work: TokenWork) -> Probe {
        let leaf = tree.insertApart(work)
        let positions = tree.give(work.tokens.count, to: leaf)
        return Probe(leaf: leaf, round: Round(pieces: [tree.piece(positions, of: leaf)]))
    }

    mutating func endProbe(_ probe: Probe, isComputed: Bool) {
        tree.settle(probe.leaf, computed: isComputed)
        tree.unpin(probe.leaf)
    }
}
