// The two heads of a decoder that learns: scores, and words.
import CKernels
import Checkpoints

/// What one micro-batch learnt.
struct MicroLesson {
    var losses: [LossGradient] = []
    /// The sum of -log p over the language targets.
    var languageLoss = 0.0
}

extension Lane {
    /// Logits of a micro-batch's read positions, [reads, classes], after `forward`.
    func score(_ batch: MicroBatch) -> [Float] {
        readRows(batch.readRows[...], classes: ParameterLayout.classes)
        let count = batch.readRows.count * ParameterLayout.classes
        lp_dense_forward(
            memory.readNormed.start,
            parameter(layout.score),
            parameter(layout.scoreBias),
            batch.readRows.count,
            hidden,
            ParameterLayout.classes,
            0,
            memory.logits.start
        )
        return Array(UnsafeBufferPointer(start: memory.logits.start, count: count))
    }

    /// Forward and backward of one micro-batch, onto the gradient.
    /// - Parameter languageScale: what one language target's cross-entropy counts.
    func learn(
        _ batch: MicroBatch,
        languageScale: Float,
        loss: (_ sequence: Int, _ logits: [Float]) -> LossGradient
    ) -> MicroLesson {
        forward(batch)
        memory.hiddenGradient.start.update(repeating: 0, count: batch.ids.count * hidden)
        var lesson = MicroLesson()
        learnScores(batch, loss, into: &lesson)
        if languageScale != 0 { learnLanguage(batch, languageScale, into: &lesson) }
        backward(batch)
        return lesson
    }

    private func learnScores(
        _ batch: MicroBatch,
        _ loss: (_ sequence: Int, _ logits: [Float]) -> LossGradient,
        into lesson: inout MicroLesson
    ) {
        let classes = ParameterLayout.classes
        let logits = score(batch)
        var gradient: [Float] = []
        gradient.reserveCapacity(logits.count)
        for (sequence, count) in zip(batch.sequences, batch.readCounts) {
            let own = Array(logits[gradient.count..<gradient.count + count * classes])
            let answer = loss(sequence, own)
            precondition(answer.logits.count == own.count, "a loss must answer for every logit")
            gradient += answer.logits
            lesson.losses.append(answer)
        }
        goBack(through: layout.score, bias: layout.scoreBias, classes: classes, gradient, to: batch.readRows[...])
    }

    /// The next token of every language target, through the embedding as the output layer. A vocabulary is wide, so some
    /// rows at a time.
    private func learnLanguage(_ batch: MicroBatch, _ scale: Float, into lesson: inout MicroLesson) {
        let vocabulary = blueprint.config.vocabularySize
        let rowsAtOnce = max(1, (1 << 20) / vocabulary)
        for first in stride(from: 0, to: batch.languageRows.count, by: rowsAtOnce) {
            let chunk = first..<min(batch.languageRows.count, first + rowsAtOnce)
            let rows = batch.languageRows[chunk]
            readRows(rows, classes: vocabulary)
            lp_dense_forward(
                memory.readNormed.start,
                parameter(layout.embedding),
                nil,
                rows.count,
                hidden,
                vocabulary,
                0,
                memory.logits.start
            )
            let status = batch.languageTokens[chunk].withUnsafeBufferPointer {
                lp_cross_entropy(
                    memory.logits.start,
                    $0.baseAddress,
                    rows.count,
                    vocabulary,
                    scale,
                    &lesson.languageLoss
                )
            }
            precondition(status == LP_OK, "an id that was checked is outside of the vocabulary")
            goBack(through: layout.embedding, bias: 0..<0, classes: vocabulary, rows: rows)
        }
    }

    /// Gathers rows of the last hidden states and norms them, with room for their logits.
    private func readRows(_ rows: ArraySlice<Int>, classes: Int) {
        memory.reserve(reads: rows.count, width: hidden, classes: classes)
        for (index, row) in rows.enumerated() {
            (memory.read.start + index * hidden).update(from: tape.hidden.start + row * hidden, count: hidden)
        }
        lp_rmsnorm(
            lp_isa_best(),
            memory.read.start,
            parameter(layout.finalNorm),
            epsilon,
            rows.count,
            hidden,
            memory.readNormed.start
        )
    }

    private func goBack(
        through weight: Range<Int>,
        bias: Range<Int>,
        classes: Int,
        _ gradient: [Float],
        to rows: ArraySlice<Int>
    ) {
        for (index, value) in gradient.enumerated() { memory.logits.start[index] = value }
        goBack(through: weight, bias: bias, classes: classes, rows: rows)
    }

    /// From the gradient in `memory.logits` to the head's weights and to the rows that it read.
    private func goBack(through weight: Range<Int>, bias: Range<Int>, classes: Int, rows: ArraySlice<Int>) {
        let count = rows.count
        if let slot = slot(weight) {
            lp_dense_weight_gradient(
                memory.logits.start,
                memory.readNormed.start,
                count,
                hidden,
                classes,
                slot,
                self.slot(bias)
            )
        }
        lp_dense_input_gradient(
            memory.logits.start,
            parameter(weight),
            count,
            hidden,
            classes,
            0,
            memory.readNormedGradient.start
        )
        memory.readGradient.start.update(repeating: 0, count: count * hidden)
        lp_rmsnorm_backward(
            memory.read.start,
            parameter(layout.finalNorm),
            memory.readNormedGradient.start,
            epsilon,
            count,
            hidden,
            memory.readGradient.start,
            slot(layout.finalNorm)
        )
        for (index, row) in rows.enumerated() {
            let to = memory.hiddenGradient.start + row * hidden
            let from = memory.readGradient.start + index * hidden
            for i in 0..<hidden { to[i] += from[i] }
        }
    }
}
