// What people have in the place of weights that can be read.

/// What stands in a folder without weights, by the file that shows it.
package enum Substitute: Sendable, Equatable {
    /// A LoRA adapter without its base; not a model.
    case adapter(String)
    /// Shards whose index was left behind.
    case unlistedShard(String)
    /// Safetensors by a name that no loader looks for, such as Mistral's `consolidated.safetensors`.
    case otherSafetensors(String)
    /// Runs code when it is read.
    case pickle(String)
    case gguf(String)
}

extension Substitute {
    static let adapterConfig = "adapter_config.json"
    /// What the Hugging Face trainer leaves beside the weights, in pickles too.
    private static let trainerFiles = ["training_args.bin", "optimizer.pt", "scheduler.pt", "scaler.pt"]

    /// The one that says most about the folder: an adapter is named before the pickle that holds it.
    init?(in place: ModelPlace) {
        // Sorted, so that the same folder is always refused with the same words.
        let names = place.names().sorted()
        func first(_ isMeant: (String) -> Bool) -> String? { names.first(where: isMeant) }
        func ends(_ name: String, _ suffixes: [String]) -> Bool { suffixes.contains(where: name.hasSuffix) }

        if let name = first({ $0 == Self.adapterConfig }) ?? first({ $0.hasPrefix("adapter_model.") }) {
            self = .adapter(name)
        } else if let name = first({ $0.hasPrefix("model-0") && $0.hasSuffix(".safetensors") }) {
            self = .unlistedShard(name)
        } else if let name = first({ $0.hasSuffix(".safetensors") }) {
            self = .otherSafetensors(name)
        } else if let name = first({ $0.hasPrefix("pytorch_model") })
            ?? first({ ends($0, [".bin", ".pt", ".pth", ".ckpt", ".pkl"]) && !Self.trainerFiles.contains($0) })
        {
            self = .pickle(name)
        } else if let name = first({ $0.hasSuffix(".gguf") }) {
            self = .gguf(name)
        } else {
            return nil
        }
    }
}
