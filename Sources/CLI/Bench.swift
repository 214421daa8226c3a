// linchpin bench: what this machine reaches.
import ArgumentParser

struct Bench: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Measure what this machine reaches.",
        subcommands: [
            BenchKernels.self, BenchModel.self, BenchSignals.self, BenchServer.self, BenchLoad.self, BenchText.self,
            BenchTrain.self,
        ]
    )
}
