// The flags of serve that make HTTP into HTTPS.
import ArgumentParser
import Sockets

struct TLSOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Serve over TLS with this certificate (PEM, the chain after it); SIGHUP reads the files again.",
            valueName: "FILE"
        )
    )
    var tlsCert: String?

    @Option(help: ArgumentHelp("The certificate's key (PEM, without a passphrase).", valueName: "FILE"))
    var tlsKey: String?

    @Option(
        help: ArgumentHelp(
            "Serve only clients with a certificate of one of these authorities (PEM).",
            valueName: "FILE"
        )
    )
    var tlsClientCa: String?

    /// The certificate, read and checked; nil without one.
    func identity() throws -> TLSIdentity? {
        let certificate = try Setting.text("tls-cert", tlsCert)
        let key = try Setting.text("tls-key", tlsKey)
        let authorities = try Setting.text("tls-client-ca", tlsClientCa)
        guard let certificate, let key else {
            // Half of it must not silently serve in the clear.
            guard certificate == nil, key == nil, authorities == nil else {
                throw Failure.usage("TLS needs both --tls-cert and --tls-key")
            }
            return nil
        }
        do throws(SocketError) {
            return try TLSIdentity(TLSFiles(certificate: certificate, key: key, clientAuthorities: authorities))
        } catch {
            throw Failure.usage(error.sentence)
        }
    }
}
