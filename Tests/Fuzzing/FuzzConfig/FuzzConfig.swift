// Any bytes as config.json: refused or taken, never a crash.
import Checkpoints

/// A file without tensors.
private let weights = [2, 0, 0, 0, 0, 0, 0, 0] + Array("{}".utf8)

@_cdecl("LLVMFuzzerTestOneInput")
package func fuzzConfig(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let bytes = UnsafeRawBufferPointer(start: start, count: count)
    weights.withUnsafeBytes { weights in
        let files = [(name: "config.json", bytes: bytes), (name: "model.safetensors", bytes: weights)]
        guard let config = try? Checkpoint(name: "fuzz", files: files).config else { return }
        precondition(config.slidingWindows.count == config.layerCount)
        precondition(config.slidingWindows.allSatisfy { ($0 ?? 1) > 0 })
        precondition(config.headCount.isMultiple(of: config.keyValueHeadCount))
        precondition(config.headDimension.isMultiple(of: 2) && config.headDimension > 0)
        precondition(config.normEpsilon > 0 && config.ropeTheta >= 1 && config.ropeTheta.isFinite)
    }
    return 0
}
