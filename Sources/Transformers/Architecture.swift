// How the decoders that we know differ from one another.
import Checkpoints

/// What a family has of its own; windows, head dimensions and rotary scaling are in the config, whatever the family.
struct Architecture {
    /// Query, key and value projections have a bias.
    let projectsWithBias: Bool
    /// So has the projection after attention.
    let outputHasBias: Bool
    /// Each head's queries and keys are normalised before they are turned.
    let normalisesHeads: Bool
    /// The three layers of the MLP have a bias.
    let mlpHasBias: Bool

    /// The rules of transformers 4.57, `modeling_qwen2.py` and its like: what a family does not ask its config for is
    /// not asked here.
    init(config: ModelConfig) throws(ModelError) {
        switch config.modelType {
        case "qwen2":
            self.init(projection: true, output: false)
        case "qwen3":
            let bias = config.attentionBias ?? false
            self.init(projection: bias, output: bias, headNorms: true)
        case "llama":
            let bias = config.attentionBias ?? false
            self.init(projection: bias, output: bias, mlp: config.mlpBias ?? false)
        case "mistral":
            self.init(projection: false, output: false)
        default:
            throw .unsupportedModelType(config.modelType)
        }
    }

    private init(projection: Bool, output: Bool, headNorms: Bool = false, mlp: Bool = false) {
        projectsWithBias = projection
        outputHasBias = output
        normalisesHeads = headNorms
        mlpHasBias = mlp
    }
}
