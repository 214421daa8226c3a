// Packed weights and cells of random numbers, and what their product is by definition.
import CKernels
import Fixtures
import Testing

/// Memory aligned as kernels want it.
final class AlignedMemory {
    let start: UnsafeMutableRawPointer
    let count: Int

    init(bytes: Int, filledWith byte: UInt8 = 0xee) {
        count = bytes
        start = .allocate(byteCount: max(bytes, 64), alignment: 64)
        start.initializeMemory(as: UInt8.self, repeating: byte, count: max(bytes, 64))
    }

    deinit { start.deallocate() }

    var floats: UnsafeMutablePointer<Float> { start.assumingMemoryBound(to: Float.self) }
    var bytes: [UInt8] { Array(UnsafeRawBufferPointer(start: start, count: count)) }

    func copyFloats(_ count: Int) -> [Float] { Array(UnsafeBufferPointer(start: floats, count: count)) }
}

extension UnsafePointer<UInt32> {
    /// A copy that stays where it is.
    static func copy(_ numbers: [UInt32]) -> UnsafePointer<UInt32> {
        let copy = UnsafeMutablePointer<UInt32>.allocate(capacity: max(numbers.count, 1))
        for (place, number) in numbers.enumerated() { copy[place] = number }
        return UnsafePointer(copy)
    }
}

/// One weight [outputs, inputs], packed.
final class PackedSample {
    let weights: lp_weights
    private let panels: AlignedMemory
    private let outliers: AlignedMemory

    init(_ numbers: [Float], dtype: lp_dtype, format: lp_format, inputs: Int, outlierInputs: [UInt32] = []) {
        let outputs = numbers.count / inputs
        let panelBytes = lp_panel_bytes(format, inputs)
        let panelCount = lp_panels(outputs)
        let stored = encoded(numbers, dtype)
        let rowBytes = stored.count / outputs
        let panels = AlignedMemory(bytes: panelCount * panelBytes)
        let outliers = AlignedMemory(bytes: panelCount * outlierInputs.count * 256)
        for panel in 0..<panelCount {
            stored.withUnsafeBytes { stored in
                let rows: [UnsafeRawPointer?] = (panel * 64..<(panel + 1) * 64).map { output in
                    output < outputs ? stored.baseAddress.map { $0 + output * rowBytes } : nil
                }
                let status = lp_pack_panel(
                    format,
                    rows,
                    dtype,
                    inputs,
                    outlierInputs,
                    outlierInputs.count,
                    panels.start + panel * panelBytes,
                    outliers.floats + panel * outlierInputs.count * 64
                )
                #expect(status == LP_OK)
            }
        }
        (self.panels, self.outliers) = (panels, outliers)
        weights = lp_weights(
            panels: panels.start,
            outliers: outliers.floats,
            outlier_count: outlierInputs.count,
            inputs: inputs,
            outputs: outputs,
            format: format
        )
    }

    var panelBytes: [UInt8] { panels.bytes }
    var outlierNumbers: [Float] { outliers.copyFloats(outliers.count / 4) }
}

/// Rows of activations in cells, from row `first` of `capacity`.
final class CellSample {
    let cells: lp_cells
    private let memory: AlignedMemory
    private let scales: AlignedMemory
    private let outliers: AlignedMemory
    private let outlierInputs: UnsafePointer<UInt32>

    init(width: Int, capacity: Int, isInt8: Bool, outlierInputs: [UInt32] = []) {
        memory = AlignedMemory(bytes: lp_cells_bytes(width, capacity, isInt8 ? 1 : 0))
        scales = AlignedMemory(bytes: (width + 255) / 256 * capacity * 4)
        outliers = AlignedMemory(bytes: capacity * outlierInputs.count * 4)
        self.outlierInputs = .copy(outlierInputs)
        cells = lp_cells(
            cells: memory.start,
            scales: isInt8 ? scales.floats : nil,
            outliers: outliers.floats,
            outlier_inputs: self.outlierInputs,
            outlier_count: outlierInputs.count,
            capacity: capacity,
            width: width,
            is_int8: isInt8 ? 1 : 0
        )
    }

    deinit { outlierInputs.deallocate() }

    /// All inputs of some rows.
    @discardableResult
    func fill(_ version: lp_isa, _ rows: [Float], firstRow: Int = 0) -> lp_status {
        withUnsafePointer(to: cells) {
            lp_cells_fill(version, $0, rows, cells.width, firstRow, rows.count / cells.width, 0, cells.width)
        }
    }

    var bytes: [UInt8] { memory.bytes }
    var scaleNumbers: [Float] { scales.copyFloats(scales.count / 4) }
    var outlierNumbers: [Float] { outliers.copyFloats(outliers.count / 4) }
}

/// The product of all panels, [rows, outputs]; what is past the outputs must be zero.
func product(_ version: lp_isa, _ weights: PackedSample, _ x: CellSample, firstRow: Int = 0, rows: Int) -> [Float] {
    let outputs = weights.weights.outputs
    var y = [Float](repeating: .nan, count: rows * outputs)
    let scratch = AlignedMemory(bytes: Int(LP_PANEL_SCRATCH) * 4)
    let tile = AlignedMemory(bytes: rows * 256)
    for panel in 0..<lp_panels(outputs) {
        var (packed, cells) = (weights.weights, x.cells)
        let status = lp_multiply_panel(version, &packed, panel, &cells, firstRow, rows, scratch.floats, tile.floats)
        #expect(status == LP_OK)
        for row in 0..<rows {
            for column in 0..<min(64, outputs - panel * 64) {
                y[row * outputs + panel * 64 + column] = tile.floats[row * 64 + column]
            }
        }
    }
    return y
}

/// A group as its definition quantises it.
struct QuantizedGroup {
    let scale: Float
    let q: [Int]

    init(_ numbers: [Float]) {
        let peak = numbers.reduce(Float(0)) { $0.isNaN || $1.isNaN ? .nan : max($0, abs($1)) }
        if peak < 0x1p-119 || !peak.isFinite {
            scale = peak.isFinite ? 0 : .nan
            q = numbers.map { _ in 0 }
        } else {
            scale = peak / 127
            let inverse = 127 / peak
            q = numbers.map { Int(($0 * inverse).rounded(.toNearestOrEven)) }
        }
    }
}

/// One element of an int8 product, straight from its definition.
func int8Element(_ x: [Float], _ w: [Float], outlierInputs: [UInt32]) -> Float {
    var (plainX, plainW) = (x, w)
    for input in outlierInputs { (plainX[Int(input)], plainW[Int(input)]) = (0, 0) }
    var y: Float = 0
    for first in stride(from: 0, to: x.count, by: 256) {
        let inputs = first..<min(first + 256, x.count)
        let (xs, ws) = (QuantizedGroup(Array(plainX[inputs])), QuantizedGroup(Array(plainW[inputs])))
        let dot = zip(xs.q, ws.q).reduce(0) { $0 + $1.0 * $1.1 }
        y = y.addingProduct(Float(dot) * ws.scale, xs.scale)
    }
    for input in outlierInputs { y = y.addingProduct(x[Int(input)], w[Int(input)]) }
    return y
}

/// One element of a float32 product.
func floatElement(_ x: [Float], _ w: [Float]) -> Float {
    zip(x, w).reduce(0) { $0.addingProduct($1.0, $1.1) }
}

extension [Float] {
    /// Bits, but one pattern for every NaN: which one comes out is the processor's affair.
    var comparableBits: [UInt32] { map { $0.isNaN ? Float.nan.bitPattern : $0.bitPattern } }
}
