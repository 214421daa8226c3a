// Which safetensors files a model has, and that they agree.
import JSON

/// The open files and the checked entries of one model.safetensors or of all its shards.
struct Weights {
    private(set) var files: [String: ModelFile] = [:]
    private(set) var entries: [SafetensorsEntry] = []

    static let tensorLimit = 65_536
    private static let shardLimit = 256
    private static let indexLimit = 16 << 20
    private static let single = "model.safetensors"
    private static let index = "model.safetensors.index.json"

    /// As transformers does, one file is preferred where both it and an index are present.
    init(_ place: ModelPlace) throws(CheckpointError) {
        if let file = try place.open(Self.single) {
            try add(file)
        } else if let text = try place.contents(of: Self.index, limit: Self.indexLimit) {
            try addShards(of: try Self.weightMap(text), in: place)
        } else {
            throw .noWeights(instead: Substitute(in: place))
        }
        guard !place.has(Substitute.adapterConfig) else { throw .adapterBesideWeights }
    }

    /// What stands in the place of the weights; nil where they are there, or nothing is.
    static func substitute(in place: ModelPlace) -> Substitute? {
        place.has(single) || place.has(index) ? nil : Substitute(in: place)
    }

    private mutating func add(_ file: ModelFile) throws(CheckpointError) {
        files[file.name] = file
        entries += try SafetensorsHeader(of: file).entries
    }

    private mutating func addShards(of map: [String: String], in place: ModelPlace) throws(CheckpointError) {
        let names = Set(map.values).sorted()
        guard names.count <= Self.shardLimit else {
            throw .index(.tooManyShards(names.count, limit: Self.shardLimit))
        }
        for name in names {
            guard let file = try place.open(name) else { throw .index(.missingShard(name)) }
            try add(file)
        }
        var homes: [String: String] = [:]
        for entry in entries {
            if let other = homes.updateValue(entry.file, forKey: entry.name) {
                throw .index(.inTwoShards(tensor: entry.name, files: [other, entry.file]))
            }
        }
        // Sorted, so that the same folder is always refused with the same words.
        for (tensor, file) in map.sorted(by: { $0.key < $1.key }) where homes[tensor] != file {
            throw .index(.notInShard(tensor: tensor, file: file))
        }
        for entry in entries where map[entry.name] == nil {
            throw .index(.notInIndex(tensor: entry.name, file: entry.file))
        }
    }

    /// Tensor names to shard names; `metadata.total_size` is advisory and not read.
    private static func weightMap(_ text: [UInt8]) throws(CheckpointError) -> [String: String] {
        let object = try Checkpoint.object(parsing: text, file: index)
        guard let members = object["weight_map"]?.object, !members.isEmpty else { throw .index(.noWeightMap) }
        guard members.count <= tensorLimit else {
            throw .index(.tooManyTensors(members.count, limit: tensorLimit))
        }
        var map: [String: String] = [:]
        for member in members {
            guard SafetensorsHeader.isTensorName(member.key) else {
                throw .header(file: index, .badTensorName(member.key))
            }
            guard let name = member.value.string else { throw .index(.fileNameExpected(tensor: member.key)) }
            // Never a pickle, whatever the index says.
            guard ModelPlace.isPlainName(name), name.utf8.suffix(12).elementsEqual(".safetensors".utf8) else {
                throw .badFileName(name)
            }
            map[member.key] = name
        }
        return map
    }
}
