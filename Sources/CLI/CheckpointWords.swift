// The sentences of what is wrong with a model folder.
import Checkpoints
import Glibc
import JSON
import Transformers

extension CheckpointError {
    var sentence: String {
        switch self {
        case .notAFolder(let path) where path.hasSuffix(".gguf"): Substitute.gguf("this").sentence
        case .notAFolder(let path) where Self.looksLikeRepository(path):
            "\(path) is not a folder here; download it first (hf download \(path) --local-dir DIR)"
        case .notAFolder: "it is not a folder; point --model at the one that holds config.json and the weights"
        case .missingFile(let file): "there is no \(file); point --model at a folder in Hugging Face's layout"
        case .unreadable(let file, let code): "\(file): \(String(cString: strerror(code)))"
        case .notRegularFile(let file): "\(file) is not a regular file"
        case .badFileName(let name): "the file name \(name.debugDescription) is not one of this folder's"
        case .fileTooLarge(let file, let bytes, let limit): "\(file) has \(bytes) bytes, more than \(limit)"
        case .fileChanged(let file): "\(file) changed while it was read; start again when it is whole"
        case .pointer(let file): "\(file) is Git's pointer to the file and not the file; run git lfs pull"
        case .notJSON(let file, let error): "\(file) is not valid JSON (byte \(error.offset))"
        case .notAnObject(let file): "\(file) is not a JSON object"
        case .noWeights(let instead?): instead.sentence
        case .noWeights(nil):
            "there is neither model.safetensors nor model.safetensors.index.json; download the weights"
        case .adapterBesideWeights:
            "adapter_config.json stands beside whole weights, and whether they hold the adapter cannot be seen; "
                + "merge it into them (\(Substitute.merging)), or take it away if that is done"
        case .config("quantization_config", .unsupported(let method)):
            "config.json: the weights are quantised (\(method)), which is not read; take the checkpoint in BF16 or F16"
        case .config("model_type", .unsupported(let name)): ModelError.unsupportedModelType(name).sentence
        case .config(let field, let problem): "config.json: \(field) \(problem.sentence)"
        case .index(let problem): "model.safetensors.index.json: \(problem.sentence)"
        case .header(let file, let problem): "\(file): \(problem.sentence)"
        case .tensor(let name, let file, let problem): "\(file): tensor \(name) \(problem.sentence)"
        case .missingTensor(let name): "the tensor \(name) is missing; download the weights again"
        case .outOfMemory(let tensor, let bytes): "no memory for the \(bytes) bytes of the tensor \(tensor)"
        case .noDigest: "no SHA-256 of its files could be taken"
        case .notWritten(let path, let code): "cannot write \(path): \(String(cString: strerror(code)))"
        }
    }
}

extension CheckpointError {
    /// `owner/name`, as the Hub has it.
    private static func looksLikeRepository(_ path: String) -> Bool {
        let parts = path.split(separator: "/", omittingEmptySubsequences: false)
        return parts.count == 2 && parts.allSatisfy { $0.first?.isLetter == true || $0.first?.isNumber == true }
    }
}

extension Substitute {
    fileprivate static let merging = "peft: model.merge_and_unload().save_pretrained(DIR)"

    fileprivate var sentence: String {
        switch self {
        case .adapter(let file): "\(file): this is a LoRA adapter without its base; merge it first (\(Self.merging))"
        case .unlistedShard(let file):
            "\(file) is one of several files, and model.safetensors.index.json, which lists them, is missing; "
                + "download it too"
        case .otherSafetensors(let file):
            "\(file) is not looked for, only model.safetensors or model.safetensors.index.json; "
                + "point --model at the layout that transformers loads"
        case .pickle(let file):
            "\(file) is a pickle, which can run code and is not read; convert it to safetensors first "
                + "(safetensors.torch.save_file(torch.load(FILE, weights_only=True), \"model.safetensors\"))"
        case .gguf(let file):
            "\(file): GGUF is not read; point --model at the safetensors folder it was made from"
        }
    }
}

extension FieldProblem {
    fileprivate var sentence: String {
        switch self {
        case .missing: "is missing"
        case .expected(let kind): "must be of the kind \(kind)"
        case .outOfRange(let value): "is out of range: \(value)"
        case .unsupported(let value): "is \(value), which is not supported"
        case .contradicts(let other): "contradicts \(other)"
        }
    }
}

extension IndexProblem {
    fileprivate var sentence: String {
        switch self {
        case .noWeightMap: "there is no weight_map"
        case .missingShard(let file): "it lists \(file), which is missing; download that file too"
        case .fileNameExpected(let tensor): "the tensor \(tensor) has no file name"
        case .tooManyTensors(let count, let limit): "\(count) tensors, more than \(limit)"
        case .tooManyShards(let count, let limit): "\(count) shards, more than \(limit)"
        case .notInShard(let tensor, let file):
            "the tensor \(tensor) is not in \(file); index and shards are not of one model, download them again"
        case .inTwoShards(let tensor, let files):
            "the tensor \(tensor) is in \(files.joined(separator: " and ")); remove the file that is not of this model"
        case .notInIndex(let tensor, let file): "the tensor \(tensor) of \(file) is not listed"
        }
    }
}

extension HeaderProblem {
    fileprivate var sentence: String {
        switch self {
        case .fileTooShort(let bytes): "\(bytes) bytes are no safetensors file; download it again"
        case .tooLong(let bytes, let limit): "its header of \(bytes) bytes is longer than \(limit)"
        case .longerThanFile(let bytes, let fileBytes):
            "it is no safetensors file or was cut off (a header of \(bytes) bytes in a file of \(fileBytes)); "
                + "download it again"
        case .doesNotStartWithBrace: "its header does not start with a brace"
        case .metadataNotStrings: "its __metadata__ does not map strings to strings"
        case .tooManyTensors(let count, let limit): "\(count) tensors, more than \(limit)"
        case .trailingBytes(let count): "\(count) bytes after the last tensor belong to none"
        case .badTensorName(let name): "the tensor name \(name.debugDescription) is not a name"
        }
    }
}

extension TensorProblem {
    fileprivate var sentence: String {
        switch self {
        case .notAnObject: "is not described by an object"
        case .field(let name): "has no valid \(name)"
        case .tooManyDimensions(let count, let limit): "has \(count) dimensions, more than \(limit)"
        case .sizeOverflows: "has a size that overflows"
        case .reversedOffsets(let begin, let end): "begins at \(begin) and ends before, at \(end)"
        case .outsideFile(let end, let bytes):
            "ends at byte \(end) of the data, which has \(bytes): the file was cut off; download it again"
        case .wrongByteCount(let count, let expected): "has \(count) bytes, its shape and type need \(expected)"
        case .hole(let from, let to): "leaves the bytes \(from) to \(to) before it to no tensor"
        case .overlaps(let other): "overlaps \(other)"
        case .unsupportedDType(let name):
            "has the type \(name); only F32, F16 and BF16 are read, so store it in one of them"
        case .notFinite(let element): "is not finite at element \(element)"
        case .misaligned(let offset): "would begin at \(offset), which is no multiple of its element's size"
        }
    }
}
