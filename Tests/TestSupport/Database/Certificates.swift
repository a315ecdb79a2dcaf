import Foundation
import PrivateServer

/// A certification authority, and certificates for servers and clients, made by the program `openssl` in a
/// directory of its own.
package enum Certificates {
    /// A certificate, by the name of its files.
    package enum Kind: String, CaseIterable, Sendable {
        /// For the names `localhost` and `db.test` and the address 127.0.0.1.
        case server
        /// For another host.
        case otherHost
        /// For the same names as `server`, until 2020.
        case expired
        /// For the same names as `server`, and of no authority.
        case selfSigned
        /// For a client.
        case client
    }

    private static let directory = Result { try make() }

    /// The path of the file with a certificate.
    package static func certificate(_ kind: Kind) throws -> String {
        try directory.get() + "/\(kind.rawValue).pem"
    }

    /// The path of the file with a certificate's key.
    package static func key(_ kind: Kind) throws -> String { try directory.get() + "/\(kind.rawValue).key" }

    /// The path of the file with the authority's certificate.
    package static var authority: String { get throws { try directory.get() + "/ca.pem" } }

    /// The arguments of a server that shows a certificate to its clients, and knows theirs.
    package static func arguments(_ kind: Kind) throws -> [String] {
        ["--ssl-ca=\(try authority)", "--ssl-cert=\(try certificate(kind))", "--ssl-key=\(try key(kind))"]
    }

    private static let ownNames = "DNS:localhost,DNS:db.test,IP:127.0.0.1"

    private static func make() throws -> String {
        let directory = try makeTestDirectory()
        try configuration(directory).write(
            toFile: directory + "/ca.cnf", atomically: true, encoding: .utf8)
        try Data().write(to: URL(fileURLWithPath: directory + "/index.txt"))
        try "01\n".write(toFile: directory + "/serial", atomically: true, encoding: .utf8)
        try openssl(request("ca", in: directory) + ["-x509", "-days", "2", "-out", directory + "/ca.pem"])
        for kind in Kind.allCases {
            let names = kind == .otherHost ? "DNS:other.test" : ownNames
            if kind == .selfSigned {
                try openssl(
                    request(kind.rawValue, in: directory) + [
                        "-x509", "-days", "2", "-addext", "subjectAltName=\(names)", "-out",
                        directory + "/\(kind.rawValue).pem",
                    ])
            } else {
                try sign(kind.rawValue, names, until: kind == .expired ? "2020" : "2049", in: directory)
            }
        }
        return directory
    }

    // openssl req -newkey … -nodes -keyout server.key -subj /CN=server …
    private static func request(_ name: String, in directory: String) -> [String] {
        [
            "req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout",
            "\(directory)/\(name).key", "-subj", "/CN=\(name)",
        ]
    }

    private static func sign(_ name: String, _ names: String, until year: String, in directory: String) throws
    {
        let path = "\(directory)/\(name)"
        try openssl(request(name, in: directory) + ["-out", path + ".csr"])
        try "subjectAltName=\(names)\n".write(toFile: path + ".ext", atomically: true, encoding: .utf8)
        try openssl([
            "ca", "-batch", "-notext", "-config", directory + "/ca.cnf", "-cert", directory + "/ca.pem",
            "-keyfile", directory + "/ca.key", "-in", path + ".csr", "-out", path + ".pem", "-extfile",
            path + ".ext", "-startdate", "20190101000000Z", "-enddate", "\(year)0101000000Z",
        ])
    }

    private static func configuration(_ directory: String) -> String {
        """
        [ca]
        default_ca = authority
        [authority]
        database = \(directory)/index.txt
        new_certs_dir = \(directory)
        serial = \(directory)/serial
        default_md = sha256
        policy = names
        unique_subject = no
        [names]
        commonName = supplied

        """
    }

    /// Runs the program, and throws what it has said if it fails.
    package static func openssl(_ arguments: [String]) throws {
        let directory = try makeTestDirectory()
        var process = try ChildProcess(["/usr/bin/openssl"] + arguments, log: directory + "/log")
        guard process.waitForExit(within: 60), process.status == 0 else {
            let log = (try? String(contentsOfFile: directory + "/log", encoding: .utf8)) ?? ""
            throw TestFailure(description: "openssl \(arguments.joined(separator: " ")): \(log)")
        }
    }
}
