import Configuration
import Foundation
import Testing

/// Files in a directory of their own, which goes when the test does.
struct PasswordTests: ~Copyable {
    private let directory = FileManager.default.temporaryDirectory.path + "/kindred-" + UUID().uuidString
    private let environment: [String: String]

    init() throws {
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
        environment = ["KINDRED_DATABASE_PASSWORD": "from environment", "CREDENTIALS_DIRECTORY": directory]
    }

    deinit {
        try? FileManager.default.removeItem(atPath: directory)
    }

    private func write(_ text: String, to name: String, mode: Int = 0o600) throws -> String {
        let path = directory + "/" + name
        try Data(text.utf8).write(to: URL(fileURLWithPath: path))
        try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: path)
        return path
    }

    @Test func `without a file or a credential the environment holds the password, else it is empty`() throws
    {
        #expect(try read(minimalFile, environment: environment).database.password.text == "from environment")
        #expect(try read(minimalFile).database.password.text == "")
    }

    @Test func `a credential goes before the environment`() throws {
        _ = try write("from systemd", to: "database-password")
        #expect(try read(minimalFile, environment: environment).database.password.text == "from systemd")
    }

    @Test(arguments: [
        ("secret\n", "secret"), ("secret\r\n", "secret"), (" s \n\n", " s \n"), ("s", "s"), ("", ""),
    ])
    func `a password file goes before all, without its line end`(text: String, password: String) throws {
        _ = try write("from systemd", to: "database-password")
        let path = try write(text, to: "password")
        let settings = try read(minimalFile + "password_file = \"\(path)\"", environment: environment)
        #expect(settings.database.password.text == password)
    }

    @Test func `a password file that is missing, open to all or not text is a fault`() throws {
        let missing = directory + "/missing"
        #expect(
            faults(minimalFile + "password_file = \"\(missing)\"") == [
                "6: database.password_file '\(missing)' cannot be read: no such file; "
                    + "put the account's password into it, or take the setting out"
            ])
        #expect(
            faults(minimalFile + "password_file = \"/tmp\"") == [
                "6: database.password_file '/tmp' is a directory"
            ])
        let open = try write("x", to: "open", mode: 0o644)
        #expect(
            faults(minimalFile + "password_file = \"\(open)\"") == [
                "6: database.password_file '\(open)' can be read by everyone on this machine: chmod o= '\(open)'"
            ])
        let binary = directory + "/binary"
        try Data([0xFF, 0xFE, 0x80]).write(to: URL(fileURLWithPath: binary))
        try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: binary)
        #expect(
            faults(minimalFile + "password_file = \"\(binary)\"") == [
                "6: database.password_file '\(binary)' cannot be read: it is not UTF-8"
            ])
    }

    @Test func `a password does not show when the settings are printed`() throws {
        let settings = try read(minimalFile, environment: environment)
        var dumped = ""
        dump(settings, to: &dumped)
        #expect(!"\(settings)".contains("from environment") && !dumped.contains("from environment"))
    }
}
