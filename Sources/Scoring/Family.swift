// The families of reward models that are known by name.
import Checkpoints

/// A family, by the name that `linchpin.json` and `--profile` use.
///
/// The architecture names the family; tensor names and shapes prove it (reference/prm-zoo.md 2.2: `model_type` says
/// "qwen2" for all of them, and `num_labels` is not stored). Those that read a language model's own logits look like any
/// language model and have to be named.
package enum Family: String, CaseIterable, Sendable {
    case qwenPRM = "qwen-prm"
    case reasonFlux = "reasonflux"
    case qwenRM = "qwen-rm"
    case skywork
    case trl
    case pure
    case reasonEval = "reasoneval"
    case mathMinos = "math-minos"
    case sequenceClassification = "sequence-classification"
    case mathShepherd = "math-shepherd"
    case versaPRM = "versaprm"
    case mathPSA = "math-psa"
    case medPRM = "med-prm"
    case rlhflow
    case fover

    /// The family that an architecture's name stands for.
    init?(architecture: String) {
        switch architecture {
        case "Qwen2ForProcessRewardModel": self = .qwenPRM
        case "Qwen2ForRewardModel": self = .qwenRM
        case "Qwen2ForPrmModel": self = .skywork
        case "ReasonEval_7B", "ReasonEval_34B": self = .reasonEval
        case let name where name.hasSuffix("ForTokenClassification"): self = .trl
        case let name where name.hasSuffix("ForSequenceClassification"): self = .sequenceClassification
        default: return nil
        }
    }

    /// The family whose head's tensors a checkpoint has, where its architecture says nothing that we know.
    ///
    /// - Parameter shape: of the tensor with this name in the checkpoint.
    init?(headShape shape: (String) -> [Int]?) {
        if let rows = shape("score.2.weight")?.first, shape("score.0.weight") != nil {
            self = rows == 1 ? .qwenRM : .qwenPRM
        } else if shape("v_head.summary.weight") != nil {
            self = .skywork
        } else if shape("score_head.weight") != nil {
            self = .reasonEval
        } else if let rows = shape("score.weight")?.first {
            // Token classification has a bias, sequence classification has none (prm-zoo 2.2).
            self = rows == 2 && shape("score.bias") != nil ? .trl : .sequenceClassification
        } else {
            return nil
        }
    }

    /// Those that have to be named, since their checkpoints look like plain language models.
    static var languageModels: [Family] {
        allCases.filter { if case .candidateTokens = $0.profile.head { true } else { false } }
    }

    /// How many classes the head must have; the rows of its last weight prove it.
    var classCount: Int {
        switch self {
        case .qwenPRM, .reasonFlux, .trl, .pure: 2
        case .reasonEval: 3
        case .qwenRM, .skywork, .mathMinos, .sequenceClassification: 1
        // The two candidate tokens.
        case .mathShepherd, .versaPRM, .mathPSA, .medPRM, .rlhflow, .fover: 2
        }
    }
}
