// linchpin bench kernels: each kernel beside the peak.
import ArgumentParser
import Glibc
import JSON
import Transformers

struct BenchKernels: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "kernels",
        abstract: "Time the kernels at the sizes of real decoders beside register-only loops, in turn."
    )

    @Option(help: ArgumentHelp("stored or int8 (default: both).", valueName: "P"))
    var precision: String?
    @Option(help: ArgumentHelp("One shape (default: all).", valueName: "S"))
    var shape: String?
    @Option(help: ArgumentHelp("Tokens that go through together.", valueName: "N"))
    var rows = 512
    @Option(help: ArgumentHelp("Rounds to time; the median counts.", valueName: "N"))
    var rounds = 11
    @Option(help: ArgumentHelp("Instructions to use (default: this machine's best).", valueName: "K"))
    var kernel: String?
    @Option(help: ArgumentHelp("Compute threads; default: one a core.", valueName: "N"))
    var threads: Int?
    @Flag(help: "Print one JSON object.")
    var json = false

    func run() async throws {
        try await Failure.reporting {
            guard rounds > 0, (1...8192).contains(rows) else {
                throw Failure.usage("--rounds must be at least 1, --rows 1 to 8192")
            }
            let shapes = try shape.map { [try ModelShape.named($0)] } ?? ModelShape.allCases
            let given = try Setting.word("precision", precision, as: Precision.self)
            var found: [JSONValue] = []
            for precision in given.map({ [$0] }) ?? Precision.allCases {
                let compute = try BenchCompute.settings(threads: threads, precision: precision.rawValue, kernel: kernel)
                for shape in shapes {
                    for speed in try speeds(shape, compute) {
                        if !json { print(shape, compute, speed) }
                        found.append(object(shape, compute, speed))
                    }
                }
            }
            guard json else { return }
            let object = JSONObject([("rows", JSONValue(rows)), ("kernels", .array(found))])
            Output.write(JSONValue.object(object).serialized() + [UInt8(ascii: "\n")], to: STDOUT_FILENO)
        }
    }

    private func speeds(_ shape: ModelShape, _ compute: ComputeSettings) throws -> [KernelSpeed] {
        do {
            return try KernelBench(config: shape.config, rows: rows, compute: compute).speeds(rounds: rounds)
        } catch {
            throw Failure.usage(Failure.sentence(error))
        }
    }

    private func print(_ shape: ModelShape, _ compute: ComputeSettings, _ speed: KernelSpeed) {
        func percent(_ share: Double) -> String { "\(Int((100 * share).rounded())) %" }
        func column(_ text: String, _ width: Int) -> String {
            text + String(repeating: " ", count: max(1, width - text.count))
        }
        let line =
            column(shape.rawValue, 14) + column(compute.precision.rawValue, 8) + column(speed.name, 13)
            + column(speed.size, 14) + column("\(Int(speed.operationsPerSecond / 1e9)) GOP/s", 12)
            + "\(percent(speed.share.median)) of \(Int(speed.peakOperationsPerSecond / 1e9)) "
            + "(\(percent(speed.share.least)) to \(percent(speed.share.most)))\n"
        Output.write(line, to: STDOUT_FILENO)
    }

    private func object(_ shape: ModelShape, _ compute: ComputeSettings, _ speed: KernelSpeed) -> JSONValue {
        func number(_ value: Double) -> JSONValue { JSONValue(value) ?? .null }
        return .object(
            JSONObject([
                ("shape", .string(shape.rawValue)), ("precision", .string(compute.precision.rawValue)),
                ("kernel", .string(compute.kernel.rawValue)), ("threads", JSONValue(compute.threads)),
                ("name", .string(speed.name)), ("size", .string(speed.size)),
                ("operations_per_second", number(speed.operationsPerSecond)),
                ("peak_operations_per_second", number(speed.peakOperationsPerSecond)),
                ("share_of_peak", number(speed.share.median)), ("least_share", number(speed.share.least)),
                ("most_share", number(speed.share.most)),
            ])
        )
    }
}
