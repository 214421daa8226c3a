// Whether a checkpoint holds what a decoder needs.
import Checkpoints

extension Checkpoint {
    /// Refuses a tensor that is missing, has another shape than planned or that a decoder so planned would leave out,
    /// from the files' headers alone and before gigabytes are read; returns the bytes that will be read.
    func check(_ plans: [TensorPlan]) throws(ModelError) -> Int {
        var total = 0
        for plan in plans {
            guard let info = tensors[plan.name] else { throw absence(of: plan.name) }
            guard info.shape == plan.shape else {
                throw .wrongShape(tensor: plan.name, expected: plan.shape, found: info.shape)
            }
            // A plan's shape is never empty, and its rows lie within it.
            total += plan.rows.map { $0.count * (info.byteCount / plan.shape[0]) } ?? info.byteCount
        }
        if let name = stranger(to: plans) { throw .unexpectedTensor(name) }
        return total
    }

    /// A tensor of the decoder that no plan names: another family's bias or norm, or a layer that config.json does not
    /// count. Heads and output layers have names of their own, and may lie there unused.
    private func stranger(to plans: [TensorPlan]) -> String? {
        let planned = Set(plans.map(\.name))
        let names = Array(tensors.keys) + unsupportedTensors.keys
        return names.filter {
            // Frequencies that older files stored, and that config.json tells as well.
            $0.hasPrefix("model.") && !planned.contains($0) && !$0.hasSuffix(".rotary_emb.inv_freq")
        }.min()
    }

    /// A tensor may lie in the files in a type that nobody computes with.
    private func absence(of name: String) -> ModelError {
        guard let other = unsupportedTensors[name] else { return .missingTensor(name) }
        return .checkpoint(.tensor(name, file: other.file, .unsupportedDType(other.dtype)))
    }
}
