// Finds the profile of a checkpoint and proves it.
package import Checkpoints
import JSON
import Transformers

/// The families that can be told apart, by the name that `linchpin.json` uses.
///
/// The architecture names the family; tensor names and shapes prove it (reference/prm-zoo.md 2.2: `model_type` says
/// "qwen2" for all of them, and `num_labels` is not stored).
package enum Family: String, CaseIterable, Sendable {
    case qwenPRM = "qwen-prm"
    case skywork
    case trl
    case pure
    case sequenceClassification = "sequence-classification"

    /// The family that an architecture's name stands for.
    init?(architecture: String) {
        switch architecture {
        case "Qwen2ForProcessRewardModel": self = .qwenPRM
        case "Qwen2ForPrmModel": self = .skywork
        case let name where name.hasSuffix("ForTokenClassification"): self = .trl
        case let name where name.hasSuffix("ForSequenceClassification"): self = .sequenceClassification
        default: return nil
        }
    }

    /// The recipe as the authors' code has it.
    func profile(hasBias: Bool) -> Profile {
        let score = Head.linear(weight: "score.weight", bias: hasBias ? "score.bias" : nil)
        switch self {
        case .qwenPRM:
            return Profile(
                name: rawValue,
                template: .chatMarker(system: Family.qwenSystemMessage, marker: "<extra_0>"),
                head: .mlp2(
                    first: .init(weight: "score.0.weight", bias: "score.0.bias"),
                    second: .init(weight: "score.2.weight", bias: "score.2.bias")
                ),
                reduction: .softmax(1),
                separator: "\n\n",
                semantics: .correctness,
                scale: .probability,
                evidence: []
            )
        case .skywork:
            return Profile(
                name: rawValue,
                template: .lines(opening: "<|im_start|>"),
                head: .linear(weight: "v_head.summary.weight", bias: "v_head.summary.bias"),
                reduction: .sigmoid,
                separator: "\n",
                semantics: .correctness,
                scale: .probability,
                evidence: []
            )
        case .trl:
            return Profile(
                name: rawValue,
                template: .pieces(separator: "\n"),
                head: score,
                reduction: .softmax(1),
                separator: "\n",
                semantics: .correctness,
                scale: .probability,
                evidence: []
            )
        case .pure:
            // PURE splits rollouts at blank lines and puts one newline token in their place (2504.15275).
            return Profile(
                name: rawValue,
                template: .pieces(separator: "\n"),
                head: score,
                reduction: .margin,
                separator: "\n\n",
                semantics: .correctness,
                scale: .margin,
                evidence: []
            )
        case .sequenceClassification:
            return Profile(
                name: rawValue,
                template: .chatLast(system: nil, joiner: "\n\n"),
                head: score,
                reduction: .identity,
                separator: "\n\n",
                semantics: .value,
                scale: .raw,
                evidence: []
            )
        }
    }

    /// The card of Qwen2.5-Math-PRM-7B.
    static let qwenSystemMessage = #"Please reason step by step, and put your final answer within \boxed{}."#

    /// The head's last weight and the number of rows it must have.
    var proof: (tensor: String, rows: Int) {
        switch self {
        case .qwenPRM: ("score.2.weight", 2)
        case .skywork: ("v_head.summary.weight", 1)
        case .trl, .pure: ("score.weight", 2)
        case .sequenceClassification: ("score.weight", 1)
        }
    }
}

extension Profile {
    /// The profile of a checkpoint: `linchpin.json` first, then `architectures`; proven by the head's tensors.
    package init(checkpoint: Checkpoint) throws {
        let override = try ProfileOverride(checkpoint: checkpoint)
        let family = try Profile.family(of: checkpoint.config, override: override)
        let (tensor, rows) = family.proof
        guard let info = checkpoint.tensors[tensor] else {
            throw ProfileError.missingTensor(profile: family.rawValue, tensor: tensor)
        }
        guard info.shape.count == 2, info.shape[0] == rows else {
            throw ProfileError.wrongHead(
                profile: family.rawValue,
                tensor: tensor,
                shape: info.shape,
                expected: "[\(rows), hidden size]"
            )
        }
        // Token classification has a bias, sequence classification has none (prm-zoo 2.2).
        self = family.profile(hasBias: checkpoint.tensors["score.bias"] != nil)
        if override?.profile == nil {
            evidence.append("config.json: architectures[0] is \(checkpoint.config.architectures.first ?? "absent")")
        }
        evidence.append("tensor \(tensor) has shape \(info.shape)")
        if let override { try override.apply(to: &self) }
    }

    private static func family(of config: ModelConfig, override: ProfileOverride?) throws -> Family {
        if let name = override?.profile {
            guard let family = Family(rawValue: name) else {
                throw ProfileError.unknownProfile(name, known: Family.allCases.map(\.rawValue))
            }
            return family
        }
        guard let family = config.architectures.first.flatMap(Family.init(architecture:)) else {
            throw ProfileError.unknownArchitecture(config.architectures)
        }
        return family
    }
}
