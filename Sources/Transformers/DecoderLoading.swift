// A decoder from a checkpoint.
import Checkpoints

extension Decoder {
    /// Reads every tensor of the blueprint.
    init(blueprint: Blueprint, loader: inout WeightLoader) throws(ModelError) {
        self.blueprint = blueprint
        embedding = try loader.matrix(blueprint.embedding)
        var layers: [DecoderLayer] = []
        for index in 0..<blueprint.config.layerCount {
            layers.append(
                try DecoderLayer(
                    plan: blueprint.layer(index),
                    window: blueprint.config.slidingWindows[index] ?? 0,
                    loader: &loader
                )
            )
        }
        self.layers = layers
        finalNorm = try loader.vector(blueprint.finalNorm)
        frequencies = rotaryFrequencies(of: blueprint.config)
    }
}

extension DecoderLayer {
    fileprivate init(plan: LayerPlan, window: Int, loader: inout WeightLoader) throws(ModelError) {
        self.init(
            inputNorm: try loader.vector(plan.inputNorm),
            projection: try loader.linear([plan.query, plan.key, plan.value]),
            queryNorm: try loader.vector(ifPlanned: plan.queryNorm),
            keyNorm: try loader.vector(ifPlanned: plan.keyNorm),
            output: try loader.linear([plan.output]),
            postNorm: try loader.vector(plan.postNorm),
            gateUp: try loader.linear([plan.gate, plan.up], gated: true),
            down: try loader.linear([plan.down]),
            window: window
        )
    }
}
