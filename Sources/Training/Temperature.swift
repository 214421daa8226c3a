// The softness of the pooling: fixed, annealed or learnt.
import Glibc

/// The temperature at each update, and its own optimizer where it is learnt.
///
/// Learnt as the exponential of a parameter, which keeps it positive and makes its steps relative; Adam in Double, with
/// the learning rate of the run and no decay.
package struct Temperature: Equatable {
    /// The share of the updates in which annealing comes to its end.
    private static let annealed = 0.5

    private var logarithm: Double
    private var first = 0.0
    private var second = 0.0

    package init(_ settings: TrainingSettings) { logarithm = log(settings.temperature) }

    /// - Parameter update: from 0.
    package func value(at update: Int, _ settings: TrainingSettings) -> Double {
        if settings.learnsTemperature { return exp(logarithm) }
        guard settings.temperatureFrom > 0 else { return settings.temperature }
        // Geometric: each update divides by the same number.
        let share = min(1, Double(update) / (Self.annealed * Double(settings.updates)))
        return settings.temperatureFrom * exp(share * log(settings.temperature / settings.temperatureFrom))
    }

    /// Whether annealing is over: losses at different temperatures cannot be compared.
    package static func isSettled(at update: Int, _ settings: TrainingSettings) -> Bool {
        settings.temperatureFrom == 0 || Double(update) >= annealed * Double(settings.updates)
    }

    /// - Parameters:
    ///   - gradient: d loss / d temperature, clipped with all others by `scale`.
    ///   - step: from 1.
    package mutating func learn(
        _ gradient: Double,
        scale: Double,
        rate: Double,
        step: Int,
        _ settings: TrainingSettings
    ) {
        let slope = gradient * exp(logarithm) * scale
        first = settings.beta1 * first + (1 - settings.beta1) * slope
        second = settings.beta2 * second + (1 - settings.beta2) * slope * slope
        let corrected = first / (1 - pow(settings.beta1, Double(step)))
        let spread = (second / (1 - pow(settings.beta2, Double(step)))).squareRoot()
        // Within bounds that no pooling can tell from a minimum or a mean.
        logarithm = min(max(logarithm - rate * corrected / (spread + AdamW.epsilon), -14), 14)
    }

    /// What a state file keeps.
    var numbers: [Double] { [logarithm, first, second] }

    mutating func restore(_ numbers: [Double]) -> Bool {
        guard numbers.count == 3, numbers.allSatisfy(\.isFinite) else { return false }
        (logarithm, first, second) = (numbers[0], numbers[1], numbers[2])
        return true
    }
}
