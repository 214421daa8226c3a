// Finds the profile of a checkpoint and proves it.
package import Checkpoints
import Transformers

/// Who says which profile to use, where the folder's own `linchpin.json` shall not.
package enum ProfileSource: Sendable, Equatable {
    /// A family's name, for a folder that nobody may write to.
    case name(String)
    /// The contents of a file in the format of `linchpin.json`, and how the user calls it.
    case file([UInt8], name: String)
}

extension Profile {
    /// The profile of a checkpoint: what `source` or `linchpin.json` says first, then `architectures`, then the names of
    /// the head's tensors; always proven by those tensors' shapes.
    package init(checkpoint: Checkpoint, source: ProfileSource? = nil) throws {
        let override = try ProfileOverride(checkpoint: checkpoint, source: source)
        let (family, evidence) = try Profile.family(of: checkpoint, override: override)
        self = family.profile
        self.evidence.append(evidence)
        try override?.apply(to: &self)
        try prove(
            by: checkpoint,
            classes: override?.changesHead == true ? nil : family.classCount
        )
    }

    private static func family(
        of checkpoint: Checkpoint,
        override: ProfileOverride?
    ) throws -> (Family, evidence: String) {
        if let override, let name = override.profile {
            guard let family = Family(rawValue: name) else {
                throw ProfileError.unknownProfile(name, known: Family.allCases.map(\.rawValue))
            }
            return (family, "\(override.name): profile is \(name)")
        }
        let names = checkpoint.config.architectures
        if let family = names.first.flatMap(Family.init(architecture:)) {
            return (family, "config.json: architectures[0] is \(names.first ?? "absent")")
        }
        // A causal language model is asked about by name: its unused head may lie beside any other.
        if names.first?.hasSuffix("ForCausalLM") != true,
            let family = Family(headShape: { checkpoint.tensors[$0]?.shape })
        {
            return (family, "the head's tensors are those of \(family.rawValue)")
        }
        throw ProfileError.unknownArchitecture(names, languageModels: Family.languageModels.map(\.rawValue))
    }

    /// The tensor that the head's last layer must have, and as many rows as classes are reduced.
    private mutating func prove(by checkpoint: Checkpoint, classes: Int?) throws {
        let tensor: String
        switch head {
        case .candidateTokens:
            tensor =
                checkpoint.config.tiesWordEmbeddings && checkpoint.tensors["lm_head.weight"] == nil
                ? "model.embed_tokens.weight" : "lm_head.weight"
        case .tensors(.linear(let weight, let bias)):
            tensor = weight
            // Token classification has a bias, sequence classification has none (prm-zoo 2.2); a bias that is named
            // beside its weight and missing there is none.
            if let bias, checkpoint.tensors[bias] == nil { head = .tensors(.linear(weight: weight, bias: nil)) }
        case .tensors(.mlp2(_, let second)): tensor = second.weight
        case .tensors(.lmTokens): tensor = "lm_head.weight"
        }
        guard let info = checkpoint.tensors[tensor] else {
            throw ProfileError.missingTensor(profile: name, tensor: tensor)
        }
        let rows = info.shape.first ?? 0
        if case .tensors = head {
            guard info.shape.count == 2, classes.map({ $0 == rows }) ?? reduction.accepts(classCount: rows) else {
                throw ProfileError.wrongHead(
                    profile: name,
                    tensor: tensor,
                    shape: info.shape,
                    expected: classes.map { "[\($0), hidden size]" } ?? "[classes of \(reduction), hidden size]"
                )
            }
        }
        evidence.append("tensor \(tensor) has shape \(info.shape)")
    }
}
