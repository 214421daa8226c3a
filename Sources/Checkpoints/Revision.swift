// The name of what a model folder holds: one digest over its files.
import Digests
import Synchronization

extension Checkpoint {
    /// Files beside the weights that say how a rollout is read and scored.
    private static let words = [
        "chat_template.jinja", "config.json", "linchpin.json", "tokenizer.json", "tokenizer_config.json",
    ]
    /// The largest of them that is read; a tokenizer of Llama-3's has 17 MB.
    private static let wordLimit = 64 << 20

    /// 16 hexadecimal digits: the first of the SHA-256 of what `sha256sum` prints for the files in the order of their
    /// names.
    ///
    /// Weights are read from the descriptors that they are loaded from; of the other files it is the digest of the very
    /// bytes that were read, and one that was read twice must have been the same.
    /// - Parameter isWanted: asked now and then; where it says no, the digest is given up (`noDigest`).
    package func revision(while isWanted: () -> Bool = { true }) throws(CheckpointError) -> String {
        var digests: [String: [UInt8]] = [:]
        for name in Self.words { _ = try file(name, limit: Self.wordLimit) }
        for (name, digest) in place.seen.digests { digests[name] = digest }
        for (name, file) in files { digests[name] = try file.digest(while: isWanted) }
        let lines = digests.sorted { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }
            .map { "\(hexadecimal($0.value))  \($0.key)\n" }
        do throws(DigestError) {
            return String(hexadecimal(try SHA256.digest(of: Array(lines.joined().utf8))).prefix(16))
        } catch {
            throw .noDigest
        }
    }
}

/// The digests of the small files of a place, as they were read; nil of one that was not there.
final class SeenFiles: Sendable {
    private let seen = Mutex<[String: [UInt8]?]>([:])

    /// Of those that were there.
    var digests: [String: [UInt8]] { seen.withLock { $0.compactMapValues(\.self) } }

    /// - Throws: `fileChanged` where it was another file when it was read before.
    func note(_ name: String, _ bytes: [UInt8]?) throws(CheckpointError) {
        let digest: [UInt8]?
        do throws(DigestError) {
            digest = if let bytes { try SHA256.digest(of: bytes) } else { nil }
        } catch {
            throw .noDigest
        }
        let isSame = seen.withLock { seen in
            guard let before = seen.updateValue(digest, forKey: name) else { return true }
            return before == digest
        }
        guard isSame else { throw .fileChanged(name) }
    }
}

extension ModelFile {
    /// What a core's second cache holds.
    private static let pieceBytes = 1 << 20

    fileprivate func digest(while isWanted: () -> Bool) throws(CheckpointError) -> [UInt8] {
        do {
            var hash = try SHA256()
            var piece = [UInt8](repeating: 0, count: min(Self.pieceBytes, max(1, byteCount)))
            for start in stride(from: 0, to: byteCount, by: piece.count) {
                guard isWanted() else { throw CheckpointError.noDigest }
                let count = min(piece.count, byteCount - start)
                try piece.withUnsafeMutableBytes { buffer in
                    let part = UnsafeMutableRawBufferPointer(rebasing: buffer[..<count])
                    try read(into: part, at: start)
                    try hash.add(UnsafeRawBufferPointer(part))
                }
            }
            try checkUnchanged()
            return try hash.finish()
        } catch let error as CheckpointError {
            throw error
        } catch {
            throw .noDigest
        }
    }
}
