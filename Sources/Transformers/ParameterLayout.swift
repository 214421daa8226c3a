// Where each parameter of a decoder that learns stands.
import Checkpoints

/// All parameters in one block, in the order in which a token meets them, so that what is tuned is always its end.
///
/// Projections that read the same rows stand side by side (query, key, value; gate, up): one product computes them all.
struct ParameterLayout {
    /// Places of one layer's parameters.
    struct Layer {
        let inputNorm: Range<Int>
        /// [(heads + 2 key-value heads) * dimension, hidden]
        let projection: Range<Int>
        /// [(heads + 2 key-value heads) * dimension]
        let projectionBias: Range<Int>
        let output: Range<Int>
        let postNorm: Range<Int>
        /// [2 * intermediate, hidden]
        let gateUp: Range<Int>
        let down: Range<Int>
    }

    /// Classes of the head: wrong and right.
    static let classes = 2

    private(set) var tensors: [ParameterTensor] = []
    let embedding: Range<Int>
    private(set) var layers: [Layer] = []
    private(set) var finalNorm = 0..<0
    private(set) var score = 0..<0
    private(set) var scoreBias = 0..<0
    /// Floats in all; a few between tensors belong to none and stay zero.
    private(set) var count = 0

    init(_ blueprint: Blueprint) {
        embedding = 0..<blueprint.embedding.shape.reduce(1, *)
        _ = add([blueprint.embedding])
        for index in 0..<blueprint.config.layerCount {
            let plan = blueprint.layer(index)
            let biases = [plan.query, plan.key, plan.value].compactMap(\.bias)
            layers.append(
                Layer(
                    inputNorm: add([plan.inputNorm]),
                    projection: add([plan.query.weight, plan.key.weight, plan.value.weight]),
                    projectionBias: add(biases),
                    output: add([plan.output.weight]),
                    postNorm: add([plan.postNorm]),
                    gateUp: add([plan.gate.weight, plan.up.weight]),
                    down: add([plan.down.weight])
                )
            )
        }
        finalNorm = add([blueprint.finalNorm])
        score = add([ParameterLayout.scorePlan(hidden: blueprint.config.hiddenSize)])
        scoreBias = add([ParameterLayout.scoreBiasPlan])
    }

    static func scorePlan(hidden: Int) -> TensorPlan { TensorPlan(name: "score.weight", shape: [classes, hidden]) }
    static var scoreBiasPlan: TensorPlan { TensorPlan(name: "score.bias", shape: [classes]) }

    /// The end of the block that moves.
    func trainable(_ tuning: Tuning) -> Range<Int> {
        switch tuning {
        case .all: 0..<count
        case .head: score.lowerBound..<count
        case .last(let layers):
            layers >= self.layers.count
                ? (self.layers.first?.inputNorm.lowerBound ?? 0)..<count
                : (layers > 0 ? self.layers[self.layers.count - layers].inputNorm : finalNorm).lowerBound..<count
        }
    }

    /// Places tensors side by side, from a multiple of 16 floats on: a cache line, and a vector.
    private mutating func add(_ plans: [TensorPlan]) -> Range<Int> {
        let start = (count + 15) / 16 * 16
        var end = start
        for plan in plans {
            let size = plan.shape.reduce(1, *)
            tensors.append(ParameterTensor(name: plan.name, shape: plan.shape, range: end..<end + size))
            end += size
        }
        count = end
        return start..<end
    }
}
