// Puts another model in the place of the one that is served.
import JSON
import Logging
import Scoring
import Serving

/// Loads a model beside the one that is served, and proves it.
package typealias ModelLoader = @Sendable () async throws(ModelRefusal) -> ServedModel

/// A model that cannot be served, in a sentence for the operator, who named its folder.
package struct ModelRefusal: Error, Sendable, Equatable {
    let sentence: String

    package init(_ sentence: String) { self.sentence = sentence }
}

/// Why the model stays the one that it is.
package enum ReloadError: Error, Sendable, Equatable {
    /// Another reload is under way, or the model before this one still answers what it accepted.
    case busy
    case draining
    case refused(ModelRefusal)
    /// The model that is served, asked anew, did not answer as when it was loaded.
    case unproven
}

/// What a reload came to.
package struct Reloaded: Sendable {
    enum Outcome: String, Sendable {
        case replaced
        /// What was loaded is what was served: that goes on, with all that it has kept.
        case unchanged
    }

    let outcome: Outcome
    let revision: String
    let previous: String
    let seconds: Double
}

extension Service {
    /// Loads and proves what stands in the model's folder now, and serves it from the next call on; calls under way are
    /// answered by the model that they began with. Where it cannot be served, all stays as it is.
    @discardableResult
    package func reload() async throws(ReloadError) -> Reloaded {
        guard !health.now.isDraining else { throw .draining }
        guard models.beginReload() else { throw .busy }
        defer { models.endReload() }
        let start = ContinuousClock.now
        let previous = models.current.revision
        do throws(ReloadError) {
            let isReplaced = try await loadAndReplace()
            let reloaded = Reloaded(
                outcome: isReplaced ? .replaced : .unchanged,
                revision: models.current.revision,
                previous: previous,
                seconds: start.duration(to: .now).seconds
            )
            note(reloaded)
            return reloaded
        } catch {
            metrics.record(reload: "failed")
            logger.error("the model was not reloaded; the old one stays", metadata: ["cause": "\(error.sentence)"])
            throw error
        }
    }

    /// Whether a model is being loaded.
    package var isReloading: Bool { models.isReloading }

    /// As `reload`, once whatever holds it up is over: a signal cannot be told to come again.
    package func reloadInTurn() async {
        while !Task.isCancelled {
            do throws(ReloadError) {
                try await reload()
            } catch .busy {
                try? await Task.sleep(for: .milliseconds(100))
                continue
            } catch {}
            return
        }
    }

    /// Whether another model is served now.
    private func loadAndReplace() async throws(ReloadError) -> Bool {
        guard let loader else {
            try await proveAgain()
            return false
        }
        let model: ServedModel
        do throws(ModelRefusal) { model = try await loader() } catch { throw .refused(error) }
        guard model.revision != models.current.revision else {
            try await proveAgain()
            return false
        }
        // It was proven just now; a model that is gone may have had its address.
        health.change { _ = $0.wrong.remove(ObjectIdentifier(model.scorer.lifetime)) }
        record(models.current, isServed: false)
        models.replace(with: model)
        record(model, isServed: true)
        return true
    }

    private func proveAgain() async throws(ReloadError) {
        let model = models.current
        guard let canary = model.canary else { return }
        do { _ = try await canary.sing(to: model.scorer) } catch { throw .unproven }
    }

    private func note(_ reloaded: Reloaded) {
        metrics.record(reload: reloaded.outcome.rawValue)
        logger.notice(
            "the model was reloaded",
            metadata: [
                "outcome": "\(reloaded.outcome.rawValue)", "model_revision": "\(reloaded.revision)",
                "previous_revision": "\(reloaded.previous)", "seconds": "\(reloaded.seconds)",
            ]
        )
    }

    /// Says in the metrics which model is served.
    func record(_ model: ServedModel, isServed: Bool) {
        metrics.record(
            model: servedName,
            role: .prm,
            revision: model.revision,
            facts: model.scorer.facts,
            isServed: isServed
        )
    }
}

extension Service {
    /// `POST /admin/reload`: the same as SIGHUP, with an answer.
    func adminReload(_ call: Call) async throws -> Response {
        if !call.request.body.isEmpty, let key = try call.fields().object.keys.first {
            throw APIError.notServed(key, instead: "an empty body: the folder of --model is read again")
        }
        let reloaded: Reloaded
        do throws(ReloadError) { reloaded = try await reload() } catch { throw APIError.reload(error) }
        var writer = JSONWriter()
        writer.openObject()
        writer.member("object", "model.reload")
        writer.member("outcome", reloaded.outcome.rawValue)
        writer.member("model", servedName)
        writer.member("model_revision", reloaded.revision)
        writer.member("previous_revision", reloaded.previous)
        writer.member("seconds", reloaded.seconds)
        writer.closeObject()
        return .json(writer.bytes)
    }
}
