// Cuts a batch into pieces that one thread goes through.
import Checkpoints

/// Some sequences of a batch end to end, without padding between them.
struct MicroBatch {
    /// Which sequences of the batch these are.
    let sequences: Range<Int>
    let ids: [Int32]
    /// The position of each row within its rollout, as rotary embedding is told.
    let positions: [Int32]
    /// Rows of each rollout.
    let rollouts: [Range<Int>]
    /// The rows that reach the head, and how many each sequence has of them.
    let readRows: [Int]
    let readCounts: [Int]
    /// Rows that predict the token after them, and those tokens.
    let languageRows: [Int]
    let languageTokens: [Int32]

    init(_ batch: [TrainingSequence], _ sequences: Range<Int>) {
        self.sequences = sequences
        var ids: [Int32] = []
        var positions: [Int32] = []
        var rollouts: [Range<Int>] = []
        var readRows: [Int] = []
        var languageRows: [Int] = []
        var languageTokens: [Int32] = []
        for sequence in batch[sequences] {
            let first = ids.count
            ids += sequence.ids
            positions += sequence.positions ?? sequence.ids.indices.map { Int32(truncatingIfNeeded: $0) }
            rollouts.append(first..<ids.count)
            readRows += sequence.readPositions.map { first + $0 }
            for position in sequence.languageTargets {
                languageRows.append(first + position - 1)
                languageTokens.append(sequence.ids[position])
            }
        }
        self.ids = ids
        self.positions = positions
        self.rollouts = rollouts
        self.readRows = readRows
        readCounts = batch[sequences].map(\.readPositions.count)
        self.languageRows = languageRows
        self.languageTokens = languageTokens
    }

    /// The batch in pieces of about equal size, as many for each lane, none much above `tokensAtOnce` tokens.
    static func cut(_ batch: [TrainingSequence], lanes: Int, tokensAtOnce: Int) -> [MicroBatch] {
        let total = batch.reduce(0) { $0 + $1.ids.count }
        let rounds = (total + lanes * tokensAtOnce - 1) / (lanes * tokensAtOnce)
        let pieces = min(batch.count, max(1, rounds) * lanes)
        var cuts: [MicroBatch] = []
        var start = 0
        var tokens = 0
        for (index, sequence) in batch.enumerated() {
            tokens += sequence.ids.count
            let piecesLeft = pieces - cuts.count
            let isFull = piecesLeft > 1 && tokens * pieces >= total * (cuts.count + 1)
            let mustLeaveRest = piecesLeft > 1 && batch.count - index - 1 == piecesLeft - 1
            guard isFull || mustLeaveRest || index == batch.count - 1 else { continue }
            cuts.append(MicroBatch(batch, start..<index + 1))
            start = index + 1
        }
        return cuts
    }
}

extension MicroBatch {
    /// The products that its rows go through, forth and back.
    func productShapes(of blueprint: Blueprint, language: Bool) -> [ProductShape] {
        let config = blueprint.config
        let linear = [
            (config.hiddenSize, blueprint.projectionWidth), (blueprint.queryWidth, config.hiddenSize),
            (config.hiddenSize, 2 * config.intermediateSize), (config.intermediateSize, config.hiddenSize),
        ].map { ProductShape.linear(rows: ids.count, inputs: $0, outputs: $1) }
        let attention = rollouts.flatMap { rollout in
            stride(from: 0, to: rollout.count, by: 64).flatMap { begin in
                let queries = min(64, rollout.count - begin)
                let block = ProductShape.attention(
                    queries: queries,
                    dimension: config.headDimension,
                    keys: begin + queries
                )
                return [ProductShape](repeating: block, count: config.headCount)
            }
        }
        var shapes = (0..<config.layerCount).flatMap { _ in linear + attention }
        if language, !languageRows.isEmpty {
            let rows = languageRows.count
            shapes.append(.linear(rows: rows, inputs: config.hiddenSize, outputs: config.vocabularySize))
        }
        return shapes
    }
}

extension TrainingSequence {
    /// Why a decoder with so many rows of embedding cannot learn from this; nil when it can.
    func problem(index: Int, vocabulary: Int) -> ModelError? {
        guard !ids.isEmpty else { return .emptySequence(index: index) }
        guard hasReadablePositions(ids: ids, readPositions) else { return .badReadPositions(sequence: index) }
        if let row = ids.firstIndex(where: { $0 < 0 || Int($0) >= vocabulary }) {
            return .unknownToken(id: ids[row], row: row)
        }
        if let positions, positions.count != ids.count { return .badPositions(sequence: index) }
        let targets = languageTargets
        guard targets.isEmpty || (targets.lowerBound >= 1 && targets.upperBound <= ids.count) else {
            return .badLanguageTargets(sequence: index)
        }
        return nil
    }
}
