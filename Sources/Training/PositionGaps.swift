// Rollouts longer than any that is learnt from, in position alone.
import Transformers

/// Moves a rollout's tokens from a random place on further back, so that a decoder meets greater distances than its
/// rollouts are long.
///
/// A gap in rotary positions in the place of the random positions of Ruoss et al. 2023 (arXiv:2305.16843), which serve the
/// same end. Half of the rollouts are left as they are. A function of seed, update and rollout alone, as batches are.
package struct PositionGaps {
    private let longest: Int
    private let seed: Int
    private let maximumPositions: Int

    /// - Parameter maximumPositions: positions end before this.
    package init(longest: Int, seed: Int, maximumPositions: Int) {
        (self.longest, self.seed, self.maximumPositions) = (longest, seed, maximumPositions)
    }

    /// The positions of each rollout of an update's batch, by its length; nil where it is left as it is.
    package func positions(of lengths: [Int], at update: Int) -> [[Int32]?] {
        var chance = Chance(seed: seed, stream: .gaps, index: update)
        return lengths.map { count in
            let isSpread = chance.next(below: 2) == 1
            let place = chance.next(below: count)
            let gap = chance.next(below: max(0, min(longest, maximumPositions - count)) + 1)
            guard isSpread, gap > 0 else { return nil }
            return (0..<count).map { Int32(truncatingIfNeeded: $0 < place ? $0 : $0 + gap) }
        }
    }

    func spread(_ batch: [Example], at update: Int) -> [Example] {
        guard longest > 0 else { return batch }
        return zip(batch, positions(of: batch.map(\.sequence.ids.count), at: update)).map { example, positions in
            var sequence = example.sequence
            sequence.positions = positions
            return Example(sequence: sequence, correct: example.correct, index: example.index)
        }
    }
}
